//! Warm pools: `PutWarmPool`, `DeleteWarmPool`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::WarmPool;

use super::{Task, after, observed};
use crate::account::Account;
use crate::account::warm_pool::Pool;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &WarmPool = after(change)?;
    let group = task.handles.resolve(&want.auto_scaling_group)?;
    let pool = Pool { min_size: want.min_size, max_group_prepared_capacity: want.max_group_prepared_capacity };
    task.set("autoscaling:PutWarmPool", &group, |account| account.put_warm_pool(&group, &pool)).await?;
    Ok(Handle::new(&change.key.name))
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    create(task, change).await
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &WarmPool = observed(change)?;
    let group = task.handles.resolve(&had.auto_scaling_group)?;
    // A pool that is gone is reported as such under a general code.
    let removed = |account: &mut Account| {
        let there = account.scaling_groups.get(&group).is_some_and(|group| group.warm_pool.is_some());
        let answer = account.delete_warm_pool(&group, true);
        if there { answer } else { Ok(()) }
    };
    task.remove("autoscaling:DeleteWarmPool", &group, removed).await
}
