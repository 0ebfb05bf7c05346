//! Life cycle hooks: `PutLifecycleHook`, `DeleteLifecycleHook`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::LifecycleHook;

use super::{Task, after, observed};
use crate::account::lifecycle_hook::Hook;

/// Name and settings of a hook.
pub(super) fn hook(want: &LifecycleHook) -> (String, Hook) {
    let hook = Hook {
        transition: want.lifecycle_transition.clone(),
        default_result: want.default_result.clone(),
        heartbeat_timeout: want.heartbeat_timeout,
    };
    (want.lifecycle_hook_name.clone(), hook)
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &LifecycleHook = after(change)?;
    let group = task.handles.resolve(&want.auto_scaling_group)?;
    let (name, hook) = hook(want);
    let call = "autoscaling:PutLifecycleHook";
    task.set(call, &change.key.name, |account| account.put_lifecycle_hook(&group, &name, &hook)).await?;
    Ok(Handle::new(&change.key.name))
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    create(task, change).await
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &LifecycleHook = observed(change)?;
    let (group, name) = (task.handles.resolve(&had.auto_scaling_group)?, &had.lifecycle_hook_name);
    let call = "autoscaling:DeleteLifecycleHook";
    // A hook that is gone is reported as such under a general code.
    let removed = |account: &mut crate::account::Account| {
        let there = account.scaling_groups.get(&group).is_some_and(|group| group.hooks.contains_key(name));
        let answer = account.delete_lifecycle_hook(&group, name);
        if there { answer } else { Ok(()) }
    };
    task.remove(call, &change.key.name, removed).await
}
