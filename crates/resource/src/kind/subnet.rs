//! A subnet (`CreateSubnet`, `ModifySubnetAttribute`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A subnet (`CreateSubnet`, `ModifySubnetAttribute`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Subnet {
    /// The VPC.
    pub vpc: Ref<Vpc>,
    /// Zone name such as `us-east-1a`.
    pub availability_zone: String,
    /// IPv4 range; absent in an IPv6-only subnet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// IPv6 range, or `/64#N`: block number N (hexadecimal) of the VPC's IPv6 range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<String>,
    /// Whether network interfaces get an IPv6 address.
    pub assign_ipv6_address_on_creation: bool,
    /// Whether the subnet has IPv6 only.
    pub ipv6_native: bool,
    /// Whether DNS queries are answered with synthesised IPv6 addresses.
    pub enable_dns64: bool,
    /// How instances are named.
    pub private_dns_name_options_on_launch: PrivateDnsNameOptions,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for Subnet {
    const KIND: Kind = Kind::Subnet;
}

impl Subnet {
    /// Zone and IPv4 range are fixed; an IPv6 range can be associated and attributes can be modified later.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Ipv6CidrBlock"
            | "AssignIpv6AddressOnCreation"
            | "EnableDns64"
            | "PrivateDnsNameOptionsOnLaunch"
            | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}

/// How instances of a subnet are named in DNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PrivateDnsNameOptions {
    /// `resource-name` or `ip-name`.
    pub hostname_type: String,
    /// Whether resource names resolve to IPv4 addresses.
    #[serde(rename = "EnableResourceNameDnsARecord")]
    pub enable_resource_name_dns_a_record: bool,
    /// Whether resource names resolve to IPv6 addresses.
    #[serde(rename = "EnableResourceNameDnsAAAARecord")]
    pub enable_resource_name_dns_aaaa_record: bool,
}
