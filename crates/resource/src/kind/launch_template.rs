//! A launch template (`CreateLaunchTemplate`, `CreateLaunchTemplateVersion`); the latest version counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{InstanceProfile, KeyPair, SecurityGroup};
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A launch template (`CreateLaunchTemplate`, `CreateLaunchTemplateVersion`); the latest version counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LaunchTemplate {
    /// AMI.
    pub image_id: String,
    /// Machine type such as `m5.large`.
    pub instance_type: String,
    /// Instance profile, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<Ref<InstanceProfile>>,
    /// SSH key pair, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Ref<KeyPair>>,
    /// Disks, in the order of their device names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_device_mappings: Vec<BlockDeviceMapping>,
    /// The first network interface.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network_interfaces: Vec<NetworkInterfaceSpecification>,
    /// How instances reach their metadata.
    pub metadata_options: MetadataOptions,
    /// Detailed monitoring.
    pub monitoring: Monitoring,
    /// CPU credits of burstable types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_specification: Option<CreditSpecification>,
    /// Spot instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_market_options: Option<InstanceMarketOptions>,
    /// Tenancy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Dedicated bandwidth to EBS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ebs_optimized: Option<bool>,
    /// What the instance runs at boot, as text (not base64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// Tags of what instances bring with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag_specifications: Vec<TagSpecification>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for LaunchTemplate {
    const KIND: Kind = Kind::LaunchTemplate;
}

impl LaunchTemplate {
    /// Everything but the name goes into a new version, which becomes the default.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _every = field;
        Mutability::InPlace
    }
}

/// One disk of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BlockDeviceMapping {
    /// Device such as `/dev/xvda`.
    pub device_name: String,
    /// `ephemeralN` for local disks; exactly one of this and `ebs` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_name: Option<String>,
    /// The EBS volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ebs: Option<EbsBlockDevice>,
}

/// EBS volume of a launch template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EbsBlockDevice {
    /// Whether the volume goes with the instance.
    pub delete_on_termination: bool,
    /// Whether it is encrypted at rest.
    pub encrypted: bool,
    /// Provisioned operations per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// MiB/s, gp3 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<i32>,
    /// GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_size: Option<i32>,
    /// `gp3`, `gp2`, `io1`, …
    pub volume_type: String,
    /// Customer managed key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// A network interface that an instance starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NetworkInterfaceSpecification {
    /// Whether it gets a public IPv4 address.
    pub associate_public_ip_address: bool,
    /// Whether it goes with the instance.
    pub delete_on_termination: bool,
    /// Position, 0 for the first.
    pub device_index: i32,
    /// How many IPv6 addresses it gets.
    pub ipv6_address_count: i32,
    /// Its security groups.
    pub security_groups: Vec<Ref<SecurityGroup>>,
}

/// How instances reach the instance metadata service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MetadataOptions {
    /// `enabled` or `disabled`.
    pub http_endpoint: String,
    /// `required` (IMDSv2) or `optional`.
    pub http_tokens: String,
    /// How many network hops an answer may take.
    pub http_put_response_hop_limit: i32,
    /// `enabled` or `disabled`.
    pub http_protocol_ipv6: String,
}

/// Detailed monitoring of instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Monitoring {
    /// One-minute metrics.
    pub enabled: bool,
}

/// CPU credits of burstable machine types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CreditSpecification {
    /// `standard` or `unlimited`.
    pub cpu_credits: String,
}

/// How spot instances are bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstanceMarketOptions {
    /// Always `spot`.
    pub market_type: String,
    /// The details.
    pub spot_options: SpotOptions,
}

/// Details of spot instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SpotOptions {
    /// Highest price per hour in USD, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_price: Option<String>,
    /// Minutes that an instance runs uninterrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_duration_minutes: Option<i32>,
    /// `terminate`, `stop` or `hibernate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_interruption_behavior: Option<String>,
}

/// Where instances stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Placement {
    /// `default`, `dedicated` or `host`.
    pub tenancy: String,
}

/// Tags that go onto one kind of thing when an instance is launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TagSpecification {
    /// `instance`, `volume` or `network-interface`.
    pub resource_type: String,
    /// The tags.
    pub tags: Tags,
}
