//! Queues: `CreateQueue`, `SetQueueAttributes`, `TagQueue`, `DeleteQueue`.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::Queue;

use super::{Task, after, before, changed_tags, touches};
use crate::account::Account;
use crate::account::queue::Queue as Made;

fn handle(made: &Made) -> Handle {
    Handle { url: Some(made.url.clone()), ..Handle::new(&made.arn) }
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "sqs:CreateQueue";
    let want: &Queue = after(change)?;
    let name = change.key.name.as_str();
    // AWS answers the same request with the queue that there is, and makes one wait for the name of a deleted queue.
    let make = |account: &mut Account| {
        account.create_queue(name, want.message_retention_period, &want.policy_document, &want.tags)
    };
    match task.set(CALL, name, make).await {
        Ok(made) => Ok(handle(&made)),
        Err(error) if error.class == ErrorClass::AlreadyExists => Err(task.in_the_way(CALL, &change.key)),
        Err(error) => Err(error),
    }
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Queue = after(change)?;
    let handle = before(change)?.handle.clone();
    let name = change.key.name.as_str();
    let retention = touches(change, "MessageRetentionPeriod").then_some(want.message_retention_period);
    let policy = touches(change, "PolicyDocument").then_some(&want.policy_document);
    if retention.is_some() || policy.is_some() {
        let call = "sqs:SetQueueAttributes";
        task.set(call, name, |account| account.set_queue_attributes(name, retention, policy)).await?;
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("sqs:TagQueue", name, |account| account.tag_queue(name, &tags)).await?;
    }
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &change.key.name;
    task.remove("sqs:DeleteQueue", name, |account| account.delete_queue(name)).await
}
