//! The keys of a cluster's secrets, wrapped by a key outside the store: a passphrase, or a key of AWS KMS.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version as Argon2Version};
use async_trait::async_trait;
use kedge_resource::ClusterName;
use serde::{Deserialize, Serialize};

use crate::encoding;
use crate::seal::{KEY_BYTES, Sealed, Secret, open, random, seal};

/// Memory that deriving a key from a passphrase takes, in KiB; with the passes what RFC 9106 recommends for memory that is
/// not scarce, a bit less: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// Most memory that an object may ask for, so that a forged one cannot exhaust the machine.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
/// Fewest characters of a passphrase.
const SHORTEST: usize = 12;

/// A key outside the store that wraps those inside it.
#[async_trait]
pub trait OuterKey: fmt::Debug + Send + Sync {
    /// Wraps a key. `context` is bound to it.
    async fn wrap(&self, key: &Secret, context: &str) -> Result<Wrapped, String>;

    /// Unwraps a key that this one, or one like it, has wrapped.
    async fn unwrap(&self, wrapped: &Wrapped, context: &str) -> Result<Secret, String>;
}

/// A wrapped key, with what is needed to unwrap it beside the outer key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Wrapped {
    /// By a key that Argon2id derives from a passphrase.
    Passphrase {
        /// Salt of the derivation.
        #[serde(with = "encoding")]
        salt: Vec<u8>,
        /// Memory of the derivation in KiB.
        memory_kib: u32,
        /// Passes of the derivation.
        passes: u32,
        /// Lanes of the derivation.
        lanes: u32,
        /// The key, as [`seal`] leaves it.
        sealed: SealedKey,
    },
    /// By a key of AWS KMS.
    Kms {
        /// ARN of the key.
        key: String,
        /// What KMS made of it.
        #[serde(with = "encoding")]
        ciphertext: Vec<u8>,
    },
}

/// A key, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedKey(pub(crate) Sealed);

/// A passphrase as the outer key.
#[derive(Debug)]
pub struct Passphrase(Secret);

impl Passphrase {
    /// Takes a passphrase, without the line break that a file ends in.
    ///
    /// # Errors
    /// It is too short to keep anybody out.
    pub fn new(text: Secret) -> Result<Self, String> {
        let bytes = text.expose();
        let end = bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
        let trimmed = bytes.get(..end).unwrap_or_default();
        if trimmed.len() < SHORTEST {
            return Err(format!("the passphrase is shorter than {SHORTEST} characters"));
        }
        Ok(Self(Secret::new(trimmed.to_vec())))
    }

    fn derive(&self, salt: &[u8], memory_kib: u32, passes: u32, lanes: u32) -> Result<Secret, String> {
        if memory_kib > MOST_MEMORY_KIB || passes > 64 {
            return Err("its parameters ask for more than any kedge writes".to_owned());
        }
        let params = Params::new(memory_kib, passes, lanes, Some(KEY_BYTES)).map_err(|error| error.to_string())?;
        let mut key = vec![0; KEY_BYTES];
        Argon2::new(Algorithm::Argon2id, Argon2Version::V0x13, params)
            .hash_password_into(self.0.expose(), salt, &mut key)
            .map_err(|error| error.to_string())?;
        Ok(Secret::new(key))
    }
}

#[async_trait]
impl OuterKey for Passphrase {
    async fn wrap(&self, key: &Secret, context: &str) -> Result<Wrapped, String> {
        let salt = random(16).map_err(|error| error.to_string())?.expose().to_vec();
        let derived = self.derive(&salt, MEMORY_KIB, PASSES, LANES)?;
        let sealed = seal(&derived, context, key).map_err(|error| error.to_string())?;
        Ok(Wrapped::Passphrase {
            salt,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            sealed: SealedKey(sealed),
        })
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &str) -> Result<Secret, String> {
        match wrapped {
            Wrapped::Passphrase { salt, memory_kib, passes, lanes, sealed } => {
                let derived = self.derive(salt, *memory_kib, *passes, *lanes)?;
                open(&derived, context, &sealed.0).map_err(|_| "the passphrase is not the right one".to_owned())
            }
            Wrapped::Kms { key, .. } => Err(format!("it is wrapped by the KMS key {key}, not by a passphrase")),
        }
    }
}

/// `secrets/keyring.json`: the keys of a cluster's secrets, wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Keyring {
    /// Version of the format.
    pub(crate) format_version: u32,
    /// The cluster.
    pub(crate) cluster: ClusterName,
    /// The keys; the last one encrypts what is new.
    pub(crate) keys: Vec<RingKey>,
}

/// A key of the ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RingKey {
    /// Its number, counted from 1.
    pub(crate) id: u32,
    /// The key, wrapped.
    pub(crate) wrapped: Wrapped,
}

/// What a wrapped key is bound to.
pub(crate) fn context(cluster: &ClusterName, id: u32) -> String {
    format!("{cluster}/secrets/key/{id}")
}
