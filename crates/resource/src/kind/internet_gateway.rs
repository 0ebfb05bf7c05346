//! An internet gateway and its attachment (`CreateInternetGateway`, `AttachInternetGateway`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// An internet gateway and its attachment (`CreateInternetGateway`, `AttachInternetGateway`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InternetGateway {
    /// The VPC that it is attached to; absent while detached, as after an interrupted run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<Ref<Vpc>>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for InternetGateway {
    const KIND: Kind = Kind::InternetGateway;
}

impl InternetGateway {
    /// A detached gateway can be attached in place.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Vpc" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
