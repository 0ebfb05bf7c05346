//! Auto scaling groups: `CreateAutoScalingGroup` with its hooks, then `EnableMetricsCollection` and `SuspendProcesses`.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::{AutoScalingGroup, LifecycleHook};
use kedge_resource::{Handle, Kind, Tags};

use super::{Task, after, before, bug, changed_tags, lifecycle_hook, observed, touches};
use crate::account::Account;
use crate::account::lifecycle_hook::Hook;
use crate::account::scaling_group::{GroupSpec, Source};

const DESCRIBE: &str = "autoscaling:DescribeAutoScalingGroups";

fn spec(task: &Task<'_>, change: &StepChange, want: &AutoScalingGroup) -> Result<GroupSpec, CloudError> {
    let source = match (&want.launch_template, &want.mixed_instances_policy) {
        (Some(template), None) => Source::Template(task.handles.resolve(template)?),
        (None, Some(policy)) => {
            let mut policy = policy.clone();
            policy.launch_template.launch_template = task.settled(&policy.launch_template.launch_template)?;
            Source::Mixed(Box::new(policy))
        }
        _ => return Err(bug(format!("{} has not exactly one of template and policy", change.key))),
    };
    Ok(GroupSpec {
        min: want.min_size,
        max: want.max_size,
        source,
        subnets: task.ids(&want.subnets)?,
        max_instance_lifetime: want.max_instance_lifetime,
        protected: want.new_instances_protected_from_scale_in,
        capacity_rebalance: want.capacity_rebalance,
    })
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "autoscaling:CreateAutoScalingGroup";
    let want: &AutoScalingGroup = after(change)?;
    let name = change.key.name.as_str();
    let spec = spec(task, change, want)?;
    let target_groups = task.ids(&want.target_groups)?;
    let hooks = hooks(task)?;
    let make = |account: &mut Account| {
        account.create_auto_scaling_group(name, &spec, &hooks, &target_groups, &want.load_balancers, &want.tags)
    };
    match task.set(CALL, name, make).await {
        Ok(()) => {}
        // An earlier attempt made it, or somebody else has the name.
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let ours =
                |account: &Account| account.scaling_groups.get(name).is_some_and(|it| it.tags.owned_by(task.cluster));
            if !task.sandbox.read(DESCRIBE, name, ours).await? {
                return Err(task.in_the_way(CALL, &change.key));
            }
        }
        Err(error) => return Err(error),
    }
    if let Some(metrics) = &want.metrics_collection {
        let call = "autoscaling:EnableMetricsCollection";
        task.set(call, name, |account| account.set_metrics(name, &metrics.metrics, true)).await?;
    }
    if !want.suspended_processes.is_empty() {
        let call = "autoscaling:SuspendProcesses";
        task.set(call, name, |account| account.set_suspended(name, &want.suspended_processes, true)).await?;
    }
    Ok(Handle::new(name))
}

/// The hooks that are made with the group.
fn hooks(task: &Task<'_>) -> Result<Vec<(String, Hook)>, CloudError> {
    let of_kind = task.step.changes.iter().filter(|change| change.key.kind == Kind::LifecycleHook);
    of_kind.map(|change| after::<LifecycleHook>(change).map(lifecycle_hook::hook)).collect()
}

/// What is in one list and not in the other.
fn without(list: &[String], other: &[String]) -> Vec<String> {
    list.iter().filter(|element| !other.contains(element)).cloned().collect()
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let (want, had): (&AutoScalingGroup, &AutoScalingGroup) = (after(change)?, observed(change)?);
    let name = before(change)?.handle.id.as_str();
    // New instances carry the tags that the group has when it launches them.
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && tags != Tags::default() {
        task.set("autoscaling:CreateOrUpdateTags", name, |account| account.tag_group(name, &tags)).await?;
    }
    let in_update = [
        "MinSize",
        "MaxSize",
        "LaunchTemplate",
        "MixedInstancesPolicy",
        "Subnets",
        "MaxInstanceLifetime",
        "NewInstancesProtectedFromScaleIn",
        "CapacityRebalance",
    ];
    if in_update.iter().any(|field| touches(change, field)) {
        let spec = spec(task, change, want)?;
        let call = "autoscaling:UpdateAutoScalingGroup";
        task.set(call, name, |account| account.update_auto_scaling_group(name, &spec)).await?;
    }
    if touches(change, "TargetGroups") {
        set_target_groups(task, name, &task.ids(&had.target_groups)?, &task.ids(&want.target_groups)?).await?;
    }
    if touches(change, "LoadBalancerNames") {
        for (call, names, on) in [
            ("autoscaling:AttachLoadBalancers", without(&want.load_balancers, &had.load_balancers), true),
            ("autoscaling:DetachLoadBalancers", without(&had.load_balancers, &want.load_balancers), false),
        ] {
            if !names.is_empty() {
                task.set(call, name, |account| account.set_classic_load_balancers(name, &names, on)).await?;
            }
        }
    }
    if touches(change, "MetricsCollection") {
        let metrics = |group: &AutoScalingGroup| {
            group.metrics_collection.as_ref().map(|collection| collection.metrics.clone()).unwrap_or_default()
        };
        let (old, new) = (metrics(had), metrics(want));
        for (call, metrics, on) in [
            ("autoscaling:EnableMetricsCollection", without(&new, &old), true),
            ("autoscaling:DisableMetricsCollection", without(&old, &new), false),
        ] {
            if !metrics.is_empty() {
                task.set(call, name, |account| account.set_metrics(name, &metrics, on)).await?;
            }
        }
    }
    if touches(change, "SuspendedProcesses") {
        let (old, new) = (&had.suspended_processes, &want.suspended_processes);
        for (call, processes, on) in [
            ("autoscaling:SuspendProcesses", without(new, old), true),
            ("autoscaling:ResumeProcesses", without(old, new), false),
        ] {
            if !processes.is_empty() {
                task.set(call, name, |account| account.set_suspended(name, &processes, on)).await?;
            }
        }
    }
    Ok(Handle::new(name))
}

async fn set_target_groups(task: &Task<'_>, name: &str, old: &[String], new: &[String]) -> Result<(), CloudError> {
    let (added, removed) = (without(new, old), without(old, new));
    if !added.is_empty() {
        let call = "autoscaling:AttachLoadBalancerTargetGroups";
        task.set(call, name, |account| account.attach_target_groups(name, &added)).await?;
    }
    if !removed.is_empty() {
        // Detaching what is detached is refused, so look when the answer is lost.
        let call = "autoscaling:DetachLoadBalancerTargetGroups";
        let begun = crate::sandbox::Begun { token: String::new(), id: None, again: false };
        let make = |account: &mut Account| account.detach_target_groups(name, &removed);
        let look = |account: &Account| {
            let group = account.scaling_groups.get(name)?;
            (!group.target_groups.iter().any(|arn| removed.contains(arn))).then_some(())
        };
        task.create((call, name), &begun, make, DESCRIBE, look).await?;
    }
    Ok(())
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &before(change)?.handle.id;
    let call = "autoscaling:DeleteAutoScalingGroup";
    task.remove(call, name, |account| account.delete_auto_scaling_group(name, true)).await
}
