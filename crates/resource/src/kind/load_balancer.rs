//! A network load balancer (`elasticloadbalancing:CreateLoadBalancer`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ElasticIp, SecurityGroup, Subnet};
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A network load balancer (`elasticloadbalancing:CreateLoadBalancer`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LoadBalancer {
    /// Name in AWS, at most 32 characters; the key's name is the `Name` tag.
    pub name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// Always `network` for what kedge makes.
    #[serde(rename = "Type")]
    pub type_: String,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
    /// Its security groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<Ref<SecurityGroup>>,
    /// One subnet for each zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnet_mappings: Vec<SubnetMapping>,
    /// Attributes such as `load_balancing.cross_zone.enabled`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub load_balancer_attributes: BTreeMap<String, String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for LoadBalancer {
    const KIND: Kind = Kind::LoadBalancer;
}

impl LoadBalancer {
    /// Name, scheme and type are fixed; subnets, groups and attributes can be set later.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "IpAddressType" | "SecurityGroups" | "SubnetMappings" | "LoadBalancerAttributes" | "Tags" => {
                Mutability::InPlace
            }
            _ => Mutability::Replace,
        }
    }
}

/// A subnet of a load balancer and the fixed address in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SubnetMapping {
    /// The subnet.
    pub subnet: Ref<Subnet>,
    /// Elastic IP of a public load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<Ref<ElasticIp>>,
    /// Fixed address of an internal load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "PrivateIPv4Address")]
    pub private_ipv4_address: Option<String>,
}
