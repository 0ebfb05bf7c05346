//! Why the store did not do what it was asked.

use std::io;

use camino::Utf8PathBuf;
use kedge_cloud::CloudError;
use thiserror::Error;

use crate::head::{LeaseRecord, Standing};

/// Why the store did not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The location cannot be one.
    #[error("{text:?} is no state store: {why}")]
    Location {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file could not be read or written.
    #[error("{doing} {path}")]
    Io {
        /// `read`, `write` and so on.
        doing: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// S3 did not do it.
    #[error("{doing} {key}")]
    Cloud {
        /// `read`, `write` and so on.
        doing: &'static str,
        /// The object with its bucket.
        key: String,
        /// Why.
        #[source]
        source: Box<CloudError>,
    },
    /// An object is not what kedge writes.
    #[error("{key} in the state store {place} cannot be read: {why}")]
    Corrupt {
        /// The key.
        key: String,
        /// The store.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// An object was written by a later kedge.
    #[error("{key} in the state store {place} has format version {found}; this kedge reads up to {known}")]
    Newer {
        /// The key.
        key: String,
        /// The store.
        place: String,
        /// Version in the object.
        found: u64,
        /// Newest version that is understood.
        known: u32,
    },
    /// An object belongs to another cluster, account, or history.
    #[error("{key} in the state store {place} {why}")]
    Foreign {
        /// The key.
        key: String,
        /// The store.
        place: String,
        /// What it belongs to: reads after the key.
        why: String,
    },
    /// Something is missing, or older than other objects say that it was.
    #[error("{key} in the state store {place} {why}")]
    Torn {
        /// The key.
        key: String,
        /// The store.
        place: String,
        /// What is wrong and how that is known: reads after the key.
        why: String,
        /// What to do about it.
        way_out: String,
    },
    /// There is nothing of that name.
    #[error("the state store {place} has no {what}")]
    Unknown {
        /// The store.
        place: String,
        /// What was asked for.
        what: String,
        /// What shows what there is.
        see: &'static str,
    },
    /// Something encrypted does not open, or could not be encrypted.
    #[error("{key} in the state store {place}: {why}")]
    Sealed {
        /// The key.
        key: String,
        /// The store.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Somebody else is changing the cluster.
    #[error("{cluster} is being changed by somebody else: {}", lease.describe())]
    Held {
        /// The cluster.
        cluster: String,
        /// Who.
        lease: Box<LeaseRecord>,
        /// How long it may still take.
        standing: Standing,
    },
    /// Somebody changed the cluster since it was looked at.
    #[error("somebody else changed {cluster} since this plan was made")]
    Moved {
        /// The cluster.
        cluster: String,
    },
    /// Somebody replaces the keys that secrets and private keys are encrypted with.
    #[error("somebody else replaced the keys of the secrets of {cluster} at the same time")]
    Rekeyed {
        /// The cluster.
        cluster: String,
    },
    /// The lease is gone: somebody broke it or took it over, or it could not be renewed in time.
    #[error("the lease was lost: {why}")]
    Lost {
        /// How.
        why: String,
    },
}

impl StoreError {
    /// Whether one object is at fault and the store is not: others may be read all the same.
    #[must_use]
    pub fn is_of_object(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Newer { .. } | Self::Foreign { .. })
    }

    /// What to do next, if there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Location { .. } => Some(
                "name one as s3://bucket/prefix or file:///directory, with --store or KEDGE_STATE_STORE".to_owned(),
            ),
            Self::Io { .. } => Some("check the directory and its permissions".to_owned()),
            Self::Cloud { source, .. } => source.hint.clone(),
            Self::Corrupt { key, .. } => Some(format!(
                "restore {key} from an earlier version of the bucket or from a backup; `kedge store repair` rebuilds \
                 head.json from the other objects; resources in AWS are not affected"
            )),
            Self::Newer { .. } => Some("use the newer kedge that wrote it".to_owned()),
            Self::Foreign { .. } => Some("check --store and --name, and the account that is asked".to_owned()),
            Self::Torn { way_out, .. } => Some(way_out.clone()),
            Self::Unknown { see, .. } => Some(format!("{see} shows what there is")),
            Self::Sealed { .. } => {
                Some("name the key that the secrets are encrypted with: --passphrase-file, or --kms-key".to_owned())
            }
            Self::Held { lease, standing, .. } => Some(match standing {
                Standing::Held { left } => format!(
                    "wait until it is done, or ask whoever holds it; if the process is gone, the lease ends by itself in \
                     {} s, and `kedge lease break {} --reason …` ends it now",
                    left.as_secs().max(1),
                    lease.id
                ),
                Standing::Expired | Standing::Dead => "run the same command again".to_owned(),
            }),
            Self::Moved { .. } => Some("run the same command again: it plans for what there is now".to_owned()),
            Self::Rekeyed { .. } => Some(
                "wait until that is done, and run the same command again with the key that is the right one now"
                    .to_owned(),
            ),
            Self::Lost { .. } => Some(
                "nothing was written after that; `kedge lease show` says who holds it now, and applying again goes on \
                 from what there is"
                    .to_owned(),
            ),
        }
    }
}
