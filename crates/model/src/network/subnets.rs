//! Subnets of the cluster's own.

use kedge_resource::kind::{PrivateDnsNameOptions, Subnet};
use kedge_resource::{Ref, Tags};
use kedge_spec::resolved::SubnetType;

use crate::lowering::Lowering;
use crate::subnets::ZonedSubnet;
use crate::{names, tags};

/// Makes the subnets that do not exist yet.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    for subnet in lowering.subnets.clone() {
        if subnet.shared() {
            continue;
        }
        let properties = properties(lowering, &subnet);
        lowering.add(names::subnet(&subnet.spec.name, lowering.name()), properties);
    }
}

fn properties(lowering: &Lowering<'_>, subnet: &ZonedSubnet<'_>) -> Subnet {
    let ipv4 = subnet.spec.cidr;
    let ipv6 = subnet.spec.ipv6_cidr.clone();
    let by_address = lowering.cluster.ip_based_node_names;
    Subnet {
        vpc: lowering.vpc(),
        availability_zone: subnet.zone.to_owned(),
        cidr_block: ipv4.map(|range| range.trunc().to_string()),
        assign_ipv6_address_on_creation: ipv6.is_some(),
        ipv6_native: ipv4.is_none(),
        enable_dns64: ipv4.is_none(),
        private_dns_name_options_on_launch: PrivateDnsNameOptions {
            hostname_type: if by_address { "ip-name" } else { "resource-name" }.to_owned(),
            enable_resource_name_dns_a_record: !by_address && ipv4.is_some(),
            enable_resource_name_dns_aaaa_record: !by_address && ipv6.is_some(),
        },
        ipv6_cidr_block: ipv6,
        tags: subnet_tags(lowering, subnet),
    }
}

/// Tags, among them those by which controllers pick the subnets of load balancers.
fn subnet_tags(lowering: &Lowering<'_>, subnet: &ZonedSubnet<'_>) -> Tags {
    let cluster = lowering.cluster;
    if !cluster.network.tag_subnets {
        return Tags::default();
    }
    let mut result = tags::standard(cluster, &names::subnet(&subnet.spec.name, &cluster.name));
    result.set(tags::SUBNET_TYPE, subnet.spec.subnet_type.as_str());
    if subnet.public() {
        result.set(tags::PUBLIC_LOAD_BALANCERS, "1");
    }
    if takes_internal_load_balancers(lowering, subnet) {
        result.set(tags::INTERNAL_LOAD_BALANCERS, "1");
    }
    for group in lowering.spec.groups.iter().filter(|group| group.karpenter) {
        if group.subnets.contains(&subnet.spec.name) {
            result.set(format!("{}{}", tags::KARPENTER_SUBNET, group.name), "true");
        }
    }
    result
}

fn takes_internal_load_balancers(lowering: &Lowering<'_>, subnet: &ZonedSubnet<'_>) -> bool {
    match subnet.spec.subnet_type {
        // Public subnets stand in where nothing is private. AWS refuses internal load balancers in subnets whose IPv6
        // default route goes to an internet gateway.
        SubnetType::Public | SubnetType::Utility => {
            lowering.subnets.iter().all(ZonedSubnet::public) && !lowering.cluster.network.ipv6_only()
        }
        SubnetType::DualStack => true,
        SubnetType::Private => !lowering
            .subnets
            .iter()
            .any(|other| other.spec.subnet_type == SubnetType::DualStack && other.zone == subnet.zone),
    }
}

/// Refers to the one subnet of a type in a zone, if there is exactly one.
pub(super) fn only_subnet(lowering: &Lowering<'_>, zone: &str, subnet_type: SubnetType) -> Option<Ref<Subnet>> {
    let mut found =
        lowering.subnets.iter().filter(|subnet| subnet.zone == zone && subnet.spec.subnet_type == subnet_type);
    match (found.next(), found.next()) {
        (Some(subnet), None) => Some(subnet.reference.clone()),
        _ => None,
    }
}
