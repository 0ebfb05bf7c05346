//! What AWS holds of a cluster now.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::{ClusterName, ResourceKey};
use crate::kind::{Kind, Properties};

/// Identifiers that AWS issued for a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Handle {
    /// What other resources refer to it by: an id such as `vpc-0123`, an ARN (load balancers, target groups, listeners,
    /// queues, OIDC providers) or a name (IAM, auto scaling groups, launch templates, key pairs, event rules). Things without
    /// an id of their own (routes, attachments, hooks) carry the name of their key.
    pub id: String,
    /// DNS name of a load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// Hosted zone of a load balancer's DNS name, for alias records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_zone: Option<String>,
    /// URL of a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Association id (route table and CIDR block associations), or the `lt-…`/`key-…` id beside a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary_id: Option<String>,
    /// IPv6 range that AWS assigned to a VPC; `/64#N` in a subnet counts from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<String>,
}

impl Handle {
    /// A handle with an id and nothing else.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }
}

/// Whose a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ownership {
    /// It carries the ownership tag of the cluster, or belongs to something that does.
    Owned,
    /// It stands under a name of ours without the ownership tag: never changed, never deleted, reported.
    Foreign,
}

/// A resource as AWS holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// The key that desired resources match by.
    pub key: ResourceKey,
    /// Ids.
    pub handle: Handle,
    /// Whose it is.
    pub ownership: Ownership,
    /// Properties; references are ids, never managed references.
    pub properties: Properties,
}

/// Everything that was found of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// The cluster.
    pub cluster: ClusterName,
    /// By key, then id. More than one of a key means that an interrupted run or another tool made a second one.
    pub resources: Vec<Observed>,
    /// Parts that could not be read; what they hold is unknown, not absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
}

/// A part of the account that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unreadable {
    /// The kind that is missing from the inventory.
    pub kind: Kind,
    /// The call that failed, such as `iam:ListRoles`.
    pub call: String,
    /// Why.
    pub why: String,
}

impl Inventory {
    /// An inventory of nothing.
    #[must_use]
    pub fn empty(cluster: ClusterName) -> Self {
        Self { cluster, resources: Vec::new(), unreadable: Vec::new() }
    }

    /// Puts the resources into their order: by key, owned before foreign, then by id.
    pub fn sort(&mut self) {
        self.resources.sort_by(|a, b| (&a.key, a.ownership, &a.handle).cmp(&(&b.key, b.ownership, &b.handle)));
        self.unreadable.sort();
        self.unreadable.dedup();
    }

    /// The first resource of a key, owned ones first; the inventory has to be sorted.
    #[must_use]
    pub fn by_key(&self) -> BTreeMap<&ResourceKey, Vec<&Observed>> {
        let mut map: BTreeMap<&ResourceKey, Vec<&Observed>> = BTreeMap::new();
        for observed in &self.resources {
            map.entry(&observed.key).or_default().push(observed);
        }
        map
    }
}
