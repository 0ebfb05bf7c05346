//! Public keys: what certificates bind to a name, and what verifies tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use ring::digest::{SHA256, digest};
use x509_parser::prelude::{FromDer as _, SubjectPublicKeyInfo};
use x509_parser::public_key::PublicKey as Parsed;

use crate::error::PkiError;
use crate::pem::Pem;

/// Kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    Rsa,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) kind: Kind,
    /// The point, or the RSA key with its two numbers.
    pub(crate) bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads a `PUBLIC KEY`.
    ///
    /// # Errors
    /// It is none, or of a kind that Kubernetes does not use.
    pub fn from_pem(text: &str) -> Result<Self, PkiError> {
        let blocks = Pem::read_all("the public key", text)?;
        let block = blocks.iter().find(|block| block.label == "PUBLIC KEY");
        let block =
            block.ok_or(PkiError::Pem { what: "the public key", why: "it has no PUBLIC KEY block".to_owned() })?;
        let wrong = |why: &str| PkiError::Pem { what: "the public key", why: why.to_owned() };
        let (_, info) = SubjectPublicKeyInfo::from_der(&block.der).map_err(|_| wrong("it does not hold one"))?;
        Self::of(&info).ok_or_else(|| wrong("neither RSA nor ECDSA on P-256 or P-384"))
    }

    /// The key of a certificate.
    pub(crate) fn of(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let bytes = info.subject_public_key.data.to_vec();
        let kind = match info.parsed().ok()? {
            Parsed::RSA(_) => Kind::Rsa,
            Parsed::EC(point) => match point.data().len() {
                65 => Kind::P256,
                97 => Kind::P384,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { kind, bytes })
    }

    /// As DER, with the name of the algorithm.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        self.subject_public_key_info()
    }

    /// As a `PUBLIC KEY` block.
    #[must_use]
    pub fn pem(&self) -> String {
        Pem::write("PUBLIC KEY", &self.der()).as_str().to_owned()
    }

    /// The id that API servers give it in the header of tokens: SHA-256 of the key.
    #[must_use]
    pub fn key_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.der()))
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.kind {
            Kind::P256 => &PKCS_ECDSA_P256_SHA256,
            Kind::P384 => &PKCS_ECDSA_P384_SHA384,
            Kind::Rsa => &PKCS_RSA_SHA256,
        }
    }
}
