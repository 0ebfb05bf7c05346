//! SQS queues.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::future::try_join;
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::Queue;
use kedge_resource::{ClusterName, Handle, Kind, PolicyDocument, Tags, names};

use crate::call::incomplete;
use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, after, before, gone, observed, touches};
use crate::shared::{changed_tags, entry, found, in_the_way, ownership};

const CREATE: &str = "sqs:CreateQueue";
const GET_ATTRIBUTES: &str = "sqs:GetQueueAttributes";
const GET_URL: &str = "sqs:GetQueueUrl";
const SET_ATTRIBUTES: &str = "sqs:SetQueueAttributes";

/// A queue as it is.
struct Present {
    handle: Handle,
    properties: Queue,
}

/// The queue under the cluster's name.
pub(super) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let name = names::queue_name(cluster);
    if let Some(Present { handle, properties }) = part.accept(&[Kind::Queue], read(aws, &name).await)? {
        let ownership = ownership(cluster, &properties.tags);
        part.resources.push(entry(Kind::Queue, name, handle, ownership, properties));
    }
    Ok(part)
}

async fn read(aws: &Aws, name: &str) -> Result<Option<Present>, CloudError> {
    let answer = found(aws.read(GET_URL, || aws.sqs().get_queue_url().queue_name(name).send()).await)?;
    match answer.and_then(|answer| answer.queue_url) {
        Some(url) => read_at(aws, &url).await,
        None => Ok(None),
    }
}

async fn read_at(aws: &Aws, url: &str) -> Result<Option<Present>, CloudError> {
    let (attributes, tags) = try_join(
        Box::pin(async {
            let answer = aws
                .read(GET_ATTRIBUTES, || {
                    aws.sqs()
                        .get_queue_attributes()
                        .queue_url(url)
                        .attribute_names(QueueAttributeName::QueueArn)
                        .attribute_names(QueueAttributeName::MessageRetentionPeriod)
                        .attribute_names(QueueAttributeName::Policy)
                        .send()
                })
                .await;
            found(answer)
        }),
        Box::pin(async {
            found(aws.read("sqs:ListQueueTags", || aws.sqs().list_queue_tags().queue_url(url).send()).await)
        }),
    )
    .await?;
    // gone meanwhile
    let (Some(attributes), Some(tags)) = (attributes, tags) else { return Ok(None) };
    let attributes = attributes.attributes.unwrap_or_default();
    let attribute = |name| attributes.get(&name).map(String::as_str);
    let arn = attribute(QueueAttributeName::QueueArn).ok_or_else(|| incomplete(GET_ATTRIBUTES))?;
    let policy_document = match attribute(QueueAttributeName::Policy) {
        Some(policy) if !policy.is_empty() => PolicyDocument::parse(policy).map_err(|error| {
            CloudError::new(
                ErrorClass::Unreadable,
                GET_ATTRIBUTES,
                format!("the policy of {arn} cannot be read: {error}"),
            )
        })?,
        _ => PolicyDocument::new(Vec::new()),
    };
    let retention = attribute(QueueAttributeName::MessageRetentionPeriod).and_then(|text| text.parse().ok());
    let properties = Queue {
        message_retention_period: retention.unwrap_or_default(),
        policy_document,
        tags: tags.tags.map(|tags| Tags(tags.into_iter().collect())).unwrap_or_default(),
    };
    Ok(Some(Present { handle: Handle { url: Some(url.to_owned()), ..Handle::new(arn) }, properties }))
}

/// Makes it, unless there is one of its name: then that is made to be as wanted, if it is the cluster's. After a deletion the
/// name is blocked for a minute.
///
/// AWS answers the same request with the queue that exists, whosever it is: so what is there is looked at first.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &Queue = after(change)?;
    let name = &change.key.name;
    if let Some(present) = read(aws, name).await? {
        return adopt(task, change, wanted, present).await;
    }
    let tags = map(&wanted.tags);
    let answer = aws
        .write_settling(CREATE, task.progress, || {
            aws.sqs()
                .create_queue()
                .queue_name(name)
                .set_attributes(Some(attributes(wanted)))
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await;
    match answer {
        Ok(answer) => {
            let url = answer.queue_url.ok_or_else(|| incomplete(CREATE))?;
            // rules and policies refer to it by its ARN, which the answer lacks
            let arn = aws
                .read(GET_ATTRIBUTES, || {
                    aws.sqs()
                        .get_queue_attributes()
                        .queue_url(&url)
                        .attribute_names(QueueAttributeName::QueueArn)
                        .send()
                })
                .await?
                .attributes
                .and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn))
                .ok_or_else(|| incomplete(GET_ATTRIBUTES))?;
            Ok(Handle { url: Some(url), ..Handle::new(arn) })
        }
        // made in the meantime, or by a request whose answer was lost
        Err(error) if error.class == ErrorClass::AlreadyExists => match read(aws, name).await? {
            Some(present) => adopt(task, change, wanted, present).await,
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Makes a queue that exists what it shall be.
async fn adopt(
    task: &Task<'_>,
    change: &StepChange,
    wanted: &Queue,
    Present { handle, properties: has }: Present,
) -> Result<Handle, CloudError> {
    if !has.tags.owned_by(task.cluster) {
        return Err(in_the_way(CREATE, &change.key, task.cluster));
    }
    let url = handle.url.as_deref().unwrap_or_default();
    if has.message_retention_period != wanted.message_retention_period || has.policy_document != wanted.policy_document
    {
        set_attributes(task, url, wanted).await?;
    }
    set_tags(task.aws, url, &changed_tags(&has.tags, &wanted.tags)).await?;
    Ok(handle)
}

/// Changes what `fields` names.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let wanted: &Queue = after(change)?;
    let had: &Queue = observed(change)?;
    let handle = before(change)?.handle.clone();
    let url = url(task, change).await?;
    if touches(change, "MessageRetentionPeriod") || touches(change, "PolicyDocument") {
        set_attributes(task, &url, wanted).await?;
    }
    if touches(change, "Tags") {
        set_tags(task.aws, &url, &changed_tags(&had.tags, &wanted.tags)).await?;
    }
    Ok(handle)
}

/// Removes it.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let url = url(task, change).await?;
    let answer =
        task.aws.write_idempotent("sqs:DeleteQueue", || task.aws.sqs().delete_queue().queue_url(&url).send()).await;
    gone(answer)
}

async fn url(task: &Task<'_>, change: &StepChange) -> Result<String, CloudError> {
    if let Some(url) = &before(change)?.handle.url {
        return Ok(url.clone());
    }
    let name = &change.key.name;
    let answer = task.aws.read(GET_URL, || task.aws.sqs().get_queue_url().queue_name(name).send()).await?;
    answer.queue_url.ok_or_else(|| incomplete(GET_URL))
}

fn attributes(wanted: &Queue) -> HashMap<QueueAttributeName, String> {
    HashMap::from([
        (QueueAttributeName::MessageRetentionPeriod, wanted.message_retention_period.to_string()),
        (QueueAttributeName::Policy, wanted.policy_document.to_json()),
    ])
}

fn map(tags: &Tags) -> HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

async fn set_attributes(task: &Task<'_>, url: &str, wanted: &Queue) -> Result<(), CloudError> {
    task.aws
        .write_settling(SET_ATTRIBUTES, task.progress, || {
            task.aws.sqs().set_queue_attributes().queue_url(url).set_attributes(Some(attributes(wanted))).send()
        })
        .await?;
    Ok(())
}

async fn set_tags(aws: &Aws, url: &str, tags: &Tags) -> Result<(), CloudError> {
    if tags.is_empty() {
        return Ok(());
    }
    let tags = map(tags);
    aws.write_idempotent("sqs:TagQueue", || aws.sqs().tag_queue().queue_url(url).set_tags(Some(tags.clone())).send())
        .await?;
    Ok(())
}
