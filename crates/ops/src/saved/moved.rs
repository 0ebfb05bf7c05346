//! What has moved since a plan was made.

use std::collections::BTreeMap;

use kedge_resource::{Action, Change, Facts, Plan, ResourceKey};
use serde_json::Value;

use super::SavedContent;

/// Most sentences of each kind.
const MOST: usize = 12;

/// What has moved since a plan was made: what the account offers, and the changes that would be made now.
#[must_use]
pub fn moved(saved: &SavedContent, now: &Plan, facts: &Facts) -> Vec<String> {
    let mut sentences = Vec::new();
    let (then_facts, now_facts) = (serde_json::to_value(&saved.facts), serde_json::to_value(facts));
    if let (Ok(then), Ok(now)) = (then_facts, now_facts) {
        let mut differences = Vec::new();
        compare("", &then, &now, &mut differences);
        push(&mut sentences, "facts", differences);
    }
    push(&mut sentences, "changes", changes(&saved.plan, now));
    if sentences.is_empty() && saved.plan.report != now.report {
        sentences.push("the notes of the plan differ, although its changes do not".to_owned());
    }
    if saved.kedge != env!("CARGO_PKG_VERSION") {
        sentences.push(format!(
            "the plan was made by kedge {}, and this is {}",
            saved.kedge,
            env!("CARGO_PKG_VERSION")
        ));
    }
    sentences
}

fn push(sentences: &mut Vec<String>, what: &str, mut more: Vec<String>) {
    let left_out = more.len().saturating_sub(MOST);
    more.truncate(MOST);
    sentences.append(&mut more);
    if left_out > 0 {
        sentences.push(format!("and {left_out} more {what}"));
    }
}

/// Changes that only one of two plans has, or that differ.
fn changes(then: &Plan, now: &Plan) -> Vec<String> {
    let of = |plan: &'_ Plan| -> BTreeMap<ResourceKey, Change> {
        plan.changes.iter().map(|change| (change.key.clone(), change.clone())).collect()
    };
    let (then, now) = (of(then), of(now));
    let mut sentences = Vec::new();
    for (key, change) in &then {
        match now.get(key) {
            None => sentences
                .push(format!("{key}: the plan wants to {}, and there is nothing to do now", verb(change.action))),
            Some(other) if other.action != change.action => sentences.push(format!(
                "{key}: the plan wants to {}, and now it would have to {}",
                verb(change.action),
                verb(other.action)
            )),
            Some(other) if other.before != change.before => {
                sentences.push(format!("{key}: what AWS holds of it has changed{}", fields(change, other)));
            }
            Some(other) if other != change => {
                sentences.push(format!("{key}: it would be changed in another way now{}", fields(change, other)));
            }
            Some(_) => {}
        }
    }
    for (key, change) in &now {
        if !then.contains_key(key) {
            sentences.push(format!(
                "{key}: would have to {} now, and the plan does not know of it",
                verb_passive(change.action)
            ));
        }
    }
    sentences
}

/// The properties in which two versions of a change differ.
fn fields(then: &Change, now: &Change) -> String {
    let mut paths: Vec<&str> = Vec::new();
    for (a, b) in [(then, now), (now, then)] {
        paths.extend(a.fields.iter().filter(|field| !b.fields.contains(field)).map(|field| field.path.as_str()));
    }
    paths.sort_unstable();
    paths.dedup();
    if paths.is_empty() { String::new() } else { format!(" ({})", paths.join(", ")) }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create it",
        Action::Update => "change it",
        Action::Replace => "replace it",
        Action::Delete => "delete it",
    }
}

fn verb_passive(action: Action) -> &'static str {
    match action {
        Action::Create => "be created",
        Action::Update => "be changed",
        Action::Replace => "be replaced",
        Action::Delete => "be deleted",
    }
}

/// The paths at which two values differ, with both.
fn compare(path: &str, then: &Value, now: &Value, differences: &mut Vec<String>) {
    match (then, now) {
        _ if then == now => {}
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let (a, b) = (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
                compare(&inner, a, b, differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{number}]"), a, b, differences);
            }
        }
        _ => differences.push(format!("the account's {path}: {} is now {}", shown(then), shown(now))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "another thing".to_owned(),
        other => other.to_string(),
    }
}
