//! Two texts as a unified diff.

use similar::{ChangeTag, TextDiff};

use crate::text::{Line, Role, Text};

/// Lines of context around a difference.
const CONTEXT: usize = 3;

/// The difference of two texts, with their names on top; empty if they are the same.
#[must_use]
pub fn diff(before: &str, after: &str, before_name: &str, after_name: &str) -> Text {
    let mut text = Text::new();
    if before == after {
        return text;
    }
    text.push(Line::of(Role::Removed, format!("--- {before_name}")));
    text.push(Line::of(Role::Added, format!("+++ {after_name}")));
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        text.push(Line::of(Role::Dim, hunk.header().to_string().trim_end()));
        for change in hunk.iter_changes() {
            let (sign, role) = match change.tag() {
                ChangeTag::Delete => ('-', Role::Removed),
                ChangeTag::Insert => ('+', Role::Added),
                ChangeTag::Equal => (' ', Role::Plain),
            };
            let value = change.value();
            text.push(Line::of(role, format!("{sign}{}", value.trim_end_matches(['\n', '\r']))));
            if !value.ends_with('\n') {
                text.push(Line::of(Role::Dim, "\\ No newline at end of file"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let before = "a\nb\nc\nd\ne\nf\n";
        let after = "a\nb\nc\nd\nE\nf\n";
        let shown = diff(before, after, "manifests 1", "manifests 2").to_string();
        let expected = "--- manifests 1\n+++ manifests 2\n@@ -2,5 +2,5 @@\n b\n c\n d\n-e\n+E\n f\n";
        assert_eq!(shown.trim_end(), expected.trim_end());
        assert!(diff(before, before, "a", "b").lines.is_empty());
    }
}
