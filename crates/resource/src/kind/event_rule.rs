//! An EventBridge rule on the default bus (`PutRule`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::tags::Tags;

/// An EventBridge rule on the default bus (`PutRule`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EventRule {
    /// The event pattern, as JSON object.
    pub event_pattern: serde_json::Value,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for EventRule {
    const KIND: Kind = Kind::EventRule;
}

impl EventRule {
    /// `PutRule` overwrites.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "EventPattern" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
