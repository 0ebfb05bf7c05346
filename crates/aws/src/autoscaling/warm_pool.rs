//! Warm pools of auto scaling groups.

use aws_sdk_autoscaling::types::{AutoScalingGroup as AwsGroup, WarmPoolStatus};
use kedge_cloud::{CloudError, StepChange, StepOutcome, Verb};
use kedge_resource::kind::WarmPool;
use kedge_resource::{Handle, Kind, Observed, Ref};

use crate::realize::{Task, after, done, gone, observed};
use crate::shared::entry;

/// The warm pool of a group, which tells about it without a further call.
pub(super) fn entry_of(group: &Observed, of: &AwsGroup) -> Option<Observed> {
    let pool = of.warm_pool_configuration().filter(|pool| pool.status() != Some(&WarmPoolStatus::PendingDelete))?;
    let properties = WarmPool {
        auto_scaling_group: Ref::existing(&group.handle.id),
        min_size: pool.min_size().unwrap_or_default(),
        // AWS says -1 for the size of the group
        max_group_prepared_capacity: pool.max_group_prepared_capacity().filter(|capacity| *capacity >= 0),
    };
    let name = group.key.name.clone();
    Some(entry(Kind::WarmPool, name.clone(), Handle::new(name), group.ownership, properties))
}

/// Puts or removes a warm pool.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    if task.step.verb == Verb::Delete {
        let current: &WarmPool = observed(change)?;
        let request = task
            .aws
            .autoscaling()
            .delete_warm_pool()
            .auto_scaling_group_name(task.handles.resolve(&current.auto_scaling_group)?)
            .force_delete(true);
        gone(task.aws.write_idempotent("autoscaling:DeleteWarmPool", || request.clone().send()).await)?;
        return Ok(StepOutcome::default());
    }
    let desired: &WarmPool = after(change)?;
    let request = task
        .aws
        .autoscaling()
        .put_warm_pool()
        .auto_scaling_group_name(task.handles.resolve(&desired.auto_scaling_group)?)
        .min_size(desired.min_size)
        // -1 takes a limit that was set back
        .max_group_prepared_capacity(desired.max_group_prepared_capacity.unwrap_or(-1));
    task.aws.write_settling("autoscaling:PutWarmPool", task.progress, || request.clone().send()).await?;
    Ok(done(change, Handle::new(&change.key.name)))
}
