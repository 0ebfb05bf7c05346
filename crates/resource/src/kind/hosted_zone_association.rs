//! Makes a private hosted zone visible in a VPC (`AssociateVPCWithHostedZone`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// Makes a private hosted zone visible in a VPC (`AssociateVPCWithHostedZone`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HostedZoneAssociation {
    /// Zone id without `/hostedzone/`.
    pub hosted_zone_id: String,
    /// The VPC.
    pub vpc: Ref<Vpc>,
}

impl KindOf for HostedZoneAssociation {
    const KIND: Kind = Kind::HostedZoneAssociation;
}

impl HostedZoneAssociation {
    /// An association is made or removed, never changed.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _none = field;
        Mutability::Replace
    }
}
