//! The Kubernetes API: server-side apply, pruning, tokens, nodes.
//!
//! [`Cluster`] is a connection; everything else is a method of it. Objects are values of JSON: what add-ons are made of is not
//! known when this is compiled. Errors say what class they are of and what to do ([`KubeError`]).

mod api;
mod apply;
mod certificates;
mod connect;
mod curl;
mod diff;
mod discovery;
mod error;
mod fetch;
mod guard;
mod inventory;
mod joining;
mod labels;
mod lease;
mod nodes;
mod pods;
mod prune;
mod tokens;

pub use apply::{Applied, ApplyOptions, Step, Unit};
pub use connect::{Access, Cluster};
pub use curl::{Curl, curl_arguments, curl_failure};
pub use diff::{FieldChange, ObjectChange, ObjectDiff};
pub use error::{Class, KubeError};
pub use fetch::{Fetch, FetchError, MOST_BYTES, upstream_files};
pub use guard::{Alone, Guard};
pub use inventory::{Inventory, ObjectRef};
pub use lease::Lease;
pub use nodes::NodeState;
pub use pods::PodTrouble;
pub use prune::{Kept, Pruned};
pub use tokens::{BootstrapToken, TokenInfo};

/// Who owns the fields that are applied here.
pub const FIELD_MANAGER: &str = "kedge";
