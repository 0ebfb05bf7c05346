//! Certificate authorities, and what they issue.

use std::fmt;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, SanType, SerialNumber,
};
use ring::rand::SecureRandom;
use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::error::PkiError;
use crate::key::KeyPair;
use crate::leaf::Leaf;

/// How long authorities are good: ten years, as with kubeadm and kops.
pub(crate) const AUTHORITY_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 3650);
/// How far back a certificate begins, for clocks that are behind.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A certificate authority: its certificate and its key.
pub struct Authority {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("certificate", &self.certificate.common_name).finish_non_exhaustive()
    }
}

/// A certificate with its private key.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: KeyPair,
}

impl Authority {
    /// Makes an authority that is good for ten years. `serial` is its number, another one for each.
    ///
    /// # Errors
    /// The generator fails.
    pub fn generate(
        common_name: &str,
        serial: u64,
        now: Timestamp,
        random: &dyn SecureRandom,
    ) -> Result<Self, PkiError> {
        let key = KeyPair::generate(random)?;
        let mut params = params(common_name, None, now, now + AUTHORITY_LIFETIME)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        let made = params.self_signed(&key.with(random)).map_err(make)?;
        Ok(Self { certificate: Certificate::from_der(made.der())?, key })
    }

    /// An authority that was stored.
    ///
    /// # Errors
    /// The texts cannot be read, or make no authority.
    pub fn from_pem(certificate: &str, key: &str, random: &dyn SecureRandom) -> Result<Self, PkiError> {
        let certificate = Certificate::from_pem(certificate)?;
        let key = KeyPair::from_pem(key, random)?;
        if certificate.public_key != *key.public() {
            return Err(PkiError::Custom(vec![crate::custom::CaFault::OtherKey]));
        }
        Ok(Self { certificate, key })
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &KeyPair {
        &self.key
    }

    /// Issues a certificate with a new key. It ends with the authority at the latest.
    ///
    /// # Errors
    /// The authority has ended or has not begun, a name cannot stand in a certificate, or the generator fails.
    pub fn issue(
        &self,
        leaf: &Leaf,
        lifetime: SignedDuration,
        now: Timestamp,
        random: &dyn SecureRandom,
    ) -> Result<Issued, PkiError> {
        let own = &self.certificate;
        if !own.is_valid_at(now) {
            let (name, from, until) = (own.common_name.clone(), own.not_before, own.not_after);
            return Err(PkiError::AuthorityEnded { name, from, until });
        }
        let subject = leaf.subject();
        let until = (now + lifetime).min(own.not_after);
        let mut params = params(&subject.common_name, subject.organization, now, until)?;
        params.not_before = params.not_before.max(datetime(own.not_before)?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if leaf.is_server() {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        if leaf.is_client() {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        for name in leaf.names() {
            params.subject_alt_names.push(alternative(name)?);
        }
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(SerialNumber::from_slice(&serial(random)?));
        let key = KeyPair::generate(random)?;
        let issuer = Issuer::from_ca_cert_der(&own.der.as_slice().into(), self.key.with(random)).map_err(make)?;
        let made = params.signed_by(key.public(), &issuer).map_err(make)?;
        Ok(Issued { certificate: Certificate::from_der(made.der())?, key })
    }
}

fn params(
    common_name: &str,
    organization: Option<&str>,
    now: Timestamp,
    until: Timestamp,
) -> Result<CertificateParams, PkiError> {
    // RFC 5280 allows that many characters.
    if common_name.is_empty() || common_name.chars().count() > 64 {
        return Err(PkiError::Name(common_name.to_owned()));
    }
    let mut params = CertificateParams::default();
    params.not_before = datetime(now - SKEW)?;
    params.not_after = datetime(until)?;
    params.distinguished_name = DistinguishedName::new();
    if let Some(organization) = organization {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

fn alternative(name: String) -> Result<SanType, PkiError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '*');
    if name.is_empty() || name.len() > 253 || !name.chars().all(fits) {
        return Err(PkiError::Name(name));
    }
    name.clone().try_into().map(SanType::DnsName).map_err(|_| PkiError::Name(name))
}

/// A serial number by chance: positive, and not zero.
fn serial(random: &dyn SecureRandom) -> Result<[u8; 16], PkiError> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes).map_err(|_| PkiError::NoRandom)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(bytes)
}

fn datetime(time: Timestamp) -> Result<OffsetDateTime, PkiError> {
    OffsetDateTime::from_unix_timestamp(time.as_second()).map_err(|error| PkiError::Make(error.to_string()))
}

fn make(error: rcgen::Error) -> PkiError {
    PkiError::Make(error.to_string())
}

#[cfg(test)]
mod tests;
