//! What a plan needs to know of the account besides the resources of the cluster.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tags::Tags;

/// The account as one document: printed by `kedge facts`, read by `--facts FILE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    /// Region such as `us-east-1`.
    pub region: String,
    /// Partition such as `aws` or `aws-cn`.
    pub partition: String,
    /// Twelve digits.
    pub account_id: String,
    /// Zones of the region that are open to the account.
    pub availability_zones: Vec<String>,
    /// Hosted zones of the account.
    #[serde(default)]
    pub hosted_zones: Vec<HostedZone>,
    /// Existing VPCs that a manifest refers to.
    #[serde(default)]
    pub vpcs: Vec<ExistingVpc>,
    /// Existing subnets of those VPCs.
    #[serde(default)]
    pub subnets: Vec<ExistingSubnet>,
    /// Existing route tables of those VPCs.
    #[serde(default)]
    pub route_tables: Vec<ExistingRouteTable>,
    /// Elastic IP addresses that a manifest refers to.
    #[serde(default)]
    pub addresses: Vec<ExistingAddress>,
    /// NAT gateways that a manifest refers to.
    #[serde(default)]
    pub nat_gateways: Vec<ExistingNatGateway>,
    /// Names of existing target groups.
    #[serde(default)]
    pub target_groups: Vec<String>,
    /// Existing instance profiles that a manifest refers to.
    #[serde(default)]
    pub instance_profiles: Vec<ExistingInstanceProfile>,
    /// Machine images that a manifest refers to.
    #[serde(default)]
    pub images: Vec<Image>,
    /// Image ids by the Systems Manager parameter (`ssm:NAME` in a manifest) that names them now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub image_parameters: BTreeMap<String, String>,
    /// Machine types.
    #[serde(default)]
    pub instance_types: InstanceTypes,
    /// The state store, where instances can boot from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreFacts>,
}

/// A state store that instances can boot from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreFacts {
    /// Region of the bucket.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What keys of the cluster begin with, without a slash at its end.
    pub prefix: String,
    /// URL of S3, where it is not that of AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// SHA-256 of the program `kedge-node`, by architecture (`amd64`, `arm64`).
    pub programs: BTreeMap<String, String>,
    /// What the keys of the cluster are wrapped by, if it has keys already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<StoreKeys>,
}

/// What wraps the keys of a state store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreKeys {
    /// A key of AWS KMS, which control planes may use.
    Kms,
    /// A passphrase, which no instance has.
    Passphrase,
}

/// A hosted zone of Route 53.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostedZone {
    /// Id without `/hostedzone/`.
    pub id: String,
    /// Name without the final dot.
    pub name: String,
    /// Whether only VPCs see it.
    pub private: bool,
    /// VPCs that see a private zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vpcs: Vec<String>,
}

/// A VPC that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExistingVpc {
    /// Id.
    pub id: String,
    /// Primary IPv4 range.
    pub cidr: String,
    /// IPv6 range, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
    /// Id of its internet gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internet_gateway: Option<String>,
    /// Id of its egress-only internet gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress_only_internet_gateway: Option<String>,
}

/// A subnet that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExistingSubnet {
    /// Id.
    pub id: String,
    /// Id of its VPC.
    pub vpc: String,
    /// Zone.
    pub zone: String,
    /// IPv4 range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr: Option<String>,
    /// IPv6 range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr: Option<String>,
    /// Id of its route table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_table: Option<String>,
}

/// A route table that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExistingRouteTable {
    /// Id.
    pub id: String,
    /// Id of its VPC.
    pub vpc: String,
}

/// An elastic IP address that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExistingAddress {
    /// Allocation id.
    pub allocation_id: String,
    /// The address.
    pub public_ip: String,
}

/// A NAT gateway that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExistingNatGateway {
    /// Id.
    pub id: String,
    /// Id of its subnet.
    pub subnet: String,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<String>,
}

/// An instance profile that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExistingInstanceProfile {
    /// Name.
    pub name: String,
    /// Name of its role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Image {
    /// AMI id.
    pub id: String,
    /// Account id of the owner, or `alias (account id)`.
    pub owner: String,
    /// Name within the owner.
    pub name: String,
    /// Device of the root volume.
    pub root_device_name: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// RFC 3339.
    pub creation_date: String,
}

/// Machine types of the region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceTypes {
    /// Properties of every type that is not in `types`; absent in facts from AWS, where a type that is not listed does not
    /// exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<InstanceTypeDefault>,
    /// Types with one local disk.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub one_local_disk: BTreeSet<String>,
    /// Types with a GPU of NVIDIA.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gpu: BTreeSet<String>,
    /// Types with ARM processors.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub arm64: BTreeSet<String>,
    /// Types one by one, as AWS describes them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, InstanceType>,
}

/// Properties of types that are not listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceTypeDefault {
    /// Virtual CPUs.
    pub vcpus: i32,
    /// Memory.
    #[serde(rename = "memoryMiB")]
    pub memory_mib: i64,
    /// Network interfaces.
    pub max_network_interfaces: i32,
    /// IPv4 addresses of each.
    pub ipv4_per_interface: i32,
}

/// One machine type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceType {
    /// Virtual CPUs.
    pub vcpus: i32,
    /// Memory.
    #[serde(rename = "memoryMiB")]
    pub memory_mib: i64,
    /// Number of local disks.
    #[serde(default)]
    pub local_disks: i32,
    /// Number of GPUs of NVIDIA.
    #[serde(default)]
    pub gpus: i32,
    /// `x86_64`, `arm64`.
    #[serde(default)]
    pub architectures: Vec<String>,
}

impl InstanceTypes {
    /// The type of this name, or `None` if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<InstanceType> {
        if let Some(known) = self.types.get(name) {
            return Some(known.clone());
        }
        let default = self.default.as_ref()?;
        let architecture = if self.arm64.contains(name) { "arm64" } else { "x86_64" };
        Some(InstanceType {
            vcpus: default.vcpus,
            memory_mib: default.memory_mib,
            local_disks: i32::from(self.one_local_disk.contains(name)),
            gpus: i32::from(self.gpu.contains(name)),
            architectures: vec![architecture.to_owned()],
        })
    }
}

/// What a manifest needs to know, so that a live account is asked for that and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FactsQuery {
    /// Images as manifests write them: an AMI id, `owner/name` or `ssm:parameter`.
    pub images: BTreeSet<String>,
    /// Machine types.
    pub instance_types: BTreeSet<String>,
    /// Existing VPC; its gateways, subnets and route tables are wanted too.
    pub vpc: Option<String>,
    /// Allocation ids of addresses.
    pub addresses: BTreeSet<String>,
    /// Ids of NAT gateways.
    pub nat_gateways: BTreeSet<String>,
    /// Names of existing instance profiles.
    pub instance_profiles: BTreeSet<String>,
    /// Whether hosted zones are wanted.
    pub hosted_zones: bool,
}
