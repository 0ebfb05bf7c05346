//! An auto scaling group (`CreateAutoScalingGroup`, `UpdateAutoScalingGroup`). Every tag propagates to instances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use super::{LaunchTemplate, Subnet, TargetGroup};
use crate::reference::Ref;
use crate::tags::Tags;

/// An auto scaling group (`CreateAutoScalingGroup`, `UpdateAutoScalingGroup`). Every tag propagates to instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AutoScalingGroup {
    /// Fewest instances.
    pub min_size: i32,
    /// Most instances.
    pub max_size: i32,
    /// Launch template by name, in its latest version; absent with a mixed instances policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_template: Option<Ref<LaunchTemplate>>,
    /// Several machine types and purchase options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
    /// Subnets that instances are spread over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<Ref<Subnet>>,
    /// Target groups that instances are registered with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_groups: Vec<Ref<TargetGroup>>,
    /// Classic load balancers that instances are registered with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(rename = "LoadBalancerNames")]
    pub load_balancers: Vec<String>,
    /// Group metrics sent to CloudWatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_collection: Option<MetricsCollection>,
    /// Seconds after which an instance is replaced; 0: never.
    pub max_instance_lifetime: i32,
    /// Whether new instances are protected from scale-in.
    pub new_instances_protected_from_scale_in: bool,
    /// Suspended scaling processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended_processes: Vec<String>,
    /// Whether spot instances at risk are replaced early.
    pub capacity_rebalance: bool,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for AutoScalingGroup {
    const KIND: Kind = Kind::AutoScalingGroup;
}

impl AutoScalingGroup {
    /// Everything but the name can be updated.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _every = field;
        Mutability::InPlace
    }
}

/// Several machine types and purchase options in one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MixedInstancesPolicy {
    /// On-demand and spot shares.
    pub instances_distribution: InstancesDistribution,
    /// Template and overrides.
    pub launch_template: MixedLaunchTemplate,
}

/// On-demand and spot shares of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstancesDistribution {
    /// How on-demand capacity is picked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_allocation_strategy: Option<String>,
    /// On-demand instances at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_base_capacity: Option<i32>,
    /// Per cent of on-demand instances above the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_percentage_above_base_capacity: Option<i32>,
    /// How spot capacity is picked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot_allocation_strategy: Option<String>,
    /// Number of spot pools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot_instance_pools: Option<i32>,
    /// Highest spot price in USD per hour; the on-demand price if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot_max_price: Option<String>,
}

/// Launch template of a mixed group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MixedLaunchTemplate {
    /// The template, by name, in its latest version.
    pub launch_template: Ref<LaunchTemplate>,
    /// Machine types in order of preference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<LaunchTemplateOverride>,
}

/// One alternative of a mixed group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LaunchTemplateOverride {
    /// Machine type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Attributes instead of a type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_requirements: Option<InstanceRequirements>,
}

/// Attributes by which AWS picks machine types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceRequirements {
    /// Number of virtual CPUs.
    #[serde(rename = "VCpuCount")]
    pub vcpu_count: CountRange,
    /// Memory in MiB.
    #[serde(rename = "MemoryMiB")]
    pub memory_mib: CountRange,
    /// Types that are left out, sorted; `*` stands for any letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_instance_types: Vec<String>,
}

/// A range with inclusive ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CountRange {
    /// Lowest value.
    pub min: i32,
    /// Highest value; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i32>,
}

/// Group metrics sent to CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MetricsCollection {
    /// Always `1Minute`.
    pub granularity: String,
    /// Metric names, sorted.
    pub metrics: Vec<String>,
}
