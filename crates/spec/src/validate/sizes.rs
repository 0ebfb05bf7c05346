//! Sizes of groups, of mixed groups and of warm pools.

use kedge_diag::Diagnostic;

use super::Checker;
use crate::resolve::Report;
use crate::resolved::{InstanceGroup, Role};

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.each_group(|group, report| {
        sizes(report, group);
        volumes(report, group);
        mixed(report, group);
        warm_pool(report, group);
    });
}

fn sizes(report: &mut Report<'_>, group: &InstanceGroup) {
    let error = |detail: String| Diagnostic::error("group-size", "sizes of the group contradict each other", detail);
    for (path, size) in [("spec.minSize", group.min_size), ("spec.maxSize", group.max_size)] {
        if size < 0 {
            report.push(path, error(format!("`{size}` is less than nothing")));
        }
    }
    if group.min_size > group.max_size {
        let (min, max) = (group.min_size, group.max_size);
        report.push(
            "spec.maxSize",
            error(format!("`minSize` {min} is more than `maxSize` {max}"))
                .hint(format!("where one is not given, it is {}", if group.role == Role::Node { 2 } else { 1 })),
        );
    } else if group.role == Role::ControlPlane && (group.min_size, group.max_size) != (1, 1) {
        report.push(
            if group.max_size == 1 { "spec.minSize" } else { "spec.maxSize" },
            Diagnostic::warning(
                "control-plane-size",
                "control plane group has not one instance",
                format!(
                    "`{}` runs {} to {} instances; a member of etcd is one instance with one volume",
                    group.name, group.min_size, group.max_size
                ),
            )
            .hint("use one group for each control plane, with `minSize: 1` and `maxSize: 1`"),
        );
    }
}

fn volumes(report: &mut Report<'_>, group: &InstanceGroup) {
    if group.root_volume.size < 1 {
        let detail = format!("`{}` is no size in GiB", group.root_volume.size);
        report.push("spec.rootVolumeSize", Diagnostic::error("volume-size", "volume size cannot be used", detail));
    }
}

fn mixed(report: &mut Report<'_>, group: &InstanceGroup) {
    let Some(policy) = &group.mixed_instances_policy else { return };
    let path = "spec.mixedInstancesPolicy";
    let mut range = |field: &str, value: Option<i32>, low: i32, high: i32| {
        if let Some(value) = value.filter(|value| !(low..=high).contains(value)) {
            report.push(
                &format!("{path}.{field}"),
                Diagnostic::error(
                    "mixed-instances",
                    "mixed policy cannot be used",
                    format!("`{field}` is {value}, and it has to be within {low} and {high}"),
                ),
            );
        }
    };
    range("onDemandBase", policy.on_demand_base, 0, group.max_size.max(0));
    range("onDemandAboveBase", policy.on_demand_above_base, 0, 100);
    range("spotInstancePools", policy.spot_instance_pools, 1, 20);
    if policy.instance_requirements.is_some() && !policy.instances.is_empty() {
        report.push(
            &format!("{path}.instanceRequirements"),
            Diagnostic::error(
                "mixed-instances",
                "mixed policy cannot be used",
                "`instances` names types and `instanceRequirements` lets AWS choose them; AWS takes one of the two",
            )
            .hint("keep one of the two"),
        );
    }
}

fn warm_pool(report: &mut Report<'_>, group: &InstanceGroup) {
    let Some(pool) = group.warm_pool.as_ref().filter(|pool| pool.max_size != Some(0)) else { return };
    if pool.min_size < 0 || pool.max_size.is_some_and(|size| size < pool.min_size) {
        report.push(
            "spec.warmPool",
            Diagnostic::error(
                "warm-pool-size",
                "sizes of the warm pool contradict each other",
                format!("`minSize` is {}, `maxSize` {}", pool.min_size, pool.max_size.unwrap_or(group.max_size)),
            ),
        );
    }
    if group.mixed_instances_policy.is_some() || group.max_price.is_some() {
        report.push(
            "spec.warmPool",
            Diagnostic::error(
                "warm-pool-spot",
                "group cannot have a warm pool",
                "AWS keeps no warm instances for groups with spot instances or a mixed policy",
            )
            .hint("remove `warmPool`, or set its `maxSize: 0` where the cluster has one for all groups"),
        );
    }
}
