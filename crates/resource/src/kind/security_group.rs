//! A security group (`CreateSecurityGroup`); its rules are resources of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A security group (`CreateSecurityGroup`); its rules are resources of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SecurityGroup {
    /// The VPC.
    pub vpc: Ref<Vpc>,
    /// Fixed text that AWS shows with the group.
    pub group_description: String,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
}

impl SecurityGroup {
    /// Name and description of a group are fixed.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
