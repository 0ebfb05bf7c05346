//! VPC, subnets and the network plugin.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use kedge_diag::Diagnostic;

use super::access::{ipv4_range, range};
use super::{Report, one_of};
use crate::resolved::{AdditionalRoute, Egress, Network, NetworkPlugin, Subnet, SubnetType, Vpc};
use crate::v1alpha2::cluster::{ClusterSpec, Networking, Subnet as RawSubnet};

/// kops's range of a VPC where the manifest gives none.
const NETWORK_CIDR: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(172, 20, 0, 0), 16);
/// kops's range of pods and services where the manifest gives none.
const NON_MASQUERADE_CIDR: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(100, 64, 0, 0), 10);

/// The network of a cluster.
pub(super) fn network(report: &mut Report<'_>, spec: &ClusterSpec) -> Network {
    let cidr = spec.network_cidr.as_deref().and_then(|text| ipv4_range(report, "spec.networkCIDR", text));
    let vpc = match spec.network_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => {
            if !id.starts_with("vpc-") {
                report.push(
                    "spec.networkID",
                    Diagnostic::error("vpc-id", "VPC is no id", format!("`{id}` is no id such as `vpc-0123abcd`")),
                );
            }
            Vpc::Shared { id: id.to_owned(), cidr }
        }
        None => Vpc::Own { cidr: cidr.unwrap_or(NETWORK_CIDR) },
    };
    let additional_cidrs = spec
        .additional_network_cidrs
        .iter()
        .enumerate()
        .filter_map(|(at, text)| ipv4_range(report, &format!("spec.additionalNetworkCIDRs[{at}]"), text))
        .collect();
    let non_masquerade_cidr = spec
        .non_masquerade_cidr
        .as_deref()
        .and_then(|text| range(report, "spec.nonMasqueradeCIDR", text))
        .unwrap_or(IpNet::V4(NON_MASQUERADE_CIDR));
    let subnets = spec.subnets.iter().enumerate().map(|(at, raw)| subnet(report, at, raw)).collect();
    Network {
        vpc,
        additional_cidrs,
        non_masquerade_cidr,
        subnets,
        tag_subnets: !spec.disable_subnet_tags,
        plugin: plugin(report, spec.networking.as_ref()),
    }
}

fn subnet(report: &mut Report<'_>, at: usize, raw: &RawSubnet) -> Subnet {
    let path = format!("spec.subnets[{at}]");
    let types = [
        ("Public", SubnetType::Public),
        ("Private", SubnetType::Private),
        ("Utility", SubnetType::Utility),
        ("DualStack", SubnetType::DualStack),
    ];
    let subnet_type = match raw.r#type.as_deref() {
        Some(word) => one_of(report, &format!("{path}.type"), word, &types),
        None => {
            report.push(
                &format!("{path}.type"),
                Diagnostic::error(
                    "subnet-type",
                    "subnet has no type",
                    format!("`{}` does not say how it reaches the internet", raw.name),
                )
                .hint("use one of `Public`, `Private`, `Utility`, `DualStack`"),
            );
            None
        }
    };
    let cidr = raw.cidr.as_deref().and_then(|text| ipv4_range(report, &format!("{path}.cidr"), text));
    if let Some(text) = raw.ipv6_cidr.as_deref()
        && !is_ipv6_block(text)
    {
        report.push(
            &format!("{path}.ipv6CIDR"),
            Diagnostic::error(
                "ipv6-range",
                "IPv6 range cannot be used",
                format!("`{text}` is neither a range of 64 bits nor the number of one within the VPC"),
            )
            .hint("write `2001:db8:0:1::/64`, or `/64#1` for the second block of the range that AWS gives the VPC"),
        );
    }
    let additional_routes = raw
        .additional_routes
        .iter()
        .enumerate()
        .map(|(route_at, route)| {
            let path = format!("{path}.additionalRoutes[{route_at}]");
            let network = range(report, &format!("{path}.cidr"), &route.cidr);
            let prefixes = ["tgw-", "pcx-", "i-", "nat-", "igw-", "eigw-"];
            if !prefixes.iter().any(|prefix| route.target.starts_with(prefix)) {
                report.push(
                    &format!("{path}.target"),
                    Diagnostic::error(
                        "route-target",
                        "target of a route is unknown",
                        format!("`{}` is no id of something that a route can lead to", route.target),
                    )
                    .hint("use an id that begins with `tgw-`, `pcx-`, `i-`, `nat-`, `igw-` or `eigw-`"),
                );
            }
            let cidr = network.map_or_else(|| route.cidr.clone(), |network| network.to_string());
            AdditionalRoute { cidr, target: route.target.clone() }
        })
        .collect();
    Subnet {
        name: raw.name.clone(),
        subnet_type: subnet_type.unwrap_or(SubnetType::Public),
        zone: raw.zone.clone().filter(|zone| !zone.is_empty()),
        cidr,
        ipv6_cidr: raw.ipv6_cidr.clone(),
        id: raw.id.clone().filter(|id| !id.is_empty()),
        egress: egress(report, &format!("{path}.egress"), raw.egress.as_deref()),
        additional_routes,
    }
}

/// Whether a text is a range of 64 bits, or `/64#` and a hexadecimal number of one.
fn is_ipv6_block(text: &str) -> bool {
    match text.strip_prefix("/64#") {
        Some(number) => u8::from_str_radix(number, 16).is_ok(),
        None => text.parse::<Ipv6Net>().is_ok_and(|net| net.prefix_len() == 64 && net.trunc() == net),
    }
}

fn egress(report: &mut Report<'_>, path: &str, written: Option<&str>) -> Egress {
    let Some(written) = written.filter(|text| !text.is_empty()) else {
        return Egress::Default;
    };
    let id = written.to_owned();
    match written.split_once('-').map(|(prefix, _)| prefix) {
        _ if written == "External" => Egress::External,
        Some("nat") => Egress::NatGateway(id),
        Some("eipalloc") => Egress::ElasticIp(id),
        Some("tgw") => Egress::TransitGateway(id),
        Some("i") => Egress::Instance(id),
        _ => {
            report.push(
                path,
                Diagnostic::error(
                    "egress",
                    "way out is unknown",
                    format!("`{written}` is no way for traffic to leave"),
                )
                .hint(
                    "leave it out for a NAT gateway of the cluster, or give an id that begins with `nat-`, \
                         `eipalloc-`, `tgw-` or `i-`, or `External` if others take care",
                ),
            );
            Egress::Default
        }
    }
}

/// The plugin; none or several are reported.
fn plugin(report: &mut Report<'_>, raw: Option<&Networking>) -> NetworkPlugin {
    let none = Networking::default();
    let Networking { kubenet, cni, kopeio, flannel, calico, kuberouter, amazonvpc, cilium, kindnet } =
        raw.unwrap_or(&none);
    let mut found: Vec<(&str, NetworkPlugin)> = Vec::new();
    let plain = [
        ("kubenet", kubenet, NetworkPlugin::Kubenet),
        ("cni", cni, NetworkPlugin::Cni),
        ("kopeio", kopeio, NetworkPlugin::Kopeio),
        ("flannel", flannel, NetworkPlugin::Flannel),
        ("kuberouter", kuberouter, NetworkPlugin::KubeRouter),
        ("amazonvpc", amazonvpc, NetworkPlugin::AmazonVpc),
        ("kindnet", kindnet, NetworkPlugin::Kindnet),
    ];
    found.extend(plain.into_iter().filter(|(_, present, _)| present.is_some()).map(|(name, _, plugin)| (name, plugin)));
    if let Some(calico) = calico {
        let leaves = calico.aws_src_dst_check.as_deref() == Some("DoNothing");
        found.push(("calico", NetworkPlugin::Calico { leaves_source_destination_check: leaves }));
    }
    if let Some(cilium) = cilium {
        let eni = cilium.ipam.as_deref() == Some("eni");
        found.push(("cilium", NetworkPlugin::Cilium { etcd_managed: cilium.etcd_managed, eni }));
    }
    let path = "spec.networking";
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|(name, _)| format!("`{name}`")).collect();
        report.push(
            path,
            Diagnostic::error(
                "network-plugin",
                "cluster has several network plugins",
                format!("{} are given, and one alone can own the network of pods", names.join(" and ")),
            )
            .hint("keep one of them"),
        );
    }
    if let Some((_, plugin)) = found.into_iter().next() {
        return plugin;
    }
    // A refused plugin was reported by the reader.
    let refused = report.document.node(path).is_some_and(|node| node.entries().iter().any(|e| !e.value.is_null()));
    if !refused {
        report.push(
            path,
            Diagnostic::error(
                "network-plugin",
                "cluster has no network plugin",
                "`spec.networking` names none, and without one pods have no addresses",
            )
            .hint("choose one, such as `networking: {cilium: {}}`; `cni: {}` leaves it to you"),
        );
    }
    NetworkPlugin::Cni
}
