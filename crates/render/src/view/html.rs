//! A page that is complete in itself: what is to be done, the order in which it is, and the network, drawn.
//!
//! It loads nothing, and its policy forbids that: no host may be asked, and no script runs but the one whose digest it names.
//! Everything of others is escaped. Without scripts all of it can be read; with them it can be searched.

mod changes;
mod graph;
mod network;
mod svg;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kedge_resource::{Action, ClusterName, ResourceKey};
use sha2::{Digest, Sha256};

use super::escape::xml;
use super::remarks::{Level, Source, remarks};
use super::rolling::rolling;
use super::verdict::{Rank, headline, ranked, worst};
use super::{Failure, Planned, Review, Reviewed};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The page.
#[must_use]
pub fn render(review: &Review) -> String {
    let clusters = ranked(&review.clusters);
    let title = match clusters.as_slice() {
        [(_, only)] => format!("{} for {}: {}", review.command(), only.name(), headline(only)),
        many => format!("{}: {} clusters", review.command(), many.len()),
    };
    let mut out = head(&title);
    let _ = writeln!(out, "<h1>{}</h1>", xml(&title));
    out.push_str(
        "<form id=\"search\" hidden><input type=\"search\" placeholder=\"Search keys, properties, reasons\" \
         aria-label=\"Search\"> <output></output></form>\n",
    );
    if clusters.len() > 1 {
        overview(&clusters, &mut out);
    }
    for (number, (_, reviewed)) in clusters.iter().enumerate() {
        let _ = writeln!(out, "<section id=\"cluster-{number}\">");
        if clusters.len() > 1 {
            let _ = writeln!(out, "<h2>{}: {}</h2>", xml(reviewed.name()), xml(&headline(reviewed)));
        }
        if let Some(worst) = worst(reviewed) {
            let _ = writeln!(out, "<p class=\"worst\">{}</p>", xml(&worst));
        }
        match reviewed {
            Reviewed::Failed(failure) => failed(failure, &mut out),
            Reviewed::Planned(_) => {}
        }
        said(reviewed, &mut out);
        if let Reviewed::Planned(planned) = reviewed {
            self::planned(planned, number, &mut out);
        }
        out.push_str("</section>\n");
    }
    let _ = write!(out, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

/// The head, with a policy under which nothing but the page's own style and script works.
fn head(title: &str) -> String {
    let digest = STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        xml(title)
    )
}

/// One row for each cluster, the worst first.
fn overview(clusters: &[(Rank, &Reviewed)], out: &mut String) {
    out.push_str("<table class=\"overview\"><tr><th>cluster<th>what<th>first of all</tr>\n");
    for (number, (rank, reviewed)) in clusters.iter().enumerate() {
        let class = match rank {
            Rank::Failed | Rank::Refused | Rank::Deletes => "delete",
            Rank::Replaces => "replace",
            Rank::Changes => "update",
            Rank::Nothing => "none",
        };
        let _ = writeln!(
            out,
            "<tr class=\"{class}\"><td><a href=\"#cluster-{number}\">{}</a><td>{}<td>{}</tr>",
            xml(reviewed.name()),
            xml(&headline(reviewed)),
            xml(&worst(reviewed).unwrap_or_default())
        );
    }
    out.push_str("</table>\n");
}

fn failed(failure: &Failure, out: &mut String) {
    out.push_str("<ul>\n");
    for cause in &failure.causes {
        let _ = writeln!(out, "<li>{}", xml(cause));
    }
    for hint in &failure.hints {
        let _ = writeln!(out, "<li>To do: {}", xml(hint));
    }
    out.push_str("</ul>\n");
}

/// Remarks, the worst first.
fn said(reviewed: &Reviewed, out: &mut String) {
    let list = remarks(reviewed);
    if list.is_empty() {
        return;
    }
    out.push_str("<ul class=\"remarks\">\n");
    for remark in list {
        let (class, word) = match remark.level {
            Level::Error => ("error", "error"),
            Level::Warning => ("warning", "warning"),
            Level::Note => ("note", "note"),
        };
        let who = if remark.source == Source::Policy { "policy " } else { "" };
        let place = remark.position.as_ref().map(|place| format!(" <code>{}</code>", xml(&place.to_string())));
        let _ = writeln!(
            out,
            "<li class=\"{class}\"><b>{word}</b> {who}<code>{}</code>: {}{}",
            xml(&remark.rule),
            xml(&remark.sentence()),
            place.unwrap_or_default()
        );
    }
    out.push_str("</ul>\n");
}

fn planned(planned: &Planned, number: usize, out: &mut String) {
    let plan = planned.plan();
    let _ = writeln!(
        out,
        "<p class=\"about\">account {} · {} · {} · {} resources stay as they are</p>",
        xml(&plan.account_id),
        xml(&plan.region),
        xml(&planned.manifests.join(", ")),
        plan.unchanged
    );
    if let Some(saved) = &planned.saved {
        let _ = writeln!(
            out,
            "<p>To apply exactly this plan: <code>kedge apply {}</code> (digest <code>{}</code>)</p>",
            xml(&saved.path),
            xml(&saved.digest)
        );
    }
    if planned.findings.as_ref().is_some_and(Vec::is_empty) {
        out.push_str("<p>Policies: nothing to object to.</p>\n");
    }
    let groups = rolling(planned);
    if !groups.is_empty() {
        out.push_str("<h3>Instances to replace after applying</h3>\n<ul>\n");
        for group in groups {
            let _ = writeln!(out, "<li><code>{}</code>", xml(&group.describe()));
        }
        out.push_str("</ul>\n");
    }
    changes::render(planned, number, out);
    graph::render(plan, number, out);
    network::render(planned, out);
}

/// The class of what happens to something.
fn class(action: Action) -> &'static str {
    crate::plan::verb(action)
}

/// A key without the cluster's name, for boxes, which are narrow.
fn brief(key: &ResourceKey, cluster: &ClusterName) -> String {
    key.to_string().replace(&format!(".{cluster}"), "")
}

/// The anchor of a change: its number in the plan.
fn anchor(cluster: usize, change: usize) -> String {
    format!("change-{cluster}-{change}")
}
