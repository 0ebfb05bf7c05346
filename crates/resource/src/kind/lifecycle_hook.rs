//! A life cycle hook of an auto scaling group (`PutLifecycleHook`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AutoScalingGroup;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// A life cycle hook of an auto scaling group (`PutLifecycleHook`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LifecycleHook {
    /// The group.
    pub auto_scaling_group: Ref<AutoScalingGroup>,
    /// Name, unique within the group.
    pub lifecycle_hook_name: String,
    /// `autoscaling:EC2_INSTANCE_TERMINATING` or `…_LAUNCHING`.
    pub lifecycle_transition: String,
    /// What happens at the timeout: `CONTINUE` or `ABANDON`.
    pub default_result: String,
    /// Seconds until then.
    pub heartbeat_timeout: i32,
}

impl KindOf for LifecycleHook {
    const KIND: Kind = Kind::LifecycleHook;
}

impl LifecycleHook {
    /// `PutLifecycleHook` overwrites.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "LifecycleTransition" | "DefaultResult" | "HeartbeatTimeout" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
