//! One rule of a security group (`AuthorizeSecurityGroupIngress`, `AuthorizeSecurityGroupEgress`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecurityGroup;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// One rule of a security group (`AuthorizeSecurityGroupIngress`, `AuthorizeSecurityGroupEgress`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SecurityGroupRule {
    /// The group that the rule belongs to.
    pub group: Ref<SecurityGroup>,
    /// Ingress or egress.
    pub direction: Direction,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all.
    pub ip_protocol: String,
    /// First port, or ICMP type (-1: all); absent for protocols without ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_port: Option<i32>,
    /// Last port, or ICMP code (-1: all).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_port: Option<i32>,
    /// IPv4 peer; exactly one peer is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr_ip: Option<String>,
    /// IPv6 peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr_ipv6: Option<String>,
    /// Prefix list as peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_list_id: Option<String>,
    /// Security group as peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_group: Option<Ref<SecurityGroup>>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for SecurityGroupRule {
    const KIND: Kind = Kind::SecurityGroupRule;
}

impl SecurityGroupRule {
    /// A rule is its content: another rule is another resource.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}

/// Direction of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Traffic to members of the group.
    Ingress,
    /// Traffic from members of the group.
    Egress,
}
