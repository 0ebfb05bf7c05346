//! Which DHCP options a VPC uses (`AssociateDhcpOptions`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DhcpOptions, Vpc};
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// Which DHCP options a VPC uses (`AssociateDhcpOptions`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DhcpOptionsAssociation {
    /// The VPC.
    pub vpc: Ref<Vpc>,
    /// The option set.
    pub dhcp_options: Ref<DhcpOptions>,
}

impl KindOf for DhcpOptionsAssociation {
    const KIND: Kind = Kind::DhcpOptionsAssociation;
}

impl DhcpOptionsAssociation {
    /// Associating other options replaces the former ones in one call.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "DhcpOptions" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
