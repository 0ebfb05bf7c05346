//! Encryption of what must not be read: authenticated, bound to its place, with a key of its own for every object.
//!
//! An object is encrypted with AES-256-GCM under a key that HKDF-SHA-256 derives from a key of the ring and a random salt, so
//! that no key encrypts two things. Its place in the store is authenticated with it: an object that is moved under another
//! name does not open.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::encoding;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// Bytes that are not shown, and wiped from memory when they are no longer needed.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for whoever really has to see them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// The key does not fit, or the object was changed or moved.
    #[error("it does not open: the key is another one, or the object was changed or moved")]
    DoesNotOpen,
}

/// Something encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sealed {
    #[serde(with = "encoding")]
    salt: Vec<u8>,
    #[serde(with = "encoding")]
    nonce: Vec<u8>,
    #[serde(with = "encoding")]
    ciphertext: Vec<u8>,
}

/// Random bytes.
pub(crate) fn random(length: usize) -> Result<Secret, SealError> {
    let mut bytes = vec![0; length];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::NoRandom)?;
    Ok(Secret::new(bytes))
}

/// Encrypts something for a place.
pub(crate) fn seal(key: &Secret, place: &str, clear: &Secret) -> Result<Sealed, SealError> {
    let salt = random(KEY_BYTES)?.expose().to_vec();
    let nonce = random(NONCE_LEN)?.expose().to_vec();
    let mut ciphertext = clear.expose().to_vec();
    let number = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| SealError::NoRandom)?;
    cipher(key, &salt)?
        .seal_in_place_append_tag(number, Aad::from(place.as_bytes()), &mut ciphertext)
        .map_err(|_| SealError::DoesNotOpen)?;
    Ok(Sealed { salt, nonce, ciphertext })
}

/// Decrypts something that was encrypted for the same place.
pub(crate) fn open(key: &Secret, place: &str, sealed: &Sealed) -> Result<Secret, SealError> {
    let nonce = Nonce::try_assume_unique_for_key(&sealed.nonce).map_err(|_| SealError::DoesNotOpen)?;
    let mut clear = Zeroizing::new(sealed.ciphertext.clone());
    let length = cipher(key, &sealed.salt)?
        .open_in_place(nonce, Aad::from(place.as_bytes()), &mut clear)
        .map_err(|_| SealError::DoesNotOpen)?
        .len();
    clear.truncate(length);
    Ok(Secret(clear))
}

/// Tells two secrets apart without telling anything of them: it depends on the key as well.
pub(crate) fn fingerprint(key: &Secret, clear: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    let tag = hmac::sign(&key, clear.expose());
    tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

fn cipher(key: &Secret, salt: &[u8]) -> Result<LessSafeKey, SealError> {
    let mut derived = Zeroizing::new([0; KEY_BYTES]);
    Salt::new(HKDF_SHA256, salt)
        .extract(key.expose())
        .expand(&[b"kedge object"], Length)
        .and_then(|okm| okm.fill(&mut derived[..]))
        .map_err(|_| SealError::DoesNotOpen)?;
    let key = UnboundKey::new(&AES_256_GCM, &derived[..]).map_err(|_| SealError::DoesNotOpen)?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_at_the_same_place_only() {
        let key = random(KEY_BYTES).unwrap();
        let other = random(KEY_BYTES).unwrap();
        let clear = Secret::new(b"correct horse".to_vec());
        let sealed = seal(&key, "c/secrets/a", &clear).unwrap();
        assert_eq!(open(&key, "c/secrets/a", &sealed).unwrap().expose(), b"correct horse");
        assert_eq!(open(&other, "c/secrets/a", &sealed).unwrap_err(), SealError::DoesNotOpen);
        assert_eq!(open(&key, "c/secrets/b", &sealed).unwrap_err(), SealError::DoesNotOpen);
        let mut changed = sealed.clone();
        changed.ciphertext[0] ^= 1;
        assert_eq!(open(&key, "c/secrets/a", &changed).unwrap_err(), SealError::DoesNotOpen);
        let mut shorter = sealed.clone();
        shorter.nonce.pop();
        assert_eq!(open(&key, "c/secrets/a", &shorter).unwrap_err(), SealError::DoesNotOpen);
        assert_ne!(sealed, seal(&key, "c/secrets/a", &clear).unwrap(), "the same text twice gave the same object");
    }

    #[test]
    fn nothing_shows_a_secret() {
        let secret = Secret::new(b"correct horse".to_vec());
        assert!(!format!("{secret:?}").contains("horse"));
        let key = random(KEY_BYTES).unwrap();
        let json = serde_json::to_string(&seal(&key, "p", &secret).unwrap()).unwrap();
        assert!(!json.contains("horse") && !json.contains("Y29ycmVjdC"), "{json}");
        assert_ne!(fingerprint(&key, &secret), fingerprint(&random(KEY_BYTES).unwrap(), &secret));
    }
}
