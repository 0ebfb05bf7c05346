//! An inline policy of a role (`PutRolePolicy`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;
use super::{Kind, KindOf, Mutability};
use crate::policy::PolicyDocument;
use crate::reference::Ref;

/// An inline policy of a role (`PutRolePolicy`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RolePolicy {
    /// The role.
    pub role: Ref<Role>,
    /// Name, unique within the role.
    pub policy_name: String,
    /// The permissions.
    pub policy_document: PolicyDocument,
}

impl KindOf for RolePolicy {
    const KIND: Kind = Kind::RolePolicy;
}

impl RolePolicy {
    /// `PutRolePolicy` overwrites.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "PolicyDocument" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
