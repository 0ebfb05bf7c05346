//! A plan as Markdown, for a comment on a pull request.
//!
//! What a reviewer has to see is unfolded and comes first: what is refused, removed and replaced. The rest is below it in
//! `<details>`. GitHub takes 65 536 characters; what does not fit is left out in a fixed order ([`limit`]), and the comment says
//! what and where the whole is. Everything that comes from manifests, AWS or policies stands in code or is escaped.

mod cluster;
mod escape;
mod limit;

use std::fmt::Write as _;

use kedge_resource::Action;
use kedge_resource::plan::Totals;

use super::verdict::{Rank, headline, ranked, worst};
use super::{Review, Reviewed};
use escape::{cell, code, prose};
use limit::Detail;

/// Characters that a comment may have on GitHub, and one more.
pub const LIMIT: usize = 65_536;

/// How the comment is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// Name of the invisible first line, by which a bot finds its own comment; see [`is_marker`].
    pub marker: Option<String>,
    /// Where the whole plan can be seen, as a URL.
    pub link: Option<String>,
}

/// Whether a text can be the name of a marker: an HTML comment must not end early.
#[must_use]
pub fn is_marker(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/:-".contains(c);
    !text.is_empty() && text.len() <= 200 && text.chars().all(plain) && !text.contains("--") && !text.ends_with('-')
}

/// The invisible line for a marker.
#[must_use]
pub fn marker_line(marker: &str) -> String {
    format!("<!-- kedge: {marker} -->")
}

/// The comment: shorter than [`LIMIT`].
#[must_use]
pub fn render(review: &Review, options: &MarkdownOptions) -> String {
    limit::fit(LIMIT, |detail| whole(review, options, detail))
}

/// The comment at a level of detail.
fn whole(review: &Review, options: &MarkdownOptions, detail: &Detail) -> String {
    let mut out = String::new();
    if let Some(marker) = options.marker.as_deref().filter(|marker| is_marker(marker)) {
        line(&mut out, &marker_line(marker));
    }
    let clusters = ranked(&review.clusters);
    let command = review.command();
    match clusters.as_slice() {
        [] => line(&mut out, &format!("## {command}: no clusters")),
        [(_, only)] => {
            line(&mut out, &format!("## {command} for {}: {}", code(only.name()), headline(only)));
            cluster::render(only, detail, &mut out);
        }
        many => {
            table(many, command, &mut out);
            for (rank, reviewed) in many {
                // The table has said all of a cluster with nothing to do.
                if *rank != Rank::Nothing && !detail.table_only(*rank) {
                    let _ = write!(out, "\n---\n\n### {}: {}\n", code(reviewed.name()), headline(reviewed));
                    cluster::render(reviewed, detail, &mut out);
                }
            }
        }
    }
    if let Some(sentence) = detail.left_out() {
        let whole = match &options.link {
            Some(link) => format!("{}: <{}>", review.whole(), escape::url(link)),
            None => format!("`{command}` with the same arguments prints {}", review.whole().to_lowercase()),
        };
        let _ = write!(out, "\n> **Shortened to fit into a comment:** {sentence}. {whole}.\n");
    } else if let Some(link) = &options.link {
        let _ = write!(out, "\n{}: <{}>\n", review.whole(), escape::url(link));
    }
    out
}

/// One row for each cluster, the worst first.
fn table(clusters: &[(Rank, &Reviewed)], command: &str, out: &mut String) {
    let count = |wanted: &[Rank]| clusters.iter().filter(|(rank, _)| wanted.contains(rank)).count();
    let mut parts = vec![format!("{} clusters", clusters.len())];
    for (number, what) in [
        (count(&[Rank::Failed]), "cannot be planned"),
        (count(&[Rank::Refused]), "refused"),
        (count(&[Rank::Deletes, Rank::Replaces, Rank::Changes]), "with changes"),
        (count(&[Rank::Nothing]), "with nothing to do"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    line(out, &format!("## {command}: {}", parts.join(", ")));
    line(out, "\n| cluster | delete | replace | update | create | first of all |\n|---|--:|--:|--:|--:|---|");
    for (_, reviewed) in clusters {
        let counts = match reviewed {
            Reviewed::Planned(planned) => {
                let Totals { create, update, replace, delete } = planned.plan().totals();
                [delete, replace, update, create].map(|count| match count {
                    0 => String::new(),
                    count => count.to_string(),
                })
            }
            Reviewed::Failed(_) => ["?", "?", "?", "?"].map(str::to_owned),
        };
        let first = worst(reviewed).unwrap_or_default();
        line(out, &format!("| {} | {} | {} |", cell(&code(reviewed.name())), counts.join(" | "), cell(&prose(&first))));
    }
}

/// Adds a line.
fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// The heading of the changes of an action, such as `3 to delete`.
fn to_do(count: usize, action: Action) -> String {
    format!("{count} to {}", crate::plan::verb(action))
}
