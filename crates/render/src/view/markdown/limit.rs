//! How much of a plan a comment shows, and what is left out first when it does not fit.
//!
//! The order is fixed: unchanged context, updates, creations, remarks, values of replacements. Removals and replacements are
//! always listed, as tersely as it takes. Only where the bare list of them does not fit either is its end cut off, which a
//! reader is told in the first line of the comment.

use crate::view::verdict::Rank;

/// How changes of an action are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Show {
    /// With values.
    Full,
    /// Their keys.
    Keys,
    /// Their names, by kind.
    Names,
    /// How many there are, by kind.
    Counts,
}

/// What a comment shows.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    /// Lines around differences, and how many properties stay.
    pub(super) context: bool,
    pub(super) updates: Show,
    pub(super) creations: Show,
    /// Most remarks of a rule.
    pub(super) remarks: usize,
    pub(super) replacements: Show,
    pub(super) removals: Show,
    /// Clusters that only change or create something are in the table alone.
    changes_in_table: bool,
    left_out: Vec<&'static str>,
}

/// Everything, except that a hundred remarks of one rule help nobody.
const ALL: Detail = Detail {
    context: true,
    updates: Show::Full,
    creations: Show::Full,
    remarks: 20,
    replacements: Show::Full,
    removals: Show::Full,
    changes_in_table: false,
    left_out: Vec::new(),
};

type LeaveOut = fn(&mut Detail);

/// One after the other until it fits: what is left out, and how.
const STEPS: [(&str, LeaveOut); 11] = [
    ("unchanged context", |detail| detail.context = false),
    ("values of updates", |detail| detail.updates = Show::Keys),
    ("the list of updates", |detail| detail.updates = Show::Counts),
    ("properties of creations", |detail| detail.creations = Show::Keys),
    ("keys of creations (names are shown)", |detail| detail.creations = Show::Names),
    ("the list of creations", |detail| detail.creations = Show::Counts),
    ("repeated remarks", |detail| detail.remarks = 3),
    ("values of replacements", |detail| detail.replacements = Show::Keys),
    ("reasons and ids of removals", |detail| detail.removals = Show::Keys),
    ("clusters without removals and replacements (see the table)", |detail| detail.changes_in_table = true),
    ("names of parts of what is removed or replaced", |detail| {
        detail.removals = Show::Names;
        detail.replacements = Show::Names;
    }),
];

impl Detail {
    /// Whether clusters of this rank are in the table alone.
    pub(super) fn table_only(&self, rank: Rank) -> bool {
        self.changes_in_table && rank == Rank::Changes
    }

    /// What is left out, in words.
    pub(super) fn left_out(&self) -> Option<String> {
        let (last, others) = self.left_out.split_last()?;
        Some(match others {
            [] => format!("{last} left out"),
            others => format!("{} and {last} left out", others.join(", ")),
        })
    }
}

/// The first text that is shorter than `limit`, leaving out more and more.
pub(super) fn fit(limit: usize, render: impl Fn(&Detail) -> String) -> String {
    let mut detail = ALL;
    let mut text = render(&detail);
    for (what, leave_out) in STEPS {
        if text.len() < limit {
            return text;
        }
        leave_out(&mut detail);
        detail.left_out.push(what);
        let shorter = render(&detail);
        // What saves nothing is not missed.
        if without_notice(&shorter).len() >= without_notice(&text).len() {
            detail.left_out.pop();
            text = render(&detail);
        } else {
            text = shorter;
        }
    }
    if text.len() < limit { text } else { cut(&text, limit) }
}

/// The part before the notice of what is left out.
fn without_notice(text: &str) -> &str {
    text.rfind("\n> **Shortened").and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The last resort: the beginning, whole lines of it, closed so that it is valid Markdown.
fn cut(text: &str, limit: usize) -> String {
    let notice = text.rfind("\n> **Shortened").and_then(|at| text.get(at..)).unwrap_or_default();
    const HEAD: &str = "> **This comment is not complete: the list of what is removed and replaced is longer than a comment can \
                        be. See the whole plan.**\n\n";
    let marker_end = if text.starts_with("<!--") { text.find('\n').map_or(0, |at| at + 1) } else { 0 };
    let room = limit.saturating_sub(HEAD.len() + notice.len() + 64);
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    let kept = kept.rfind('\n').and_then(|at| kept.get(..=at)).unwrap_or(kept);
    let (marker, body) = kept.split_at(marker_end.min(kept.len()));
    format!("{marker}{HEAD}{body}{}{notice}", closing(body))
}

/// What closes the fence and the folded part that a text leaves open.
fn closing(text: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut folded = 0_usize;
    for line in text.lines() {
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.trim_end_matches(|c| c != '`')),
            None if line.starts_with("<details") => folded += 1,
            None if line == "</details>" => folded = folded.saturating_sub(1),
            None => {}
        }
    }
    let fence = fence.map(|fence| format!("{fence}\n")).unwrap_or_default();
    fence + &"\n</details>\n".repeat(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_only_as_far_as_needed() {
        let length =
            |detail: &Detail| 100 - 30 * usize::from(!detail.context) - 30 * usize::from(detail.updates > Show::Full);
        let text = fit(80, |detail| {
            format!("{}{:?}", "x".repeat(length(detail)), detail.left_out()).chars().take(length(detail)).collect()
        });
        assert_eq!(text.len(), 70);
    }

    #[test]
    fn what_saves_nothing_is_not_mentioned() {
        let text = fit(60, |detail| {
            let body = "x".repeat(if detail.creations == Show::Counts { 10 } else { 70 });
            let notice = detail.left_out().map(|said| format!("\n> **Shortened {said}")).unwrap_or_default();
            body + &notice
        });
        assert_eq!(text, "xxxxxxxxxx\n> **Shortened the list of creations left out");
    }

    #[test]
    fn a_cut_comment_is_closed() {
        assert_eq!(closing("<details>\n\n````diff\n- a\n"), "````\n\n</details>\n");
        assert_eq!(closing("<details>\n\n```diff\n```\n\n</details>\n"), "");
        let long = format!("<!-- m -->\n## x\n\n```diff\n{}```\n", "- vpc/a\n".repeat(1000));
        let text = fit(2000, |_| long.clone());
        assert!(text.len() < 2000, "{}", text.len());
        assert!(text.starts_with("<!-- m -->\n> **This comment is not complete"), "{text}");
        assert!(text.ends_with("- vpc/a\n```\n"), "{text}");
    }
}
