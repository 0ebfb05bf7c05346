//! The VPC cut into subnets, as kops cuts it: eighths for instances, of which the first gives the utility subnets.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::options::{Checked, TopologyChoice};

/// Bits by which the prefix of a large subnet is longer than the VPC's.
const LARGE: u8 = 3;
/// Bits by which the prefix of a utility subnet is longer than that of a large one.
const SMALL: u8 = 3;
/// Zones for which there is a large subnet; one eighth is the utility subnets'.
pub(super) const MOST_ZONES: usize = 7;
/// The longest prefix of a subnet that AWS takes.
const LONGEST: u8 = 28;

/// The longest prefix of a VPC that can be cut.
pub(super) fn smallest_vpc(topology: TopologyChoice) -> u8 {
    match topology {
        TopologyChoice::Public => LONGEST - LARGE,
        TopologyChoice::Private => LONGEST - LARGE - SMALL,
    }
}

/// Name of the subnet in which the instances of a zone live.
pub(super) fn subnet_of_nodes(zone: &str) -> &str {
    zone
}

/// Name of the subnet in which the control plane of a zone lives.
pub(super) fn subnet_of_control_plane(choices: &Checked<'_>, zone: &str) -> String {
    if choices.options.ipv6 && choices.private() { format!("dualstack-{zone}") } else { zone.to_owned() }
}

/// Name of the subnet in which load balancers, NAT gateways and bastions of a zone live.
pub(super) fn utility_subnet(zone: &str) -> String {
    format!("utility-{zone}")
}

/// The subnets of a cluster.
pub(super) fn subnets(choices: &Checked<'_>) -> Value {
    let zones = choices.zones();
    let ipv6 = choices.options.ipv6;
    let mut large = choices.network_cidr.subnets(choices.network_cidr.prefix_len() + LARGE).into_iter().flatten();
    let first = large.next().unwrap_or(choices.network_cidr);
    let small: Vec<Ipv4Net> = first.subnets(first.prefix_len() + SMALL).into_iter().flatten().collect();
    // The number of an IPv6 block counts on over all subnets.
    let mut blocks = 0;
    let mut block = move || {
        blocks += 1;
        format!("/64#{blocks:x}")
    };
    let mut subnets = Vec::new();
    let mut push = |name: String, zone: &str, kind: &str, cidr: Option<Ipv4Net>, ipv6: Option<String>| {
        let mut subnet = json!({"name": name, "type": kind, "zone": zone});
        if let Some(fields) = subnet.as_object_mut() {
            fields.extend(cidr.map(|cidr| ("cidr".to_owned(), json!(cidr.to_string()))));
            fields.extend(ipv6.map(|block| ("ipv6CIDR".to_owned(), json!(block))));
        }
        subnets.push(subnet);
    };
    for zone in &zones {
        let kind = if choices.private() { "Private" } else { "Public" };
        // Nodes of an IPv6 cluster have no IPv4 address; control planes and load balancers have both.
        let cidr = if ipv6 && choices.private() { None } else { large.next() };
        push(subnet_of_nodes(zone).to_owned(), zone, kind, cidr, ipv6.then(&mut block));
    }
    if choices.private() {
        if ipv6 {
            for zone in &zones {
                push(subnet_of_control_plane(choices, zone), zone, "DualStack", large.next(), Some(block()));
            }
        }
        for (zone, cidr) in zones.iter().zip(small) {
            push(utility_subnet(zone), zone, "Utility", Some(cidr), ipv6.then(&mut block));
        }
    }
    subnets.into()
}
