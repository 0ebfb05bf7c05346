//! Zones, and existing VPCs, subnets, gateways and addresses that manifests refer to.

use ipnet::Ipv6Net;
use kedge_diag::Diagnostic;
use kedge_spec::resolved::{Egress, Vpc};

use super::near;
use crate::lowering::Lowering;
use crate::network::{needs_egress_only_gateway, needs_internet_gateway};
use crate::subnets::ZonedSubnet;

/// Checks the network.
pub(super) fn check(lowering: &mut Lowering<'_>) {
    check_vpc(lowering);
    for subnet in lowering.subnets.clone() {
        if subnet.shared() {
            check_existing(lowering, &subnet);
        }
        check_zone(lowering, &subnet);
        check_ipv6(lowering, &subnet);
        check_egress(lowering, &subnet);
    }
    check_load_balancer_addresses(lowering);
}

fn check_vpc(lowering: &mut Lowering<'_>) {
    let Vpc::Shared { id, cidr } = &lowering.cluster.network.vpc else {
        return;
    };
    let Some(vpc) = lowering.shared_vpc else {
        let detail = format!("there is no VPC {id} in {}", lowering.facts.region);
        let hint =
            near::hint(id, lowering.facts.vpcs.iter().map(|vpc| vpc.id.as_str()), "known VPCs").unwrap_or_else(|| {
                "look at the account and the region, or leave networkID out to get a new VPC".to_owned()
            });
        let diagnostic = Diagnostic::error("unknown-vpc", "the VPC does not exist", detail).hint(hint);
        lowering.report_cluster("spec.networkID", diagnostic);
        return;
    };
    if let Some(cidr) = cidr
        && cidr.trunc().to_string() != vpc.cidr
    {
        let detail = format!("the manifest says {cidr}, VPC {id} has {}", vpc.cidr);
        let diagnostic = Diagnostic::error("vpc-range-differs", "the VPC has another address range", detail)
            .hint(format!("set networkCIDR to {}", vpc.cidr));
        lowering.report_cluster("spec.networkCIDR", diagnostic);
    }
    let missing = |what: &str| {
        let detail = format!("VPC {id} has no {what}, and routes of the cluster's subnets lead to it");
        Diagnostic::error("vpc-without-gateway", "the VPC lacks a gateway", detail)
            .hint("attach one, or set egress: External on all subnets and care for their routes yourself")
    };
    let own_subnets = lowering.subnets.iter().any(ZonedSubnet::routed);
    if own_subnets && needs_internet_gateway(lowering) && vpc.internet_gateway.is_none() {
        lowering.report_cluster("spec.networkID", missing("internet gateway"));
    }
    if own_subnets && needs_egress_only_gateway(lowering) && vpc.egress_only_internet_gateway.is_none() {
        lowering.report_cluster("spec.networkID", missing("egress-only internet gateway"));
    }
}

fn check_zone(lowering: &mut Lowering<'_>, subnet: &ZonedSubnet<'_>) {
    let zones = &lowering.facts.availability_zones;
    if subnet.zone.is_empty() || zones.iter().any(|zone| zone == subnet.zone) {
        return;
    }
    let detail = format!("{} has no zone {} that is open to the account", lowering.facts.region, subnet.zone);
    let mut diagnostic = Diagnostic::error("unknown-zone", "the region does not have this zone", detail);
    if !zones.is_empty() {
        diagnostic = diagnostic.hint(format!("its zones: {}", zones.join(", ")));
    }
    lowering.report_cluster(&format!("spec.subnets[{}].zone", subnet.index), diagnostic);
}

/// A new subnet of an existing VPC takes its IPv6 range from that of the VPC. Facts from a file may lack it, and the plan is
/// the same without, so a missing one is worth a warning only.
fn check_ipv6(lowering: &mut Lowering<'_>, subnet: &ZonedSubnet<'_>) {
    let (Some(wanted), Some(vpc), false) = (&subnet.spec.ipv6_cidr, lowering.shared_vpc, subnet.shared()) else {
        return;
    };
    let path = format!("spec.subnets[{}].ipv6CIDR", subnet.index);
    let Some(range) = &vpc.ipv6_cidr else {
        let detail = format!("the facts know no IPv6 range of VPC {}, and {wanted} would be a part of it", vpc.id);
        let diagnostic = Diagnostic::warning("vpc-without-ipv6", "the VPC has no IPv6 range", detail)
            .hint("associate one with the VPC, or remove ipv6CIDR");
        lowering.report_cluster(&path, diagnostic);
        return;
    };
    let within = match (range.parse::<Ipv6Net>(), wanted.parse::<Ipv6Net>()) {
        (Ok(range), Ok(wanted)) => range.contains(&wanted),
        // The number of a block: a range of 56 bits has 256, one of 64 bits has the first only.
        (Ok(range), Err(_)) => {
            let number = wanted.strip_prefix("/64#").and_then(|number| u64::from_str_radix(number, 16).ok());
            let bits = u32::from(64_u8.saturating_sub(range.prefix_len()));
            number.is_none_or(|number| number.checked_shr(bits).unwrap_or(0) == 0)
        }
        (Err(_), _) => true,
    };
    if !within {
        let detail = format!("{wanted} is no part of {range}, the IPv6 range of VPC {}", vpc.id);
        let diagnostic = Diagnostic::error("ipv6-range-outside-vpc", "the IPv6 range is not the VPC's", detail)
            .hint("write /64#0, /64#1, …: the number of a block within the range of the VPC");
        lowering.report_cluster(&path, diagnostic);
    }
}

fn check_existing(lowering: &mut Lowering<'_>, subnet: &ZonedSubnet<'_>) {
    let path = format!("spec.subnets[{}]", subnet.index);
    let id = subnet.spec.id.as_deref().unwrap_or_default();
    let Some(existing) = subnet.existing else {
        let detail = format!("there is no subnet {id} in {}", lowering.facts.region);
        let mut diagnostic = Diagnostic::error("unknown-subnet", "the subnet does not exist", detail);
        let known = lowering.facts.subnets.iter().map(|subnet| subnet.id.as_str());
        if let Some(hint) = near::hint(id, known, "known subnets") {
            diagnostic = diagnostic.hint(hint);
        }
        lowering.report_cluster(&format!("{path}.id"), diagnostic);
        return;
    };
    if let Vpc::Shared { id: vpc, .. } = &lowering.cluster.network.vpc
        && *vpc != existing.vpc
    {
        let detail = format!("subnet {id} is in {}, the cluster in {vpc}", existing.vpc);
        let diagnostic = Diagnostic::error("subnet-of-another-vpc", "the subnet is in another VPC", detail);
        lowering.report_cluster(&format!("{path}.id"), diagnostic);
    }
    if let Some(zone) = &subnet.spec.zone
        && *zone != existing.zone
    {
        let detail = format!("the manifest says {zone}, subnet {id} is in {}", existing.zone);
        let diagnostic = Diagnostic::error("subnet-zone-differs", "the subnet is in another zone", detail)
            .hint(format!("set zone to {}", existing.zone));
        lowering.report_cluster(&format!("{path}.zone"), diagnostic);
    }
    if let (Some(wanted), Some(range)) = (subnet.spec.cidr, &existing.cidr)
        && wanted.trunc().to_string() != *range
    {
        let detail = format!("the manifest says {wanted}, subnet {id} has {range}");
        let diagnostic = Diagnostic::error("subnet-range-differs", "the subnet has another address range", detail)
            .hint(format!("set cidr to {range}"));
        lowering.report_cluster(&format!("{path}.cidr"), diagnostic);
    }
}

fn check_egress(lowering: &mut Lowering<'_>, subnet: &ZonedSubnet<'_>) {
    let facts = lowering.facts;
    let (what, id, known) = match &subnet.spec.egress {
        Egress::NatGateway(id) => ("NAT gateway", id, facts.nat_gateways.iter().any(|gateway| gateway.id == *id)),
        Egress::ElasticIp(id) => {
            ("elastic IP address", id, facts.addresses.iter().any(|address| address.allocation_id == *id))
        }
        Egress::Default | Egress::External | Egress::TransitGateway(_) | Egress::Instance(_) => return,
    };
    if known {
        return;
    }
    let detail = format!("there is no {what} {id} in {}", facts.region);
    let diagnostic = Diagnostic::error("unknown-egress", "what egress names does not exist", detail)
        .hint("look at the account and the region, or leave egress out to get a NAT gateway with a new address");
    lowering.report_cluster(&format!("spec.subnets[{}].egress", subnet.index), diagnostic);
}

/// Addresses of the API's load balancer. Facts from a file may lack them, and the plan is the same without, so a missing
/// one is worth a warning only.
fn check_load_balancer_addresses(lowering: &mut Lowering<'_>) {
    let Some(load_balancer) = &lowering.cluster.api.load_balancer else {
        return;
    };
    for (index, id) in load_balancer
        .subnets
        .iter()
        .enumerate()
        .filter_map(|(index, subnet)| Some((index, subnet.allocation_id.as_ref()?)))
    {
        if !lowering.facts.addresses.iter().any(|address| address.allocation_id == *id) {
            let detail = format!("the facts know no elastic IP address {id}; AWS refuses the load balancer without it");
            let diagnostic = Diagnostic::warning("unknown-address", "the address is not known", detail);
            lowering.report_cluster(&format!("spec.api.loadBalancer.subnets[{index}].allocationId"), diagnostic);
        }
    }
}
