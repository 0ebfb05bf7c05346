//! What IPv6 asks of subnets, plugins and settings.

use ipnet::Ipv6Net;
use kedge_diag::Diagnostic;

use super::Checker;
use crate::resolved::{NetworkPlugin, Subnet, SubnetType, Vpc};

pub(super) fn check(checker: &mut Checker<'_>) {
    let network = &checker.draft.spec.cluster.network;
    for (at, subnet) in network.subnets.iter().enumerate() {
        range(checker, &format!("spec.subnets[{at}]"), subnet);
    }
    if !network.ipv6_only() {
        return;
    }
    if network.non_masquerade_cidr.prefix_len() != 0 {
        let detail = format!(
            "pods have addresses of the VPC, and `{}` would leave some of them out",
            network.non_masquerade_cidr
        );
        let diagnostic = Diagnostic::error("ipv6-pods", "range of an IPv6 cluster is not `::/0`", detail);
        checker.cluster("spec.nonMasqueradeCIDR", diagnostic.hint("write `nonMasqueradeCIDR: \"::/0\"`"));
    }
    plugin(checker, &network.plugin);
    if checker.draft.spec.cluster.ip_based_node_names {
        let detail = "nodes without an IPv4 address have no name after it";
        let diagnostic = Diagnostic::error("ipv6-node-names", "nodes of an IPv6 cluster cannot be so named", detail);
        checker.cluster("spec.cloudConfig.useIPBasedNodeNames", diagnostic.hint("remove the field"));
    }
}

/// Plugins that know IPv4 only.
fn plugin(checker: &mut Checker<'_>, plugin: &NetworkPlugin) {
    let name = match plugin {
        NetworkPlugin::AmazonVpc => "amazonvpc",
        NetworkPlugin::Flannel => "flannel",
        NetworkPlugin::Kopeio => "kopeio",
        NetworkPlugin::KubeRouter => "kuberouter",
        NetworkPlugin::Kubenet => "kubenet",
        NetworkPlugin::Cilium { eni: true, .. } => "cilium.ipam",
        NetworkPlugin::Calico { leaves_source_destination_check: false } => {
            let written = &checker.draft.cluster.value.spec.networking;
            let check =
                written.as_ref().and_then(|networking| networking.calico.as_ref()?.aws_src_dst_check.as_deref());
            if check.is_some_and(|word| !word.is_empty()) {
                let detail = "pods have addresses of their own, so there is no check to change";
                let diagnostic = Diagnostic::error("ipv6-plugin", "setting does not fit an IPv6 cluster", detail);
                let hint = "remove it, or write `awsSrcDstCheck: DoNothing`";
                checker.cluster("spec.networking.calico.awsSrcDstCheck", diagnostic.hint(hint));
            }
            return;
        }
        NetworkPlugin::Cni
        | NetworkPlugin::Cilium { eni: false, .. }
        | NetworkPlugin::Calico { leaves_source_destination_check: true }
        | NetworkPlugin::Kindnet => return,
    };
    let detail = format!("`{name}` gives pods IPv4 addresses, and `nonMasqueradeCIDR` is an IPv6 range");
    let diagnostic = Diagnostic::error("ipv6-plugin", "network plugin does not do IPv6", detail)
        .hint("use `cilium`, `calico` or `kindnet`, or an IPv4 `nonMasqueradeCIDR`");
    checker.cluster(&format!("spec.networking.{name}"), diagnostic);
}

fn range(checker: &mut Checker<'_>, path: &str, subnet: &Subnet) {
    let network = &checker.draft.spec.cluster.network;
    if subnet.subnet_type == SubnetType::DualStack && !network.ipv6_only() {
        let detail =
            format!("`{}` is for control planes of IPv6 clusters, and pods have IPv4 addresses here", subnet.name);
        let diagnostic = Diagnostic::error("dual-stack-subnet", "subnet type does not fit the cluster", detail)
            .hint("use `Private`, or set `nonMasqueradeCIDR: \"::/0\"`");
        checker.cluster(&format!("{path}.type"), diagnostic);
    }
    if subnet.id.is_some() {
        return;
    }
    match &subnet.ipv6_cidr {
        // The number of a block is within the range that AWS gives, whatever that is.
        Some(block) if block.starts_with("/64#") => {}
        // One that is no range of a subnet was reported.
        Some(block) if block.parse::<Ipv6Net>().is_ok_and(|net| net.prefix_len() == 64) => {
            if !matches!(network.vpc, Vpc::Own { .. }) {
                return;
            }
            let detail = format!(
                "AWS chooses the IPv6 range of the cluster's own VPC, and `{block}` is part of it only by accident"
            );
            let diagnostic = Diagnostic::warning("ipv6-range-unknown", "IPv6 range will hardly be the VPC's", detail)
                .hint("write `/64#0`, `/64#1`, …: the number of a block within the range that AWS gives the VPC");
            checker.cluster(&format!("{path}.ipv6CIDR"), diagnostic);
        }
        Some(_) => {}
        None if network.ipv6_only() && matches!(subnet.subnet_type, SubnetType::Private | SubnetType::DualStack) => {
            let detail = format!("pods have IPv6 addresses, and instances in `{}` have none to give them", subnet.name);
            let diagnostic = Diagnostic::warning("ipv6-range-missing", "subnet has no IPv6 range", detail)
                .hint("add `ipv6CIDR`, such as `/64#1`");
            checker.cluster(path, diagnostic);
        }
        None => {}
    }
}
