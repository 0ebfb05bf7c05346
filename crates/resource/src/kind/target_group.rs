//! A target group of instances (`CreateTargetGroup`). Its AWS name, at most 32 characters, is the key's name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A target group of instances (`CreateTargetGroup`). Its AWS name, at most 32 characters, is the key's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TargetGroup {
    /// The VPC.
    pub vpc: Ref<Vpc>,
    /// Port of the targets.
    pub port: i32,
    /// `TCP`, `TLS`, …
    pub protocol: String,
    /// `TCP` or `HTTPS`.
    pub health_check_protocol: String,
    /// Path of an HTTP(S) check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check_path: Option<String>,
    /// Seconds between checks.
    pub health_check_interval_seconds: i32,
    /// Checks until healthy.
    pub healthy_threshold_count: i32,
    /// Checks until unhealthy.
    pub unhealthy_threshold_count: i32,
    /// Attributes such as `deregistration_delay.timeout_seconds`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub target_group_attributes: BTreeMap<String, String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for TargetGroup {
    const KIND: Kind = Kind::TargetGroup;
}

impl TargetGroup {
    /// Port, protocol and VPC are fixed; health check and attributes can be modified.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "HealthCheckProtocol"
            | "HealthCheckPath"
            | "HealthCheckIntervalSeconds"
            | "HealthyThresholdCount"
            | "UnhealthyThresholdCount"
            | "TargetGroupAttributes"
            | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
