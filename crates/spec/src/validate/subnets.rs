//! Subnets: names, zones, ranges, and the way out of private ones.

use std::collections::{BTreeMap, HashMap};

use ipnet::Ipv4Net;
use kedge_diag::Diagnostic;

use super::Checker;
use super::vpc::PREFIXES;
use crate::resolved::{Egress, Subnet, SubnetType, Vpc};

pub(super) fn check(checker: &mut Checker<'_>) {
    let subnets = &checker.draft.spec.cluster.network.subnets;
    if subnets.is_empty() {
        checker.cluster(
            "spec.subnets",
            Diagnostic::error("no-subnets", "cluster has no subnets", "instances and load balancers live in subnets")
                .hint("add one subnet for each zone below `spec.subnets`"),
        );
    }
    let mut names: HashMap<&str, usize> = HashMap::new();
    for (at, subnet) in subnets.iter().enumerate() {
        let path = format!("spec.subnets[{at}]");
        name(checker, &path, subnet, names.get(subnet.name.as_str()).copied());
        names.entry(&subnet.name).or_insert(at);
        whole(checker, &path, subnet);
        within_vpc(checker, &path, subnet);
    }
    overlaps(checker, subnets);
    same_ipv6(checker, subnets);
    ways_out(checker, subnets);
}

fn name(checker: &mut Checker<'_>, path: &str, subnet: &Subnet, earlier: Option<usize>) {
    let path = format!("{path}.name");
    if subnet.name.is_empty() {
        let detail = "groups refer to subnets by name, and tags hold it";
        checker.cluster(&path, Diagnostic::error("subnet-name", "subnet has no name", detail));
    } else if let Some(earlier) = earlier {
        checker.cluster(
            &path,
            Diagnostic::error(
                "duplicate-subnet",
                "subnet name stands twice",
                format!("`{}` is the name of `spec.subnets[{earlier}]` already", subnet.name),
            )
            .hint("give each subnet a name of its own"),
        );
    }
}

/// A subnet that is made needs a zone and a range.
fn whole(checker: &mut Checker<'_>, path: &str, subnet: &Subnet) {
    if let Some(id) = &subnet.id {
        if matches!(checker.draft.spec.cluster.network.vpc, Vpc::Own { .. }) {
            let detail = format!("`{id}` is in a VPC that exists, and the cluster makes one of its own");
            checker.cluster(
                &format!("{path}.id"),
                Diagnostic::error("subnet-of-another-vpc", "subnet is in another VPC", detail)
                    .hint("set `networkID` to the VPC of the subnet, or remove `id`"),
            );
        }
        return;
    }
    if subnet.zone.is_none() {
        checker.cluster(
            &format!("{path}.zone"),
            Diagnostic::error(
                "subnet-zone",
                "subnet has no zone",
                format!(
                    "`{}` has to be made somewhere, and only an existing subnet (`id`) has a zone already",
                    subnet.name
                ),
            )
            .hint("add `zone`, such as `us-east-1a`"),
        );
    }
    if subnet.cidr.is_none() && subnet.ipv6_cidr.is_none() {
        checker.cluster(
            &format!("{path}.cidr"),
            Diagnostic::error(
                "subnet-range",
                "subnet has no address range",
                format!("`{}` has neither `cidr` nor `ipv6CIDR`", subnet.name),
            )
            .hint("give a part of the range of the VPC, or the `id` of an existing subnet"),
        );
    }
    if let Some(cidr) = subnet.cidr
        && !PREFIXES.contains(&cidr.prefix_len())
    {
        checker.cluster(
            &format!("{path}.cidr"),
            Diagnostic::error(
                "subnet-size",
                "subnet has a size that AWS refuses",
                format!("`{cidr}` has a prefix of {} bits, and AWS takes 16 to 28", cidr.prefix_len()),
            ),
        );
    }
}

fn within_vpc(checker: &mut Checker<'_>, path: &str, subnet: &Subnet) {
    let network = &checker.draft.spec.cluster.network;
    let (Some(cidr), None) = (subnet.cidr, &subnet.id) else { return };
    let main = match &network.vpc {
        Vpc::Own { cidr } => *cidr,
        Vpc::Shared { cidr: Some(cidr), .. } => *cidr,
        // Only the account knows the range of such a VPC.
        Vpc::Shared { cidr: None, .. } => return,
    };
    // A range that could not be read was reported; what lies in it is unknown.
    let raw = &checker.draft.cluster.value.spec;
    let unreadable = |text: &String| text.parse::<Ipv4Net>().is_err();
    let unknown = checker.draft.cluster.document.is_left_out("spec.networkCIDR")
        || raw.network_cidr.as_ref().is_some_and(unreadable)
        || raw.additional_network_cidrs.iter().any(unreadable);
    let ranges: Vec<Ipv4Net> = std::iter::once(main).chain(network.additional_cidrs.iter().copied()).collect();
    if unknown || ranges.iter().any(|range| range.contains(&cidr)) {
        return;
    }
    let hint = if raw.network_cidr.is_none() {
        "`networkCIDR` is not given, and the VPC gets the range that kops would give it: add `networkCIDR`"
    } else {
        "choose a range within `networkCIDR`, or add its range to `additionalNetworkCIDRs`"
    };
    let known: Vec<String> = ranges.iter().map(|range| format!("`{range}`")).collect();
    checker.cluster(
        &format!("{path}.cidr"),
        Diagnostic::error(
            "subnet-outside-vpc",
            "subnet lies outside the VPC",
            format!("`{cidr}` of `{}` is no part of {}", subnet.name, known.join(" or ")),
        )
        .hint(hint),
    );
}

/// Ranges sorted by their start overlap exactly if one overlaps the widest before it.
fn overlaps(checker: &mut Checker<'_>, subnets: &[Subnet]) {
    let mut ranges: Vec<(Ipv4Net, usize)> =
        subnets.iter().enumerate().filter_map(|(at, subnet)| Some((subnet.cidr?, at))).collect();
    ranges.sort_by_key(|(cidr, at)| (cidr.network(), cidr.prefix_len(), *at));
    let mut widest: Option<(Ipv4Net, usize)> = None;
    for (cidr, at) in ranges {
        if let Some((other, other_at)) = widest
            && cidr.network() <= other.broadcast()
        {
            // Reported at the one that stands later in the manifest.
            let (later, (earlier, earlier_cidr), cidr) =
                if at > other_at { (at, (other_at, other), cidr) } else { (other_at, (at, cidr), other) };
            let name = subnets.get(earlier).map_or("", |subnet| subnet.name.as_str());
            checker.cluster(
                &format!("spec.subnets[{later}].cidr"),
                Diagnostic::error(
                    "subnet-overlap",
                    "subnets overlap",
                    format!("`{cidr}` shares addresses with `{earlier_cidr}` of `{name}`"),
                )
                .hint("choose a range that no other subnet has"),
            );
        }
        if widest.is_none_or(|(other, _)| cidr.broadcast() > other.broadcast()) {
            widest = Some((cidr, at));
        }
    }
}

fn same_ipv6(checker: &mut Checker<'_>, subnets: &[Subnet]) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (at, subnet) in subnets.iter().enumerate() {
        let Some(block) = subnet.ipv6_cidr.as_deref() else { continue };
        if let Some(other) = seen.insert(block, &subnet.name) {
            checker.cluster(
                &format!("spec.subnets[{at}].ipv6CIDR"),
                Diagnostic::error(
                    "subnet-overlap",
                    "subnets overlap",
                    format!("`{block}` is the IPv6 range of `{other}` already"),
                )
                .hint("choose a block that no other subnet has"),
            );
        }
    }
}

/// Private subnets reach the internet through one gateway for each zone, which stands in a utility subnet.
fn ways_out(checker: &mut Checker<'_>, subnets: &[Subnet]) {
    let ipv6_only = checker.draft.spec.cluster.network.ipv6_only();
    let holds_gateway = |subnet: &Subnet| {
        subnet.subnet_type == SubnetType::Utility
            || (ipv6_only && subnet.subnet_type == SubnetType::Public && subnet.ipv6_cidr.is_some())
    };
    // An existing subnet may leave its zone to the account, and a type that was reported may have been meant to be right.
    let written = checker.draft.cluster.value.spec.subnets.iter().map(|raw| raw.r#type.as_deref());
    let anywhere = subnets.iter().zip(written).any(|(subnet, written)| {
        (holds_gateway(subnet) && subnet.zone.is_none()) || written != Some(subnet.subnet_type.as_str())
    });
    let mut first: BTreeMap<&str, (&Subnet, bool)> = BTreeMap::new();
    for (at, subnet) in subnets.iter().enumerate() {
        let Some(zone) = subnet.zone.as_deref() else { continue };
        // A public subnet of an IPv6 cluster reaches IPv4 through the same gateway.
        let private = matches!(subnet.subnet_type, SubnetType::Private | SubnetType::DualStack)
            || (ipv6_only && subnet.subnet_type == SubnetType::Public && subnet.ipv6_cidr.is_some());
        if !private || subnet.id.is_some() || subnet.egress == Egress::External {
            continue;
        }
        match first.get(zone) {
            Some((other, _)) if other.egress != subnet.egress => {
                checker.cluster(
                    &format!("spec.subnets[{at}].egress"),
                    Diagnostic::error(
                        "zone-egress",
                        "zone has several ways out",
                        format!(
                            "`{}` and `{}` leave {zone} through the same gateway, and say different things",
                            other.name, subnet.name
                        ),
                    )
                    .hint("give all of them the same `egress`"),
                );
                continue;
            }
            Some(_) => continue,
            None => {}
        }
        let needs_gateway = matches!(subnet.egress, Egress::Default | Egress::ElasticIp(_));
        first.insert(zone, (subnet, needs_gateway));
        let found = subnets.iter().any(|other| holds_gateway(other) && other.zone.as_deref() == Some(zone));
        if needs_gateway && !found && !anywhere {
            checker.cluster(
                &format!("spec.subnets[{at}]"),
                Diagnostic::error(
                    "no-utility-subnet",
                    "zone has no subnet for its NAT gateway",
                    format!(
                        "`{}` is private, and {zone} has no `Utility` subnet where a NAT gateway could stand",
                        subnet.name
                    ),
                )
                .hint("add a subnet of type `Utility` in this zone, or set `egress`"),
            );
        }
    }
}
