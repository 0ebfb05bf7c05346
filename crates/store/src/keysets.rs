//! The keys and authorities of a cluster: `pki/keysets.json` says what there is, `pki/private/` has the private halves.
//!
//! What there is stands in one object, so that each step of replacing a key is one conditional write. Private halves are
//! encrypted as secrets are, and are written before anything names them.

use kedge_pki::{ItemId, Keyset, Purpose, SecretText};
use kedge_resource::ClusterName;
use serde::{Deserialize, Serialize};

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::{FORMAT_VERSION, decode, encode};
use crate::objects::{Condition, Put, Version};
use crate::seal::Secret;
use crate::secrets::{PRIVATE_KEYS, Vault};

/// `pki/keysets.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeysetsObject {
    format_version: u32,
    cluster: ClusterName,
    keysets: Vec<Keyset>,
}

/// The keysets of a cluster as they were read: what a later write depends on.
#[derive(Clone, Debug, Default)]
pub struct Keysets {
    /// The keysets, at most one for each purpose.
    pub all: Vec<Keyset>,
    version: Option<Version>,
}

impl Keysets {
    /// The keyset for a purpose.
    #[must_use]
    pub fn get(&self, purpose: Purpose) -> Option<&Keyset> {
        self.all.iter().find(|keyset| keyset.purpose == purpose)
    }

    /// The purposes without a keyset.
    #[must_use]
    pub fn missing(&self) -> Vec<Purpose> {
        Purpose::ALL.into_iter().filter(|purpose| self.get(*purpose).is_none()).collect()
    }

    /// Paths of the private keys that are named.
    pub(crate) fn private_paths(&self) -> impl Iterator<Item = String> {
        let items = self.all.iter().flat_map(|keyset| keyset.items.iter().map(|item| (keyset.purpose, item.id)));
        items.map(|(purpose, id)| path(purpose, id))
    }

    /// Puts a keyset in the place of the one for the same purpose.
    pub fn set(&mut self, keyset: Keyset) {
        self.all.retain(|known| known.purpose != keyset.purpose);
        self.all.push(keyset);
        self.all.sort_by_key(|keyset| keyset.purpose);
    }
}

impl ClusterStore {
    /// What keys and authorities there are. One request; needs no key.
    ///
    /// # Errors
    /// The store does not answer, or the object is not ours.
    pub async fn keysets(&self) -> Result<Keysets, StoreError> {
        let key = self.keysets_key();
        let Some(object) = self.objects().get(&key).await? else { return Ok(Keysets::default()) };
        let read: KeysetsObject = decode(&key, &self.place(), &object.bytes)?;
        if read.cluster != *self.cluster() {
            let why = format!("is of the cluster {}", read.cluster);
            return Err(StoreError::Foreign { key, place: self.place(), why });
        }
        Ok(Keysets { all: read.keysets, version: Some(object.version) })
    }

    /// Writes what there is, if it is still what was read.
    ///
    /// # Errors
    /// [`StoreError::Moved`] if somebody else changed it, or the store does not answer.
    pub async fn put_keysets(&self, keysets: &Keysets) -> Result<(), StoreError> {
        let key = self.keysets_key();
        let object = KeysetsObject {
            format_version: FORMAT_VERSION,
            cluster: self.cluster().clone(),
            keysets: keysets.all.clone(),
        };
        let bytes = encode(&key, &self.place(), &object)?;
        let condition = keysets.version.clone().map_or(Condition::Absent, Condition::Is);
        match self.objects().put(&key, &bytes, &condition).await? {
            Put::Done(_) => Ok(()),
            Put::Refused => Err(StoreError::Moved { cluster: self.cluster().to_string() }),
        }
    }

    /// Writes a private key, encrypted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_private_key(
        &self,
        vault: &Vault,
        purpose: Purpose,
        id: ItemId,
        key: &SecretText,
    ) -> Result<(), StoreError> {
        self.put_sealed(vault, &path(purpose, id), &Secret::new(key.expose().as_bytes().to_vec())).await
    }

    /// Reads a private key.
    ///
    /// # Errors
    /// It is missing, does not open, or the store does not answer.
    pub async fn private_key(&self, vault: &Vault, purpose: Purpose, id: ItemId) -> Result<SecretText, StoreError> {
        let path = path(purpose, id);
        let Some(secret) = self.sealed(vault, &path).await? else { return Err(self.missing_private_key(&path)) };
        match std::str::from_utf8(secret.expose()) {
            Ok(text) => Ok(SecretText::new(text.to_owned())),
            Err(_) => Err(StoreError::Corrupt {
                key: self.key(&format!("{path}.json")),
                place: self.place(),
                why: "it holds no PEM".to_owned(),
            }),
        }
    }

    /// Something sealed that keysets name is not there.
    pub(crate) fn missing_private_key(&self, path: &str) -> StoreError {
        StoreError::Torn {
            key: self.key(&format!("{path}.json")),
            place: self.place(),
            why: "is missing, although keysets.json names it".to_owned(),
            way_out: "restore it from an earlier version of the bucket or from a backup; if it is lost, replace the key with \
                      `kedge rotate`"
                .to_owned(),
        }
    }

    /// Removes a private key that nothing names any longer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delete_private_key(&self, purpose: Purpose, id: ItemId) -> Result<(), StoreError> {
        self.objects().delete(&self.key(&format!("{}.json", path(purpose, id)))).await
    }

    fn keysets_key(&self) -> String {
        self.key("pki/keysets.json")
    }
}

fn path(purpose: Purpose, id: ItemId) -> String {
    format!("{PRIVATE_KEYS}{purpose}/{id}")
}
