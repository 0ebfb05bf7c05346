//! The ranges of the VPC.

use ipnet::{IpNet, Ipv4Net};
use kedge_diag::Diagnostic;

use super::Checker;
use crate::resolved::Vpc;

/// Sizes of ranges that AWS allows, as prefix lengths.
pub(super) const PREFIXES: std::ops::RangeInclusive<u8> = 16..=28;

pub(super) fn check(checker: &mut Checker<'_>) {
    let network = &checker.draft.spec.cluster.network;
    match &network.vpc {
        Vpc::Own { cidr } => {
            block(checker, "spec.networkCIDR", *cidr);
            for (at, cidr) in network.additional_cidrs.iter().enumerate() {
                block(checker, &format!("spec.additionalNetworkCIDRs[{at}]"), *cidr);
            }
            overlaps(checker, *cidr, &network.additional_cidrs);
        }
        Vpc::Shared { id, .. } => {
            if !network.additional_cidrs.is_empty() {
                checker.cluster(
                    "spec.additionalNetworkCIDRs",
                    Diagnostic::warning(
                        "foreign-vpc",
                        "VPC belongs to others",
                        format!("ranges are not added to `{id}`, which existed before the cluster"),
                    )
                    .hint("remove the field, or add the ranges to the VPC yourself"),
                );
            }
        }
    }
    if let IpNet::V4(pods) = network.non_masquerade_cidr
        && let Vpc::Own { cidr } | Vpc::Shared { cidr: Some(cidr), .. } = network.vpc
        && pods != cidr
        && pods.contains(&cidr)
        && !is_usual(cidr, &network.non_masquerade_cidr)
    {
        checker.cluster(
            "spec.nonMasqueradeCIDR",
            Diagnostic::warning(
                "range-overlap",
                "ranges overlap",
                format!("pods and services ({pods}) would use addresses of the VPC ({cidr})"),
            ),
        );
    }
}

/// Plugins with addresses of the VPC use its own range, or one around it, on purpose.
fn is_usual(cidr: Ipv4Net, pods: &IpNet) -> bool {
    *pods == IpNet::V4(cidr) || pods.prefix_len() == 0
}

fn block(checker: &mut Checker<'_>, path: &str, cidr: Ipv4Net) {
    if !PREFIXES.contains(&cidr.prefix_len()) {
        checker.cluster(
            path,
            Diagnostic::error(
                "vpc-size",
                "range of the VPC has a size that AWS refuses",
                format!("`{cidr}` has a prefix of {} bits, and AWS takes 16 to 28", cidr.prefix_len()),
            )
            .hint(format!("such as `{}/16`", cidr.network())),
        );
    }
    let addresses = cidr.network();
    let shared = addresses.octets().first() == Some(&100) && addresses.octets().get(1).is_some_and(|b| b & 0xc0 == 64);
    if !addresses.is_private() && !shared {
        checker.cluster(
            path,
            Diagnostic::warning(
                "vpc-public-range",
                "range of the VPC is not private",
                format!("`{cidr}` may belong to others on the internet, whom instances then cannot reach"),
            )
            .hint("use a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"),
        );
    }
}

fn overlaps(checker: &mut Checker<'_>, first: Ipv4Net, additional: &[Ipv4Net]) {
    let mut seen = vec![first];
    for (at, cidr) in additional.iter().enumerate() {
        if let Some(other) = seen.iter().find(|other| other.contains(cidr) || cidr.contains(*other)) {
            checker.cluster(
                &format!("spec.additionalNetworkCIDRs[{at}]"),
                Diagnostic::error(
                    "vpc-overlap",
                    "ranges of the VPC overlap",
                    format!("`{cidr}` and `{other}` share addresses"),
                )
                .hint("choose a range of its own"),
            );
        }
        seen.push(*cidr);
    }
}
