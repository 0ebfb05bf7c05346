//! Certificates as they are stored, read back: whose they are, for what, and until when.

use std::net::IpAddr;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

use crate::error::PkiError;
use crate::pem::Pem;
use crate::public_key::PublicKey;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Common name of the subject.
    pub common_name: String,
    /// Organisations of the subject: the groups of a user in Kubernetes.
    pub organizations: Vec<String>,
    /// Common name of the issuer.
    pub issuer: String,
    /// Serial number as hexadecimal digits.
    pub serial: String,
    /// From when it is good.
    pub not_before: Timestamp,
    /// Until when it is good.
    pub not_after: Timestamp,
    /// Whether it may issue others.
    pub is_ca: bool,
    /// Alternative names.
    pub dns_names: Vec<String>,
    /// Alternative addresses.
    pub addresses: Vec<IpAddr>,
    /// Usable by servers.
    pub server_auth: bool,
    /// Usable by clients.
    pub client_auth: bool,
    /// The key that it is for.
    pub public_key: PublicKey,
    /// SHA-256 of the certificate as hexadecimal digits.
    pub fingerprint: String,
    pub(crate) der: Vec<u8>,
}

impl Certificate {
    /// Reads the first certificate of a text.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn from_pem(text: &str) -> Result<Self, PkiError> {
        let first = Self::all_from_pem(text)?.into_iter().next();
        first.ok_or_else(|| PkiError::Pem { what: "the certificate", why: "it has no CERTIFICATE block".to_owned() })
    }

    /// Reads every certificate of a text, such as a bundle of authorities.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, PkiError> {
        let blocks = Pem::read_all("the certificate", text)?;
        blocks.iter().filter(|block| block.label == "CERTIFICATE").map(|block| Self::from_der(&block.der)).collect()
    }

    /// Reads a certificate.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let wrong = |why: &dyn std::fmt::Display| PkiError::Certificate(why.to_string());
        let (_, x509) = X509Certificate::from_der(der).map_err(|error| wrong(&error))?;
        let usage = x509.extended_key_usage().map_err(|error| wrong(&error))?;
        let any = usage.as_ref().is_none_or(|usage| usage.value.any);
        let mut dns_names = Vec::new();
        let mut addresses = Vec::new();
        let names = x509.subject_alternative_name().map_err(|error| wrong(&error))?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => dns_names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
                _ => {}
            }
        }
        let texts = |attributes: &mut dyn Iterator<Item = &x509_parser::x509::AttributeTypeAndValue<'_>>| {
            attributes.filter_map(|attribute| attribute.as_str().ok().map(str::to_owned)).collect::<Vec<_>>()
        };
        Ok(Self {
            common_name: texts(&mut x509.subject().iter_common_name()).concat(),
            organizations: texts(&mut x509.subject().iter_organization()),
            issuer: texts(&mut x509.issuer().iter_common_name()).concat(),
            serial: hex(x509.raw_serial()),
            not_before: timestamp(x509.validity().not_before)?,
            not_after: timestamp(x509.validity().not_after)?,
            is_ca: x509.is_ca(),
            dns_names,
            addresses,
            server_auth: any || usage.as_ref().is_some_and(|usage| usage.value.server_auth),
            client_auth: any || usage.as_ref().is_some_and(|usage| usage.value.client_auth),
            public_key: PublicKey::of(x509.public_key())
                .ok_or_else(|| wrong(&"its key is neither RSA nor ECDSA on P-256 or P-384"))?,
            fingerprint: hex(digest(&SHA256, der).as_ref()),
            der: der.to_vec(),
        })
    }

    /// As PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        Pem::write("CERTIFICATE", &self.der).as_str().to_owned()
    }

    /// Whether an authority has signed it.
    #[must_use]
    pub fn is_issued_by(&self, authority: &Self) -> bool {
        match (X509Certificate::from_der(&self.der), X509Certificate::from_der(&authority.der)) {
            (Ok((_, own)), Ok((_, issuer))) => {
                own.issuer() == issuer.subject() && own.verify_signature(Some(issuer.public_key())).is_ok()
            }
            _ => false,
        }
    }

    /// Whether it is good at a time.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

fn timestamp(time: ASN1Time) -> Result<Timestamp, PkiError> {
    Timestamp::from_second(time.timestamp()).map_err(|error| PkiError::Certificate(error.to_string()))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
