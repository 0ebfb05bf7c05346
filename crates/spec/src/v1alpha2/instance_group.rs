//! The fields of an `InstanceGroup` and of an `SSHCredential` that act, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cluster::{Containerd, Kubelet, Metadata, WarmPool};

/// An `InstanceGroup`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InstanceGroup {
    pub(crate) metadata: Metadata,
    pub(crate) spec: InstanceGroupSpec,
}

/// An `SSHCredential`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SshCredential {
    pub(crate) metadata: Metadata,
    pub(crate) spec: SshCredentialSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SshCredentialSpec {
    pub(crate) public_key: Option<String>,
}

/// `spec` of an `InstanceGroup`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct InstanceGroupSpec {
    pub(crate) manager: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) min_size: Option<i32>,
    pub(crate) max_size: Option<i32>,
    pub(crate) machine_type: Option<String>,
    pub(crate) root_volume_size: Option<i32>,
    pub(crate) root_volume_type: Option<String>,
    pub(crate) root_volume_iops: Option<i32>,
    pub(crate) root_volume_throughput: Option<i32>,
    pub(crate) root_volume_optimization: Option<bool>,
    pub(crate) root_volume_encryption: Option<bool>,
    pub(crate) root_volume_encryption_key: Option<String>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) subnets: Vec<String>,
    pub(crate) zones: Vec<String>,
    pub(crate) max_price: Option<String>,
    pub(crate) spot_duration_in_minutes: Option<i32>,
    pub(crate) cpu_credits: Option<String>,
    pub(crate) associate_public_ip: Option<bool>,
    pub(crate) additional_security_groups: Vec<String>,
    pub(crate) cloud_labels: BTreeMap<String, String>,
    pub(crate) node_labels: BTreeMap<String, String>,
    pub(crate) tenancy: Option<String>,
    pub(crate) kubelet: Kubelet,
    pub(crate) taints: Vec<String>,
    pub(crate) mixed_instances_policy: Option<MixedInstancesPolicy>,
    pub(crate) capacity_rebalance: bool,
    pub(crate) additional_user_data: Vec<UserData>,
    pub(crate) suspend_processes: Vec<String>,
    pub(crate) external_load_balancers: Vec<ExternalLoadBalancer>,
    pub(crate) detailed_instance_monitoring: bool,
    pub(crate) iam: IamProfile,
    pub(crate) security_group_override: Option<String>,
    pub(crate) instance_protection: bool,
    pub(crate) instance_interruption_behavior: Option<String>,
    pub(crate) instance_metadata: InstanceMetadata,
    pub(crate) warm_pool: Option<WarmPool>,
    pub(crate) containerd: Containerd,
    pub(crate) max_instance_lifetime: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Volume {
    pub(crate) delete_on_termination: Option<bool>,
    pub(crate) device: String,
    pub(crate) encrypted: Option<bool>,
    pub(crate) iops: Option<i32>,
    pub(crate) throughput: Option<i32>,
    pub(crate) key: Option<String>,
    pub(crate) size: Option<i32>,
    pub(crate) r#type: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MixedInstancesPolicy {
    pub(crate) instances: Vec<String>,
    pub(crate) instance_requirements: Option<InstanceRequirements>,
    pub(crate) on_demand_allocation_strategy: Option<String>,
    pub(crate) on_demand_base: Option<i32>,
    pub(crate) on_demand_above_base: Option<i32>,
    pub(crate) spot_allocation_strategy: Option<String>,
    pub(crate) spot_instance_pools: Option<i32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InstanceRequirements {
    pub(crate) cpu: MinMax,
    pub(crate) memory: MinMax,
    #[serde(rename = "excludedInstanceTypes")]
    pub(crate) excluded_instance_types: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MinMax {
    pub(crate) min: Option<String>,
    pub(crate) max: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UserData {
    pub(crate) name: String,
    pub(crate) r#type: String,
    pub(crate) content: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ExternalLoadBalancer {
    pub(crate) load_balancer_name: Option<String>,
    pub(crate) target_group_arn: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IamProfile {
    pub(crate) profile: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct InstanceMetadata {
    pub(crate) http_put_response_hop_limit: Option<i32>,
    pub(crate) http_tokens: Option<String>,
}
