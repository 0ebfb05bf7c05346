//! Which subnets have a say in where traffic goes.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use kedge_diag::Diagnostic;

use super::Checker;
use crate::resolved::{Egress, Subnet, SubnetType, Vpc};

pub(super) fn check(checker: &mut Checker<'_>) {
    let network = &checker.draft.spec.cluster.network;
    let main = match &network.vpc {
        Vpc::Own { cidr } | Vpc::Shared { cidr: Some(cidr), .. } => Some(*cidr),
        Vpc::Shared { cidr: None, .. } => None,
    };
    let ranges: Vec<Ipv4Net> = main.into_iter().chain(network.additional_cidrs.iter().copied()).collect();
    for (at, subnet) in network.subnets.iter().enumerate() {
        let path = format!("spec.subnets[{at}]");
        egress(checker, &path, subnet);
        additional_routes(checker, &path, subnet, &ranges);
    }
}

/// Only what is private, or public in an IPv6 cluster, leaves through something that can be chosen.
fn egress(checker: &mut Checker<'_>, path: &str, subnet: &Subnet) {
    let chosen = !matches!(subnet.egress, Egress::Default | Egress::External);
    let leaves = match subnet.subnet_type {
        SubnetType::Private | SubnetType::DualStack => true,
        SubnetType::Public => subnet.ipv6_cidr.is_some(),
        SubnetType::Utility => false,
    };
    if chosen && !leaves {
        let word = subnet.subnet_type.as_str();
        let detail =
            format!("`{}` is of type {word}, and reaches the internet through the internet gateway", subnet.name);
        let diagnostic = Diagnostic::error("egress-of-public", "way out does not fit the subnet", detail)
            .hint("set `egress` on the private subnets of the zone instead");
        checker.cluster(&format!("{path}.egress"), diagnostic);
    }
}

fn additional_routes(checker: &mut Checker<'_>, path: &str, subnet: &Subnet, ranges: &[Ipv4Net]) {
    let path = format!("{path}.additionalRoutes");
    if subnet.additional_routes.is_empty() {
        return;
    }
    let nowhere = if subnet.id.is_some() {
        Some("the route table of an existing subnet belongs to others".to_owned())
    } else if subnet.subnet_type != SubnetType::Private {
        Some(format!(
            "only private subnets have a table for them, and this one is of type {}",
            subnet.subnet_type.as_str()
        ))
    } else {
        None
    };
    if let Some(detail) = nowhere {
        let diagnostic = Diagnostic::error("routes-nowhere", "subnet cannot have additional routes", detail)
            .hint("put them at a private subnet of the zone, or into the existing table yourself");
        checker.cluster(&path, diagnostic);
        return;
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (at, route) in subnet.additional_routes.iter().enumerate() {
        let path = format!("{path}[{at}]");
        if !seen.insert(&route.cidr) {
            let detail = format!("there is a route to `{}` already", route.cidr);
            let diagnostic = Diagnostic::error("duplicate-route", "route stands twice", detail);
            checker.cluster(&format!("{path}.cidr"), diagnostic.hint("remove one of the two"));
        }
        let Ok(IpNet::V4(cidr)) = route.cidr.parse::<IpNet>() else { continue };
        if let Some(range) = ranges.iter().find(|range| range.contains(&cidr.network()))
            && (*range == cidr || route.target.starts_with("pcx-"))
        {
            let detail = format!("`{cidr}` is within the VPC's own `{range}`, which AWS keeps within the VPC");
            let diagnostic = Diagnostic::error("route-within-vpc", "route leads out of the VPC and into it", detail)
                .hint("give the range of the other side");
            checker.cluster(&format!("{path}.cidr"), diagnostic);
        }
    }
}
