//! Rules that every plan keeps, checked before a plan leaves this crate.
//!
//! Whatever the planner does, a plan that breaks one of these is never shown or applied. A broken rule is a bug here.

use std::collections::{HashMap, HashSet};

use kedge_resource::{Action, Change, Kind, Ownership, Plan, Properties, ResourceKey};

use crate::error::PlanError;
use crate::references::{existing_references, managed_references};
use crate::schedule::schedule;
use crate::undesired::{container_of, goes_with_container};

/// Checks a plan.
pub(crate) fn check(plan: &Plan) -> Result<(), PlanError> {
    let mut changes: HashMap<&ResourceKey, &Change> = HashMap::with_capacity(plan.changes.len());
    for change in &plan.changes {
        if changes.insert(&change.key, change).is_some() {
            return illegal(change, "appears twice");
        }
    }
    if !plan.changes.is_sorted_by(|a, b| a.key < b.key) {
        return Err(PlanError::Illegal {
            key: plan.changes.first().map_or_else(|| ResourceKey::new(Kind::Vpc, ""), |change| change.key.clone()),
            what: "is not in the order of keys".to_owned(),
        });
    }
    let removed: HashSet<(Kind, &str)> = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete | Action::Replace))
        .filter_map(|change| Some((change.key.kind, change.before.as_ref()?.handle.id.as_str())))
        .collect();
    for change in &plan.changes {
        check_shape(change)?;
        check_ownership(change, &removed)?;
        check_references(change, &changes, &removed)?;
    }
    schedule(plan).map(|_| ()).map_err(PlanError::Cycle)
}

fn illegal(change: &Change, what: impl Into<String>) -> Result<(), PlanError> {
    Err(PlanError::Illegal { key: change.key.clone(), what: what.into() })
}

/// Each action has what it acts on.
fn check_shape(change: &Change) -> Result<(), PlanError> {
    let (before, after) = (change.before.is_some(), change.after.is_some());
    let complete = match change.action {
        Action::Create => !before && after && change.fields.is_empty(),
        Action::Update => before && after && !change.fields.is_empty(),
        Action::Replace => before && after && change.fields.iter().any(|field| field.forces_replacement),
        Action::Delete => before && !after,
    };
    if !complete {
        return illegal(change, "lacks what its action needs");
    }
    if (change.action == Action::Replace) != change.replacement.is_some() {
        return illegal(change, "does not say what a replacement does first");
    }
    if change.after.as_ref().is_some_and(|after| after.kind() != change.key.kind)
        || change.before.as_ref().is_some_and(|before| before.key.kind != change.key.kind)
    {
        return illegal(change, "has properties of another kind");
    }
    if change.action == Action::Update && change.fields.iter().any(|field| field.forces_replacement) {
        return illegal(change, "changes in place what cannot change");
    }
    Ok(())
}

/// What is not the cluster's own is not touched: but a rule goes with its group, and one of our group that lacks
/// nothing but our tags gets them.
fn check_ownership(change: &Change, removed: &HashSet<(Kind, &str)>) -> Result<(), PlanError> {
    let Some(before) = change.before.as_ref().filter(|before| before.ownership == Ownership::Foreign) else {
        return Ok(());
    };
    let allowed = match change.action {
        Action::Update => {
            // the name of a rule begins with the id of its group only if the group is somebody else's
            matches!(&before.properties, Properties::SecurityGroupRule(rule)
                if !change.key.name.starts_with(&format!("{} ", rule.group.bare())))
                && change.fields.iter().all(|field| field.property() == "Tags")
        }
        Action::Delete => {
            goes_with_container(change.key.kind)
                && container_of(&before.properties).is_some_and(|container| removed.contains(&container))
        }
        Action::Create | Action::Replace => false,
    };
    if allowed { Ok(()) } else { illegal(change, "is not the cluster's") }
}

/// Whatever a change refers to or waits for is there when its turn comes.
fn check_references(
    change: &Change,
    changes: &HashMap<&ResourceKey, &Change>,
    removed: &HashSet<(Kind, &str)>,
) -> Result<(), PlanError> {
    for key in change.needs.iter().chain(&change.remove_needs) {
        if *key == change.key || !changes.contains_key(key) {
            return illegal(change, format!("waits for {key}, which does not change"));
        }
    }
    let Some(after) = &change.after else { return Ok(()) };
    for key in managed_references(after) {
        let made = changes.get(&key).is_some_and(|other| matches!(other.action, Action::Create | Action::Replace));
        if !made || !change.needs.contains(&key) {
            return illegal(change, format!("refers to {key} before it has an id"));
        }
    }
    for (kind, id) in existing_references(after) {
        if removed.contains(&(kind, id)) {
            return illegal(change, format!("refers to {kind} {id}, which is removed"));
        }
    }
    Ok(())
}
