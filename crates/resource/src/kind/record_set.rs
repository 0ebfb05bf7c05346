//! A DNS record that is an alias of a load balancer (`ChangeResourceRecordSets`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LoadBalancer;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// A DNS record that is an alias of a load balancer (`ChangeResourceRecordSets`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RecordSet {
    /// Zone id without `/hostedzone/`.
    pub hosted_zone_id: String,
    /// Fully qualified name without the final dot.
    pub name: String,
    /// `A` or `AAAA`.
    #[serde(rename = "Type")]
    pub type_: String,
    /// What it points at; absent only in records that somebody else made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_target: Option<AliasTarget>,
}

impl KindOf for RecordSet {
    const KIND: Kind = Kind::RecordSet;
}

impl RecordSet {
    /// `UPSERT` replaces the target of a name.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "AliasTarget" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}

/// Target of an alias record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AliasTarget {
    /// The load balancer. In an observed record that points at none of the account's load balancers this is the DNS name.
    pub load_balancer: Ref<LoadBalancer>,
    /// Whether Route 53 looks at the health of the target.
    pub evaluate_target_health: bool,
}
