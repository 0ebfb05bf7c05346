//! What AWS shall hold of a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::{ClusterName, ResourceKey};
use crate::kind::Properties;
use crate::plan::Note;

/// A resource that AWS shall hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its key.
    pub key: ResourceKey,
    /// Its properties.
    pub properties: Properties,
}

/// Everything that AWS shall hold of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// The cluster.
    pub cluster: ClusterName,
    /// By key, each key once.
    pub resources: Vec<Resource>,
    /// Keys that may never be deleted or replaced (`kedge.dev/prevent-destroy`).
    pub protected: Vec<ResourceKey>,
    /// Remarks of the model, shown with the plan.
    pub notes: Vec<Note>,
}
