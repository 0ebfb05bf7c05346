//! Secrets of a cluster: encrypted before they reach the place that keeps them.

mod rekey;

use serde::{Deserialize, Serialize};

use kedge_resource::facts::StoreKeys;

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::{FORMAT_VERSION, decode, encode};
use crate::keyring::{Keyring, OuterKey, RingKey, Wrapped, context};
use crate::objects::{Condition, Put, Version};
use crate::seal::{KEY_BYTES, Sealed, Secret, fingerprint, open, random, seal};

/// A secret as it is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretObject {
    format_version: u32,
    name: String,
    /// The key of the ring that encrypts it.
    key: u32,
    fingerprint: String,
    sealed: Sealed,
}

/// A secret as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretSummary {
    /// Its name.
    pub name: String,
    /// Tells whether it is another one than before; nothing of the secret can be learned from it.
    pub fingerprint: String,
    /// Number of the key that encrypts it.
    pub key: u32,
}

/// Where secrets of a user are.
const SECRETS: &str = "secrets/";
/// Where private keys of the cluster are.
pub(crate) const PRIVATE_KEYS: &str = "pki/private/";

/// The keys of the ring, unwrapped: reading and writing several things asks the key outside the store only once.
#[derive(Debug)]
pub struct Vault {
    keys: Vec<(u32, Secret)>,
    /// How the newest was found wrapped; none if it was made just now.
    wrapped: Option<Wrapped>,
}

impl Vault {
    fn key(&self, id: u32) -> Option<&Secret> {
        self.keys.iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }

    /// The key that encrypts what is new.
    fn newest(&self) -> Option<(u32, &Secret)> {
        self.keys.last().map(|(id, key)| (*id, key))
    }
}

impl ClusterStore {
    fn secret_key(&self, name: &str) -> String {
        self.sealed_key(&format!("{SECRETS}{name}"))
    }

    fn sealed_key(&self, path: &str) -> String {
        self.key(&format!("{path}.json"))
    }

    fn sealing(&self, path: &str) -> impl Fn(String) -> StoreError {
        let (key, place) = (self.sealed_key(path), self.place());
        move |why| StoreError::Sealed { key: key.clone(), place: place.clone(), why }
    }

    fn sealing_ring(&self) -> impl Fn(String) -> StoreError {
        self.sealing("secrets/keyring")
    }

    pub(crate) async fn keyring(&self) -> Result<Option<(Keyring, Version)>, StoreError> {
        let key = self.secret_key("keyring");
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        let ring: Keyring = decode(&key, &self.place(), &object.bytes)?;
        if ring.cluster != *self.cluster() {
            let why = format!("is of the cluster {}", ring.cluster);
            return Err(StoreError::Foreign { key, place: self.place(), why });
        }
        Ok(Some((ring, object.version)))
    }

    /// What wraps the keys of the cluster's secrets, if it has any: which of the two, not which key.
    ///
    /// # Errors
    /// The store does not answer, or what it holds cannot be used.
    pub async fn outer_keys(&self) -> Result<Option<StoreKeys>, StoreError> {
        let ring = self.keyring().await?.map(|(ring, _)| ring);
        let kind = |key: &RingKey| match key.wrapped {
            Wrapped::Kms { .. } => StoreKeys::Kms,
            Wrapped::Passphrase { .. } => StoreKeys::Passphrase,
        };
        Ok(ring.and_then(|ring| ring.keys.last().map(kind)))
    }

    async fn put_keyring(&self, ring: &Keyring, condition: &Condition) -> Result<Put, StoreError> {
        let key = self.secret_key("keyring");
        let bytes = encode(&key, &self.place(), ring)?;
        self.objects().put(&key, &bytes, condition).await
    }

    /// Whether a key of the ring still is the one that encrypts what is new.
    async fn still_newest(&self, id: u32) -> Result<(), StoreError> {
        let newest = self.keyring().await?.and_then(|(ring, _)| ring.keys.last().map(|key| key.id));
        if newest == Some(id) { Ok(()) } else { Err(self.rekeyed()) }
    }

    fn rekeyed(&self) -> StoreError {
        StoreError::Rekeyed { cluster: self.cluster().to_string() }
    }

    async fn unwrap(&self, outer: &dyn OuterKey, key: &RingKey) -> Result<Secret, StoreError> {
        outer.unwrap(&key.wrapped, &context(self.cluster(), key.id)).await.map_err(self.sealing_ring())
    }

    async fn new_key(&self, outer: &dyn OuterKey, id: u32) -> Result<(RingKey, Secret), StoreError> {
        let key = random(KEY_BYTES).map_err(|error| self.sealing_ring()(error.to_string()))?;
        let wrapped = outer.wrap(&key, &context(self.cluster(), id)).await.map_err(self.sealing_ring())?;
        Ok((RingKey { id, wrapped }, key))
    }

    /// Unwraps the keys that things are encrypted with. `outer` is the key outside the store.
    ///
    /// # Errors
    /// The outer key is not the right one, or the store does not answer.
    pub async fn vault(&self, outer: &dyn OuterKey) -> Result<Vault, StoreError> {
        let (mut keys, mut wrapped) = (Vec::new(), None);
        if let Some((ring, _)) = self.keyring().await? {
            for key in ring.keys {
                keys.push((key.id, self.unwrap(outer, &key).await?));
                wrapped = Some(key.wrapped);
            }
        }
        Ok(Vault { keys, wrapped })
    }

    /// Refuses a key outside the store that has opened the vault and is not the one that wraps its keys. KMS opens what any of
    /// its keys has wrapped, whichever was named: whoever names another one would believe that what is written from now on is
    /// wrapped by that.
    ///
    /// # Errors
    /// It is another key, or does not answer.
    pub async fn refuse_another_key(&self, outer: &dyn OuterKey, vault: &Vault) -> Result<(), StoreError> {
        let (Some(Wrapped::Kms { key, .. }), Some((id, clear))) = (&vault.wrapped, vault.newest()) else {
            return Ok(());
        };
        // What it says of itself: an alias or an id names a key too.
        let again = outer.wrap(clear, &context(self.cluster(), id)).await.map_err(self.sealing_ring())?;
        match again {
            Wrapped::Kms { key: named, .. } if named != *key => Err(self.sealing_ring()(format!(
                "its keys are wrapped by the KMS key {key}, and {named} is named: name the former, or replace it with `kedge secret \
                 rekey`"
            ))),
            _ => Ok(()),
        }
    }

    /// As [`Self::vault`]; the first key is made where there is none.
    ///
    /// # Errors
    /// As for [`Self::vault`].
    pub async fn vault_for_writing(&self, outer: &dyn OuterKey) -> Result<Vault, StoreError> {
        let vault = self.vault(outer).await?;
        if vault.keys.is_empty() { self.first_vault(outer).await } else { Ok(vault) }
    }

    /// As [`Self::vault_for_writing`], with fewer requests where there most likely is no key yet.
    ///
    /// # Errors
    /// As for [`Self::vault`].
    pub async fn first_vault(&self, outer: &dyn OuterKey) -> Result<Vault, StoreError> {
        let (key, clear) = self.new_key(outer, 1).await?;
        let ring = Keyring { format_version: FORMAT_VERSION, cluster: self.cluster().clone(), keys: vec![key] };
        match self.put_keyring(&ring, &Condition::Absent).await? {
            Put::Done(_) => Ok(Vault { keys: vec![(1, clear)], wrapped: None }),
            // Somebody else was faster: theirs counts.
            Put::Refused => self.vault(outer).await,
        }
    }

    /// Stores a secret. `outer` is the key outside the store.
    ///
    /// # Errors
    /// The outer key is not the right one, the keys of the ring are being replaced, or the store does not answer.
    pub async fn put_secret(&self, outer: &dyn OuterKey, name: &str, secret: &Secret) -> Result<(), StoreError> {
        let vault = self.vault_for_writing(outer).await?;
        self.put_sealed(&vault, &format!("{SECRETS}{name}"), secret).await
    }

    /// Encrypts something with the newest key and writes it. A key that is no longer the newest one afterwards is told: what
    /// was written opens, but may have come too late to be encrypted anew.
    pub(crate) async fn put_sealed(&self, vault: &Vault, path: &str, secret: &Secret) -> Result<(), StoreError> {
        let id = vault.newest().map(|(id, _)| id).ok_or_else(|| self.keyless())?;
        self.write_sealed(vault, path, secret, &Condition::Any).await?;
        self.still_newest(id).await
    }

    fn keyless(&self) -> StoreError {
        self.sealing_ring()("it has no keys".to_owned())
    }

    async fn write_sealed(
        &self,
        vault: &Vault,
        path: &str,
        secret: &Secret,
        condition: &Condition,
    ) -> Result<Put, StoreError> {
        let (id, key) = vault.newest().ok_or_else(|| self.keyless())?;
        let object_key = self.sealed_key(path);
        let object = SecretObject {
            format_version: FORMAT_VERSION,
            name: name_of(path).to_owned(),
            key: id,
            fingerprint: fingerprint(key, secret),
            sealed: seal(key, &object_key, secret).map_err(|error| self.sealing(path)(error.to_string()))?,
        };
        let bytes = encode(&object_key, &self.place(), &object)?;
        self.objects().put(&object_key, &bytes, condition).await
    }

    async fn sealed_object(&self, path: &str) -> Result<Option<(SecretObject, Version)>, StoreError> {
        let key = self.sealed_key(path);
        let Some(read) = self.objects().get(&key).await? else { return Ok(None) };
        let object: SecretObject = decode(&key, &self.place(), &read.bytes)?;
        if object.name != name_of(path) {
            let why = format!("is the secret {}", object.name);
            return Err(StoreError::Foreign { key, place: self.place(), why });
        }
        Ok(Some((object, read.version)))
    }

    async fn secret_object(&self, name: &str) -> Result<SecretObject, StoreError> {
        let object = self.sealed_object(&format!("{SECRETS}{name}")).await?;
        object.map(|(object, _)| object).ok_or_else(|| StoreError::Unknown {
            place: self.place(),
            what: format!("secret {name} of {}", self.cluster()),
            see: "`kedge secret list`",
        })
    }

    fn unseal(&self, vault: &Vault, path: &str, object: &SecretObject) -> Result<Secret, StoreError> {
        let Some(key) = vault.key(object.key) else {
            return Err(self.sealing(path)(format!("the key {} that encrypts it is not in keyring.json", object.key)));
        };
        open(key, &self.sealed_key(path), &object.sealed).map_err(|error| self.sealing(path)(error.to_string()))
    }

    /// Reads something encrypted; none if it is not there.
    pub(crate) async fn sealed(&self, vault: &Vault, path: &str) -> Result<Option<Secret>, StoreError> {
        let object = self.sealed_object(path).await?;
        object.map(|(object, _)| self.unseal(vault, path, &object)).transpose()
    }

    /// Reads a secret.
    ///
    /// # Errors
    /// There is none of that name, it does not open, or the store does not answer.
    pub async fn secret(&self, outer: &dyn OuterKey, name: &str) -> Result<Secret, StoreError> {
        let object = self.secret_object(name).await?;
        let vault = self.vault(outer).await?;
        self.unseal(&vault, &format!("{SECRETS}{name}"), &object)
    }

    /// The secrets that there are. Needs no key.
    ///
    /// # Errors
    /// The store does not answer, or an object is not one.
    pub async fn secrets(&self) -> Result<Vec<SecretSummary>, StoreError> {
        let mut secrets = Vec::new();
        for name in self.secret_names().await? {
            let SecretObject { fingerprint, key, .. } = self.secret_object(&name).await?;
            secrets.push(SecretSummary { name, fingerprint, key });
        }
        Ok(secrets)
    }

    /// Paths of the secrets that there are.
    pub(crate) async fn secret_paths(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.secret_names().await?.iter().map(|name| format!("{SECRETS}{name}")).collect())
    }

    /// The key of the ring that encrypts something; none if it is not there. Needs no key.
    pub(crate) async fn sealing_key(&self, path: &str) -> Result<Option<u32>, StoreError> {
        Ok(self.sealed_object(path).await?.map(|(object, _)| object.key))
    }

    async fn secret_names(&self) -> Result<Vec<String>, StoreError> {
        let paths = self.sealed_paths(SECRETS).await?;
        let names = paths.iter().filter_map(|path| path.strip_prefix(SECRETS));
        Ok(names.filter(|name| *name != "keyring").map(str::to_owned).collect())
    }

    async fn sealed_paths(&self, drawer: &str) -> Result<Vec<String>, StoreError> {
        let keys = self.objects().list(&self.key(drawer)).await?;
        let own = self.key("");
        let paths = keys.iter().filter_map(|key| key.strip_prefix(&own)?.strip_suffix(".json"));
        Ok(paths.map(str::to_owned).collect())
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// There is none of that name, or the store does not answer.
    pub async fn delete_secret(&self, name: &str) -> Result<(), StoreError> {
        self.secret_object(name).await?;
        self.objects().delete(&self.secret_key(name)).await
    }
}

/// The name of something encrypted: that of a user's secret, the whole path of anything else.
fn name_of(path: &str) -> &str {
    path.strip_prefix(SECRETS).unwrap_or(path)
}
