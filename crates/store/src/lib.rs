//! The state store: what kedge remembers of a cluster beside what AWS holds.
//!
//! AWS is the truth about resources; losing the store loses none of them. The store keeps who may change the cluster now
//! ([`Lease`]), every accepted set of manifests, and what each operation did. [`Objects`] is the port to the place that keeps
//! the objects, with one conditional write as the only means of mutual exclusion; [`Directory`] implements it for `file://`,
//! the AWS executor for `s3://`.
//!
//! Below `<store>/<cluster>/`:
//!
//! | key | holds |
//! |---|---|
//! | `head.json` | lineage and serial, the current manifests, the last operation, and the lease |
//! | `journal/` | who changed keys and secrets, and when |
//! | `manifests/<serial>.yaml` | every accepted set of manifests |
//! | `nodes/` | how instances join, how far they are, and which control plane makes the cluster |
//! | `operations/<number>/` | who, when, command, plan, each event as it happened, outcome |
//! | `pki/` | keys and authorities of the cluster; private halves encrypted as secrets are |
//! | `secrets/` | secrets, encrypted with keys that a key outside the store wraps |
//!
//! The lease is part of `head.json` and not an object beside it: so one conditional write takes it only if nothing has
//! happened since the plan was made, and one write both publishes a result and gives the lease back.

mod check;
pub mod clock;
pub mod cluster;
pub mod directory;
mod encoding;
pub mod error;
mod format;
pub mod head;
pub mod journal;
pub mod keeper;
pub mod keyring;
pub mod keysets;
pub mod lease;
pub mod location;
pub mod manifests;
pub mod nodes;
pub mod objects;
pub mod operation;
pub mod repair;
pub mod seal;
pub mod secrets;
#[cfg(test)]
mod tests;

pub use clock::Clock;
pub use cluster::{ClusterStore, Snapshot};
pub use directory::Directory;
pub use error::StoreError;
pub use head::{Head, LeaseRecord, Standing};
pub use journal::JournalEntry;
pub use keeper::{Ending, Keeper, Unrecorded};
pub use keyring::{OuterKey, Passphrase, Wrapped};
pub use keysets::Keysets;
pub use lease::{Lease, LeaseOptions, LeaseRequest};
pub use location::Location;
pub use manifests::is_digest;
pub use nodes::{
    ApiHost, BootstrapToken, InitLock, InitSnapshot, JoinInfo, LOAD_BALANCER, NodePhase, NodeStatus, NodeTrust, Nodes,
    StoredStatus,
};
pub use objects::{Condition, Listed, Object, Objects, Presence, Put, Version};
pub use operation::{OperationRecord, Summary};
pub use repair::Checkup;
pub use seal::Secret;
pub use secrets::{SecretSummary, Vault};
