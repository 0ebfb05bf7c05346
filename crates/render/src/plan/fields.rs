//! What differs in a resource: `path: old -> new`, and long texts as unified diffs.

use std::collections::BTreeSet;

use kedge_resource::{Action, Change, FieldChange};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::PlanTextOptions;
use super::values::{is_document, is_long, long, short};
use crate::text::{Line, Role, Text};

/// Adds the properties of a change that a reader has to see.
pub(super) fn render(change: &Change, indent: usize, options: &PlanTextOptions<'_>, text: &mut Text) {
    match change.action {
        Action::Update | Action::Replace => {
            for field in &change.fields {
                one(field, indent, options, text);
            }
        }
        Action::Create if options.verbose => {
            if let Some(after) = &change.after {
                properties(&after.to_value(), Role::Added, indent, options, text);
            }
        }
        Action::Delete if options.verbose => {
            if let Some(before) = &change.before {
                properties(&before.properties.to_value(), Role::Removed, indent, options, text);
            }
        }
        Action::Create | Action::Delete => {}
    }
}

fn one(field: &FieldChange, indent: usize, options: &PlanTextOptions<'_>, text: &mut Text) {
    let FieldChange { path, before, after, forces_replacement } = field;
    let margin = " ".repeat(indent);
    let mut line = Line::plain(margin.clone()).with(Role::Plain, format!("{path}: "));
    let marker = "  # forces replacement";
    let end = |line: Line| if *forces_replacement { line.with(Role::Replaced, marker) } else { line };
    let (old, new) = (short(before.as_ref()), short(after.as_ref()));
    if let (Some(old), Some(new)) = (&old, &new) {
        let length = line.width() + old.chars().count() + 4 + new.chars().count();
        let marked = if *forces_replacement { length + marker.len() } else { length };
        if marked <= options.width {
            line = line.with(Role::Removed, old.clone()).with(Role::Plain, " -> ").with(Role::Added, new.clone());
            text.push(end(line));
            return;
        }
    }
    if !is_long(before.as_ref()) && !is_long(after.as_ref()) {
        // Two values that are too long for one line stand below each other.
        text.push(end(Line::plain(margin.clone()).with(Role::Plain, format!("{path}:"))));
        let value = |value: Option<&Value>| short(value).unwrap_or_default();
        text.push(Line::plain(format!("{margin}     ")).with(Role::Removed, value(before.as_ref())));
        text.push(Line::plain(format!("{margin}  -> ")).with(Role::Added, value(after.as_ref())));
        return;
    }
    text.push(end(Line::plain(margin).with(Role::Plain, format!("{path}:"))));
    diff(&long(before.as_ref()), &long(after.as_ref()), indent + 2, text);
}

/// How many properties stay as they are, for changes in place and replacements.
pub(super) fn unchanged(change: &Change) -> Option<String> {
    let (Action::Update | Action::Replace, Some(after)) = (change.action, &change.after) else { return None };
    let Value::Object(all) = after.to_value() else { return None };
    let touched: BTreeSet<&str> =
        change.fields.iter().filter_map(|field| field.path.split(['.', '[']).next()).collect();
    let count = all.keys().filter(|name| !touched.contains(name.as_str())).count();
    (count > 0).then(|| format!("({count} unchanged)"))
}

/// Every property of a resource, one a line; nested ones under dotted paths, long texts below their name.
fn properties(value: &Value, role: Role, indent: usize, options: &PlanTextOptions<'_>, text: &mut Text) {
    let mut flat = Vec::new();
    flatten(String::new(), value, &mut flat);
    let margin = " ".repeat(indent);
    for (path, value) in flat {
        match short(Some(value)).filter(|_| !is_long(Some(value))) {
            Some(short) => {
                let line = Line::plain(margin.clone()).with(Role::Plain, format!("{path}: "));
                if line.width() + short.chars().count() <= options.width {
                    text.push(line.with(role, short));
                } else {
                    text.push(line);
                    text.push(Line::plain(format!("{margin}    ")).with(role, short));
                }
            }
            None => {
                text.push(Line::plain(margin.clone()).with(Role::Plain, format!("{path}:")));
                for line in long(Some(value)).lines() {
                    text.push(Line::plain(format!("{margin}    ")).with(role, line));
                }
            }
        }
    }
}

fn flatten<'a>(path: String, value: &'a Value, out: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(map) if !map.is_empty() && !is_document(value) => {
            for (name, inner) in map {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(below, inner, out);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for (position, inner) in list.iter().enumerate() {
                flatten(format!("{path}[{position}]"), inner, out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            out.push((path, value));
        }
    }
}

/// A unified diff with three lines of context.
fn diff(old: &str, new: &str, indent: usize, text: &mut Text) {
    let margin = " ".repeat(indent);
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        text.push(Line::plain(margin.clone()).with(Role::Dim, hunk.header().to_string().trim_end()));
        for change in hunk.iter_changes() {
            let (role, sign) = match change.tag() {
                ChangeTag::Delete => (Role::Removed, '-'),
                ChangeTag::Insert => (Role::Added, '+'),
                ChangeTag::Equal => (Role::Plain, ' '),
            };
            let line = change.value().trim_end_matches(['\n', '\r']);
            text.push(Line::plain(margin.clone()).with(role, format!("{sign}{line}").trim_end()));
        }
    }
}
