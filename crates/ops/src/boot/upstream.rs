//! Upstream files of add-ons, beside the add-ons that name them: control planes then need no way to where they come from.

use std::collections::BTreeSet;
use std::error::Error as _;

use kedge_addons::{Addon, Index};
use kedge_kube::{Fetch, FetchError, upstream_files};
use kedge_store::{Condition, StoreError};

use super::objects::{ADDON_INDEX_KEY, ADDONS, Name};
use super::store::BootSource;

/// So many files that cannot be reached are enough to know that the others cannot either.
const ENOUGH: usize = 2;

/// What was delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// How many files.
    pub files: usize,
    /// Why some could not be had. Control planes fetch those themselves.
    pub failures: Vec<String>,
}

/// Fetches the upstream files that add-ons of the index name and the store lacks, and puts each under its SHA-256.
///
/// # Errors
/// The store does not answer.
pub async fn deliver_upstream(source: &BootSource, fetch: &dyn Fetch) -> Result<Delivered, StoreError> {
    let objects = source.store.objects();
    let place = |digest: &str| source.store.key(&Name::Addon("").key(digest));
    let text = async |key: String| {
        let found = objects.get(&key).await?;
        Ok::<_, StoreError>(found.and_then(|object| String::from_utf8(object.bytes).ok()))
    };
    let mut delivered = Delivered::default();
    let index = text(source.store.key(ADDON_INDEX_KEY)).await?;
    let Some(index) = index.and_then(|text| Index::from_json(&text).ok()) else { return Ok(delivered) };
    let mut held: BTreeSet<String> = objects.list(&source.store.key(ADDONS)).await?.into_iter().collect();
    let mut unreachable = 0;
    for entry in &index.addons {
        if entry.upstream.iter().all(|digest| held.contains(&place(digest))) {
            continue;
        }
        let Some(addon) = text(place(&entry.digest)).await?.and_then(|text| Addon::from_yaml(&text).ok()) else {
            continue;
        };
        for file in &addon.upstream {
            let key = place(&file.sha256);
            if held.contains(&key) {
                continue;
            }
            let one = Addon { upstream: vec![file.clone()], objects: Vec::new(), patches: Vec::new(), ..addon.clone() };
            match upstream_files(&[one], &Default::default(), fetch).await {
                Ok(files) => {
                    for text in files.values() {
                        objects.put(&key, text.as_bytes(), &Condition::Any).await?;
                    }
                    held.insert(key);
                    delivered.files += 1;
                }
                Err(error) => {
                    unreachable += usize::from(matches!(error, FetchError::Unreachable { .. }));
                    let why = error.source().map(|why| format!(": {why}")).unwrap_or_default();
                    delivered.failures.push(format!("{error}{why}"));
                }
            }
            if unreachable >= ENOUGH {
                return Ok(delivered);
            }
        }
    }
    Ok(delivered)
}
