//! The fields of a `Cluster` that act, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Metadata of a manifest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A `Cluster`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Cluster {
    pub(crate) metadata: Metadata,
    pub(crate) spec: ClusterSpec,
}

/// `spec` of a `Cluster`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ClusterSpec {
    pub(crate) config_base: Option<String>,
    pub(crate) cloud_provider: Option<String>,
    pub(crate) kubernetes_version: Option<String>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) master_public_name: Option<String>,
    #[serde(rename = "networkCIDR")]
    pub(crate) network_cidr: Option<String>,
    #[serde(rename = "additionalNetworkCIDRs")]
    pub(crate) additional_network_cidrs: Vec<String>,
    #[serde(rename = "networkID")]
    pub(crate) network_id: Option<String>,
    pub(crate) topology: Topology,
    pub(crate) dns_zone: Option<String>,
    #[serde(rename = "nonMasqueradeCIDR")]
    pub(crate) non_masquerade_cidr: Option<String>,
    pub(crate) ssh_access: Vec<String>,
    pub(crate) node_port_access: Vec<String>,
    pub(crate) ssh_key_name: Option<String>,
    pub(crate) kubernetes_api_access: Vec<String>,
    pub(crate) external_policies: BTreeMap<String, Vec<String>>,
    pub(crate) additional_policies: BTreeMap<String, String>,
    pub(crate) etcd_clusters: Vec<EtcdCluster>,
    pub(crate) containerd: Containerd,
    #[serde(rename = "kubeAPIServer")]
    pub(crate) kube_api_server: KubeApiServer,
    pub(crate) kubelet: Kubelet,
    pub(crate) master_kubelet: Kubelet,
    pub(crate) cloud_config: CloudConfig,
    pub(crate) external_dns: ExternalDns,
    pub(crate) node_termination_handler: NodeTerminationHandler,
    pub(crate) cert_manager: CertManager,
    pub(crate) aws_load_balancer_controller: LoadBalancerController,
    pub(crate) networking: Option<Networking>,
    pub(crate) api: Api,
    pub(crate) cloud_labels: BTreeMap<String, String>,
    pub(crate) iam: Iam,
    pub(crate) encryption_config: bool,
    #[serde(rename = "DisableSubnetTags")]
    pub(crate) disable_subnet_tags: bool,
    pub(crate) cluster_autoscaler: ClusterAutoscaler,
    pub(crate) warm_pool: Option<WarmPool>,
    pub(crate) service_account_issuer_discovery: IssuerDiscovery,
    pub(crate) snapshot_controller: Switch,
    pub(crate) karpenter: Switch,
}

/// Something that is on or off.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Switch {
    pub(crate) enabled: Option<bool>,
}

impl Switch {
    /// Whether it was switched on.
    pub(crate) fn is_on(&self) -> bool {
        self.enabled == Some(true)
    }
}

/// A block of which only the presence counts.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Present {}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Subnet {
    pub(crate) name: String,
    pub(crate) zone: Option<String>,
    pub(crate) cidr: Option<String>,
    #[serde(rename = "ipv6CIDR")]
    pub(crate) ipv6_cidr: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) egress: Option<String>,
    pub(crate) r#type: Option<String>,
    pub(crate) additional_routes: Vec<Route>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Route {
    pub(crate) cidr: String,
    pub(crate) target: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Topology {
    pub(crate) bastion: Bastion,
    pub(crate) dns: Dns,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dns {
    pub(crate) r#type: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Bastion {
    pub(crate) bastion_public_name: Option<String>,
    pub(crate) load_balancer: BastionLoadBalancer,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BastionLoadBalancer {
    pub(crate) additional_security_groups: Vec<String>,
    pub(crate) r#type: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EtcdCluster {
    pub(crate) name: String,
    pub(crate) etcd_members: Vec<EtcdMember>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EtcdMember {
    pub(crate) name: String,
    pub(crate) instance_group: Option<String>,
    pub(crate) volume_type: Option<String>,
    pub(crate) volume_iops: Option<i32>,
    pub(crate) volume_throughput: Option<i32>,
    pub(crate) volume_size: Option<i32>,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) encrypted_volume: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Containerd {
    #[serde(rename = "nvidiaGPU")]
    pub(crate) nvidia_gpu: Switch,
    #[serde(rename = "useECRCredentialsForMirrors")]
    pub(crate) use_ecr_credentials_for_mirrors: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct KubeApiServer {
    pub(crate) service_node_port_range: Option<String>,
    pub(crate) service_account_issuer: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Kubelet {
    pub(crate) node_labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CloudConfig {
    #[serde(rename = "useIPBasedNodeNames")]
    pub(crate) use_ip_based_node_names: bool,
    pub(crate) nlb_security_group_mode: Option<String>,
    #[serde(rename = "awsEBSCSIDriver")]
    pub(crate) aws_ebs_csi_driver: Switch,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExternalDns {
    pub(crate) provider: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeTerminationHandler {
    pub(crate) enabled: Option<bool>,
    #[serde(rename = "enableSQSTerminationDraining")]
    pub(crate) enable_sqs_termination_draining: Option<bool>,
    #[serde(rename = "managedASGTag")]
    pub(crate) managed_asg_tag: Option<String>,
    pub(crate) enable_rebalance_draining: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CertManager {
    pub(crate) enabled: Option<bool>,
    #[serde(rename = "hostedZoneIDs")]
    pub(crate) hosted_zone_ids: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoadBalancerController {
    pub(crate) enabled: Option<bool>,
    #[serde(rename = "enableWAF")]
    pub(crate) enable_waf: bool,
    #[serde(rename = "enableWAFv2")]
    pub(crate) enable_wafv2: bool,
    #[serde(rename = "enableShield")]
    pub(crate) enable_shield: bool,
}

/// The plugins; validation sees to it that there is exactly one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Networking {
    pub(crate) kubenet: Option<Present>,
    pub(crate) cni: Option<Present>,
    pub(crate) kopeio: Option<Present>,
    pub(crate) flannel: Option<Present>,
    pub(crate) calico: Option<Calico>,
    pub(crate) kuberouter: Option<Present>,
    pub(crate) amazonvpc: Option<Present>,
    pub(crate) cilium: Option<Cilium>,
    pub(crate) kindnet: Option<Present>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Cilium {
    pub(crate) etcd_managed: bool,
    pub(crate) ipam: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Calico {
    pub(crate) aws_src_dst_check: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Api {
    pub(crate) dns: Option<Present>,
    pub(crate) load_balancer: Option<LoadBalancer>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LoadBalancer {
    pub(crate) class: Option<String>,
    pub(crate) r#type: Option<String>,
    pub(crate) security_group_override: Option<String>,
    pub(crate) additional_security_groups: Vec<String>,
    pub(crate) use_for_internal_api: bool,
    pub(crate) ssl_certificate: Option<String>,
    pub(crate) ssl_policy: Option<String>,
    pub(crate) cross_zone_load_balancing: Option<bool>,
    pub(crate) subnets: Vec<LoadBalancerSubnet>,
    pub(crate) access_log: Option<AccessLog>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoadBalancerSubnet {
    pub(crate) name: String,
    #[serde(rename = "privateIPv4Address")]
    pub(crate) private_ipv4_address: Option<String>,
    #[serde(rename = "allocationId")]
    pub(crate) allocation_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AccessLog {
    pub(crate) bucket: Option<String>,
    pub(crate) bucket_prefix: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Iam {
    pub(crate) legacy: bool,
    pub(crate) allow_container_registry: bool,
    pub(crate) permissions_boundary: Option<String>,
    pub(crate) use_service_account_external_permissions: bool,
    pub(crate) service_account_external_permissions: Vec<ServiceAccount>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ServiceAccount {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) aws: AwsPermission,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AwsPermission {
    #[serde(rename = "policyARNs")]
    pub(crate) policy_arns: Vec<String>,
    #[serde(rename = "inlinePolicy")]
    pub(crate) inline_policy: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ClusterAutoscaler {
    pub(crate) enabled: Option<bool>,
    pub(crate) aws_use_static_instance_list: bool,
}

/// Also a group has one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WarmPool {
    pub(crate) min_size: Option<i32>,
    pub(crate) max_size: Option<i32>,
    pub(crate) enable_lifecycle_hook: bool,
    pub(crate) lifecycle_hook_timeout: Option<i32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IssuerDiscovery {
    #[serde(rename = "discoveryStore")]
    pub(crate) discovery_store: Option<String>,
    #[serde(rename = "discoveryService")]
    pub(crate) discovery_service: Option<DiscoveryService>,
    #[serde(rename = "enableAWSOIDCProvider")]
    pub(crate) enable_aws_oidc_provider: bool,
    #[serde(rename = "additionalAudiences")]
    pub(crate) additional_audiences: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DiscoveryService {
    pub(crate) url: String,
}
