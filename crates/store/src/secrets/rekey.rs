//! Replacing the keys of a cluster's secrets, while others go on writing.
//!
//! A ring gets a new key first; then everything is encrypted anew with it. Whoever opened the ring before that writes with the
//! key before it, at any moment. Three rules keep what they write:
//!
//! * A writer looks at the ring after writing, and is done if its key still is the newest one. Then what it wrote was there
//!   before the ring got another key, and so is found by whoever put that in. Otherwise it fails.
//! * Something is encrypted anew only if it still is what was read; otherwise it is read again.
//! * The key before the newest one stays in the ring. It opens what a writer left that came too late: the outer key that it
//!   has may not open the new ring, and it may die before it looks. The next replacement encrypts that anew, and drops the key.

use super::{PRIVATE_KEYS, SECRETS, Vault};
use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::keyring::{Keyring, OuterKey, RingKey, context};
use crate::objects::{Condition, Put};

/// How many keys of a ring stay: the newest one, and the one before it.
const KEPT: usize = 2;

impl ClusterStore {
    /// Replaces the outer key and the key of the ring that encrypts, and encrypts every secret and private key anew; says how
    /// many. Interrupted anywhere, every secret still opens with the new outer key, and with the old one if the first step was
    /// not done; doing it again completes it.
    ///
    /// # Errors
    /// The old key is not the right one, somebody else does the same, or the store does not answer.
    pub async fn rekey(&self, old: &dyn OuterKey, new: &dyn OuterKey) -> Result<usize, StoreError> {
        let Some((ring, version)) = self.keyring().await? else { return Ok(0) };
        let mut clear = Vec::new();
        let mut keys = Vec::new();
        for key in &ring.keys {
            // An interrupted replacement has wrapped them with the new one already.
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
        keys.push(key);
        clear.push((id, fresh));
        let vault = Vault { keys: clear, wrapped: None };
        let ring = Keyring { keys, ..ring };
        let Put::Done(version) = self.put_keyring(&ring, &Condition::Is(version)).await? else {
            return Err(self.rekeyed());
        };
        let mut count = 0;
        for path in [self.sealed_paths(SECRETS).await?, self.sealed_paths(PRIVATE_KEYS).await?].concat() {
            if path != "secrets/keyring" && self.reseal(&vault, id, &path).await? {
                count += 1;
            }
        }
        let gone = ring.keys.len().saturating_sub(KEPT);
        if gone > 0 {
            // Only our own ring: in that of somebody who came after us these keys may still encrypt something.
            let ring = Keyring { keys: ring.keys.into_iter().skip(gone).collect(), ..ring };
            if self.put_keyring(&ring, &Condition::Is(version)).await? == Put::Refused {
                return Err(self.rekeyed());
            }
        }
        Ok(count)
    }

    /// Encrypts one thing with the newest key, whose number is `id`; says whether it is there.
    async fn reseal(&self, vault: &Vault, id: u32, path: &str) -> Result<bool, StoreError> {
        // Every further turn means that somebody else has written it meanwhile.
        loop {
            let Some((object, version)) = self.sealed_object(path).await? else { return Ok(false) };
            if object.key == id {
                return Ok(true);
            }
            if object.key > id {
                self.still_newest(id).await?;
            }
            let secret = self.unseal(vault, path, &object)?;
            if let Put::Done(_) = self.write_sealed(vault, path, &secret, &Condition::Is(version)).await? {
                return Ok(true);
            }
        }
    }
}
