//! `head.json`: what is current, and who may change it now.

use std::time::Duration;

use jiff::Timestamp;
use kedge_resource::ClusterName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is current of a cluster, and who may change it now. Every write of it is conditional.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Version of the format.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// Identifies this history: a store that was emptied and begun again has another one.
    pub lineage: String,
    /// AWS account that the cluster is in: twelve digits.
    pub account_id: String,
    /// Region that the cluster is in.
    pub region: String,
    /// Number of the current manifests; 0 before any were accepted.
    pub serial: u64,
    /// Digest of the current manifests: SHA-256 as hexadecimal digits; absent before any were accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifests: Option<String>,
    /// Highest number of manifests that was ever given out: an interrupted operation may have used one that never became
    /// current.
    pub last_serial: u64,
    /// Number of the last operation; 0 before the first.
    pub operations: u64,
    /// Who may change the cluster now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseRecord>,
    /// The lease that somebody broke last: its holder reads here why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// A lease, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeaseRecord {
    /// Its id, which `kedge lease break` takes: the number of the operation and some random digits.
    pub id: String,
    /// The operation that holds it.
    pub operation: u64,
    /// The command line.
    pub command: String,
    /// Who runs it.
    pub who: Who,
    /// When it was taken, by the holder's clock.
    #[schemars(with = "String")]
    pub taken: Timestamp,
    /// Seconds after which it ends if it is not renewed.
    pub seconds: u64,
    /// How often it was renewed.
    pub renewals: u64,
    /// Whether the operating system tells of the holder's end.
    #[serde(default)]
    pub watched: bool,
    /// Digest of the plan that is applied.
    pub plan: String,
    /// Number of the manifests that become current with it, if it brings some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
    /// How far it was when the lease was renewed last.
    pub progress: Progress,
}

/// Who runs a command, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// Name of the user on the machine.
    pub user: String,
    /// Name of the machine.
    pub host: String,
    /// Number of the process.
    pub process: u32,
    /// ARN of the AWS identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
}

impl Who {
    /// `alice@laptop (process 4711)`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{}@{} (process {})", self.user, self.host, self.process)
    }
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Steps that are done.
    pub done: usize,
    /// Steps in all.
    pub steps: usize,
    /// Resources that are being changed, some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<String>,
}

impl Progress {
    /// How far it is, in a few words.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { done, steps, running: _ } = self;
        match steps {
            0 => "no step reported yet".to_owned(),
            _ => format!("{done} of {steps} steps done"),
        }
    }
}

/// A lease that somebody ended for its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// Id of the lease.
    pub lease: String,
    /// Who ended it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Whether a lease still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Held {
        /// For how long, if it is not renewed.
        left: Duration,
    },
    /// It was not renewed in time.
    Expired,
    /// The operating system says that the holder has ended.
    Dead,
}

impl Standing {
    /// Whether somebody else may take the lease.
    #[must_use]
    pub fn is_free(self) -> bool {
        !matches!(self, Self::Held { .. })
    }
}

impl LeaseRecord {
    /// Whether the lease still counts when its last renewal was `age` ago, by the clock of the store. S3 tells ages in whole
    /// seconds, so that a second more has to pass than the lease has.
    #[must_use]
    pub fn standing(&self, age: Duration) -> Standing {
        let seconds = Duration::from_secs(self.seconds + 1);
        match seconds.checked_sub(age) {
            Some(left) if !left.is_zero() => Standing::Held { left },
            _ => Standing::Expired,
        }
    }

    /// Who does what since when, in one sentence without a full stop.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "operation {} by {}, `{}`, since {}, {}",
            self.operation,
            self.who.describe(),
            self.command,
            self.taken,
            self.progress.describe()
        )
    }
}
