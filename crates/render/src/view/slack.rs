//! A message for an incoming webhook of Slack, as blocks.
//!
//! Slack takes 50 blocks of 3 000 characters; a message is read on a phone, so it says what is lost and where to look.

use kedge_resource::Action;
use serde_json::{Value, json};

use super::changes::{entries, label};
use super::remarks::{Level, remarks};
use super::rolling::rolling;
use super::verdict::{Rank, headline, ranked, worst};
use super::{Planned, Review, Reviewed};

/// Characters of a section, with room for what closes it.
const SECTION: usize = 2_800;
/// Characters of a header.
const HEADER: usize = 150;
/// Clusters that have a block of their own.
const CLUSTERS: usize = 20;

/// The message.
#[must_use]
pub fn document(review: &Review, link: Option<&str>) -> Value {
    let clusters = ranked(&review.clusters);
    let title = match clusters.as_slice() {
        [(_, only)] => format!("{} for {}: {}", review.command(), only.name(), headline(only)),
        many => {
            let changed = many.iter().filter(|(rank, _)| *rank != Rank::Nothing).count();
            format!("{}: {changed} of {} clusters to look at", review.command(), many.len())
        }
    };
    let mut blocks = vec![json!({"type": "header", "text": {"type": "plain_text", "text": clip(&title, HEADER)}})];
    let shown: Vec<&Reviewed> = clusters
        .iter()
        .filter(|(rank, _)| clusters.len() == 1 || *rank != Rank::Nothing)
        .map(|(_, one)| *one)
        .collect();
    for reviewed in shown.iter().take(CLUSTERS) {
        blocks.push(section(&cluster(reviewed, clusters.len() > 1)));
    }
    if let Some(more) = shown.len().checked_sub(CLUSTERS).filter(|more| *more > 0) {
        blocks.push(section(&format!("and {more} more clusters")));
    }
    if let Some(link) = link {
        blocks.push(section(&format!("<{}|{}>", link.replace(['<', '>', '|', ' '], ""), review.whole())));
    }
    json!({"text": clip(&title, SECTION), "blocks": blocks})
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

/// The text about a cluster.
fn cluster(reviewed: &Reviewed, named: bool) -> String {
    let mut points: Vec<String> = match reviewed {
        Reviewed::Failed(failure) => failure.causes.iter().map(|cause| escape(cause)).collect(),
        Reviewed::Planned(planned) => lost(planned),
    };
    for remark in remarks(reviewed).iter().filter(|remark| remark.level != Level::Note) {
        let place = remark.position.as_ref().map(|place| format!(" (`{}:{}`)", escape(&place.path), place.line));
        points.push(format!("{}: {}{}", escape(&remark.rule), escape(&remark.sentence()), place.unwrap_or_default()));
    }
    let mut lines: Vec<String> = Vec::new();
    if named {
        lines.push(format!("*{}*: {}", escape(reviewed.name()), headline(reviewed)));
    }
    // The points say it where there are any.
    lines.extend(worst(reviewed).filter(|_| points.is_empty()).map(|worst| format!("*{}*", escape(&worst))));
    lines.extend(points.into_iter().map(|point| format!("• {point}")));
    if let Reviewed::Planned(planned) = reviewed {
        lines.push(format!("account {}, {}", escape(&planned.plan().account_id), escape(&planned.plan().region)));
    }
    fitting(&lines)
}

/// What is removed and replaced, and which instances are afterwards.
fn lost(planned: &Planned) -> Vec<String> {
    let mut points = Vec::new();
    for (action, verb) in [(Action::Delete, "deletes"), (Action::Replace, "replaces")] {
        let entries = entries(planned.plan(), action);
        points.extend(entries.iter().map(|entry| format!("{verb} `{}`", escape(&label(entry.change)))));
    }
    points
        .extend(rolling(planned).iter().map(|group| format!("instances to replace: `{}`", escape(&group.describe()))));
    points
}

/// As many lines as fit, and how many do not.
fn fitting(lines: &[String]) -> String {
    let mut out = String::new();
    for (position, line) in lines.iter().enumerate() {
        if out.len() + line.len() > SECTION {
            return format!("{out}… and {} more lines", lines.len() - position);
        }
        out.push_str(line);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// The three characters that Slack takes for markup, and backticks, which would end code.
fn escape(text: &str) -> String {
    let text = crate::text::visible(&text.replace('\n', " "));
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'")
}

fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
