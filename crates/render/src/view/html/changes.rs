//! The changes of a page: by action, the worst first, each with what differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kedge_resource::{Action, Change, Plan, ResourceKey};

use super::{anchor, class};
use crate::plan::values::{is_long, long, short};
use crate::plan::{reason, summary, symbol, verb};
use crate::view::Planned;
use crate::view::changes::{WORST_FIRST, entries, label};
use crate::view::escape::xml;

/// Adds all changes.
pub(super) fn render(planned: &Planned, number: usize, out: &mut String) {
    let plan = planned.plan();
    let numbers: BTreeMap<&ResourceKey, usize> =
        plan.changes.iter().enumerate().map(|(at, change)| (&change.key, at)).collect();
    for action in WORST_FIRST {
        let entries = entries(plan, action);
        if entries.is_empty() {
            continue;
        }
        let count: usize = entries.iter().map(|entry| 1 + entry.parts.len()).sum();
        let _ = writeln!(out, "<h3>{count} to {}</h3>", verb(action));
        for entry in entries {
            for (change, part) in
                std::iter::once((entry.change, false)).chain(entry.parts.into_iter().map(|part| (part, true)))
            {
                let id = anchor(number, numbers.get(&change.key).copied().unwrap_or_default());
                one(plan, planned, change, &id, part, out);
            }
        }
    }
}

fn one(plan: &Plan, planned: &Planned, change: &Change, id: &str, part: bool, out: &mut String) {
    let part = if part { " part" } else { "" };
    let _ = write!(
        out,
        "<details class=\"change {}{part}\" id=\"{id}\"><summary><b>{}</b> <code>{}</code>",
        class(change.action),
        symbol(change.action),
        xml(&label(change))
    );
    if let (Action::Create, Some(after)) = (change.action, &change.after) {
        let _ = write!(out, " <span>{}</span>", xml(&summary::of(after).join(", ")));
    }
    if let Some(why) = reason(change, plan.purpose) {
        let _ = write!(out, " <i>{}</i>", xml(&why));
    }
    out.push_str("</summary>\n");
    if let Some(place) = planned.places.get(&change.key) {
        let _ = writeln!(out, "<p>decided at <code>{}</code></p>", xml(&place.to_string()));
    }
    match change.action {
        Action::Update | Action::Replace => fields(change, out),
        Action::Create => properties(change.after.as_ref().map(|after| after.to_value()), out),
        Action::Delete => properties(change.before.as_ref().map(|before| before.properties.to_value()), out),
    }
    out.push_str("</details>\n");
}

/// What differs, side by side.
fn fields(change: &Change, out: &mut String) {
    out.push_str("<table><tr><th>property<th>now<th>then</tr>\n");
    for field in &change.fields {
        let cell = |value: Option<&serde_json::Value>| {
            if is_long(value) {
                format!("<pre>{}</pre>", xml(&long(value)))
            } else {
                format!("<code>{}</code>", xml(&short(value).unwrap_or_default()))
            }
        };
        let forces = if field.forces_replacement { " <i>forces replacement</i>" } else { "" };
        let _ = writeln!(
            out,
            "<tr><td>{}{forces}<td class=\"old\">{}<td class=\"new\">{}</tr>",
            xml(&field.path),
            cell(field.before.as_ref()),
            cell(field.after.as_ref())
        );
    }
    out.push_str("</table>\n");
}

fn properties(value: Option<serde_json::Value>, out: &mut String) {
    if let Some(value) = value {
        let _ = writeln!(out, "<pre>{}</pre>", xml(&long(Some(&value))));
    }
}
