//! Changes by action, parts below what they belong to, and what differs in each as lines with signs.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::kind::Kind;
use kedge_resource::reference::parse_managed;
use kedge_resource::{Action, Change, FieldChange, Plan, Reason, ResourceKey};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::withhold::described;
use crate::events::telling_id;
use crate::plan::section::{Topic, whole_of};
use crate::plan::values::{is_long, long, short};

/// The order in which views show actions: the worst first.
pub(crate) const WORST_FIRST: [Action; 4] = [Action::Delete, Action::Replace, Action::Update, Action::Create];

/// A value on one line is cut here: longer ones are read where the whole plan is.
const LONGEST_VALUE: usize = 200;

/// A change, with the same changes of its parts.
pub(crate) struct Entry<'a> {
    pub(crate) change: &'a Change,
    pub(crate) parts: Vec<&'a Change>,
}

/// A line below a change.
pub(crate) struct Detail {
    /// What happens to it; `None` for what stays.
    pub(crate) sign: Option<Action>,
    pub(crate) text: String,
}

/// The changes of an action, those that lose a state first, the others by topic.
pub(crate) fn entries(plan: &Plan, action: Action) -> Vec<Entry<'_>> {
    let changes: Vec<&Change> = plan.changes.iter().filter(|change| change.action == action).collect();
    let wholes: BTreeSet<&ResourceKey> = changes.iter().map(|change| &change.key).collect();
    let mut parts: BTreeMap<ResourceKey, Vec<&Change>> = BTreeMap::new();
    let mut own = Vec::new();
    for change in &changes {
        match whole_of(&change.key).filter(|whole| wholes.contains(whole)) {
            Some(whole) => parts.entry(whole).or_default().push(change),
            None => own.push(*change),
        }
    }
    let destroys = matches!(action, Action::Delete | Action::Replace);
    let weight = |kind: Kind| if destroys { loss(kind) } else { 0 };
    own.sort_by_key(|change| (weight(change.key.kind), Topic::of(change.key.kind), &change.key));
    own.into_iter().map(|change| Entry { change, parts: parts.remove(&change.key).unwrap_or_default() }).collect()
}

/// Whether something is lost with a resource of this kind that making it again does not bring back.
pub(crate) fn has_state(kind: Kind) -> bool {
    matches!(kind, Kind::Vpc | Kind::Volume | Kind::RecordSet | Kind::ElasticIp)
}

/// How much goes with a resource of this kind: state, running instances, connections, the rest.
fn loss(kind: Kind) -> u8 {
    if has_state(kind) {
        0
    } else if matches!(kind, Kind::AutoScalingGroup | Kind::Instance) {
        1
    } else if matches!(kind, Kind::LoadBalancer | Kind::ClassicLoadBalancer | Kind::NatGateway) {
        2
    } else {
        3
    }
}

/// The key and, where it says more, the id.
pub(crate) fn label(change: &Change) -> String {
    match change.before.as_ref().and_then(|before| telling_id(&change.key, &before.handle.id)) {
        Some(id) => format!("{}  {id}", change.key),
        None => change.key.to_string(),
    }
}

/// What differs in a resource that stays or is replaced. Without `context`, lines that stay are left out.
pub(crate) fn details(change: &Change, context: bool) -> Vec<Detail> {
    match change.action {
        // That its reference moves along with what is replaced is the reason already.
        Action::Replace if matches!(change.reason, Reason::DependencyReplaced { .. }) => {
            let own = change.fields.iter().filter(|field| !moves_along(field));
            own.flat_map(|field| one(field, change.action, context)).collect()
        }
        Action::Update | Action::Replace => {
            change.fields.iter().flat_map(|field| one(field, change.action, context)).collect()
        }
        Action::Create | Action::Delete => Vec::new(),
    }
}

/// Whether a field is only a reference to something that is made anew.
fn moves_along(field: &FieldChange) -> bool {
    field.after.as_ref().and_then(Value::as_str).is_some_and(|text| parse_managed(text).is_some())
}

/// Whether a part is replaced for no other reason than that what it belongs to is.
pub(crate) fn goes_along(part: &Change, whole: &Change) -> bool {
    matches!(&part.reason, Reason::DependencyReplaced { dependency } if *dependency == whole.key)
        && part.fields.iter().all(moves_along)
}

fn one(field: &FieldChange, action: Action, context: bool) -> Vec<Detail> {
    let FieldChange { path, before, after, forces_replacement } = field;
    let line = |text: String| Detail { sign: Some(action), text };
    let marker = if *forces_replacement { "  # forces replacement" } else { "" };
    if is_long(before.as_ref()) || is_long(after.as_ref()) {
        let mut lines = vec![line(format!("{path}:{marker}"))];
        lines.extend(diff(&long(before.as_ref()), &long(after.as_ref()), if context { 3 } else { 0 }));
        return lines;
    }
    let (old, new) = (shown(before.as_ref()), shown(after.as_ref()));
    // A member of a list of ids is named by its path and its value alike.
    vec![line(match (path.strip_suffix(']').and_then(|path| path.split_once('[')), before, after) {
        (Some((list, _)), None, Some(Value::String(_))) => format!("{list}: with {new}{marker}"),
        (Some((list, _)), Some(Value::String(_)), None) => format!("{list}: without {old}{marker}"),
        _ => format!("{path}: {old} -> {new}{marker}"),
    })]
}

/// A value on one line.
fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) if described(text).is_some() => text.clone(),
        value => clip(&short(value).unwrap_or_default()),
    }
}

/// A unified diff, without the headers of its hunks: three dots stand between them.
fn diff(old: &str, new: &str, context: usize) -> Vec<Detail> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (position, hunk) in diff.unified_diff().context_radius(context).iter_hunks().enumerate() {
        if position > 0 {
            lines.push(Detail { sign: None, text: "  …".to_owned() });
        }
        for change in hunk.iter_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => Some(Action::Delete),
                ChangeTag::Insert => Some(Action::Create),
                ChangeTag::Equal => None,
            };
            let text = clip(change.value().trim_end_matches(['\n', '\r']));
            lines.push(Detail { sign, text: format!("  {text}") });
        }
    }
    lines
}

/// A text of at most [`LONGEST_VALUE`] characters.
fn clip(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}… ({} characters)", text.get(..end).unwrap_or_default(), text.chars().count()),
        None => text.to_owned(),
    }
}
