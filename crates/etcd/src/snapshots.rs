//! Snapshots in the state store: what they are called, what is known of them, and which are kept.

mod fetch;
mod part;
mod retention;
mod take;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backups::Backups;
use crate::error::EtcdError;
use crate::id::{EtcdClusterId, MemberId};

pub use retention::{RETENTION_DAYS, kept};
pub use take::{INTERVAL, Taken, take_if_due};

/// Version of `meta.json`. It grows when a field is added that an older kedge must not overlook.
pub const FORMAT_VERSION: u32 = 1;
/// Name of the file that makes a snapshot whole.
const META: &str = "meta.json";
/// Name of the first part of the database.
const DATABASE: &str = "snapshot.db";

/// A snapshot, as `meta.json` beside it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Version of the format.
    pub format_version: u32,
    /// The etcd cluster of the manifest.
    pub etcd_cluster: String,
    /// When it was begun.
    pub taken: Timestamp,
    /// The node that took it.
    pub node: String,
    /// The member that it is of.
    pub member: MemberId,
    /// The cluster of etcd that it is of.
    pub cluster: EtcdClusterId,
    /// Version of etcd.
    pub etcd_version: String,
    /// Version of kedge.
    pub kedge_version: String,
    /// Revision that it holds at least.
    pub revision: u64,
    /// Bytes of the whole.
    pub size: u64,
    /// SHA-256 of the whole as hexadecimal digits.
    pub sha256: String,
    /// The objects that make the whole, one after the other.
    pub parts: Vec<Part>,
}

/// An object with a part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its name beside `meta.json`.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 as hexadecimal digits.
    pub sha256: String,
}

/// What the store has under a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// When it was begun.
    pub taken: Timestamp,
    /// Its name: the time, as it stands in keys.
    pub name: String,
    /// Whether it was finished.
    pub whole: bool,
}

impl Meta {
    fn parse(key: &str, bytes: &[u8]) -> Result<Self, EtcdError> {
        let corrupt = |why: String| EtcdError::Corrupt { what: key.to_owned(), why };
        let found: Self = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
        if found.format_version > FORMAT_VERSION {
            let why =
                format!("it has format version {}; this kedge reads up to {FORMAT_VERSION}", found.format_version);
            return Err(corrupt(why));
        }
        let size: Option<u64> = found.parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.size));
        if size != Some(found.size) {
            return Err(corrupt("its parts are not as large as the whole".to_owned()));
        }
        Ok(found)
    }
}

impl Backups {
    /// Everything that looks like a snapshot, the oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list(&self) -> Result<Vec<Listed>, EtcdError> {
        let mut found: Vec<Listed> = Vec::new();
        for key in self.objects().list(self.prefix()).await? {
            let Some((name, file)) = key.strip_prefix(self.prefix()).and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            let Ok(taken) = name.parse::<Timestamp>() else { continue };
            match found.iter_mut().find(|listed| listed.name == name) {
                Some(listed) => listed.whole |= file == META,
                None => found.push(Listed { taken, name: name.to_owned(), whole: file == META }),
            }
        }
        found.sort();
        Ok(found)
    }

    /// The newest ones, at most `limit`, the newest first, each with what is known of it; and how many there are.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn newest(
        &self,
        limit: usize,
    ) -> Result<(usize, Vec<(Listed, Result<Option<Meta>, EtcdError>)>), EtcdError> {
        let listed = self.list().await?;
        let count = listed.len();
        let newest: Vec<Listed> = listed.into_iter().rev().take(limit).collect();
        let metas = join_all(newest.iter().map(|listed| self.meta(&listed.name))).await;
        Ok((count, newest.into_iter().zip(metas).collect()))
    }

    /// What is known of a snapshot; none if it is not there or was not finished.
    ///
    /// # Errors
    /// The store does not answer, or what it holds is not ours.
    pub async fn meta(&self, name: &str) -> Result<Option<Meta>, EtcdError> {
        let key = self.key(&format!("{name}/{META}"));
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        Meta::parse(&key, &object.bytes).map(Some)
    }

    /// Removes a snapshot; `meta.json` first, so that what is left is not taken for one.
    async fn remove(&self, name: &str) -> Result<(), EtcdError> {
        let prefix = self.key(&format!("{name}/"));
        self.objects().delete(&format!("{prefix}{META}")).await?;
        for key in self.objects().list(&prefix).await? {
            self.objects().delete(&key).await?;
        }
        Ok(())
    }
}

/// Name of a part.
fn part_name(number: usize) -> String {
    if number == 0 { DATABASE.to_owned() } else { format!("{DATABASE}.{number}") }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
