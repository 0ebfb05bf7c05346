//! Private keys with their public halves.

use std::fmt;

use ring::rand::SecureRandom;
use ring::rsa;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
    RSA_PKCS1_SHA256,
};

use crate::der::Sec1;
use crate::error::PkiError;
use crate::pem::Pem;
use crate::public_key::{Kind, PublicKey};
use crate::secret::SecretText;

/// What ECDSA keys may be, the usual one first.
const CURVES: [(Kind, &EcdsaSigningAlgorithm); 2] =
    [(Kind::P256, &ECDSA_P256_SHA256_ASN1_SIGNING), (Kind::P384, &ECDSA_P384_SHA384_ASN1_SIGNING)];

/// A private key with its public half.
pub struct KeyPair {
    pem: SecretText,
    signer: Signer,
    public: PublicKey,
}

enum Signer {
    Ecdsa(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Makes a key: ECDSA on P-256.
    ///
    /// # Errors
    /// The generator fails.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, PkiError> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, random);
        let made = made.map_err(|_| PkiError::NoRandom)?;
        let pem = Pem::write("PRIVATE KEY", made.as_ref());
        Self::from_pem(&pem, random)
    }

    /// Reads a private key: PKCS #8, or the older `RSA PRIVATE KEY` and `EC PRIVATE KEY`. `random` protects the reading.
    ///
    /// # Errors
    /// There is none, it is encrypted, or it is of a kind that Kubernetes does not take.
    pub fn from_pem(text: &str, random: &dyn SecureRandom) -> Result<Self, PkiError> {
        let blocks = Pem::read_all("the private key", text)?;
        let block = blocks
            .iter()
            .find(|block| block.label.ends_with("PRIVATE KEY"))
            .ok_or_else(|| PkiError::Pem { what: "the private key", why: "it has no PRIVATE KEY block".to_owned() })?;
        let der = block.der.as_slice();
        let signer = match block.label.as_str() {
            "PRIVATE KEY" => pkcs8(der, random)?,
            "RSA PRIVATE KEY" => Signer::Rsa(rsa::KeyPair::from_der(der).map_err(refused)?),
            "EC PRIVATE KEY" => sec1(der, random)?,
            "ENCRYPTED PRIVATE KEY" => {
                let why = "it is encrypted; take the passphrase off with `openssl pkcs8 -in KEY`";
                return Err(PkiError::Key(why.to_owned()));
            }
            other => return Err(PkiError::Key(format!("Kubernetes takes no {other}"))),
        };
        let public = match &signer {
            Signer::Ecdsa(key) => {
                let bytes = key.public_key().as_ref().to_vec();
                PublicKey { kind: if bytes.len() == 65 { Kind::P256 } else { Kind::P384 }, bytes }
            }
            Signer::Rsa(key) => PublicKey { kind: Kind::Rsa, bytes: key.public().as_ref().to_vec() },
        };
        // Written anew: what stood around the block does not belong to the key.
        let pem = SecretText::new(Pem::write(&block.label, der).to_string());
        Ok(Self { pem, signer, public })
    }

    /// The private key as PEM.
    #[must_use]
    pub fn pem(&self) -> &SecretText {
        &self.pem
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Lets the key sign with random numbers of a generator.
    pub(crate) fn with<'a>(&'a self, random: &'a dyn SecureRandom) -> Signing<'a> {
        Signing { key: self, random }
    }
}

fn pkcs8(der: &[u8], random: &dyn SecureRandom) -> Result<Signer, PkiError> {
    for (_, algorithm) in CURVES {
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(algorithm, der, random) {
            return Ok(Signer::Ecdsa(key));
        }
    }
    Ok(Signer::Rsa(rsa::KeyPair::from_pkcs8(der).map_err(refused)?))
}

fn sec1(der: &[u8], random: &dyn SecureRandom) -> Result<Signer, PkiError> {
    let key = Sec1::read(der).ok_or_else(|| PkiError::Key("it is no ECDSA key in the form of SEC 1".to_owned()))?;
    let public = key.public.ok_or_else(|| {
        PkiError::Key("it lacks its public half; `openssl pkcs8 -topk8 -nocrypt -in KEY` adds it".to_owned())
    })?;
    let (_, algorithm) = if key.private.len() == 32 { CURVES[0] } else { CURVES[1] };
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, key.private, public, random)
        .map(Signer::Ecdsa)
        .map_err(refused)
}

fn refused(error: ring::error::KeyRejected) -> PkiError {
    PkiError::Key(format!("{error}; it has to be ECDSA on P-256 or P-384, or RSA with 2048 bits or more"))
}

/// A key that signs.
pub(crate) struct Signing<'a> {
    key: &'a KeyPair,
    random: &'a dyn SecureRandom,
}

impl rcgen::PublicKeyData for Signing<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.public.der_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.key.public.algorithm()
    }
}

impl rcgen::SigningKey for Signing<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match &self.key.signer {
            Signer::Ecdsa(key) => {
                let signature = key.sign(self.random, message);
                signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| rcgen::Error::RingUnspecified)
            }
            Signer::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, self.random, message, &mut signature)
                    .map_err(|_| rcgen::Error::RingUnspecified)?;
                Ok(signature)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;

    #[test]
    fn every_form_that_kubernetes_takes() {
        let read = |text| KeyPair::from_pem(text, &random()).unwrap();
        let forms = [
            (include_str!("../testdata/rsa-pkcs1.pem"), Kind::Rsa),
            (include_str!("../testdata/rsa-pkcs8.pem"), Kind::Rsa),
            (include_str!("../testdata/p256-sec1.pem"), Kind::P256),
            (include_str!("../testdata/p384-sec1.pem"), Kind::P384),
        ];
        for (text, kind) in forms {
            let key = read(text);
            assert_eq!(key.public().kind, kind);
            assert_eq!(key.pem().expose(), text);
        }
        assert_eq!(read(forms[0].0).public(), read(forms[1].0).public());
        assert!(!format!("{:?}", read(forms[2].0)).contains("PRIVATE"));
    }

    #[test]
    fn others_are_refused_with_what_to_do() {
        let error = |text| KeyPair::from_pem(text, &random()).unwrap_err().to_string();
        let wanted = "it has to be ECDSA on P-256 or P-384, or RSA with 2048 bits or more";
        for (text, why) in [
            (include_str!("../testdata/rsa-1024.pem"), wanted),
            (include_str!("../testdata/ed25519.pem"), wanted),
            (include_str!("../testdata/p256-sec1-no-public.pem"), "openssl pkcs8 -topk8"),
            (include_str!("../testdata/p256-encrypted.pem"), "it is encrypted"),
            ("nothing", "no PRIVATE KEY block"),
            ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "SEC 1"),
        ] {
            assert!(error(text).contains(why), "{}", error(text));
        }
    }
}
