//! VPCs and what lies in them.

use kedge_resource::kind::{
    DhcpOptions, DhcpOptionsAssociation, EgressOnlyInternetGateway, ElasticIp, InternetGateway, NatGateway, Route,
    RouteTable, RouteTableAssociation, Subnet, Vpc, VpcCidrBlock,
};
use kedge_resource::{Handle, Kind, Observed, Ownership, Ref, Tags};

use super::{View, entry, key_name};
use crate::account::route::RouteTarget;
use crate::account::route_table::RouteTable as Table;

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    vpcs(view, found);
    gateways(view, found);
    for subnet in view.account.subnets.values().filter(|subnet| view.concerns(&subnet.tags)) {
        let properties = Subnet {
            vpc: Ref::existing(&subnet.vpc),
            availability_zone: subnet.zone.clone(),
            cidr_block: subnet.cidr.clone(),
            ipv6_cidr_block: subnet.ipv6.clone(),
            assign_ipv6_address_on_creation: subnet.assign_ipv6,
            ipv6_native: subnet.ipv6_native,
            enable_dns64: subnet.dns64,
            private_dns_name_options_on_launch: subnet.naming.clone(),
            tags: subnet.tags.clone(),
        };
        found.push(tagged(view, Kind::Subnet, &subnet.id, &subnet.tags, properties));
    }
    for table in view.account.route_tables.values() {
        table_with_routes(view, table, found);
    }
    for address in view.account.addresses.values().filter(|address| view.concerns(&address.tags)) {
        let properties = ElasticIp { domain: "vpc".to_owned(), tags: address.tags.clone() };
        found.push(tagged(view, Kind::ElasticIp, &address.allocation_id, &address.tags, properties));
    }
    for gateway in view.account.nat_gateways.values().filter(|it| it.exists() && view.concerns(&it.tags)) {
        let properties = NatGateway {
            subnet: Ref::existing(&gateway.subnet),
            eip: Ref::existing(gateway.allocation_id.clone().unwrap_or_default()),
            tags: gateway.tags.clone(),
        };
        found.push(tagged(view, Kind::NatGateway, &gateway.id, &gateway.tags, properties));
    }
}

/// An entry of a thing that is known by its id.
fn tagged(
    view: &View<'_>,
    kind: Kind,
    id: &str,
    tags: &Tags,
    properties: impl Into<kedge_resource::Properties>,
) -> Observed {
    entry(kind, key_name(tags, id), Handle::new(id), view.ownership(tags), properties)
}

fn vpcs(view: &View<'_>, found: &mut Vec<Observed>) {
    for vpc in view.account.vpcs.values() {
        let Some((name, ownership)) = view.vpcs.get(&vpc.id) else { continue };
        let properties = Vpc {
            cidr_block: vpc.cidr.clone(),
            amazon_provided_ipv6_cidr_block: vpc.ipv6.is_some(),
            enable_dns_hostnames: vpc.dns_hostnames,
            enable_dns_support: vpc.dns_support,
            tags: vpc.tags.clone(),
        };
        let handle = Handle { ipv6_cidr_block: vpc.ipv6_cidr().map(str::to_owned), ..Handle::new(&vpc.id) };
        found.push(entry(Kind::Vpc, name, handle, *ownership, properties));
        for block in &vpc.blocks {
            let key = format!("{name} {}", block.cidr);
            let properties = VpcCidrBlock { vpc: Ref::existing(&vpc.id), cidr_block: block.cidr.clone() };
            let handle = Handle { secondary_id: Some(block.association_id.clone()), ..Handle::new(&key) };
            found.push(entry(Kind::VpcCidrBlock, key, handle, *ownership, properties));
        }
        if *ownership == Ownership::Owned && vpc.dhcp_options != "default" {
            let properties =
                DhcpOptionsAssociation { vpc: Ref::existing(&vpc.id), dhcp_options: Ref::existing(&vpc.dhcp_options) };
            found.push(entry(Kind::DhcpOptionsAssociation, name, Handle::new(name), *ownership, properties));
        }
    }
    for options in view.account.dhcp_options.values().filter(|options| view.concerns(&options.tags)) {
        let properties = DhcpOptions {
            domain_name: options.domain_name.clone(),
            domain_name_servers: options.domain_name_servers.clone(),
            tags: options.tags.clone(),
        };
        found.push(tagged(view, Kind::DhcpOptions, &options.id, &options.tags, properties));
    }
}

fn gateways(view: &View<'_>, found: &mut Vec<Observed>) {
    for gateway in view.account.internet_gateways.values().filter(|gateway| view.concerns(&gateway.tags)) {
        let properties = InternetGateway { vpc: gateway.vpc.as_ref().map(Ref::existing), tags: gateway.tags.clone() };
        found.push(tagged(view, Kind::InternetGateway, &gateway.id, &gateway.tags, properties));
    }
    for gateway in view.account.egress_only_gateways.values().filter(|gateway| view.concerns(&gateway.tags)) {
        let properties = EgressOnlyInternetGateway { vpc: Ref::existing(&gateway.vpc), tags: gateway.tags.clone() };
        found.push(tagged(view, Kind::EgressOnlyInternetGateway, &gateway.id, &gateway.tags, properties));
    }
}

fn table_with_routes(view: &View<'_>, table: &Table, found: &mut Vec<Observed>) {
    let owned = view.ownership(&table.tags) == Ownership::Owned;
    let name = key_name(&table.tags, &table.id);
    if view.concerns(&table.tags) {
        let properties = RouteTable { vpc: Ref::existing(&table.vpc), tags: table.tags.clone() };
        found.push(tagged(view, Kind::RouteTable, &table.id, &table.tags, properties));
    }
    for (association, id) in &table.associations {
        let Some(subnet) = view.account.subnets.get(id) else { continue };
        if !owned && view.ownership(&subnet.tags) != Ownership::Owned {
            continue;
        }
        let key = key_name(&subnet.tags, id);
        let properties = RouteTableAssociation { subnet: Ref::existing(id), route_table: Ref::existing(&table.id) };
        let handle = Handle { secondary_id: Some(association.clone()), ..Handle::new(key) };
        found.push(entry(Kind::RouteTableAssociation, key, handle, Ownership::Owned, properties));
    }
    if !owned {
        return;
    }
    for (destination, route) in &table.routes {
        let key = format!("{name} {destination}");
        let ipv6 = destination.contains(':');
        let mut properties = Route {
            route_table: Ref::existing(&table.id),
            destination_cidr_block: (!ipv6).then(|| destination.clone()),
            destination_ipv6_cidr_block: ipv6.then(|| destination.clone()),
            gateway: None,
            nat_gateway: None,
            egress_only_internet_gateway: None,
            transit_gateway_id: None,
            instance_id: None,
            vpc_peering_connection_id: None,
        };
        match &route.target {
            RouteTarget::Gateway(id) => properties.gateway = Some(Ref::existing(id)),
            RouteTarget::NatGateway(id) => properties.nat_gateway = Some(Ref::existing(id)),
            RouteTarget::EgressOnlyInternetGateway(id) => {
                properties.egress_only_internet_gateway = Some(Ref::existing(id));
            }
            RouteTarget::TransitGateway(id) => properties.transit_gateway_id = Some(id.clone()),
            RouteTarget::Instance(id) => properties.instance_id = Some(id.clone()),
            RouteTarget::VpcPeeringConnection(id) => properties.vpc_peering_connection_id = Some(id.clone()),
        }
        found.push(entry(Kind::Route, key.clone(), Handle::new(key), Ownership::Owned, properties));
    }
}
