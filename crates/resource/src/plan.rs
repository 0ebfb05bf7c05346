//! The plan: what has to change, why, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inventory::{Handle, Observed, Unreadable};
use crate::key::{ClusterName, ResourceKey};
use crate::kind::Properties;

/// Version of the plan document that this code writes.
pub const PLAN_FORMAT_VERSION: u32 = 1;

/// A plan document: everything that applying does, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Version of this format; a reader refuses versions that it does not know.
    pub format_version: u32,
    /// What was asked for.
    pub purpose: Purpose,
    /// The cluster.
    pub cluster: ClusterName,
    /// Account that the plan is for.
    pub account_id: String,
    /// Region that the plan is for.
    pub region: String,
    /// Changes, by key. A resource that stays as it is does not appear.
    pub changes: Vec<Change>,
    /// Number of resources that stay as they are.
    pub unchanged: usize,
    /// Handles of existing resources that changes refer to. Changes hold bare ids, as people want to see them; what else
    /// AWS knows of those resources (DNS names, queue URLs) is looked up here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub handles: BTreeMap<ResourceKey, Handle>,
    /// What planning could not know or did not do.
    pub report: PlanReport,
}

/// What a plan was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Make AWS what the manifests say.
    Apply,
    /// Remove the cluster.
    Delete,
    /// Show what one version of the manifests asks for that another one does not. Nobody was asked what AWS holds, so that
    /// such a plan is read and never applied; names stand where ids would.
    Compare,
}

/// One change to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The resource; each key once. The removal of a duplicate has the id of that duplicate behind its name:
    /// `vpc/prod.example.com (vpc-0123)`, while `before.key` is the key that it stands under.
    pub key: ResourceKey,
    /// What happens to it.
    pub action: Action,
    /// Why. For people; applying never looks at it.
    pub reason: Reason,
    /// Differing properties, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// The resource as AWS holds it; absent for creations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Observed>,
    /// The resource as it shall be; absent for deletions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Properties>,
    /// Changes that have to be done before this one; of a replacement, before the new one is made. A replacement that is
    /// needed here is done when the new one is made, or, for a deletion, when the old one is removed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<ResourceKey>,
    /// Of a replacement: changes that have to be done before the old one is removed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub remove_needs: BTreeSet<ResourceKey>,
    /// Of a replacement: what comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Replacement>,
    /// Changes with the same batch are one call (the rules of a security group, the hooks of a new auto scaling group).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// It is made.
    Create,
    /// Properties change in place.
    Update,
    /// A new one is made and the old one removed.
    Replace,
    /// It is removed.
    Delete,
}

/// What a replacement does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Replacement {
    /// The new one is made, everything moves to it, then the old one is removed.
    CreateFirst,
    /// The old one has to go before there can be a new one: a name, a range or an address is taken.
    DeleteFirst,
}

/// Why a change is in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Reason {
    /// The manifests ask for it and AWS does not have it.
    Missing,
    /// AWS holds other values than the manifests ask for.
    Differs,
    /// A property that cannot change in place differs.
    Immutable {
        /// The properties.
        fields: Vec<String>,
    },
    /// Something that it is made of is replaced.
    DependencyReplaced {
        /// That resource.
        dependency: ResourceKey,
    },
    /// The manifests no longer ask for it.
    Undesired,
    /// A second one under the same key, as an interrupted run or another tool leaves it.
    Duplicate {
        /// Id of the one that stays.
        keep: String,
    },
    /// The whole cluster is deleted.
    ClusterDeleted,
}

/// One differing property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Path such as `Tags.Name` or `BlockDeviceMappings[/dev/xvda].Ebs.VolumeSize`.
    pub path: String,
    /// Value in AWS; absent: not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// Value that it shall have; absent: not set. `${kind/name}` is an id that AWS has not issued yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
    /// Whether this property is why the resource has to be replaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forces_replacement: bool,
}

impl FieldChange {
    /// The top-level property that the path begins with: `Tags` of `Tags.kubernetes.io/role/elb`.
    #[must_use]
    pub fn property(&self) -> &str {
        self.path.split(['.', '[']).next().unwrap_or(&self.path)
    }
}

/// What planning could not know or did not do. It is about planning, not a summary of the plan.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanReport {
    /// Parts of the account that could not be read; their resources are assumed to be as they should.
    pub unreadable: Vec<Unreadable>,
    /// Resources under our names that are not ours; nothing is done to them.
    pub foreign: Vec<ForeignResource>,
    /// Instance groups whose running instances keep the old template until they are replaced.
    pub instances_to_roll: Vec<String>,
    /// Remarks that a person should read before approving.
    pub notes: Vec<Note>,
}

/// Something that stands where ours should be, and is not ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForeignResource {
    /// The key that it stands under.
    pub key: ResourceKey,
    /// Its id.
    pub id: String,
    /// Whether the manifests ask for a resource of that key, so that applying cannot succeed.
    pub in_the_way: bool,
}

/// A remark about a plan or a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// Stable identifier such as `instances-do-not-join`.
    pub code: String,
    /// One sentence or two.
    pub text: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ResourceKey>,
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Applying is refused.
    Fatal,
    /// Somebody should look.
    Warning,
    /// Worth knowing.
    Info,
}

/// Numbers of changes by action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Resources to make.
    pub create: usize,
    /// Resources to change in place.
    pub update: usize,
    /// Resources to replace.
    pub replace: usize,
    /// Resources to remove.
    pub delete: usize,
}

impl Plan {
    /// Numbers of changes by action.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for change in &self.changes {
            match change.action {
                Action::Create => totals.create += 1,
                Action::Update => totals.update += 1,
                Action::Replace => totals.replace += 1,
                Action::Delete => totals.delete += 1,
            }
        }
        totals
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
