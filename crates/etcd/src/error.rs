//! Why etcd, its data or its tools did not do what they were asked.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use kedge_store::StoreError;
use thiserror::Error;

/// Why etcd, its data or its tools did not do what they were asked.
#[derive(Debug, Error)]
pub enum EtcdError {
    /// Nobody answers.
    #[error("etcd does not answer at {url}: {why}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        why: String,
    },
    /// None of several members answers.
    #[error("no member of etcd answers; asked: {}", tried.join("; "))]
    Nobody {
        /// Each address, with what happened there.
        tried: Vec<String>,
    },
    /// etcd refuses.
    #[error("etcd at {url} refuses to {doing}: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// What it was asked for.
        doing: &'static str,
        /// Code of gRPC.
        code: u32,
        /// Its words.
        message: String,
    },
    /// What answers is not etcd, or not one that is known.
    #[error("what etcd at {url} answers cannot be read: {why}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A certificate or key does not fit.
    #[error("etcd cannot be asked with these certificates: {why}")]
    Tls {
        /// What is wrong.
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
    /// A file or an object is not what kedge writes.
    #[error("{what} cannot be read: {why}")]
    Corrupt {
        /// The file or the object.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A snapshot is not whole.
    #[error("the snapshot {name} is not usable: {why}")]
    Snapshot {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// Somebody else writes what only we should write.
    #[error("{why}")]
    Conflict {
        /// What, as a sentence.
        why: String,
    },
    /// Somebody else has asked for a restore.
    #[error("{why}")]
    Busy {
        /// Who, and since when.
        why: String,
    },
    /// A program failed.
    #[error("{program} failed: {why}")]
    Program {
        /// Which.
        program: String,
        /// Its last words.
        why: String,
    },
    /// The host did not stop or start etcd.
    #[error("failed to {doing} etcd on this host: {why}")]
    Host {
        /// `stop` or `start`.
        doing: &'static str,
        /// Why.
        why: String,
    },
    /// The state store.
    #[error("the state store did not answer as it should")]
    Store(#[source] StoreError),
}

impl EtcdError {
    /// What to do next, if there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } | Self::Nobody { .. } => {
                "look at the etcd pods with `crictl ps -a --name etcd` on control planes, and at port 2379 between them; if \
                 no member can come back, `kedge etcd restore` begins anew from a snapshot"
                    .to_owned()
            }
            Self::Tls { .. } => "the files are below /etc/kubernetes/pki/etcd; a restart of kedge-node issues them anew".to_owned(),
            Self::Io { .. } => "check that the volume of etcd is mounted, and that it has space".to_owned(),
            Self::Snapshot { .. } => "`kedge etcd snapshots` lists the others".to_owned(),
            Self::Busy { .. } => {
                "`kedge etcd snapshots` says who asked for it; wait until it is done, or add --replace to take its place".to_owned()
            }
            Self::Store(source) => return source.hint(),
            Self::Refused { .. }
            | Self::Answer { .. }
            | Self::Conflict { .. }
            | Self::Corrupt { .. }
            | Self::Program { .. }
            | Self::Host { .. } => return None,
        })
    }

    /// Whether etcd says that there is no such member.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.says("member not found")
    }

    /// Whether etcd has a member with that address already.
    #[must_use]
    pub fn is_known_address(&self) -> bool {
        self.says("Peer URLs already exists")
    }

    /// Whether the same may succeed in a moment: a learner that is still behind, another one that is, members that have just
    /// started, or an election.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let words = [
            // Somebody has changed the members meanwhile: it is looked at anew.
            "member not found",
            "too many learner",
            "in sync with leader",
            "not enough started members",
            "unhealthy cluster",
            "leader changed",
            "no leader",
            "request timed out",
            "too many requests",
        ];
        // Codes of gRPC: a deadline has passed, and nobody could answer.
        matches!(self, Self::Unreachable { .. } | Self::Nobody { .. } | Self::Refused { code: 4 | 14, .. })
            || words.into_iter().any(|words| self.says(words))
    }

    fn says(&self, words: &str) -> bool {
        matches!(self, Self::Refused { message, .. } if message.contains(words))
    }

    pub(crate) fn io(doing: &'static str, path: &Utf8Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            // fs_err puts the path into its message a second time
            let source = source.raw_os_error().map_or(source, io::Error::from_raw_os_error);
            Self::Io { doing, path, source }
        }
    }
}

impl From<StoreError> for EtcdError {
    fn from(source: StoreError) -> Self {
        Self::Store(source)
    }
}
