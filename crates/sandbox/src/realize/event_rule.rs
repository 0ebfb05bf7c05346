//! Event rules: `PutRule`, `TagResource`, `DeleteRule`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::EventRule;

use super::{Task, after, before, changed_tags, touches};
use crate::account::Account;

async fn put(task: &Task<'_>, name: &str, want: &EventRule) -> Result<(), CloudError> {
    let make = |account: &mut Account| account.put_rule(name, &want.event_pattern, &want.tags).map(|_| ());
    task.set("events:PutRule", name, make).await
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let name = change.key.name.as_str();
    put(task, name, after(change)?).await?;
    Ok(Handle::new(name))
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let handle = before(change)?.handle.clone();
    let name = handle.id.as_str();
    if touches(change, "EventPattern") {
        put(task, name, after(change)?).await?;
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("events:TagResource", name, |account| account.tag_event_rule(name, &tags)).await?;
    }
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &before(change)?.handle.id;
    task.remove("events:DeleteRule", name, |account| account.delete_rule(name)).await
}
