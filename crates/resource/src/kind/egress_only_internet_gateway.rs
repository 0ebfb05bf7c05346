//! An egress-only internet gateway for IPv6 (`CreateEgressOnlyInternetGateway`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// An egress-only internet gateway for IPv6 (`CreateEgressOnlyInternetGateway`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EgressOnlyInternetGateway {
    /// The VPC.
    pub vpc: Ref<Vpc>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for EgressOnlyInternetGateway {
    const KIND: Kind = Kind::EgressOnlyInternetGateway;
}

impl EgressOnlyInternetGateway {
    /// The attachment is made with the gateway and cannot change.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
