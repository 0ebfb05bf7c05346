//! A pool of stopped instances of an auto scaling group (`PutWarmPool`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AutoScalingGroup;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// A pool of stopped instances of an auto scaling group (`PutWarmPool`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct WarmPool {
    /// The group.
    pub auto_scaling_group: Ref<AutoScalingGroup>,
    /// Fewest instances in the pool.
    pub min_size: i32,
    /// Most instances of group and pool together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_group_prepared_capacity: Option<i32>,
}

impl KindOf for WarmPool {
    const KIND: Kind = Kind::WarmPool;
}

impl WarmPool {
    /// `PutWarmPool` overwrites.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "MinSize" | "MaxGroupPreparedCapacity" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
