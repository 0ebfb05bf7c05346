//! Instance groups: what they are, where they run, and on what.

use std::collections::{BTreeSet, HashMap};

use kedge_diag::Diagnostic;

use super::Checker;
use super::api::{security_group, unknown_subnet};
use crate::document::Document;
use crate::resolve::Report;
use crate::resolved::{InstanceGroup, Role};

pub(super) fn check(checker: &mut Checker<'_>) {
    roles(checker);
    let mut seen: HashMap<&str, &Document> = HashMap::new();
    for (group, read) in checker.draft.spec.groups.iter().zip(&checker.draft.groups) {
        let unknown: Vec<(usize, Diagnostic)> = group
            .subnets
            .iter()
            .enumerate()
            .filter(|(_, name)| checker.draft.spec.cluster.network.subnet(name).is_none())
            .map(|(at, name)| (at, unknown_subnet(checker, name)))
            .collect();
        let mut report = Report::new(&read.document, checker.diagnostics);
        for (at, diagnostic) in unknown {
            report.push(&format!("spec.subnets[{at}]"), diagnostic);
        }
        if let Some(first) = seen.get(group.name.as_str()) {
            let place = first.place("metadata.name");
            let (line, column) = place.line_column();
            let there = format!("{}:{line}:{column}", place.source.name);
            report.push(
                "metadata.name",
                Diagnostic::error(
                    "duplicate-group",
                    "group is given twice",
                    format!("`{}` stands at {there} already", group.name),
                )
                .hint("remove one of the two, or give it another name"),
            );
        }
        seen.entry(&group.name).or_insert(&read.document);
        subnets(&mut report, group);
        machines(&mut report, group);
        security_groups(&mut report, group);
    }
}

/// A cluster needs a control plane, and something to run workloads on.
fn roles(checker: &mut Checker<'_>) {
    if !checker.draft.complete {
        return;
    }
    let groups = &checker.draft.spec.groups;
    if !groups.iter().any(|group| group.role == Role::ControlPlane) {
        checker.cluster(
            "",
            Diagnostic::error(
                "no-control-plane",
                "cluster has no control plane",
                "no instance group of the cluster has `role: Master`",
            )
            .hint("give the manifest of the control plane group with `-f` as well"),
        );
    }
    if !groups.iter().any(|group| group.role == Role::Node) {
        checker.cluster(
            "",
            Diagnostic::warning(
                "no-nodes",
                "cluster has no nodes",
                "no instance group of the cluster has `role: Node`",
            )
            .hint("add a group with `role: Node`, or workloads have nowhere to run"),
        );
    }
}

fn subnets(report: &mut Report<'_>, group: &InstanceGroup) {
    if group.subnets.is_empty() {
        report.push(
            "spec.subnets",
            Diagnostic::error(
                "group-subnets",
                "group has no subnets",
                format!("nothing says where instances of `{}` run", group.name),
            )
            .hint("name subnets of the cluster below `spec.subnets`"),
        );
    }
    let mut seen = BTreeSet::new();
    for (at, name) in group.subnets.iter().enumerate() {
        if !seen.insert(name) {
            report.push(
                &format!("spec.subnets[{at}]"),
                Diagnostic::error(
                    "group-subnets",
                    "group names a subnet twice",
                    format!("`{name}` stands there already"),
                )
                .hint("remove one of the two"),
            );
        }
    }
}

fn machines(report: &mut Report<'_>, group: &InstanceGroup) {
    if group.machine_types.is_empty() {
        report.push(
            "spec.machineType",
            Diagnostic::error(
                "machine-type",
                "group has no machine type",
                format!("kops would choose one for `{}`; kedge starts nothing that was not asked for", group.name),
            )
            .hint("add `machineType`, such as `t3.medium`"),
        );
    }
    if group.image.is_empty() {
        report.push(
            "spec.image",
            Diagnostic::error(
                "image",
                "group has no image",
                format!(
                    "kops would take the image of its channel for `{}`; kedge changes images only when told",
                    group.name
                ),
            )
            .hint("add `image`: an id `ami-…`, or owner and name such as `099720109477/ubuntu/images/…`"),
        );
    }
    if let Some(price) = &group.max_price
        && price.parse::<f64>().map_or(true, |price| !price.is_finite() || price <= 0.0)
    {
        report.push(
            "spec.maxPrice",
            Diagnostic::error(
                "max-price",
                "price cannot be used",
                format!("`{price}` is no price in dollars per hour"),
            ),
        );
    }
    if group.spot_duration_minutes.is_some_and(|minutes| minutes % 60 != 0 || !(60..=360).contains(&minutes)) {
        let detail = "AWS takes 60, 120, 180, 240, 300 or 360 minutes";
        report
            .push("spec.spotDurationInMinutes", Diagnostic::error("spot-duration", "duration cannot be used", detail));
    }
}

fn security_groups(report: &mut Report<'_>, group: &InstanceGroup) {
    if let Some(diagnostic) = group.security_group_override.as_deref().and_then(security_group) {
        report.push("spec.securityGroupOverride", diagnostic);
    }
    let mut seen = BTreeSet::new();
    for (at, id) in group.additional_security_groups.iter().enumerate() {
        let path = format!("spec.additionalSecurityGroups[{at}]");
        if let Some(diagnostic) = security_group(id) {
            report.push(&path, diagnostic);
        } else if !seen.insert(id) {
            report.push(
                &path,
                Diagnostic::error(
                    "duplicate-security-group",
                    "security group stands twice",
                    format!("`{id}` is there already"),
                )
                .hint("remove one of the two"),
            );
        }
    }
}
