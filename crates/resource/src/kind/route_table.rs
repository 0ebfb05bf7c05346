//! A route table (`CreateRouteTable`); its routes and associations are resources of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A route table (`CreateRouteTable`); its routes and associations are resources of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RouteTable {
    /// The VPC.
    pub vpc: Ref<Vpc>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for RouteTable {
    const KIND: Kind = Kind::RouteTable;
}

impl RouteTable {
    /// A route table cannot move to another VPC.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
