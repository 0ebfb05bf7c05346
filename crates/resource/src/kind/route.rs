//! A route of a route table (`CreateRoute`, `ReplaceRoute`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EgressOnlyInternetGateway, InternetGateway, NatGateway, RouteTable};
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;

/// A route of a route table (`CreateRoute`, `ReplaceRoute`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Route {
    /// The table.
    pub route_table: Ref<RouteTable>,
    /// IPv4 destination; exactly one destination is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_cidr_block: Option<String>,
    /// IPv6 destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_ipv6_cidr_block: Option<String>,
    /// Internet gateway; exactly one target is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Ref<InternetGateway>>,
    /// NAT gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nat_gateway: Option<Ref<NatGateway>>,
    /// Egress-only internet gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress_only_internet_gateway: Option<Ref<EgressOnlyInternetGateway>>,
    /// Transit gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit_gateway_id: Option<String>,
    /// Instance that forwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Peering connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_peering_connection_id: Option<String>,
}

impl KindOf for Route {
    const KIND: Kind = Kind::Route;
}

impl Route {
    /// `ReplaceRoute` changes the target of a destination in one call.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Gateway"
            | "NatGateway"
            | "EgressOnlyInternetGateway"
            | "TransitGatewayId"
            | "InstanceId"
            | "VpcPeeringConnectionId" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
