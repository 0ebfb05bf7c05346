//! A public NAT gateway (`CreateNatGateway`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ElasticIp, Subnet};
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A public NAT gateway (`CreateNatGateway`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NatGateway {
    /// The public subnet that it stands in.
    pub subnet: Ref<Subnet>,
    /// Its address, by allocation.
    pub eip: Ref<ElasticIp>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for NatGateway {
    const KIND: Kind = Kind::NatGateway;
}

impl NatGateway {
    /// Subnet and address of a NAT gateway are fixed.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
