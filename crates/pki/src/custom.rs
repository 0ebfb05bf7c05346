//! An authority that a user brings: everything that it has to be is checked before anything depends on it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use ring::rand::SecureRandom;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer as _;

use crate::authority::Authority;
use crate::certificate::Certificate;
use crate::error::PkiError;
use crate::key::KeyPair;

/// What keeps a certificate and a key from being an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaFault {
    /// More than one certificate.
    Several(usize),
    /// The key belongs to another certificate.
    OtherKey,
    /// Another authority has issued it; its common name.
    Intermediate(String),
    /// It may not issue certificates.
    NotAnAuthority,
    /// Its key may not sign certificates.
    NoCertSign,
    /// It may issue for some usages only.
    Usages,
    /// It is not good yet.
    NotYet(Timestamp),
    /// It has ended.
    Ended(Timestamp),
    /// Its subject has no common name.
    Nameless,
    /// Its subject is of a form that cannot be repeated in what it issues.
    Subject,
}

impl fmt::Display for CaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several(count) => {
                write!(
                    f,
                    "the file has {count} certificates; leave only that of the authority which the key belongs to"
                )
            }
            Self::OtherKey => f.write_str("the private key belongs to another certificate"),
            Self::Intermediate(issuer) => write!(
                f,
                "it was issued by another authority ({issuer}), which clients would ask for; trusting that too would let in \
                 whatever it has issued; bring one that has signed itself"
            ),
            Self::NotAnAuthority => f.write_str("it may not issue certificates (basic constraints without CA:TRUE)"),
            Self::NoCertSign => f.write_str("its key usage lacks keyCertSign"),
            Self::Usages => f.write_str(
                "its extended key usage lacks serverAuth or clientAuth, which certificates of a cluster need",
            ),
            Self::NotYet(from) => write!(f, "it is not good before {from}"),
            Self::Ended(until) => write!(f, "it ended on {until}"),
            Self::Nameless => f.write_str("its subject has no common name"),
            Self::Subject => f.write_str("its subject has attributes twice or in groups, which kedge cannot repeat"),
        }
    }
}

impl Authority {
    /// Takes a certificate and key of a user as an authority.
    ///
    /// # Errors
    /// [`PkiError::Custom`] with everything that is wrong, or a text cannot be read.
    pub fn custom(certificate: &str, key: &str, now: Timestamp, random: &dyn SecureRandom) -> Result<Self, PkiError> {
        let all = Certificate::all_from_pem(certificate)?;
        let first = Certificate::from_pem(certificate)?;
        let key = KeyPair::from_pem(key, random)?;
        let mut faults = Vec::new();
        if all.len() > 1 {
            faults.push(CaFault::Several(all.len()));
        }
        if first.public_key != *key.public() {
            faults.push(CaFault::OtherKey);
        }
        if now < first.not_before {
            faults.push(CaFault::NotYet(first.not_before));
        }
        if now > first.not_after {
            faults.push(CaFault::Ended(first.not_after));
        }
        if first.common_name.is_empty() {
            faults.push(CaFault::Nameless);
        }
        faults.extend(extensions(&first)?);
        if faults.is_empty() { Ok(Self { certificate: first, key }) } else { Err(PkiError::Custom(faults)) }
    }
}

/// Whether the way to trust ends at a certificate. OpenSSL goes on until it finds one that has signed itself.
fn is_self_signed(x509: &X509Certificate<'_>) -> bool {
    x509.subject().as_raw() == x509.issuer().as_raw()
        && match x509.verify_signature(None) {
            // The names have to do.
            Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm) => true,
            Err(_) => false,
        }
}

fn extensions(certificate: &Certificate) -> Result<Vec<CaFault>, PkiError> {
    let wrong = |error: &dyn fmt::Display| PkiError::Certificate(error.to_string());
    let (_, x509) = X509Certificate::from_der(&certificate.der).map_err(|error| wrong(&error))?;
    let mut faults = Vec::new();
    if !is_self_signed(&x509) {
        faults.push(CaFault::Intermediate(certificate.issuer.clone()));
    }
    if !x509.is_ca() {
        faults.push(CaFault::NotAnAuthority);
    }
    let usage = x509.key_usage().map_err(|error| wrong(&error))?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        faults.push(CaFault::NoCertSign);
    }
    if !(certificate.server_auth && certificate.client_auth) {
        faults.push(CaFault::Usages);
    }
    let mut types = BTreeSet::new();
    let plain = x509.subject().iter().all(|group| {
        let mut attributes = group.iter();
        let first = attributes.next();
        attributes.next().is_none() && first.is_some_and(|attribute| types.insert(attribute.attr_type().to_id_string()))
    });
    if !plain {
        faults.push(CaFault::Subject);
    }
    Ok(faults)
}

#[cfg(test)]
mod tests;
