//! EventBridge rules on the default bus.

use aws_sdk_eventbridge::types::Rule as Raw;
use futures_util::future::{join, join_all};
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::EventRule;
use kedge_resource::{ClusterName, Handle, Kind, Tags, names};

use super::{read_tags, request_tags, target};
use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, after, before, gone, observed, touches};
use crate::shared::{changed_tags, concerns, entry, found, in_the_way, ownership};

const DELETE: &str = "events:DeleteRule";
const DESCRIBE: &str = "events:DescribeRule";
const LIST: &str = "events:ListRules";
const LIST_TAGS: &str = "events:ListTagsForResource";
const PUT: &str = "events:PutRule";
const TAG: &str = "events:TagResource";

/// The rules under the cluster's names and those that its tags name, with their targets.
///
/// Which rules lead to the cluster's queue is one question for all of them; asking each rule for its targets would be one for
/// each.
pub(super) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let rules = part.accept(&[Kind::EventRule, Kind::EventTarget], list(aws, cluster).await)?;
    let Some(queue) = rules.iter().find_map(|rule| queue_arn(rule.arn.as_deref()?, &names::queue_name(cluster))) else {
        return Ok(part);
    };
    let (leading, tags) = join(
        Box::pin(target::rules_of(aws, &queue)),
        join_all(rules.iter().map(|rule| Box::pin(tags_of(aws, rule.arn.as_deref().unwrap_or_default())))),
    )
    .await;
    let leading = part.accept(&[Kind::EventTarget], leading)?;
    for (raw, tags) in rules.into_iter().zip(tags) {
        let Some(tags) = part.accept(&[Kind::EventRule], tags)? else { continue };
        let Some(name) = raw.name.clone() else { continue };
        if !names::owns_name(Kind::EventRule, cluster, &name) && !concerns(cluster, &tags) {
            continue;
        }
        let ownership = ownership(cluster, &tags);
        if leading.contains(&name) {
            part.resources.push(target::observed(&name, &queue, ownership));
        }
        part.resources.push(entry(Kind::EventRule, &name, Handle::new(&name), ownership, properties(&raw, tags)?));
    }
    Ok(part)
}

async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<Raw>, CloudError> {
    // every name of a rule ends in the name of its event
    let prefix = names::event_rule_name(cluster, "");
    let mut rules = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read(LIST, || aws.events().list_rules().name_prefix(&prefix).set_next_token(token.clone()).send())
            .await?;
        rules.extend(page.rules.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(rules);
        }
    }
}

/// ARN of a queue in the account and region of a rule.
fn queue_arn(rule: &str, queue: &str) -> Option<String> {
    let mut parts = rule.split(':');
    let (arn, partition, _service, region, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{arn}:{partition}:sqs:{region}:{account}:{queue}"))
}

/// The tags of a rule; `None` if it is gone.
async fn tags_of(aws: &Aws, arn: &str) -> Result<Option<Tags>, CloudError> {
    let answer = aws.read(LIST_TAGS, || aws.events().list_tags_for_resource().resource_arn(arn).send()).await;
    Ok(found(answer)?.map(|answer| read_tags(answer.tags)))
}

fn properties(raw: &Raw, tags: Tags) -> Result<EventRule, CloudError> {
    let pattern = raw.event_pattern.as_deref().unwrap_or("null");
    let event_pattern = serde_json::from_str(pattern).map_err(|error| {
        let name = raw.name.as_deref().unwrap_or_default();
        CloudError::new(ErrorClass::Other, LIST, format!("the event pattern of {name} cannot be read: {error}"))
    })?;
    Ok(EventRule { event_pattern, tags })
}

/// Makes it.
///
/// `PutRule` overwrites a rule of that name and then ignores the tags, so what is there is looked at first: a rule of
/// somebody else is left alone.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let Task { aws, cluster, .. } = *task;
    let wanted: &EventRule = after(change)?;
    let name = &change.key.name;
    let present = found(aws.read(DESCRIBE, || aws.events().describe_rule().name(name).send()).await)?;
    let Some(arn) = present.map(|rule| rule.arn.unwrap_or_default()) else {
        put(task, name, wanted, true).await?;
        return Ok(Handle::new(name));
    };
    let has = tags_of(aws, &arn).await?.unwrap_or_default();
    if !has.owned_by(cluster) {
        return Err(in_the_way(PUT, &change.key, cluster));
    }
    put(task, name, wanted, false).await?;
    set_tags(task, &arn, &changed_tags(&has, &wanted.tags)).await?;
    Ok(Handle::new(name))
}

/// Changes what `fields` names.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let wanted: &EventRule = after(change)?;
    let had: &EventRule = observed(change)?;
    let handle = before(change)?.handle.clone();
    let name = &change.key.name;
    if touches(change, "EventPattern") {
        put(task, name, wanted, false).await?;
    }
    if touches(change, "Tags") {
        let answer = task.aws.read(DESCRIBE, || task.aws.events().describe_rule().name(name).send()).await?;
        let arn = answer.arn.unwrap_or_default();
        set_tags(task, &arn, &changed_tags(&had.tags, &wanted.tags)).await?;
    }
    Ok(handle)
}

async fn put(task: &Task<'_>, name: &str, wanted: &EventRule, with_tags: bool) -> Result<(), CloudError> {
    let pattern = wanted.event_pattern.to_string();
    let tags = with_tags.then(|| request_tags(PUT, &wanted.tags)).transpose()?.filter(|tags| !tags.is_empty());
    task.aws
        .write_idempotent(PUT, || {
            task.aws.events().put_rule().name(name).event_pattern(&pattern).set_tags(tags.clone()).send()
        })
        .await?;
    Ok(())
}

async fn set_tags(task: &Task<'_>, arn: &str, tags: &Tags) -> Result<(), CloudError> {
    if tags.is_empty() {
        return Ok(());
    }
    let tags = request_tags(TAG, tags)?;
    task.aws
        .write_idempotent(TAG, || {
            task.aws.events().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    Ok(())
}

/// Removes it. A rule with targets cannot be removed, so whatever it still leads to is taken off first.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let aws = task.aws;
    let name = &change.key.name;
    let targets = target::ids(aws, name, None).await?;
    target::remove(aws, name, &targets).await?;
    gone(aws.write_idempotent(DELETE, || aws.events().delete_rule().name(name).send()).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_where_the_rule_is() {
        let rule = "arn:aws-cn:events:cn-north-1:123456789012:rule/a.example.com-SpotInterruption";
        assert_eq!(
            queue_arn(rule, "a-example-com-nth").as_deref(),
            Some("arn:aws-cn:sqs:cn-north-1:123456789012:a-example-com-nth")
        );
    }

    #[test]
    fn a_pattern_is_compared_as_a_value() {
        let raw = Raw::builder().name("r").event_pattern("{\"source\": [\"aws.ec2\"]}").build();
        let rule = properties(&raw, Tags::default()).unwrap();
        assert_eq!(rule.event_pattern, serde_json::json!({"source": ["aws.ec2"]}));
        let broken = Raw::builder().name("r").event_pattern("{").build();
        assert!(properties(&broken, Tags::default()).unwrap_err().message.contains(" r "));
    }
}
