//! Secrets of a cluster: encrypted before they reach the place that keeps them.

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
pub struct Vault(Vec<(u32, Secret)>);

impl Vault {
    fn key(&self, id: u32) -> Option<&Secret> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, key)| key)
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

    async fn put_keyring(&self, ring: &Keyring, condition: &Condition) -> Result<(), StoreError> {
        let key = self.secret_key("keyring");
        let bytes = encode(&key, &self.place(), ring)?;
        match self.objects().put(&key, &bytes, condition).await? {
            Put::Done(_) => Ok(()),
            Put::Refused => Err(StoreError::Moved { cluster: self.cluster().to_string() }),
        }
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
        let mut keys = Vec::new();
        if let Some((ring, _)) = self.keyring().await? {
            for key in &ring.keys {
                keys.push((key.id, self.unwrap(outer, key).await?));
            }
        }
        Ok(Vault(keys))
    }

    /// As [`Self::vault`]; the first key is made where there is none.
    ///
    /// # Errors
    /// As for [`Self::vault`].
    pub async fn vault_for_writing(&self, outer: &dyn OuterKey) -> Result<Vault, StoreError> {
        let vault = self.vault(outer).await?;
        if !vault.0.is_empty() {
            return Ok(vault);
        }
        let (key, clear) = self.new_key(outer, 1).await?;
        let ring = Keyring { format_version: FORMAT_VERSION, cluster: self.cluster().clone(), keys: vec![key] };
        match self.put_keyring(&ring, &Condition::Absent).await {
            Ok(()) => Ok(Vault(vec![(1, clear)])),
            // Somebody else was faster: theirs counts.
            Err(StoreError::Moved { .. }) => self.vault(outer).await,
            Err(error) => Err(error),
        }
    }

    /// Stores a secret. `outer` is the key outside the store.
    ///
    /// # Errors
    /// The outer key is not the right one, or the store does not answer.
    pub async fn put_secret(&self, outer: &dyn OuterKey, name: &str, secret: &Secret) -> Result<(), StoreError> {
        let vault = self.vault_for_writing(outer).await?;
        self.put_sealed(&vault, &format!("{SECRETS}{name}"), secret).await
    }

    /// Encrypts something with the newest key and writes it.
    pub(crate) async fn put_sealed(&self, vault: &Vault, path: &str, secret: &Secret) -> Result<(), StoreError> {
        let Some((id, key)) = vault.0.last() else {
            return Err(self.sealing_ring()("it has no keys".to_owned()));
        };
        let object_key = self.sealed_key(path);
        let object = SecretObject {
            format_version: FORMAT_VERSION,
            name: name_of(path).to_owned(),
            key: *id,
            fingerprint: fingerprint(key, secret),
            sealed: seal(key, &object_key, secret).map_err(|error| self.sealing(path)(error.to_string()))?,
        };
        let bytes = encode(&object_key, &self.place(), &object)?;
        self.objects().put(&object_key, &bytes, &Condition::Any).await.map(|_| ())
    }

    async fn sealed_object(&self, path: &str) -> Result<Option<SecretObject>, StoreError> {
        let key = self.sealed_key(path);
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        let object: SecretObject = decode(&key, &self.place(), &object.bytes)?;
        if object.name != name_of(path) {
            let why = format!("is the secret {}", object.name);
            return Err(StoreError::Foreign { key, place: self.place(), why });
        }
        Ok(Some(object))
    }

    async fn secret_object(&self, name: &str) -> Result<SecretObject, StoreError> {
        let object = self.sealed_object(&format!("{SECRETS}{name}")).await?;
        object.ok_or_else(|| StoreError::Unknown {
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
        object.map(|object| self.unseal(vault, path, &object)).transpose()
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

    /// Replaces the outer key and the keys of the ring, and encrypts every secret and private key anew. Interrupted anywhere, every secret
    /// still opens with the new outer key, and with the old one if the first step was not done; doing it again completes it.
    ///
    /// # Errors
    /// The old key is not the right one, or the store does not answer.
    pub async fn rekey(&self, old: &dyn OuterKey, new: &dyn OuterKey) -> Result<usize, StoreError> {
        let Some((ring, version)) = self.keyring().await? else { return Ok(0) };
        let mut clear = Vec::new();
        let mut keys = Vec::new();
        for key in &ring.keys {
            // An interrupted rotation has wrapped them with the new one already.
            let secret = match self.unwrap(old, key).await {
                Ok(secret) => secret,
                Err(error) => self.unwrap(new, key).await.map_err(|_| error)?,
            };
            let place = context(self.cluster(), key.id);
            let wrapped = new.wrap(&secret, &place).await.map_err(self.sealing_ring())?;
            keys.push(RingKey { id: key.id, wrapped });
            clear.push((key.id, secret));
        }
        let id = ring.keys.last().map_or(1, |key| key.id + 1);
        let (key, fresh) = self.new_key(new, id).await?;
        keys.push(key.clone());
        self.put_keyring(&Keyring { keys, ..ring.clone() }, &Condition::Is(version)).await?;
        clear.push((id, fresh));
        let vault = Vault(clear);
        let mut count = 0;
        for path in [self.sealed_paths(SECRETS).await?, self.sealed_paths(PRIVATE_KEYS).await?].concat() {
            if path == "secrets/keyring" {
                continue;
            }
            let Some(object) = self.sealed_object(&path).await? else { continue };
            count += 1;
            if object.key != id {
                self.put_sealed(&vault, &path, &self.unseal(&vault, &path, &object)?).await?;
            }
        }
        let (_, version) = self.keyring().await?.ok_or_else(|| self.sealing_ring()("it is gone".to_owned()))?;
        self.put_keyring(&Keyring { keys: vec![key], ..ring }, &Condition::Is(version)).await?;
        Ok(count)
    }
}

/// The name of something encrypted: that of a user's secret, the whole path of anything else.
fn name_of(path: &str) -> &str {
    path.strip_prefix(SECRETS).unwrap_or(path)
}
