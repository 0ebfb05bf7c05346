//! An instance that belongs to the cluster. Never desired: auto scaling groups and controllers launch instances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AutoScalingGroup, Subnet};
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// An instance that belongs to the cluster. Never desired: auto scaling groups and controllers launch instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Instance {
    /// Machine type.
    pub instance_type: String,
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping` or `stopped`.
    pub state: String,
    /// Its subnet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Ref<Subnet>>,
    /// The group that launched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_scaling_group: Option<Ref<AutoScalingGroup>>,
    /// Primary private address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_ip_address: Option<String>,
    /// Version of the launch template that it was launched from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_template_version: Option<String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for Instance {
    const KIND: Kind = Kind::Instance;
}

impl Instance {
    /// Found for deletion and display only.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _none = field;
        Mutability::Replace
    }
}
