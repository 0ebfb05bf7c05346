//! Why there is no plan. Each of these is a bug in kedge, not a mistake in a manifest.

use kedge_resource::{ClusterName, ResourceKey};
use thiserror::Error;

use crate::schedule::CycleError;

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The inventory is of another cluster.
    #[error("the inventory is of the cluster {found}, the desired resources are of {wanted}")]
    OtherCluster {
        /// Cluster of the desired resources.
        wanted: ClusterName,
        /// Cluster of the inventory.
        found: ClusterName,
    },
    /// Two desired resources have one key.
    #[error("{key} is desired twice")]
    DesiredTwice {
        /// The key.
        key: ResourceKey,
    },
    /// A desired resource has properties of another kind than its key.
    #[error("{key} has properties of the kind {kind}")]
    WrongKind {
        /// The key.
        key: ResourceKey,
        /// Kind of the properties.
        kind: kedge_resource::Kind,
    },
    /// A desired resource refers to one that is neither desired nor owned.
    #[error("{from} refers to {to}, which is neither desired nor there")]
    Dangling {
        /// Who refers.
        from: ResourceKey,
        /// To what.
        to: ResourceKey,
    },
    /// The changes need each other.
    #[error("the changes cannot be put into an order")]
    Cycle(#[source] CycleError),
    /// The plan breaks a rule that every plan keeps.
    #[error("the plan is not legal: {key} {what}")]
    Illegal {
        /// The change.
        key: ResourceKey,
        /// Which rule.
        what: String,
    },
}
