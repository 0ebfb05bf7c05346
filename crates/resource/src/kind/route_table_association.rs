//! Which route table a subnet uses (`AssociateRouteTable`, `ReplaceRouteTableAssociation`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use super::{RouteTable, Subnet};
use crate::reference::Ref;

/// Which route table a subnet uses (`AssociateRouteTable`, `ReplaceRouteTableAssociation`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RouteTableAssociation {
    /// The subnet.
    pub subnet: Ref<Subnet>,
    /// The table.
    pub route_table: Ref<RouteTable>,
}

impl KindOf for RouteTableAssociation {
    const KIND: Kind = Kind::RouteTableAssociation;
}

impl RouteTableAssociation {
    /// Another table takes over in one call, without a gap.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "RouteTable" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
