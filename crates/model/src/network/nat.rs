//! How the private subnets of a zone reach the internet: route table, NAT gateway, address.

use std::collections::BTreeMap;

use ipnet::IpNet;
use kedge_diag::Diagnostic;
use kedge_resource::Ref;
use kedge_resource::kind::{EgressOnlyInternetGateway, ElasticIp, NatGateway, Subnet};
use kedge_spec::resolved::{AdditionalRoute, Egress, SubnetType, Vpc};

use super::route_tables::{Target, add_internet_routes, add_route, add_table, public_behind_nat};
use super::subnets::only_subnet;
use crate::lowering::Lowering;
use crate::subnets::ZonedSubnet;
use crate::{names, tags};

/// IPv6 addresses that stand for IPv4 ones, so that instances without IPv4 reach those too (NAT64, RFC 6052).
const NAT64_PREFIX: &str = "64:ff9b::/96";

/// Makes the tables of all zones with subnets that do not reach the internet by themselves.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    let mut zones: BTreeMap<&str, Vec<ZonedSubnet<'_>>> = BTreeMap::new();
    for subnet in &lowering.subnets {
        if subnet.routed() && (!subnet.public() || public_behind_nat(lowering, subnet)) {
            zones.entry(subnet.zone).or_default().push(subnet.clone());
        }
    }
    for (zone, subnets) in zones {
        lower_zone(lowering, zone, &subnets);
    }
}

fn lower_zone(lowering: &mut Lowering<'_>, zone: &str, subnets: &[ZonedSubnet<'_>]) {
    let cluster = lowering.name();
    let Some(first) = subnets.first() else {
        return;
    };
    for subnet in subnets.iter().filter(|subnet| subnet.spec.egress != first.spec.egress) {
        let path = format!("spec.subnets[{}].egress", subnet.index);
        let detail = format!(
            "{} and {} share the route table of {zone}, but their traffic leaves in different ways",
            first.spec.name, subnet.spec.name
        );
        let diagnostic = Diagnostic::error("mixed-egress", "subnets of one zone have different egress", detail)
            .hint("give all private subnets of a zone the same egress");
        lowering.report_cluster(&path, diagnostic);
    }
    let private = subnets.iter().any(|subnet| !subnet.public());
    let Some(target) = egress_target(lowering, zone, first, private) else {
        return;
    };

    if private {
        let table = names::private_route_table(zone, cluster);
        add_table(lowering, &table, &format!("private-{zone}"));
        add_route(lowering, &table, "0.0.0.0/0", target.clone());
        if lowering.cluster.network.ipv6_only() {
            add_route(lowering, &table, NAT64_PREFIX, target.clone());
            if let Some(gateway) = egress_only_gateway(lowering) {
                add_route(lowering, &table, "::/0", Target::EgressOnly(gateway));
            }
        }
        add_additional_routes(lowering, zone, &table);
    }
    if subnets.iter().any(ZonedSubnet::public) {
        let table = names::public_route_table(zone, cluster);
        add_table(lowering, &table, &format!("public-{zone}"));
        add_internet_routes(lowering, &table);
        add_route(lowering, &table, NAT64_PREFIX, target);
    }
}

/// Where the IPv4 traffic of a zone goes; makes the NAT gateway if it is the cluster's own.
fn egress_target(lowering: &mut Lowering<'_>, zone: &str, subnet: &ZonedSubnet<'_>, private: bool) -> Option<Target> {
    let name = names::nat_gateway(zone, lowering.name());
    match &subnet.spec.egress {
        Egress::NatGateway(id) => Some(Target::NatGateway(Ref::existing(id))),
        Egress::TransitGateway(id) => Some(Target::TransitGateway(id.clone())),
        Egress::Instance(id) => Some(Target::Instance(id.clone())),
        Egress::External => None,
        Egress::ElasticIp(id) => add_nat_gateway(lowering, zone, subnet, private, Ref::existing(id)),
        Egress::Default => {
            let tags = tags::standard(lowering.cluster, &name);
            lowering.add(name.clone(), ElasticIp { domain: "vpc".to_owned(), tags });
            add_nat_gateway(lowering, zone, subnet, private, Ref::managed(name))
        }
    }
}

fn add_nat_gateway(
    lowering: &mut Lowering<'_>,
    zone: &str,
    subnet: &ZonedSubnet<'_>,
    private: bool,
    eip: Ref<ElasticIp>,
) -> Option<Target> {
    let name = names::nat_gateway(zone, lowering.name());
    let place = nat_gateway_subnet(lowering, zone, subnet, private)?;
    let tags = tags::standard(lowering.cluster, &name);
    lowering.add(name.clone(), NatGateway { subnet: place, eip, tags });
    Some(Target::NatGateway(Ref::managed(name)))
}

/// The subnet that a zone's NAT gateway stands in.
fn nat_gateway_subnet(
    lowering: &mut Lowering<'_>,
    zone: &str,
    subnet: &ZonedSubnet<'_>,
    private: bool,
) -> Option<Ref<Subnet>> {
    let wanted = if private { SubnetType::Utility } else { SubnetType::Public };
    let found = only_subnet(lowering, zone, wanted);
    if found.is_none() {
        let detail = format!(
            "the NAT gateway of {zone} stands in the zone's {} subnet, and there is not exactly one",
            wanted.as_str()
        );
        let diagnostic = Diagnostic::error("no-subnet-for-nat-gateway", "no place for a NAT gateway", detail).hint(
            format!("add one subnet of type {} in {zone}, or set egress to an existing gateway", wanted.as_str()),
        );
        lowering.report_cluster(&format!("spec.subnets[{}].egress", subnet.index), diagnostic);
    }
    found
}

fn egress_only_gateway(lowering: &Lowering<'_>) -> Option<Ref<EgressOnlyInternetGateway>> {
    match &lowering.cluster.network.vpc {
        Vpc::Own { .. } => Some(Ref::managed(lowering.name().as_str())),
        Vpc::Shared { .. } => lowering.shared_vpc?.egress_only_internet_gateway.as_deref().map(Ref::existing),
    }
}

fn add_additional_routes(lowering: &mut Lowering<'_>, zone: &str, table: &str) {
    let subnets: Vec<ZonedSubnet<'_>> = lowering
        .subnets
        .iter()
        .filter(|subnet| subnet.zone == zone && subnet.spec.subnet_type == SubnetType::Private)
        .cloned()
        .collect();
    for subnet in subnets {
        for (index, route) in subnet.spec.additional_routes.iter().enumerate() {
            match additional_target(route) {
                Some(target) => add_route(lowering, table, &canonical(&route.cidr), target),
                None => lowering.report_cluster(
                    &format!("spec.subnets[{}].additionalRoutes[{index}].target", subnet.index),
                    Diagnostic::error(
                        "unknown-route-target",
                        "a route has an unknown kind of target",
                        format!("{} is no id of something that a route can lead to", route.target),
                    )
                    .hint("targets begin with tgw-, pcx-, i-, nat-, igw- or eigw-"),
                ),
            }
        }
    }
}

/// A range as AWS writes it, without bits behind the prefix.
fn canonical(cidr: &str) -> String {
    cidr.parse::<IpNet>().map_or_else(|_| cidr.to_owned(), |range| range.trunc().to_string())
}

fn additional_target(route: &AdditionalRoute) -> Option<Target> {
    let id = route.target.as_str();
    let (prefix, _) = id.split_once('-')?;
    Some(match prefix {
        "tgw" => Target::TransitGateway(id.to_owned()),
        "pcx" => Target::Peering(id.to_owned()),
        "i" => Target::Instance(id.to_owned()),
        "nat" => Target::NatGateway(Ref::existing(id)),
        "igw" => Target::InternetGateway(Ref::existing(id)),
        "eigw" => Target::EgressOnly(Ref::existing(id)),
        _ => return None,
    })
}
