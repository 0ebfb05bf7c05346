//! The port to the place that keeps the objects of a store.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use camino::Utf8Path;

use crate::error::StoreError;

/// Largest object that is read: more is not one of ours.
pub const MAX_OBJECT_BYTES: u64 = 256 << 20;

/// Identifies what an object held at one moment: the entity tag of S3, the digest of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// A version as the place names it.
    pub fn new(version: impl Into<String>) -> Self {
        Self(version.into())
    }

    /// As the place names it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What stands under a key.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its content.
    pub bytes: Vec<u8>,
    /// What it has to be for a conditional write to succeed.
    pub version: Version,
    /// Time since it was written, by the clock of the place that keeps it, where reading tells it.
    pub age: Option<Duration>,
}

/// An object as a list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Bytes of its content.
    pub size: u64,
    /// MD5 of its content as hexadecimal digits, where the place says it. S3 says something else that looks alike for objects
    /// that a key of KMS encrypts: one that fits tells that the content is right, and one that does not fit tells nothing.
    pub md5: Option<String>,
}

/// What a write depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing stands under the key.
    Absent,
    /// This version stands under the key.
    Is(Version),
    /// None.
    Any,
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is written, and this is its version.
    Done(Version),
    /// The condition does not hold; nothing was written.
    Refused,
}

/// Whether the operating system can tell that the holder of a lease is alive.
pub enum Presence {
    /// It cannot, here: only time tells.
    Unknown,
    /// This process is the one that is present, until the value is dropped or the process ends, however it ends.
    Ours(Box<dyn Any + Send + Sync>),
    /// Another process is present.
    Other,
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Ours(_) => "Ours",
            Self::Other => "Other",
        })
    }
}

/// Objects under keys with slashes, each read and written whole.
///
/// Of two conditional writes to one key with the same condition at most one succeeds. A write whose answer was lost is
/// settled by the implementation: it reads what stands there, and what it wanted to write standing there is success.
#[async_trait]
pub trait Objects: fmt::Debug + Send + Sync {
    /// Where this is, as the user names it: `s3://bucket/prefix`.
    fn place(&self) -> String;

    /// Region of the bucket as far as it is known, which is from the first answer on; none where there is no bucket.
    fn region(&self) -> Option<String> {
        None
    }

    /// What stands under a key.
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError>;

    /// Time since an object was written, by the clock of the place that keeps it, where reading does not tell it.
    async fn age(&self, _key: &str) -> Result<Duration, StoreError> {
        Ok(Duration::ZERO)
    }

    /// Writes an object if the condition holds.
    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError>;

    /// Writes what a file holds, whatever stands there; what is too large to be held at once. `sha256` has the hexadecimal digits
    /// of its digest: where the place can, it takes nothing else.
    async fn put_file(&self, key: &str, path: &Utf8Path, _sha256: &str) -> Result<(), StoreError> {
        let bytes =
            fs_err::read(path).map_err(|source| StoreError::Io { doing: "read", path: path.to_owned(), source })?;
        self.put(key, &bytes, &Condition::Any).await.map(drop)
    }

    /// Removes an object; it is no error if there is none.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// The keys that begin with `prefix`, sorted.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// As [`Self::list`], with what the place tells of each without reading it.
    async fn list_sizes(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut listed = Vec::new();
        for key in self.list(prefix).await? {
            if let Some(object) = self.get(&key).await? {
                listed.push(Listed { key, size: object.bytes.len() as u64, md5: None });
            }
        }
        Ok(listed)
    }

    /// What about the place itself should worry its owner: sentences, each with what to do.
    async fn worries(&self) -> Result<Vec<String>, StoreError>;

    /// Makes this process the one that is present under a key, if no other is.
    async fn presence(&self, _key: &str) -> Result<Presence, StoreError> {
        Ok(Presence::Unknown)
    }
}
