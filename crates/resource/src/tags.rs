//! AWS tags and the ownership that they express.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::ClusterName;

/// Tag key that names the cluster of a resource.
pub const CLUSTER_TAG: &str = "KubernetesCluster";
/// Tag key that names the resource.
pub const NAME_TAG: &str = "Name";

/// Key of the tag that says who owns a resource: `kubernetes.io/cluster/<name>`.
#[must_use]
pub fn ownership_key(cluster: &ClusterName) -> String {
    format!("kubernetes.io/cluster/{cluster}")
}

/// Tags of one resource, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// The tags that every resource of `cluster` carries: `Name`, `KubernetesCluster` and the ownership tag.
    #[must_use]
    pub fn standard(cluster: &ClusterName, name: &str) -> Self {
        let mut tags = Self::default();
        tags.set(NAME_TAG, name);
        tags.set(CLUSTER_TAG, cluster.as_str());
        tags.set(ownership_key(cluster), "owned");
        tags
    }

    /// Sets one tag, over an earlier value.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// The value of a tag.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Value of the `Name` tag.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.get(NAME_TAG)
    }

    /// Whether the ownership tag says that the cluster owns this (value `owned`; `shared` and others do not).
    #[must_use]
    pub fn owned_by(&self, cluster: &ClusterName) -> bool {
        self.get(&ownership_key(cluster)) == Some("owned")
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
