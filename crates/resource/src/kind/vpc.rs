//! A virtual private cloud (`CreateVpc`, `ModifyVpcAttribute`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::tags::Tags;

/// A virtual private cloud (`CreateVpc`, `ModifyVpcAttribute`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Vpc {
    /// Primary IPv4 range.
    pub cidr_block: String,
    /// Whether AWS assigns an IPv6 /56.
    pub amazon_provided_ipv6_cidr_block: bool,
    /// Whether instances get public DNS names.
    pub enable_dns_hostnames: bool,
    /// Whether the Amazon DNS server answers.
    pub enable_dns_support: bool,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for Vpc {
    const KIND: Kind = Kind::Vpc;
}

impl Vpc {
    /// The primary range of a VPC cannot change; an IPv6 block and the DNS attributes can be set later.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "AmazonProvidedIpv6CidrBlock" | "EnableDnsHostnames" | "EnableDnsSupport" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
