//! Where a rule sends its events (`PutTargets`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EventRule, Queue};
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// Where a rule sends its events (`PutTargets`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EventTarget {
    /// The rule.
    pub rule: Ref<EventRule>,
    /// The queue.
    pub queue: Ref<Queue>,
}

impl KindOf for EventTarget {
    const KIND: Kind = Kind::EventTarget;
}

impl EventTarget {
    /// A target is put or removed, never changed.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _none = field;
        Mutability::Replace
    }
}
