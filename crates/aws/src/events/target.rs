//! Where rules send their events.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::types::Target;
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::EventTarget;
use kedge_resource::{Handle, Kind, Observed, Ownership, Ref};

use crate::client::Aws;
use crate::realize::{Task, after, observed as before};
use crate::shared::{built, entry, found, last_part};

const PUT: &str = "events:PutTargets";
const REMOVE: &str = "events:RemoveTargets";
/// Id of the queue among the targets of a rule; the one that kops gives, so that a cluster of kops is adopted as it is.
const TARGET_ID: &str = "1";

/// Names of the rules that lead to a target.
pub(super) async fn rules_of(aws: &Aws, target: &str) -> Result<BTreeSet<String>, CloudError> {
    let mut rules = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let answer = aws
            .read("events:ListRuleNamesByTarget", || {
                aws.events().list_rule_names_by_target().target_arn(target).set_next_token(token.clone()).send()
            })
            .await;
        let Some(page) = found(answer)? else { return Ok(rules) };
        rules.extend(page.rule_names.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(rules);
        }
    }
}

/// The entry of a queue that a rule leads to.
pub(super) fn observed(rule: &str, queue: &str, ownership: Ownership) -> Observed {
    let name = format!("{rule} {}", last_part(queue));
    let properties = EventTarget { rule: Ref::existing(rule), queue: Ref::existing(queue) };
    entry(Kind::EventTarget, name.clone(), Handle::new(name), ownership, properties)
}

/// Makes the rule lead to the queue.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &EventTarget = after(change)?;
    let rule = task.handles.resolve(&wanted.rule)?;
    let queue = task.handles.resolve(&wanted.queue)?;
    let target = built(PUT, Target::builder().id(TARGET_ID).arn(queue).build())?;
    let answer = aws
        .write_settling(PUT, task.progress, || aws.events().put_targets().rule(&rule).targets(target.clone()).send())
        .await?;
    // a target that is refused does not make the call fail
    if let Some(failed) = answer.failed_entries.unwrap_or_default().into_iter().next() {
        return Err(refused(PUT, failed.error_code, failed.error_message));
    }
    Ok(Handle::new(&change.key.name))
}

/// Makes the rule no longer lead to the queue.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &EventTarget = before(change)?;
    let rule = task.handles.resolve(&had.rule)?;
    let queue = task.handles.resolve(&had.queue)?;
    let targets = ids(task.aws, &rule, Some(&queue)).await?;
    remove(task.aws, &rule, &targets).await
}

/// Ids of the targets of a rule: those that are `arn`, or all.
pub(super) async fn ids(aws: &Aws, rule: &str, arn: Option<&str>) -> Result<Vec<String>, CloudError> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let answer = aws
            .read("events:ListTargetsByRule", || {
                aws.events().list_targets_by_rule().rule(rule).set_next_token(token.clone()).send()
            })
            .await;
        let Some(page) = found(answer)? else { return Ok(all) };
        let targets = page.targets.unwrap_or_default().into_iter();
        all.extend(targets.filter(|target| arn.is_none_or(|arn| target.arn == arn)).map(|target| target.id));
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// Takes targets off a rule.
pub(super) async fn remove(aws: &Aws, rule: &str, ids: &[String]) -> Result<(), CloudError> {
    if ids.is_empty() {
        return Ok(());
    }
    let answer = aws
        .write_idempotent(REMOVE, || aws.events().remove_targets().rule(rule).set_ids(Some(ids.to_vec())).send())
        .await;
    match found(answer)?.and_then(|answer| answer.failed_entries.unwrap_or_default().into_iter().next()) {
        Some(failed) => Err(refused(REMOVE, failed.error_code, failed.error_message)),
        None => Ok(()),
    }
}

fn refused(call: &str, code: Option<String>, message: Option<String>) -> CloudError {
    let code = code.unwrap_or_default();
    let class = if code.contains("ConcurrentModification") { ErrorClass::NotReadyYet } else { ErrorClass::Other };
    CloudError::new(class, call, message.unwrap_or_else(|| "no explanation".to_owned())).with_code(code)
}
