//! A network interface that a controller made. Never desired, found for deletion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Subnet;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A network interface that a controller made. Never desired, found for deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NetworkInterface {
    /// Its subnet.
    pub subnet: Ref<Subnet>,
    /// `available` or `in-use`.
    pub status: String,
    /// Who made it and why, as AWS shows it.
    pub description: String,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for NetworkInterface {
    const KIND: Kind = Kind::NetworkInterface;
}

impl NetworkInterface {
    /// Found for deletion and display only.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _none = field;
        Mutability::Replace
    }
}
