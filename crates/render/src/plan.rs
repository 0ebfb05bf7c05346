//! A plan as text, by a fixed grammar.
//!
//! Header, legend of the symbols in use, changes by section, what is not ours, notes, what applying leaves to do, one line of
//! totals. Where there is nothing to do, one sentence says which kind of nothing it is. Other views are in [`crate::view`].

use kedge_resource::plan::{Purpose, Replacement, Totals};
use kedge_resource::{Action, Change, Plan, Reason};

use crate::notes;
use crate::text::{Line, Role, Text};
use crate::wrap::wrap;

mod fields;
pub(crate) mod nothing;
pub(crate) mod section;
pub(crate) mod summary;
pub(crate) mod values;

/// How a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanTextOptions<'a> {
    /// Columns.
    pub width: usize,
    /// Every property of what is made and every part of what is removed.
    pub verbose: bool,
    /// Directory of the sandbox that stands for the account; none for AWS.
    pub sandbox: Option<&'a str>,
}

impl Default for PlanTextOptions<'_> {
    fn default() -> Self {
        Self { width: 80, verbose: false, sandbox: None }
    }
}

/// The whole plan.
#[must_use]
pub fn render(plan: &Plan, options: &PlanTextOptions<'_>) -> Text {
    let mut text = Text::new();
    header(plan, options, &mut text);
    body(plan, options, &mut text);
    text
}

/// Everything but the header.
pub(crate) fn body(plan: &Plan, options: &PlanTextOptions<'_>, text: &mut Text) {
    if !plan.is_empty() {
        legend(plan, text);
        sections(plan, options, text);
    }
    foreign(plan, options, text);
    unreadable(plan, options, text);
    if !plan.report.notes.is_empty() {
        text.gap();
        text.extend(notes::render(&plan.report.notes, options.width));
    }
    rolling(plan, options, text);
    text.gap();
    text.extend(conclusion(plan, options.width));
}

/// The changes, by section.
pub(crate) fn sections(plan: &Plan, options: &PlanTextOptions<'_>, text: &mut Text) {
    for section in section::sections(plan) {
        text.gap();
        section::render(&section, plan.purpose, options, text);
    }
}

/// What the plan comes to: the totals, or the sentence for its kind of nothing to do.
#[must_use]
pub fn conclusion(plan: &Plan, width: usize) -> Text {
    let mut text = Text::new();
    match nothing::sentence(plan) {
        Some(sentence) => {
            for line in wrap(&sentence, width) {
                text.push(Line::of(Role::Success, line));
            }
        }
        None => text.push(totals_line(plan)),
    }
    text
}

fn header(plan: &Plan, options: &PlanTextOptions<'_>, text: &mut Text) {
    let sandbox = options.sandbox.map(|directory| format!(", sandbox {directory}")).unwrap_or_default();
    text.push(match plan.purpose {
        Purpose::Apply | Purpose::Delete => Line::of(Role::Heading, format!("Plan for {}", plan.cluster))
            .with(Role::Plain, format!(" (account {}, region {}{sandbox})", plan.account_id, plan.region)),
        Purpose::Compare => Line::of(Role::Heading, format!("Differences of {}", plan.cluster)),
    });
    if plan.is_empty() {
        return;
    }
    text.push(Line::plain(match plan.purpose {
        Purpose::Apply => "To make AWS hold what the manifests say:",
        Purpose::Delete => "To delete the cluster with everything that it owns:",
        Purpose::Compare => "What the new manifests change of what the old ones ask for:",
    }));
}

fn legend(plan: &Plan, text: &mut Text) {
    text.gap();
    let totals = plan.totals();
    let (made, changed, removed) = match plan.purpose {
        Purpose::Apply => ("in the manifests, not in AWS", "AWS holds other values", "no longer in the manifests"),
        Purpose::Delete => {
            ("in the manifests, not in AWS", "AWS holds other values", "carries the ownership tag of the cluster")
        }
        Purpose::Compare => ("in the new manifests only", "has other values", "in the old manifests only"),
    };
    for (count, action, meaning) in [
        (totals.create, Action::Create, made),
        (totals.update, Action::Update, changed),
        (totals.replace, Action::Replace, "cannot change in place"),
        (totals.delete, Action::Delete, removed),
    ] {
        if count > 0 {
            text.push(
                Line::plain("  ")
                    .with(role(action), format!("{:<3}", symbol(action)))
                    .with(Role::Plain, format!(" {:<9}", verb(action)))
                    .with(Role::Dim, meaning),
            );
        }
    }
}

/// Whether a note says it already: a plan that was checked has notes about parts of its report.
pub(crate) fn said(plan: &Plan, code: &str) -> bool {
    plan.report.notes.iter().any(|note| note.code == code)
}

fn foreign(plan: &Plan, options: &PlanTextOptions<'_>, text: &mut Text) {
    if plan.report.foreign.is_empty() {
        return;
    }
    text.gap();
    text.push(Line::of(Role::Heading, "Not ours; nothing is done to them"));
    for thing in &plan.report.foreign {
        let mut line = Line::plain("  ").with(Role::Warning, thing.key.to_string());
        if thing.id != thing.key.name {
            line = line.with(Role::Plain, "  ").with(Role::Id, thing.id.clone());
        }
        text.push(line);
        if thing.in_the_way && !said(plan, "foreign-in-the-way") {
            let why = "in the way: the manifests ask for this name. Remove or rename it, or choose another name.";
            for part in wrap(why, options.width.saturating_sub(6)) {
                text.push(Line::plain("      ").with(Role::Error, part));
            }
        }
    }
}

fn unreadable(plan: &Plan, options: &PlanTextOptions<'_>, text: &mut Text) {
    if plan.report.unreadable.is_empty() || said(plan, "unreadable") {
        return;
    }
    text.gap();
    text.push(Line::of(Role::Heading, "Could not be read; assumed to be as it should"));
    for part in &plan.report.unreadable {
        let sentence = format!("{}: {} failed: {}", part.kind, part.call, part.why);
        for (position, line) in wrap(&sentence, options.width.saturating_sub(4)).into_iter().enumerate() {
            text.push(Line::plain(if position == 0 { "  " } else { "    " }).with(Role::Warning, line));
        }
    }
}

fn rolling(plan: &Plan, options: &PlanTextOptions<'_>, text: &mut Text) {
    if plan.report.instances_to_roll.is_empty() || said(plan, "instances-to-roll") {
        return;
    }
    text.gap();
    text.push(Line::of(Role::Heading, "Left to do after applying"));
    let groups = plan.report.instances_to_roll.join(", ");
    let sentence = format!(
        "Running instances of these groups keep the template that they were launched from until they are replaced: {groups}"
    );
    for line in wrap(&sentence, options.width.saturating_sub(2)) {
        text.push(Line::plain("  ").with(Role::Plain, line));
    }
}

fn totals_line(plan: &Plan) -> Line {
    let totals = plan.totals();
    let label = if plan.purpose == Purpose::Compare { "Differences: " } else { "Plan: " };
    Line::of(Role::Heading, label).with(Role::Plain, format!("{}, {} unchanged.", counts(totals), plan.unchanged))
}

/// `1 to create, 2 to update, 0 to replace, 3 to delete`.
#[must_use]
pub fn counts(totals: Totals) -> String {
    let Totals { create, update, replace, delete } = totals;
    format!("{create} to create, {update} to update, {replace} to replace, {delete} to delete")
}

/// The symbol of an action.
#[must_use]
pub fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "-/+",
        Action::Delete => "-",
    }
}

pub(crate) fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

pub(crate) fn role(action: Action) -> Role {
    match action {
        Action::Create => Role::Added,
        Action::Update => Role::Changed,
        Action::Replace => Role::Replaced,
        Action::Delete => Role::Removed,
    }
}

/// Why a change is in the plan, unless the legend says it already.
pub(crate) fn reason(change: &Change, purpose: Purpose) -> Option<String> {
    let why = match (&change.reason, change.action) {
        (Reason::Missing, Action::Create) | (Reason::Differs, Action::Update) => None,
        (Reason::Undesired, Action::Delete) if purpose != Purpose::Delete => None,
        (Reason::ClusterDeleted, Action::Delete) if purpose == Purpose::Delete => None,
        (Reason::Missing, _) => Some("missing in AWS".to_owned()),
        (Reason::Differs, _) => Some("differs".to_owned()),
        (Reason::Undesired, _) => Some("no longer in the manifests".to_owned()),
        (Reason::ClusterDeleted, _) => Some("the cluster is deleted".to_owned()),
        (Reason::Immutable { fields }, _) => Some(format!("{} cannot change in place", fields.join(", "))),
        (Reason::DependencyReplaced { dependency }, _) => Some(format!("{dependency} is replaced")),
        (Reason::Duplicate { keep }, _) => Some(format!("a second one of this name; {keep} stays")),
    };
    let order = change.replacement.map(|replacement| match replacement {
        Replacement::CreateFirst => "the new one is made first",
        Replacement::DeleteFirst => "the old one is removed first",
    });
    match (why, order) {
        (Some(why), Some(order)) => Some(format!("{why}; {order}")),
        (Some(why), None) => Some(why),
        (None, order) => order.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
