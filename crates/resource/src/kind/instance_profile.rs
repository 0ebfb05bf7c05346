//! An instance profile with its role (`CreateInstanceProfile`, `AddRoleToInstanceProfile`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// An instance profile with its role (`CreateInstanceProfile`, `AddRoleToInstanceProfile`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceProfile {
    /// The role; absent in a profile whose creation was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Ref<Role>>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for InstanceProfile {
    const KIND: Kind = Kind::InstanceProfile;
}

impl InstanceProfile {
    /// Another role can be put into a profile.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Role" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
