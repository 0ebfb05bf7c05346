//! etcd clusters and the groups that their members live in.

use std::collections::{BTreeMap, BTreeSet};

use kedge_diag::Diagnostic;

use super::Checker;
use crate::decode::nearest;
use crate::resolve::group::has_role;
use crate::resolved::{EtcdCluster, InstanceGroup, NetworkPlugin, Role};

/// Names that etcd clusters may have; the first two have to be there.
const NAMES: [&str; 4] = ["main", "events", "cilium", "leases"];

pub(super) fn check(checker: &mut Checker<'_>) {
    let spec = &checker.draft.spec;
    let clusters = &spec.cluster.etcd_clusters;
    let mut needed = vec!["main", "events"];
    if matches!(spec.cluster.network.plugin, NetworkPlugin::Cilium { etcd_managed: true, .. }) {
        needed.push("cilium");
    }
    for name in needed {
        if !clusters.iter().any(|cluster| cluster.name == name) {
            checker.cluster(
                "spec.etcdClusters",
                Diagnostic::error(
                    "etcd-missing",
                    "etcd cluster is missing",
                    format!("there is no etcd cluster `{name}`, which has a part of the cluster's state"),
                )
                .hint(format!("add `{{name: {name}, etcdMembers: […]}}` below `spec.etcdClusters`")),
            );
        }
    }
    let mut groups: BTreeMap<&str, (&InstanceGroup, bool)> = BTreeMap::new();
    for (group, read) in spec.groups.iter().zip(&checker.draft.groups) {
        groups.entry(&group.name).or_insert((group, has_role(&read.value)));
    }
    let mut seen = BTreeSet::new();
    for (at, cluster) in clusters.iter().enumerate() {
        let path = format!("spec.etcdClusters[{at}]");
        name(checker, &path, cluster, !seen.insert(cluster.name.as_str()));
        count(checker, &path, cluster);
        members(checker, &path, cluster, &groups);
    }
}

fn name(checker: &mut Checker<'_>, path: &str, cluster: &EtcdCluster, twice: bool) {
    let path = format!("{path}.name");
    if twice {
        checker.cluster(
            &path,
            Diagnostic::error(
                "duplicate-etcd",
                "etcd cluster stands twice",
                format!("`{}` is there already", cluster.name),
            )
            .hint("put all members into one entry"),
        );
    } else if !NAMES.contains(&cluster.name.as_str()) {
        let diagnostic = Diagnostic::error(
            "etcd-name",
            "etcd cluster is unknown",
            format!("nothing uses an etcd cluster `{}`", cluster.name),
        );
        let hint = match nearest(&cluster.name, NAMES) {
            Some((near, _)) => format!("did you mean `{near}`?"),
            None => format!("etcd clusters are called `{}`", NAMES.join("`, `")),
        };
        checker.cluster(&path, diagnostic.hint(hint));
    }
}

fn count(checker: &mut Checker<'_>, path: &str, cluster: &EtcdCluster) {
    let count = cluster.members.len();
    if count % 2 == 1 {
        return;
    }
    let detail = if count == 0 {
        format!("`{}` has no members", cluster.name)
    } else {
        format!("`{}` has {count} members, which survive no more failures than {} would", cluster.name, count - 1)
    };
    checker.cluster(
        &format!("{path}.etcdMembers"),
        Diagnostic::error("etcd-even", "etcd cluster has no odd number of members", detail)
            .hint("use 1, 3 or 5 members, each in a control plane group of its own zone"),
    );
}

fn members(
    checker: &mut Checker<'_>,
    path: &str,
    cluster: &EtcdCluster,
    groups: &BTreeMap<&str, (&InstanceGroup, bool)>,
) {
    let mut names = BTreeSet::new();
    let mut used: BTreeMap<&str, &str> = BTreeMap::new();
    for (at, member) in cluster.members.iter().enumerate() {
        let path = format!("{path}.etcdMembers[{at}]");
        if !member.name.is_empty() && !names.insert(member.name.as_str()) {
            checker.cluster(
                &format!("{path}.name"),
                Diagnostic::error(
                    "duplicate-etcd-member",
                    "etcd member stands twice",
                    format!("`{}` has a member `{}` already", cluster.name, member.name),
                )
                .hint("give each member a name of its own: its volume is found by it"),
            );
        }
        if member.instance_group.is_empty() {
            continue;
        }
        let group_path = format!("{path}.instanceGroup");
        if let Some(other) = used.insert(&member.instance_group, &member.name) {
            checker.cluster(
                &group_path,
                Diagnostic::error(
                    "etcd-shared-group",
                    "etcd members share a group",
                    format!(
                        "`{other}` and `{}` are both in `{}`, and fail together",
                        member.name, member.instance_group
                    ),
                )
                .hint("put each member into a control plane group of its own"),
            );
        }
        match groups.get(member.instance_group.as_str()) {
            Some((group, _)) if group.role == Role::ControlPlane => one_zone(checker, &group_path, group),
            // A role that is no role was reported at the group.
            Some((_, false)) => {}
            Some((group, true)) => checker.cluster(
                &group_path,
                Diagnostic::error(
                    "etcd-group-role",
                    "etcd member is not in a control plane",
                    format!("`{}` is no control plane group, and etcd runs on control planes only", group.name),
                )
                .hint("name a group with `role: Master`"),
            ),
            None if !checker.draft.complete => {}
            None => {
                let planes = groups.values().map(|(group, _)| group).filter(|group| group.role == Role::ControlPlane);
                let names: Vec<&str> = planes.map(|group| group.name.as_str()).collect();
                let diagnostic = Diagnostic::error(
                    "etcd-unknown-group",
                    "etcd member is in an unknown group",
                    format!("there is no instance group `{}` in the manifests", member.instance_group),
                );
                let hint = match nearest(&member.instance_group, names.iter().copied()) {
                    Some((near, _)) => format!("did you mean `{near}`?"),
                    None if names.is_empty() => "add a group of this name with `role: Master`".to_owned(),
                    None => format!("control plane groups are `{}`", names.join("`, `")),
                };
                checker.cluster(&group_path, diagnostic.hint(hint));
            }
        }
    }
}

/// A volume stands in one zone, so its group has to as well.
fn one_zone(checker: &mut Checker<'_>, path: &str, group: &InstanceGroup) {
    let network = &checker.draft.spec.cluster.network;
    let zones: BTreeSet<&str> = group.subnets.iter().filter_map(|name| network.subnet(name)?.zone.as_deref()).collect();
    if zones.len() > 1 {
        let zones: Vec<&str> = zones.into_iter().collect();
        checker.cluster(
            path,
            Diagnostic::error(
                "etcd-zones",
                "etcd member has several zones",
                format!(
                    "`{}` has subnets in {}, and the volume of a member stands in one zone only",
                    group.name,
                    zones.join(" and ")
                ),
            )
            .hint("use one control plane group for each zone"),
        );
    }
}
