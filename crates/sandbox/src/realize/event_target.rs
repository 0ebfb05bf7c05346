//! Targets of event rules: `PutTargets`, `RemoveTargets`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::EventTarget;

use super::{Task, after, observed};
use crate::account::Account;

/// Id of a new target.
const TARGET_ID: &str = "1";

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &EventTarget = after(change)?;
    let (rule, queue) = (task.handles.resolve(&want.rule)?, task.handles.resolve(&want.queue)?);
    task.set("events:PutTargets", &change.key.name, |account| account.put_target(&rule, TARGET_ID, &queue)).await?;
    Ok(Handle::new(&change.key.name))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &EventTarget = observed(change)?;
    let (rule, queue) = (task.handles.resolve(&had.rule)?, task.handles.resolve(&had.queue)?);
    let ids = |account: &Account| -> Vec<String> {
        let targets = account.event_rules.get(&rule).map(|rule| rule.targets.clone()).unwrap_or_default();
        targets.into_iter().filter(|(_, arn)| *arn == queue).map(|(id, _)| id).collect()
    };
    for id in task.sandbox.read("events:ListTargetsByRule", &rule, ids).await? {
        task.remove("events:RemoveTargets", &change.key.name, |account| account.remove_target(&rule, &id)).await?;
    }
    Ok(())
}
