//! Which changes are one call.

use std::collections::{HashMap, HashSet};

use kedge_resource::kind::Direction;
use kedge_resource::{Action, Change, Kind, Properties, ResourceKey};

use crate::references::managed_references;
use crate::undesired::container_of;

/// Fills in `batch` of all changes.
pub(crate) fn assign(changes: &mut [Change]) {
    let removed: HashMap<(Kind, String), ResourceKey> = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter_map(|change| {
            let before = change.before.as_ref()?;
            Some(((change.key.kind, before.handle.id.clone()), change.key.clone()))
        })
        .collect();
    let created: HashSet<ResourceKey> = changes
        .iter()
        .filter(|change| change.action == Action::Create && change.key.kind == Kind::AutoScalingGroup)
        .map(|change| change.key.clone())
        .collect();
    let mut containers: HashSet<ResourceKey> = HashSet::new();
    for change in changes.iter_mut() {
        change.batch = match change.action {
            Action::Create => group_of_new_hook(change, &created).map(|group| {
                containers.insert(group.clone());
                group.to_string()
            }),
            Action::Delete => removed_container(change, &removed).map(|container| {
                containers.insert(container.clone());
                container.to_string()
            }),
            Action::Update | Action::Replace => None,
        }
        .or_else(|| shared_call(change));
    }
    for change in changes.iter_mut().filter(|change| containers.contains(&change.key)) {
        change.batch = Some(change.key.to_string());
    }
}

/// Hooks of a group that is made are part of CreateAutoScalingGroup, so that its first instances have them.
fn group_of_new_hook<'a>(change: &Change, created: &'a HashSet<ResourceKey>) -> Option<&'a ResourceKey> {
    let hook = change.after.as_ref().filter(|_| change.key.kind == Kind::LifecycleHook)?;
    managed_references(hook).iter().find_map(|key| created.get(key))
}

/// The container that is removed and takes this with it. A rule that names another group is removed by itself: that other
/// group may have to go first, and two groups may name each other.
fn removed_container<'a>(
    change: &Change,
    removed: &'a HashMap<(Kind, String), ResourceKey>,
) -> Option<&'a ResourceKey> {
    let before = &change.before.as_ref()?.properties;
    if let Properties::SecurityGroupRule(rule) = before
        && rule.peer_group.as_ref().is_some_and(|peer| *peer != rule.group)
    {
        return None;
    }
    let (kind, id) = container_of(before)?;
    removed.get(&(kind, id.to_owned()))
}

/// Calls that take many resources at once.
fn shared_call(change: &Change) -> Option<String> {
    let properties = change.after.as_ref().or(change.before.as_ref().map(|before| &before.properties))?;
    match properties {
        // AuthorizeSecurityGroupIngress and its three siblings take the rules of one group.
        Properties::SecurityGroupRule(rule) if change.action != Action::Update => {
            let direction = match rule.direction {
                Direction::Ingress => "ingress",
                Direction::Egress => "egress",
            };
            Some(format!("rules {} {direction}", rule.group.bare()))
        }
        // ChangeResourceRecordSets takes the records of one zone.
        Properties::RecordSet(record) => Some(format!("records {}", record.hosted_zone_id)),
        // TerminateInstances, and one wait for all.
        Properties::Instance(_) => Some("instances".to_owned()),
        _ => None,
    }
}
