//! Workflow commands of GitHub Actions: annotations at the lines of the manifests that decide.
//!
//! GitHub shows ten annotations of each level and step, so what is to be done stands in one for each line, the worst first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kedge_resource::{Action, Change, Position};

use super::changes::{WORST_FIRST, entries};
use super::remarks::{Level, is_file, remarks};
use super::verdict::{headline, ranked};
use super::{Planned, Review, Reviewed};
use crate::plan::{reason, verb};

/// Resources named in one annotation.
const NAMED: usize = 10;

/// One annotation a line.
#[must_use]
pub fn render(review: &Review) -> String {
    let mut all: Vec<(Level, String)> = Vec::new();
    for (_, reviewed) in ranked(&review.clusters) {
        let name = reviewed.name();
        match reviewed {
            // What is wrong with the manifests says it at the lines themselves.
            Reviewed::Failed(failure) if !failure.problems.is_empty() => {}
            Reviewed::Failed(failure) => {
                let text: Vec<&str> =
                    std::iter::once(&failure.summary).chain(&failure.causes).map(String::as_str).collect();
                all.push((Level::Error, command(Level::Error, None, name, &text.join(": "))));
            }
            Reviewed::Planned(planned) => {
                let text = format!("{}: {}", review.command(), headline(reviewed));
                all.push((Level::Note, command(Level::Note, None, name, &text)));
                changes(planned, &mut all);
            }
        }
        for remark in remarks(reviewed) {
            let title = format!("{name}: {}", remark.rule);
            all.push((remark.level, command(remark.level, remark.position.as_ref(), &title, &remark.sentence())));
        }
    }
    // Errors of every cluster come before the warnings of any.
    all.sort_by_key(|(level, _)| *level);
    all.into_iter().fold(String::new(), |out, (_, line)| out + &line + "\n")
}

/// What is done because of each line: removals and replacements are warnings.
fn changes(planned: &Planned, all: &mut Vec<(Level, String)>) {
    let plan = planned.plan();
    for action in WORST_FIRST {
        let mut lines: BTreeMap<Option<&Position>, Vec<&Change>> = BTreeMap::new();
        let entries = entries(plan, action).into_iter();
        for change in entries.flat_map(|entry| std::iter::once(entry.change).chain(entry.parts)) {
            lines.entry(planned.places.get(&change.key)).or_default().push(change);
        }
        let level = match action {
            Action::Delete | Action::Replace => Level::Warning,
            Action::Update | Action::Create => Level::Note,
        };
        for (position, changes) in lines {
            let mut text = format!("{} to {}:", changes.len(), verb(action));
            for change in changes.iter().take(NAMED) {
                let _ = write!(text, "\n{}", change.key);
                if let Some(why) = reason(change, plan.purpose) {
                    let _ = write!(text, " ({why})");
                } else if action == Action::Update {
                    let paths: Vec<&str> = change.fields.iter().take(NAMED).map(|field| field.path.as_str()).collect();
                    let _ = write!(text, " ({})", paths.join(", "));
                }
            }
            if let Some(more) = changes.len().checked_sub(NAMED).filter(|more| *more > 0) {
                let _ = write!(text, "\nand {more} more");
            }
            all.push((level, command(level, position, plan.cluster.as_str(), &text)));
        }
    }
}

/// `::error file=…,line=…,col=…,title=…::message`.
fn command(level: Level, position: Option<&Position>, title: &str, message: &str) -> String {
    let name = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let mut properties = String::new();
    if let Some(Position { path, line, column }) = position.filter(|position| is_file(&position.path)) {
        let _ = write!(properties, "file={},line={line},col={column},", property(path));
    }
    format!("::{name} {properties}title={}::{}", property(title), data(message))
}

/// A message: a line break would begin another command, and other control characters move the cursor of whoever reads the log.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(crate::text::visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

/// A property, which a comma or a colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
