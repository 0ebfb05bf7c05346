//! An IAM role (`CreateRole`, `UpdateAssumeRolePolicy`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::policy::PolicyDocument;
use crate::tags::Tags;

/// An IAM role (`CreateRole`, `UpdateAssumeRolePolicy`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Role {
    /// Who may assume it.
    pub assume_role_policy_document: PolicyDocument,
    /// ARN of the policy that bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for Role {
    const KIND: Kind = Kind::Role;
}

impl Role {
    /// Trust and boundary can be updated.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "AssumeRolePolicyDocument" | "PermissionsBoundary" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
