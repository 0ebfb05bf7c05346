//! Rules: one `AuthorizeSecurityGroupIngress` or `…Egress` for the rules of a group that have the same tags, one
//! `RevokeSecurityGroup…` for those that go.

use std::collections::{BTreeMap, BTreeSet};

use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{Direction, SecurityGroupRule};
use kedge_resource::{Handle, ResourceKey, Tags};

use super::{Task, after, before, bug, changed_tags, observed};
use crate::account::Account;
use crate::account::cidr;
use crate::account::security_group_rule::Rule;

const DESCRIBE: &str = "ec2:DescribeSecurityGroupRules";
/// How often to look and authorise what is missing.
const ATTEMPTS: u32 = 5;

pub(super) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task).await,
        Verb::Update => update(task).await,
        Verb::Delete => delete(task).await,
    }
}

/// A rule that shall exist.
struct Wanted<'a> {
    key: &'a ResourceKey,
    rule: Rule,
    tags: &'a Tags,
}

fn wanted<'a>(task: &Task<'_>, change: &'a StepChange) -> Result<(String, Wanted<'a>), CloudError> {
    let want: &SecurityGroupRule = after(change)?;
    let rule = Rule {
        id: String::new(),
        ingress: want.direction == Direction::Ingress,
        protocol: want.ip_protocol.clone(),
        from_port: want.from_port,
        to_port: want.to_port,
        cidr: want.cidr_ip.as_deref().map(cidr::canonical),
        cidr_ipv6: want.cidr_ipv6.as_deref().map(cidr::canonical),
        prefix_list: want.prefix_list_id.clone(),
        peer_group: want.peer_group.as_ref().map(|peer| task.handles.resolve(peer)).transpose()?,
        tags: Tags::default(),
    };
    Ok((task.handles.resolve(&want.group)?, Wanted { key: &change.key, rule, tags: &want.tags }))
}

async fn create(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let mut missing = Vec::new();
    let mut groups = BTreeSet::new();
    for change in &task.step.changes {
        let (group, want) = wanted(task, change)?;
        groups.insert((group, want.rule.ingress));
        missing.push(want);
    }
    let only = groups.pop_first().filter(|_| groups.is_empty());
    let (group, ingress) = only.ok_or_else(|| bug("a step makes rules of more than one group and direction"))?;
    let mut made = BTreeMap::new();
    // AWS puts a rule into each new group, so authorising egress without looking would fail there.
    let mut look = !ingress;
    for attempt in 0.. {
        if look {
            adopt(task, &group, &mut missing, &mut made).await?;
        }
        match authorize(task, &group, ingress, &mut missing, &mut made).await {
            Ok(()) => break,
            Err(error)
                if attempt < ATTEMPTS && matches!(error.class, ErrorClass::AlreadyExists | ErrorClass::Ambiguous) =>
            {
                look = true;
                task.sandbox.sleep(500).await;
            }
            Err(error) if error.class == ErrorClass::Ambiguous => {
                return Err(CloudError { class: ErrorClass::Transient, ..error });
            }
            Err(error) => return Err(error),
        }
    }
    let handles = task.step.changes.iter().filter_map(|change| Some((change.key.clone(), made.remove(&change.key)?)));
    Ok(StepOutcome { handles: handles.collect() })
}

/// Takes over the wanted rules that the group has already, and gives them their tags, unless the group is somebody else's.
async fn adopt(
    task: &Task<'_>,
    group: &str,
    missing: &mut Vec<Wanted<'_>>,
    made: &mut BTreeMap<ResourceKey, Handle>,
) -> Result<(), CloudError> {
    let rules = |account: &Account| account.security_groups.get(group).map(|group| group.rules.clone());
    let there = task.sandbox.read(DESCRIBE, group, rules).await?.unwrap_or_default();
    let same = |a: &Rule, b: &Rule| a.ingress == b.ingress && a.same(b);
    for rule in &there {
        let Some(at) = missing.iter().position(|want| same(&want.rule, rule)) else { continue };
        let want = missing.swap_remove(at);
        let tags: Tags = want.tags.iter().filter(|(key, value)| rule.tags.get(key) != Some(value)).collect();
        // The name of a rule begins with the id of its group only if the group is somebody else's. A rule that was there
        // before serves as it is: with our tags, deleting the cluster would take it away.
        let of_others = want.key.name.starts_with(&format!("{group} "));
        if !tags.is_empty() && !of_others {
            task.set("ec2:CreateTags", &rule.id, |account| account.create_tags(&rule.id, &tags)).await?;
        }
        made.insert(want.key.clone(), Handle::new(&rule.id));
    }
    Ok(())
}

/// Authorises what is missing: a call for each set of tags.
async fn authorize(
    task: &Task<'_>,
    group: &str,
    ingress: bool,
    missing: &mut Vec<Wanted<'_>>,
    made: &mut BTreeMap<ResourceKey, Handle>,
) -> Result<(), CloudError> {
    let call = if ingress { "ec2:AuthorizeSecurityGroupIngress" } else { "ec2:AuthorizeSecurityGroupEgress" };
    while let Some(tags) = missing.first().map(|want| want.tags) {
        let rules: Vec<Rule> = missing.iter().filter(|want| want.tags == tags).map(|want| want.rule.clone()).collect();
        let answer = task.write(call, group, |account| account.authorize(group, &rules, tags)).await?;
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(missing).into_iter().partition(|want| want.tags == tags);
        *missing = later;
        for (want, rule) in now.into_iter().zip(answer) {
            made.insert(want.key.clone(), Handle::new(rule.id));
        }
    }
    Ok(())
}

async fn update(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let mut outcome = StepOutcome::default();
    for change in &task.step.changes {
        let handle = before(change)?.handle.clone();
        let tags = changed_tags(change)?;
        if !tags.is_empty() {
            task.set("ec2:CreateTags", &handle.id, |account| account.create_tags(&handle.id, &tags)).await?;
        }
        outcome.handles.push((change.key.clone(), handle));
    }
    Ok(outcome)
}

async fn delete(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let mut calls: BTreeMap<(String, Direction), Vec<String>> = BTreeMap::new();
    for change in &task.step.changes {
        let had: &SecurityGroupRule = observed(change)?;
        let group = task.handles.resolve(&had.group)?;
        calls.entry((group, had.direction)).or_default().push(before(change)?.handle.id.clone());
    }
    for ((group, direction), ids) in calls {
        let call = match direction {
            Direction::Ingress => "ec2:RevokeSecurityGroupIngress",
            Direction::Egress => "ec2:RevokeSecurityGroupEgress",
        };
        let revoke = |ids: Vec<String>| {
            let group = group.clone();
            async move { task.set(call, &group, |account| account.revoke(&group, &ids)).await }
        };
        match revoke(ids.clone()).await {
            // One that is gone fails the call for all.
            Err(error) if error.class == ErrorClass::NotFound => {
                let left = |account: &Account| -> Vec<String> {
                    let rules = account.security_groups.get(&group).map(|it| it.rules.as_slice()).unwrap_or_default();
                    rules.iter().map(|rule| rule.id.clone()).filter(|id| ids.contains(id)).collect()
                };
                let left = task.sandbox.read(DESCRIBE, &group, left).await?;
                if !left.is_empty() {
                    revoke(left).await?;
                }
            }
            other => other?,
        }
    }
    Ok(StepOutcome::default())
}
