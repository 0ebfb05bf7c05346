//! What groups of a role may and may not have.

use std::collections::BTreeSet;

use kedge_diag::Diagnostic;

use super::Checker;
use crate::resolve::Report;
use crate::resolve::group::has_role;
use crate::resolved::{DnsType, InstanceGroup, Role};

/// Key of the tag that names a group.
const GROUP_TAG: &str = "kops.k8s.io/instancegroup";

pub(super) fn check(checker: &mut Checker<'_>) {
    let cluster = &checker.draft.spec.cluster;
    let dns_type = cluster.dns.dns_type;
    let karpenter = cluster.addons.karpenter;
    // A group that is in no etcd cluster is reported only where all of them could be read.
    let etcd_members: Vec<(&str, BTreeSet<&str>)> = cluster
        .etcd_clusters
        .iter()
        .map(|etcd| (etcd.name.as_str(), etcd.members.iter().map(|member| member.instance_group.as_str()).collect()))
        .collect();
    let planes = checker.draft.spec.groups.iter().filter(|group| group.role == Role::ControlPlane);
    let planes: BTreeSet<&str> = planes.map(|group| group.name.as_str()).collect();
    let sound = !checker.draft.cluster.document.is_left_out("spec.etcdClusters");
    let roles: Vec<bool> = checker.draft.groups.iter().map(|read| has_role(&read.value)).collect();
    let mut known = roles.into_iter();
    if karpenter && !cluster.iam.service_account_roles {
        let detail = "Karpenter launches instances with a role of its own, and add-ons have none here";
        let diagnostic = Diagnostic::error("karpenter-role", "Karpenter has no role", detail)
            .hint("set `iam: {useServiceAccountExternalPermissions: true}` and `serviceAccountIssuerDiscovery`");
        checker.cluster("spec.karpenter.enabled", diagnostic);
    }
    checker.each_group(|group, report| {
        if known.next() != Some(true) {
            return;
        }
        if sound && group.role == Role::ControlPlane {
            for (etcd, groups) in etcd_members.iter().filter(|(_, groups)| !groups.contains(group.name.as_str())) {
                // A member in a group that is none was reported; this may be the one that was meant.
                if groups.is_subset(&planes) {
                    no_member(report, group, etcd);
                }
            }
        }
        if group.role == Role::ApiServer && dns_type == DnsType::None {
            let detail =
                "without DNS records nodes find the control plane at the load balancer, and API servers do not";
            let diagnostic = Diagnostic::error("api-servers-without-dns", "group cannot do without DNS", detail)
                .hint("set `topology: {dns: {type: Public}}`, or use a group with `role: Master`");
            report.push("spec.role", diagnostic);
        }
        managed_by_karpenter(report, group, karpenter);
        warm_pool(report, group);
        repeated(report, group);
        if group.cloud_labels.get(GROUP_TAG).is_some_and(|value| value != group.name) {
            let detail = format!("`{GROUP_TAG}` names the group that an instance is of, which is `{}`", group.name);
            let diagnostic = Diagnostic::error("group-tag", "tag names another group", detail).hint("remove it");
            report.push(&format!("spec.cloudLabels[{GROUP_TAG}]"), diagnostic);
        }
    });
}

fn no_member(report: &mut Report<'_>, group: &InstanceGroup, etcd: &str) {
    let detail = format!("no member of the etcd cluster `{etcd}` is in `{}`", group.name);
    let diagnostic = Diagnostic::error("etcd-no-member", "control plane group has no etcd member", detail)
        .hint(format!("add a member with `instanceGroup: {}`, or remove the group", group.name));
    report.push("metadata.name", diagnostic);
}

fn managed_by_karpenter(report: &mut Report<'_>, group: &InstanceGroup, enabled: bool) {
    if !group.karpenter {
        return;
    }
    if group.role != Role::Node {
        let detail = "Karpenter launches nodes for pods that wait, and nothing else";
        let diagnostic = Diagnostic::error("karpenter-group", "group cannot be Karpenter's", detail)
            .hint("remove `manager`, or use `role: Node`");
        report.push("spec.manager", diagnostic);
    }
    if !enabled {
        let detail = format!("`{}` is left to Karpenter, which the cluster does not run", group.name);
        let diagnostic = Diagnostic::warning("karpenter-off", "nobody launches instances of the group", detail)
            .hint("set `karpenter: {enabled: true}` in the cluster, or remove `manager`");
        report.push("spec.manager", diagnostic);
    }
}

fn warm_pool(report: &mut Report<'_>, group: &InstanceGroup) {
    let has_pool = group.warm_pool.as_ref().is_some_and(|pool| pool.max_size != Some(0));
    if has_pool && !matches!(group.role, Role::Node | Role::ApiServer) {
        let detail = "instances of this role hold something that a spare one must not have";
        let diagnostic = Diagnostic::error("warm-pool-role", "group cannot have a warm pool", detail)
            .hint("remove `warmPool`; nodes and API servers can have one");
        report.push("spec.warmPool", diagnostic);
    }
}

/// What AWS or Kubernetes takes once.
fn repeated(report: &mut Report<'_>, group: &InstanceGroup) {
    let mut devices = BTreeSet::new();
    for (at, volume) in group.volumes.iter().enumerate() {
        if !volume.device.is_empty() && !devices.insert(&volume.device) {
            let detail = format!("`{}` is the device of another volume", volume.device);
            let diagnostic = Diagnostic::error("duplicate-device", "two volumes have one device", detail);
            report.push(&format!("spec.volumes[{at}].device"), diagnostic.hint("choose another, such as `/dev/xvde`"));
        }
    }
    let mut taints = BTreeSet::new();
    for (at, taint) in group.taints.iter().enumerate() {
        if !taints.insert((&taint.key, &taint.effect)) {
            let detail = format!("there is a taint `{}` with the effect {} already", taint.key, taint.effect);
            let diagnostic = Diagnostic::error("duplicate-taint", "taint stands twice", detail);
            report.push(&format!("spec.taints[{at}]"), diagnostic.hint("remove one of the two"));
        }
    }
    for key in group.node_labels.keys().filter(|key| key.matches('/').count() > 1) {
        let detail = format!("`{key}` has more than one slash, and Kubernetes takes a prefix and a name");
        let diagnostic = Diagnostic::error("node-label", "label cannot be used", detail);
        report.push("spec.nodeLabels", diagnostic.hint("write `example.com/name`"));
    }
}
