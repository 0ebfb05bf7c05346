//! Which route table a subnet uses, and the table of the public ones. Tables of zones come with [`super::nat`].

use kedge_resource::kind::{InternetGateway, Route, RouteTable, RouteTableAssociation};
use kedge_resource::{Ref, Tags};
use kedge_spec::resolved::SubnetType;

use super::gateways::needs_internet_gateway;
use crate::lowering::Lowering;
use crate::subnets::ZonedSubnet;
use crate::{names, tags};

/// Makes the public table and all associations.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    let cluster = lowering.name();
    if needs_internet_gateway(lowering) && lowering.subnets.iter().any(|subnet| !subnet.shared()) {
        add_table(lowering, cluster.as_str(), "public");
        add_internet_routes(lowering, cluster.as_str());
    }
    for subnet in lowering.subnets.clone() {
        if subnet.routed() {
            let association = RouteTableAssociation {
                subnet: subnet.reference.clone(),
                route_table: Ref::managed(table_of(lowering, &subnet)),
            };
            lowering.add(names::subnet(&subnet.spec.name, cluster), association);
        }
    }
}

/// Whether a subnet is public and still needs a NAT gateway, for IPv4 destinations of an IPv6-only cluster.
pub(super) fn public_behind_nat(lowering: &Lowering<'_>, subnet: &ZonedSubnet<'_>) -> bool {
    lowering.cluster.network.ipv6_only()
        && subnet.spec.subnet_type == SubnetType::Public
        && subnet.spec.ipv6_cidr.is_some()
}

fn table_of(lowering: &Lowering<'_>, subnet: &ZonedSubnet<'_>) -> String {
    let cluster = lowering.name();
    if !subnet.public() {
        names::private_route_table(subnet.zone, cluster)
    } else if public_behind_nat(lowering, subnet) {
        names::public_route_table(subnet.zone, cluster)
    } else {
        cluster.to_string()
    }
}

/// Makes a table; `role` says what it is for.
pub(super) fn add_table(lowering: &mut Lowering<'_>, name: &str, role: &str) {
    let mut tags: Tags = tags::standard(lowering.cluster, name);
    tags.set(tags::ROUTE_TABLE_ROLE, role);
    let table = RouteTable { vpc: lowering.vpc(), tags };
    lowering.add(name, table);
}

/// Sends both address families of a table to the internet gateway.
pub(super) fn add_internet_routes(lowering: &mut Lowering<'_>, table: &str) {
    let Some(gateway) = lowering.internet_gateway() else {
        return;
    };
    for destination in ["0.0.0.0/0", "::/0"] {
        add_route(lowering, table, destination, Target::InternetGateway(gateway.clone()));
    }
}

/// Where a route leads.
#[derive(Clone, Debug)]
pub(super) enum Target {
    InternetGateway(Ref<InternetGateway>),
    NatGateway(Ref<kedge_resource::kind::NatGateway>),
    EgressOnly(Ref<kedge_resource::kind::EgressOnlyInternetGateway>),
    TransitGateway(String),
    Instance(String),
    Peering(String),
}

/// Makes a route of one of the cluster's tables.
pub(super) fn add_route(lowering: &mut Lowering<'_>, table: &str, destination: &str, target: Target) {
    let ipv6 = destination.contains(':');
    let mut route = Route {
        route_table: Ref::managed(table),
        destination_cidr_block: (!ipv6).then(|| destination.to_owned()),
        destination_ipv6_cidr_block: ipv6.then(|| destination.to_owned()),
        gateway: None,
        nat_gateway: None,
        egress_only_internet_gateway: None,
        transit_gateway_id: None,
        instance_id: None,
        vpc_peering_connection_id: None,
    };
    match target {
        Target::InternetGateway(gateway) => route.gateway = Some(gateway),
        Target::NatGateway(gateway) => route.nat_gateway = Some(gateway),
        Target::EgressOnly(gateway) => route.egress_only_internet_gateway = Some(gateway),
        Target::TransitGateway(id) => route.transit_gateway_id = Some(id),
        Target::Instance(id) => route.instance_id = Some(id),
        Target::Peering(id) => route.vpc_peering_connection_id = Some(id),
    }
    lowering.add(format!("{table} {destination}"), route);
}
