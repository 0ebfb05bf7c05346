//! An EBS volume of an etcd member (`CreateVolume`, `ModifyVolume`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::tags::Tags;

/// An EBS volume of an etcd member (`CreateVolume`, `ModifyVolume`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Volume {
    /// Zone name.
    pub availability_zone: String,
    /// GiB.
    pub size: i32,
    /// `gp3`, `gp2`, `io1`, `io2`, …
    pub volume_type: String,
    /// Provisioned operations per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// MiB/s, gp3 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<i32>,
    /// Whether the volume is encrypted at rest.
    pub encrypted: bool,
    /// Customer managed key, as ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for Volume {
    const KIND: Kind = Kind::Volume;
}

impl Volume {
    /// `ModifyVolume` grows and retypes in place; zone and encryption are fixed.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Size" | "VolumeType" | "Iops" | "Throughput" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
