//! A secondary IPv4 range of a VPC (`AssociateVpcCidrBlock`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// A secondary IPv4 range of a VPC (`AssociateVpcCidrBlock`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VpcCidrBlock {
    /// The VPC.
    pub vpc: Ref<Vpc>,
    /// The range.
    pub cidr_block: String,
}

impl KindOf for VpcCidrBlock {
    const KIND: Kind = Kind::VpcCidrBlock;
}

impl VpcCidrBlock {
    /// An association is made or removed, never changed.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _none = field;
        Mutability::Replace
    }
}
