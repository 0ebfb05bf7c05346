//! What a check looks at beside the history: secrets, keys and authorities, and what instances boot with.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::manifests::{digest_of, is_digest};
use crate::repair::{Checkup, fault};
use crate::secrets::PRIVATE_KEYS;

/// The index of add-ons, as far as it names other objects.
#[derive(Deserialize)]
struct AddonIndex {
    addons: Vec<AddonEntry>,
}

#[derive(Deserialize)]
struct AddonEntry {
    digest: String,
}

const ADDON_INDEX: &str = "addons/index.json";
/// What to do about an object that `kedge apply` writes.
const WRITTEN_BY_APPLY: &str =
    "instances refuse it; remove it from the store and apply again, with --node-binaries if it is a program";

impl ClusterStore {
    /// Secrets and private keys are there, and keys of the ring open them. None of them is opened.
    pub(crate) async fn check_keys(&self, checkup: &mut Checkup) -> Result<(), StoreError> {
        let ring: Option<BTreeSet<u32>> = match self.keyring().await {
            Ok(ring) => Some(ring.into_iter().flat_map(|(ring, _)| ring.keys).map(|key| key.id).collect()),
            Err(error) => {
                checkup.faults.push(fault(error)?);
                None
            }
        };
        let mut paths = self.secret_paths().await?;
        match self.keysets().await {
            Ok(keysets) => paths.extend(keysets.private_paths()),
            Err(error) => checkup.faults.push(fault(error)?),
        }
        for path in paths {
            let key = match self.sealing_key(&path).await {
                Ok(Some(key)) => key,
                // Somebody has just deleted it.
                Ok(None) if !path.starts_with(PRIVATE_KEYS) => continue,
                Ok(None) => {
                    checkup.faults.push(self.missing_private_key(&path).to_string());
                    continue;
                }
                Err(error) => {
                    checkup.faults.push(fault(error)?);
                    continue;
                }
            };
            match &ring {
                Some(ring) if !ring.contains(&key) => checkup.faults.push(format!(
                    "{} in {} is encrypted by key {key} of secrets/keyring.json, which that does not have: restore \
                     keyring.json from an earlier version of the bucket or from a backup, or nobody can open it",
                    self.key(&format!("{path}.json")),
                    self.place()
                )),
                _ => checkup.sealed += 1,
            }
        }
        Ok(())
    }

    /// What instances boot with is what its keys say, and what others name is there.
    pub(crate) async fn check_delivered(&self, checkup: &mut Checkup) -> Result<(), StoreError> {
        let own = self.key("");
        let mut held = BTreeSet::new();
        for folder in ["nodes/", "addons/"] {
            let keys = self.objects().list(&self.key(folder)).await?;
            held.extend(keys.iter().filter_map(|key| key.strip_prefix(&own)).map(str::to_owned));
        }
        for name in &held {
            let Some(digest) = digest_in(name) else { continue };
            // One that was removed meanwhile was replaced by another one.
            let Some(object) = self.objects().get(&self.key(name)).await? else { continue };
            if digest_of(&object.bytes) == digest {
                checkup.delivered += 1;
            } else {
                checkup.faults.push(format!(
                    "{} in {} holds something else than its name says: {WRITTEN_BY_APPLY}",
                    self.key(name),
                    self.place()
                ));
            }
        }
        if held.contains(ADDON_INDEX)
            && let Some(object) = self.objects().get(&self.key(ADDON_INDEX)).await?
        {
            match serde_json::from_slice::<AddonIndex>(&object.bytes) {
                Ok(index) => {
                    let named = index.addons.iter().map(|addon| format!("addons/objects/{}.yaml", addon.digest));
                    for name in named.filter(|name| !held.contains(name)) {
                        checkup.faults.push(format!(
                            "{} in {} is missing, although {ADDON_INDEX} names it: apply again",
                            self.key(&name),
                            self.place()
                        ));
                    }
                }
                Err(error) => checkup.faults.push(format!(
                    "{} in {} is no index of add-ons ({error}): apply again",
                    self.key(ADDON_INDEX),
                    self.place()
                )),
            }
        }
        for arch in ["amd64", "arm64"] {
            let latest = format!("nodes/kedge-node/latest-{arch}");
            if !held.contains(&latest) {
                continue;
            }
            let object = self.objects().get(&self.key(&latest)).await?;
            let text = object.and_then(|object| String::from_utf8(object.bytes).ok()).unwrap_or_default();
            if !held.contains(&format!("nodes/kedge-node/{arch}/{}", text.trim())) {
                checkup.faults.push(format!(
                    "{} in {} names a program that is not there: apply again with --node-binaries",
                    self.key(&latest),
                    self.place()
                ));
            }
        }
        for found in [self.api_host().await.map(drop), self.init_lock().await.map(drop)] {
            if let Err(error) = found {
                checkup.faults.push(fault(error)?);
            }
        }
        Ok(())
    }
}

/// The digest that an object stands under. Names that instances may write have none.
fn digest_in(name: &str) -> Option<&str> {
    let parts: Vec<&str> = name.split('/').collect();
    let digest = match parts[..] {
        ["nodes", "kedge-node", "amd64" | "arm64", digest] => digest,
        ["nodes", _, "config", file] => file.strip_suffix(".json")?,
        ["addons", "objects", file] => file.strip_suffix(".yaml")?,
        _ => return None,
    };
    is_digest(digest).then_some(digest)
}
