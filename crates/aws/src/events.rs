//! Termination events: EventBridge rules that send what concerns instances to an SQS queue.

mod queue;
mod rule;
mod target;

use aws_sdk_eventbridge::types::Tag;
use kedge_cloud::{CloudError, StepOutcome, Verb};
use kedge_resource::{ClusterName, Kind, Tags};

use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, done, unsupported};
use crate::shared::all_built;

/// The queue, the rules and the targets of the cluster.
pub(crate) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let (queue, rules) =
        tokio::try_join!(Box::pin(queue::observe(aws, cluster)), Box::pin(rule::observe(aws, cluster)))?;
    let mut all = queue;
    all.extend(rules);
    Ok(all)
}

/// Does a step that begins with a resource of these services.
pub(crate) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let change = task.first()?;
    let handle = match (change.key.kind, task.step.verb) {
        (Kind::Queue, Verb::Create) => queue::create(task, change).await?,
        (Kind::Queue, Verb::Update) => queue::update(task, change).await?,
        (Kind::EventRule, Verb::Create) => rule::create(task, change).await?,
        (Kind::EventRule, Verb::Update) => rule::update(task, change).await?,
        (Kind::EventTarget, Verb::Create) => target::create(task, change).await?,
        (kind @ (Kind::Queue | Kind::EventRule | Kind::EventTarget), Verb::Delete) => {
            match kind {
                Kind::Queue => queue::delete(task, change).await?,
                Kind::EventRule => rule::delete(task, change).await?,
                _ => target::delete(task, change).await?,
            }
            return Ok(StepOutcome::default());
        }
        (_, verb) => return Err(unsupported(verb, &change.key)),
    };
    Ok(done(change, handle))
}

/// Tags of an answer of EventBridge.
fn read_tags(tags: Option<Vec<Tag>>) -> Tags {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Tags for a request to EventBridge.
fn request_tags(call: &str, tags: &Tags) -> Result<Vec<Tag>, CloudError> {
    all_built(call, tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()))
}
