//! An SQS queue (`CreateQueue`, `SetQueueAttributes`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::policy::PolicyDocument;
use crate::tags::Tags;

/// An SQS queue (`CreateQueue`, `SetQueueAttributes`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Queue {
    /// Seconds.
    pub message_retention_period: i32,
    /// Who may send.
    pub policy_document: PolicyDocument,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for Queue {
    const KIND: Kind = Kind::Queue;
}

impl Queue {
    /// Attributes of a queue can be set later.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "MessageRetentionPeriod" | "PolicyDocument" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
