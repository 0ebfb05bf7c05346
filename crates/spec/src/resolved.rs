//! A specification whose defaults are filled in and whose references are checked.
//!
//! What manifests leave open is decided here or is an enum that says so; the model reads this and nothing else of a
//! manifest. Units are AWS's: GiB, seconds, operations per second.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};
use kedge_resource::policy::Statement;
use kedge_resource::{ClusterName, Tags};

use crate::settings::Settings;

/// One cluster with its instance groups.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedSpec {
    /// The cluster.
    pub cluster: Cluster,
    /// Its groups, in the order of their names.
    pub groups: Vec<InstanceGroup>,
    /// SSH public key in OpenSSH form (from an `SSHCredential` or the command line), trimmed.
    pub ssh_public_key: Option<String>,
    /// Preview features that are on.
    pub features: BTreeSet<Feature>,
}

/// A preview feature, under kops's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// `APIServerNodes`: groups that run API servers only.
    ApiServerNodes,
}

/// The cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// Version without the leading `v`, such as `1.34.0`.
    pub kubernetes_version: String,
    /// Where kops keeps its state: decides what S3 permissions name.
    pub config_base: Option<StorePath>,
    /// Network.
    pub network: Network,
    /// How the API is reached.
    pub api: Api,
    /// DNS.
    pub dns: Dns,
    /// Bastion settings of the topology.
    pub bastion: Bastion,
    /// Sources that may use SSH.
    pub ssh_access: Vec<AccessSource>,
    /// Sources that may use node ports.
    pub node_port_access: Vec<AccessSource>,
    /// Node ports, first and last.
    pub node_port_range: (u16, u16),
    /// SSH key pair.
    pub ssh_key: SshKey,
    /// etcd clusters, in the order of the manifest.
    pub etcd_clusters: Vec<EtcdCluster>,
    /// Further tags.
    pub cloud_labels: Tags,
    /// IAM settings.
    pub iam: Iam,
    /// Service account issuer.
    pub issuer: Option<Issuer>,
    /// Termination handling.
    pub termination_handler: TerminationHandler,
    /// Add-ons that have permissions or tags.
    pub addons: Addons,
    /// Warm pool for groups without their own.
    pub warm_pool: Option<WarmPool>,
    /// Labels of the cluster-wide kubelet settings, which become node-template tags of all groups but control planes.
    pub kubelet_node_labels: BTreeMap<String, String>,
    /// Labels of the kubelet settings of control planes (`masterKubelet`), likewise.
    pub control_plane_kubelet_node_labels: BTreeMap<String, String>,
    /// `cloudConfig.useIPBasedNodeNames`.
    pub ip_based_node_names: bool,
    /// GPU groups get a label and a taint.
    pub nvidia_gpu: bool,
    /// `containerd.useECRCredentialsForMirrors`.
    pub ecr_credentials_for_mirrors: bool,
    /// `encryptionConfig`: API objects are encrypted at rest, maybe with KMS.
    pub encryption_config: bool,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// `spec` as it is written, for the software on instances.
    pub settings: Settings,
}

/// A bucket and a path in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePath {
    /// The bucket.
    pub bucket: String,
    /// Path without slashes at its ends.
    pub path: String,
}

/// Network of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The VPC.
    pub vpc: Vpc,
    /// Further IPv4 ranges of an own VPC.
    pub additional_cidrs: Vec<Ipv4Net>,
    /// Range of pods and services; an IPv6 range makes the cluster IPv6-only.
    pub non_masquerade_cidr: IpNet,
    /// Subnets, in the order of the manifest.
    pub subnets: Vec<Subnet>,
    /// Whether subnets are tagged.
    pub tag_subnets: bool,
    /// Network plugin.
    pub plugin: NetworkPlugin,
}

impl Network {
    /// Whether pods and services have IPv6 addresses only.
    #[must_use]
    pub fn ipv6_only(&self) -> bool {
        matches!(self.non_masquerade_cidr, IpNet::V6(_))
    }

    /// The region, if a subnet names its zone.
    #[must_use]
    pub fn region(&self) -> Option<String> {
        self.subnets.iter().find_map(|subnet| region_of(subnet.zone.as_deref()?))
    }

    /// The subnet of this name.
    #[must_use]
    pub fn subnet(&self, name: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.name == name)
    }
}

/// The region of a zone: `us-east-1` of `us-east-1a` and of `us-east-1-bos-1a`.
fn region_of(zone: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in zone.split('-') {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            parts.push(part.to_owned());
        } else {
            parts.push(digits);
            return Some(parts.join("-"));
        }
    }
    None
}

/// The VPC of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vpc {
    /// The cluster makes one.
    Own {
        /// Its range.
        cidr: Ipv4Net,
    },
    /// One that exists (`networkID`).
    Shared {
        /// Its id.
        id: String,
        /// Its range, if the manifest says so.
        cidr: Option<Ipv4Net>,
    },
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Name in the manifest.
    pub name: String,
    /// Role.
    pub subnet_type: SubnetType,
    /// Zone; only an existing subnet may leave it to the account facts.
    pub zone: Option<String>,
    /// IPv4 range.
    pub cidr: Option<Ipv4Net>,
    /// IPv6 range, or `/64#N`, as written.
    pub ipv6_cidr: Option<String>,
    /// Id of an existing subnet.
    pub id: Option<String>,
    /// How traffic leaves.
    pub egress: Egress,
    /// Further routes of the zone's private table: destination and target id.
    pub additional_routes: Vec<AdditionalRoute>,
}

/// Role of a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubnetType {
    /// Reached from the internet; holds instances.
    Public,
    /// Not reached from the internet.
    Private,
    /// Reached from the internet; holds load balancers and NAT gateways.
    Utility,
    /// Private with both address families, for control planes of IPv6-only clusters.
    DualStack,
}

impl SubnetType {
    /// The word of the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Private => "Private",
            Self::Utility => "Utility",
            Self::DualStack => "DualStack",
        }
    }
}

/// How traffic leaves a private subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Egress {
    /// A NAT gateway of the cluster's own (nothing was said).
    Default,
    /// `External`: the subnet is not managed.
    External,
    /// An existing NAT gateway, by id.
    NatGateway(String),
    /// An own NAT gateway on an existing address, by allocation id.
    ElasticIp(String),
    /// A transit gateway, by id.
    TransitGateway(String),
    /// An instance, by id.
    Instance(String),
}

/// A further route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdditionalRoute {
    /// Destination.
    pub cidr: String,
    /// Target id: `tgw-…`, `pcx-…`, `i-…`, `nat-…`, `igw-…` or `eigw-…`.
    pub target: String,
}

/// Network plugin, as far as it decides infrastructure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkPlugin {
    /// The user brings one.
    Cni,
    /// Cilium.
    Cilium {
        /// State in an etcd cluster of its own.
        etcd_managed: bool,
        /// Addresses from AWS network interfaces (`ipam: eni`).
        eni: bool,
    },
    /// Calico.
    Calico {
        /// `awsSrcDstCheck` is `DoNothing`.
        leaves_source_destination_check: bool,
    },
    /// Flannel.
    Flannel,
    /// Amazon VPC CNI.
    AmazonVpc,
    /// kindnet.
    Kindnet,
    /// kopeio.
    Kopeio,
    /// kube-router.
    KubeRouter,
    /// kubenet: routes by the cloud controller.
    Kubenet,
}

/// How the API is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// Public name.
    pub public_name: String,
    /// Load balancer, if there is one.
    pub load_balancer: Option<ApiLoadBalancer>,
    /// Sources that may use the API.
    pub access: Vec<AccessSource>,
}

/// Load balancer of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiLoadBalancer {
    /// Only within the VPC.
    pub internal: bool,
    /// Also serves `api.internal.<cluster>`.
    pub use_for_internal_api: bool,
    /// Certificate of ACM or IAM, by ARN.
    pub certificate: Option<String>,
    /// Security policy, with a certificate.
    pub ssl_policy: Option<String>,
    /// Spread over zones, if the manifest says so.
    pub cross_zone: Option<bool>,
    /// Bucket and prefix for access logs.
    pub access_log: Option<AccessLog>,
    /// Existing security group instead of the cluster's own.
    pub security_group_override: Option<String>,
    /// Further existing security groups.
    pub additional_security_groups: Vec<String>,
    /// Subnets, if the manifest names them.
    pub subnets: Vec<LoadBalancerSubnet>,
}

/// Where access logs go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    /// Bucket.
    pub bucket: String,
    /// Prefix in it.
    pub prefix: Option<String>,
}

/// A subnet of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancerSubnet {
    /// Name of the subnet.
    pub name: String,
    /// Elastic IP.
    pub allocation_id: Option<String>,
    /// Fixed private address.
    pub private_ipv4_address: Option<String>,
}

/// DNS of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// Kind of zone.
    pub dns_type: DnsType,
    /// Zone id or name, if the manifest names one.
    pub zone: Option<String>,
}

/// Kind of DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsType {
    /// A public hosted zone.
    Public,
    /// A private hosted zone.
    Private,
    /// No records.
    None,
}

/// Bastion settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bastion {
    /// DNS name.
    pub public_name: Option<String>,
    /// Internal load balancer.
    pub internal: bool,
    /// Further existing security groups of the load balancer.
    pub additional_security_groups: Vec<String>,
}

/// Who may connect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessSource {
    /// An address range.
    Cidr(IpNet),
    /// A prefix list, by id.
    PrefixList(String),
}

/// SSH key pair of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SshKey {
    /// `sshKeyName: ""`.
    None,
    /// An existing key pair.
    Existing(String),
    /// Made from the given public key, if there is one.
    FromPublicKey,
}

/// An etcd cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdCluster {
    /// `main`, `events`, `cilium` or `leases`.
    pub name: String,
    /// Members, in the order of the manifest.
    pub members: Vec<EtcdMember>,
}

/// A member of an etcd cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdMember {
    /// Name.
    pub name: String,
    /// Its control plane group.
    pub instance_group: String,
    /// Volume type.
    pub volume_type: String,
    /// GiB.
    pub volume_size: i32,
    /// Operations per second, if given.
    pub volume_iops: Option<i32>,
    /// MiB/s, if given.
    pub volume_throughput: Option<i32>,
    /// Encrypted at rest.
    pub encrypted: bool,
    /// Key.
    pub kms_key_id: Option<String>,
}

/// IAM settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Iam {
    /// All roles may read ECR.
    pub allow_container_registry: bool,
    /// Policy that bounds every role.
    pub permissions_boundary: Option<String>,
    /// IRSA: add-ons have roles of their own.
    pub service_account_roles: bool,
    /// Roles for the user's own service accounts.
    pub service_accounts: Vec<ServiceAccount>,
    /// Managed policies on the roles of a group role.
    pub external_policies: BTreeMap<PolicyRole, Vec<String>>,
    /// Further inline statements of the roles of a group role.
    pub additional_policies: BTreeMap<PolicyRole, Vec<Statement>>,
}

/// The roles that `externalPolicies` and `additionalPolicies` speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyRole {
    /// `master` or `control-plane`.
    ControlPlane,
    /// `node`.
    Node,
    /// `bastion`.
    Bastion,
    /// `apiserver`.
    ApiServer,
}

/// A service account with a role.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceAccount {
    /// Name.
    pub name: String,
    /// Namespace; may hold `*`.
    pub namespace: String,
    /// Managed policies.
    pub policy_arns: Vec<String>,
    /// Inline statements.
    pub inline_policy: Vec<Statement>,
}

/// Issuer of service account tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// URL with `https://`.
    pub url: String,
    /// Where its keys are published, as the manifest names it: `s3://bucket/prefix`.
    pub discovery_store: Option<String>,
    /// Whether AWS trusts it as OIDC provider.
    pub aws_oidc_provider: bool,
    /// Further audiences.
    pub additional_audiences: Vec<String>,
}

/// Termination handling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminationHandler {
    /// Whether it runs.
    pub enabled: bool,
    /// Whether events come by queue (otherwise from the metadata service).
    pub queue: bool,
    /// Tag that marks managed groups.
    pub managed_asg_tag: String,
    /// Whether rebalance recommendations drain.
    pub rebalance_draining: bool,
}

/// Add-ons that have permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addons {
    /// AWS load balancer controller.
    pub load_balancer_controller: Option<LoadBalancerController>,
    /// Cluster autoscaler.
    pub cluster_autoscaler: bool,
    /// Autoscaler with a static list of types.
    pub autoscaler_static_instance_list: bool,
    /// Snapshot controller.
    pub snapshot_controller: bool,
    /// external-dns instead of dns-controller.
    pub external_dns: bool,
    /// Karpenter.
    pub karpenter: bool,
    /// cert-manager's zones.
    pub cert_manager_zones: Vec<String>,
    /// `cloudControllerManager` … `nlbSecurityGroupMode: Managed`.
    pub nlb_security_group_managed: bool,
}

/// AWS load balancer controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancerController {
    /// WAF.
    pub waf: bool,
    /// WAFv2.
    pub wafv2: bool,
    /// Shield.
    pub shield: bool,
}

/// A warm pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmPool {
    /// Fewest instances.
    pub min_size: i32,
    /// Most instances of group and pool; 0 turns the pool off.
    pub max_size: Option<i32>,
    /// Whether a launch hook holds instances until they are prepared.
    pub lifecycle_hook: bool,
    /// Seconds of that hook.
    pub lifecycle_hook_timeout: i32,
}

/// Role of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `Master` or `ControlPlane`.
    ControlPlane,
    /// `APIServer`.
    ApiServer,
    /// `Node`.
    Node,
    /// `Bastion`.
    Bastion,
}

/// An instance group.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceGroup {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Run by Karpenter instead of an auto scaling group.
    pub karpenter: bool,
    /// Machine types, the first one counts without a mixed policy.
    pub machine_types: Vec<String>,
    /// Image as written.
    pub image: String,
    /// Fewest instances.
    pub min_size: i32,
    /// Most instances.
    pub max_size: i32,
    /// Names of subnets.
    pub subnets: Vec<String>,
    /// Zones, where a group names them.
    pub zones: Vec<String>,
    /// Public address, if the manifest says so.
    pub associate_public_ip: Option<bool>,
    /// Existing security group instead of the role's.
    pub security_group_override: Option<String>,
    /// Further existing security groups.
    pub additional_security_groups: Vec<String>,
    /// Further tags.
    pub cloud_labels: Tags,
    /// Node labels (those of the group's kubelet settings included).
    pub node_labels: BTreeMap<String, String>,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Root volume.
    pub root_volume: RootVolume,
    /// Further volumes.
    pub volumes: Vec<Volume>,
    /// Metadata service.
    pub instance_metadata: InstanceMetadata,
    /// One-minute metrics.
    pub detailed_monitoring: bool,
    /// CPU credits.
    pub cpu_credits: Option<String>,
    /// Spot price.
    pub max_price: Option<String>,
    /// Minutes that a spot instance runs uninterrupted.
    pub spot_duration_minutes: Option<i32>,
    /// What happens to interrupted spot instances.
    pub instance_interruption_behavior: Option<String>,
    /// Tenancy.
    pub tenancy: Option<String>,
    /// Several types and purchase options.
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
    /// Seconds an instance lives; 0: for ever.
    pub max_instance_lifetime: i32,
    /// New instances are protected from scale-in.
    pub instance_protection: bool,
    /// Suspended processes.
    pub suspend_processes: Vec<String>,
    /// Replace spot instances at risk early.
    pub capacity_rebalance: bool,
    /// Existing load balancers.
    pub external_load_balancers: Vec<ExternalLoadBalancer>,
    /// Existing instance profile, by the last part of its ARN.
    pub instance_profile: Option<String>,
    /// Warm pool of the group itself.
    pub warm_pool: Option<WarmPool>,
    /// Further user data, in order.
    pub additional_user_data: Vec<UserDataPart>,
    /// GPU settings of the group itself.
    pub nvidia_gpu: Option<bool>,
    /// kops's `updatePolicy`, `rollingUpdate` and such are read by other commands; deletions of this group are refused.
    pub prevent_destroy: bool,
    /// `spec` as it is written, for the software on instances.
    pub settings: Settings,
}

/// A taint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value, maybe empty.
    pub value: String,
    /// Effect.
    pub effect: String,
}

/// Root volume of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootVolume {
    /// Type.
    pub volume_type: String,
    /// GiB.
    pub size: i32,
    /// Operations per second, if given.
    pub iops: Option<i32>,
    /// MiB/s, if given.
    pub throughput: Option<i32>,
    /// Encryption as written; nothing said means encrypted.
    pub encryption: Option<bool>,
    /// Key.
    pub kms_key: Option<String>,
    /// Dedicated bandwidth.
    pub optimized: Option<bool>,
}

/// A further volume of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Device.
    pub device: String,
    /// Type.
    pub volume_type: String,
    /// GiB.
    pub size: i32,
    /// Operations per second, if given.
    pub iops: Option<i32>,
    /// MiB/s, if given.
    pub throughput: Option<i32>,
    /// Encrypted at rest.
    pub encrypted: bool,
    /// Key.
    pub kms_key: Option<String>,
    /// Goes with the instance.
    pub delete_on_termination: bool,
}

/// Instance metadata service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceMetadata {
    /// `required` or `optional`.
    pub http_tokens: String,
    /// Hops.
    pub hop_limit: i32,
}

/// Several machine types and purchase options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MixedInstancesPolicy {
    /// Types in order.
    pub instances: Vec<String>,
    /// Attributes instead of types.
    pub instance_requirements: Option<InstanceRequirements>,
    /// On-demand at least.
    pub on_demand_base: Option<i32>,
    /// Per cent of on-demand above that.
    pub on_demand_above_base: Option<i32>,
    /// Spot pools.
    pub spot_instance_pools: Option<i32>,
    /// Strategy of spot capacity.
    pub spot_allocation_strategy: Option<String>,
    /// Strategy of on-demand capacity.
    pub on_demand_allocation_strategy: Option<String>,
}

/// Attributes of machine types: vCPUs and MiB of memory, lowest and highest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRequirements {
    /// vCPUs at least.
    pub min_vcpus: i32,
    /// vCPUs at most.
    pub max_vcpus: Option<i32>,
    /// MiB at least.
    pub min_memory_mib: i32,
    /// MiB at most.
    pub max_memory_mib: Option<i32>,
    /// Types that are left out, sorted; `*` stands for any letters.
    pub excluded_types: Vec<String>,
}

/// An existing load balancer for instances of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalLoadBalancer {
    /// A classic load balancer, by name.
    Classic(String),
    /// A target group, by ARN.
    TargetGroup(String),
}

/// A part of the user data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDataPart {
    /// File name.
    pub name: String,
    /// MIME type.
    pub content_type: String,
    /// The text.
    pub content: String,
}
