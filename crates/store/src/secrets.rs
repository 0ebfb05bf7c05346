//! Secrets of a cluster: encrypted before they reach the place that keeps them.

use serde::{Deserialize, Serialize};

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::{FORMAT_VERSION, decode, encode};
use crate::keyring::{Keyring, OuterKey, RingKey, context};
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

impl ClusterStore {
    fn secret_key(&self, name: &str) -> String {
        self.key(&format!("secrets/{name}.json"))
    }

    fn sealing(&self, name: &str) -> impl Fn(String) -> StoreError {
        let (key, place) = (self.secret_key(name), self.place());
        move |why| StoreError::Sealed { key: key.clone(), place: place.clone(), why }
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

    async fn put_keyring(&self, ring: &Keyring, condition: &Condition) -> Result<(), StoreError> {
        let key = self.secret_key("keyring");
        let bytes = encode(&key, &self.place(), ring)?;
        match self.objects().put(&key, &bytes, condition).await? {
            Put::Done(_) => Ok(()),
            Put::Refused => Err(StoreError::Moved { cluster: self.cluster().to_string() }),
        }
    }

    async fn unwrap(&self, outer: &dyn OuterKey, key: &RingKey) -> Result<Secret, StoreError> {
        outer.unwrap(&key.wrapped, &context(self.cluster(), key.id)).await.map_err(self.sealing("keyring"))
    }

    async fn new_key(&self, outer: &dyn OuterKey, id: u32) -> Result<(RingKey, Secret), StoreError> {
        let key = random(KEY_BYTES).map_err(|error| self.sealing("keyring")(error.to_string()))?;
        let wrapped = outer.wrap(&key, &context(self.cluster(), id)).await.map_err(self.sealing("keyring"))?;
        Ok((RingKey { id, wrapped }, key))
    }

    /// The key for what is new; the first one is made here.
    async fn current_key(&self, outer: &dyn OuterKey) -> Result<(u32, Secret), StoreError> {
        if let Some((ring, _)) = self.keyring().await?
            && let Some(key) = ring.keys.last()
        {
            return Ok((key.id, self.unwrap(outer, key).await?));
        }
        let (key, clear) = self.new_key(outer, 1).await?;
        let ring = Keyring { format_version: FORMAT_VERSION, cluster: self.cluster().clone(), keys: vec![key] };
        self.put_keyring(&ring, &Condition::Absent).await?;
        Ok((1, clear))
    }

    /// Stores a secret. `outer` is the key outside the store.
    ///
    /// # Errors
    /// The outer key is not the right one, or the store does not answer.
    pub async fn put_secret(&self, outer: &dyn OuterKey, name: &str, secret: &Secret) -> Result<(), StoreError> {
        let (id, key) = self.current_key(outer).await?;
        self.write_secret(name, id, &key, secret).await
    }

    async fn write_secret(&self, name: &str, id: u32, key: &Secret, secret: &Secret) -> Result<(), StoreError> {
        let path = self.secret_key(name);
        let object = SecretObject {
            format_version: FORMAT_VERSION,
            name: name.to_owned(),
            key: id,
            fingerprint: fingerprint(key, secret),
            sealed: seal(key, &path, secret).map_err(|error| self.sealing(name)(error.to_string()))?,
        };
        let bytes = encode(&path, &self.place(), &object)?;
        self.objects().put(&path, &bytes, &Condition::Any).await.map(|_| ())
    }

    async fn secret_object(&self, name: &str) -> Result<SecretObject, StoreError> {
        let key = self.secret_key(name);
        let Some(object) = self.objects().get(&key).await? else {
            return Err(StoreError::Unknown {
                place: self.place(),
                what: format!("secret {name} of {}", self.cluster()),
                see: "`kedge secret list`",
            });
        };
        let object: SecretObject = decode(&key, &self.place(), &object.bytes)?;
        if object.name != name {
            let why = format!("is the secret {}", object.name);
            return Err(StoreError::Foreign { key, place: self.place(), why });
        }
        Ok(object)
    }

    /// Reads a secret.
    ///
    /// # Errors
    /// There is none of that name, it does not open, or the store does not answer.
    pub async fn secret(&self, outer: &dyn OuterKey, name: &str) -> Result<Secret, StoreError> {
        let object = self.secret_object(name).await?;
        let ring = self.keyring().await?.map(|(ring, _)| ring.keys).unwrap_or_default();
        let Some(key) = ring.iter().find(|key| key.id == object.key) else {
            return Err(self.sealing(name)(format!("the key {} that encrypts it is not in keyring.json", object.key)));
        };
        let key = self.unwrap(outer, key).await?;
        open(&key, &self.secret_key(name), &object.sealed).map_err(|error| self.sealing(name)(error.to_string()))
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
        let prefix = self.key("secrets/");
        let keys = self.objects().list(&prefix).await?;
        let names = keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.strip_suffix(".json"));
        Ok(names.filter(|name| *name != "keyring").map(str::to_owned).collect())
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// There is none of that name, or the store does not answer.
    pub async fn delete_secret(&self, name: &str) -> Result<(), StoreError> {
        self.secret_object(name).await?;
        self.objects().delete(&self.secret_key(name)).await
    }

    /// Replaces the outer key and the keys of the ring, and encrypts every secret anew. Interrupted anywhere, every secret
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
            let wrapped = new.wrap(&secret, &place).await.map_err(self.sealing("keyring"))?;
            keys.push(RingKey { id: key.id, wrapped });
            clear.push((key.id, secret));
        }
        let id = ring.keys.last().map_or(1, |key| key.id + 1);
        let (key, fresh) = self.new_key(new, id).await?;
        keys.push(key.clone());
        self.put_keyring(&Keyring { keys, ..ring.clone() }, &Condition::Is(version)).await?;
        let names = self.secret_names().await?;
        for name in &names {
            let object = self.secret_object(name).await?;
            let Some((_, old_key)) = clear.iter().find(|(id, _)| *id == object.key) else { continue };
            let secret = open(old_key, &self.secret_key(name), &object.sealed)
                .map_err(|error| self.sealing(name)(error.to_string()))?;
            self.write_secret(name, id, &fresh, &secret).await?;
        }
        let (_, version) = self.keyring().await?.ok_or_else(|| self.sealing("keyring")("it is gone".to_owned()))?;
        self.put_keyring(&Keyring { keys: vec![key], ..ring }, &Condition::Is(version)).await?;
        Ok(names.len())
    }
}
