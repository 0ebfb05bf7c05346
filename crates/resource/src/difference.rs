//! What two versions of manifests differ in, cluster by cluster: the document of `kedge diff -o json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Position};
use crate::key::ClusterName;
use crate::plan::Plan;

/// Version of the document that this code writes.
pub const DIFFERENCE_FORMAT_VERSION: u32 = 1;

/// What two versions of manifests differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Version of this format; a reader refuses versions that it does not know.
    pub format_version: u32,
    /// What the old version is called, such as `main:clusters/prod.yaml`.
    pub base: String,
    /// What the new version is called.
    pub head: String,
    /// Whether no account was asked and no facts were given: images, machine types and existing networks stand for themselves.
    pub assumed: bool,
    /// The clusters of both versions, by name.
    pub clusters: Vec<ClusterDifference>,
    /// Why a version could not be used, as far as it could not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// What two versions of the manifests of a cluster differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDifference {
    /// The cluster.
    pub cluster: ClusterName,
    /// Which versions have it.
    pub standing: Standing,
    /// From what the old version asks for to what the new one asks for. Where only one version can be used, everything that
    /// this one asks for, as creations; absent where neither can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What policies find in it; the new manifests count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// Which versions have a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Both, and they can be compared.
    Compared,
    /// The new one only.
    Created,
    /// The old one only.
    Removed,
    /// The old version of its manifests is not valid; the new one is shown.
    BaseInvalid,
    /// The new version of its manifests is not valid; the old one is shown.
    HeadInvalid,
    /// There is no valid version of its manifests.
    Invalid,
}

/// An error in one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The version.
    pub side: Side,
    /// Stable identifier such as `unknown-field`.
    pub code: String,
    /// What is wrong.
    pub text: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// One of two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The old one.
    Base,
    /// The new one.
    Head,
}

impl Difference {
    /// Whether the versions ask for the same, as far as they can be compared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clusters
            .iter()
            .all(|cluster| cluster.standing == Standing::Compared && cluster.plan.as_ref().is_some_and(Plan::is_empty))
    }
}
