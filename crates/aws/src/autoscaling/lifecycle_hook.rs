//! Life cycle hooks of auto scaling groups.

use aws_sdk_autoscaling::types::{LifecycleHook as AwsHook, LifecycleHookSpecification};
use kedge_cloud::{CloudError, StepOutcome, Verb};
use kedge_resource::kind::LifecycleHook;
use kedge_resource::{Handle, Kind, Observed, Ref};

use crate::client::Aws;
use crate::realize::{Task, after, gone, observed};
use crate::shared::entry;

/// The hooks of a group.
pub(super) async fn list(aws: &Aws, group: &str) -> Result<Vec<AwsHook>, CloudError> {
    let request = aws.autoscaling().describe_lifecycle_hooks().auto_scaling_group_name(group);
    let answer = aws.read("autoscaling:DescribeLifecycleHooks", || request.clone().send()).await?;
    Ok(answer.lifecycle_hooks.unwrap_or_default())
}

/// A hook.
pub(super) fn entry_of(group: &Observed, hook: &AwsHook) -> Option<Observed> {
    let name = hook.lifecycle_hook_name()?;
    let properties = LifecycleHook {
        auto_scaling_group: Ref::existing(&group.handle.id),
        lifecycle_hook_name: name.to_owned(),
        lifecycle_transition: hook.lifecycle_transition()?.to_owned(),
        default_result: hook.default_result().unwrap_or("ABANDON").to_owned(),
        heartbeat_timeout: hook.heartbeat_timeout().unwrap_or(3600),
    };
    let name = format!("{} {name}", group.key.name);
    Some(entry(Kind::LifecycleHook, name.clone(), Handle::new(name), group.ownership, properties))
}

/// A hook as a part of the creation of its group.
pub(super) fn specification(hook: &LifecycleHook) -> LifecycleHookSpecification {
    LifecycleHookSpecification::builder()
        .lifecycle_hook_name(&hook.lifecycle_hook_name)
        .lifecycle_transition(&hook.lifecycle_transition)
        .default_result(&hook.default_result)
        .heartbeat_timeout(hook.heartbeat_timeout)
        .build()
}

/// Puts or removes hooks.
pub(super) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let mut outcome = StepOutcome::default();
    for change in task.of_kind(Kind::LifecycleHook) {
        if task.step.verb == Verb::Delete {
            remove(task, observed(change)?).await?;
        } else {
            let hook: &LifecycleHook = after(change)?;
            put(task, &task.handles.resolve(&hook.auto_scaling_group)?, hook).await?;
            outcome.handles.push((change.key.clone(), Handle::new(&change.key.name)));
        }
    }
    Ok(outcome)
}

/// Puts a hook, over one of the same name.
pub(super) async fn put(task: &Task<'_>, group: &str, hook: &LifecycleHook) -> Result<(), CloudError> {
    let request = task
        .aws
        .autoscaling()
        .put_lifecycle_hook()
        .auto_scaling_group_name(group)
        .lifecycle_hook_name(&hook.lifecycle_hook_name)
        .lifecycle_transition(&hook.lifecycle_transition)
        .default_result(&hook.default_result)
        .heartbeat_timeout(hook.heartbeat_timeout);
    task.aws.write_settling("autoscaling:PutLifecycleHook", task.progress, || request.clone().send()).await?;
    Ok(())
}

async fn remove(task: &Task<'_>, hook: &LifecycleHook) -> Result<(), CloudError> {
    let request = task
        .aws
        .autoscaling()
        .delete_lifecycle_hook()
        .auto_scaling_group_name(task.handles.resolve(&hook.auto_scaling_group)?)
        .lifecycle_hook_name(&hook.lifecycle_hook_name);
    gone(task.aws.write_idempotent("autoscaling:DeleteLifecycleHook", || request.clone().send()).await)
}
