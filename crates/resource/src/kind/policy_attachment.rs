//! A managed policy on a role (`AttachRolePolicy`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// A managed policy on a role (`AttachRolePolicy`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PolicyAttachment {
    /// The role.
    pub role: Ref<Role>,
    /// The policy.
    pub policy_arn: String,
}

impl KindOf for PolicyAttachment {
    const KIND: Kind = Kind::PolicyAttachment;
}

impl PolicyAttachment {
    /// An attachment is made or removed, never changed.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _none = field;
        Mutability::Replace
    }
}
