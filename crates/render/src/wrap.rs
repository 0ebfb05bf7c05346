//! Breaking sentences into lines.

use crate::text::{Line, Role, Text};

/// Breaks `text` at spaces so that lines have at most `width` characters; a longer word stays whole, because people copy
/// keys and URLs. Line breaks in `text` stay.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let needed = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && needed > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Adds a sentence behind a label that has a role, such as `warning[code]:`, wrapped at `width`; further lines are indented.
pub(crate) fn labelled(text: &mut Text, role: Role, label: &str, sentence: &str, width: usize) {
    for (number, line) in wrap(&format!("{label} {sentence}"), width.saturating_sub(2)).into_iter().enumerate() {
        // With a long word behind it, or a narrow line, the label stands alone or is broken itself.
        let rest = line.strip_prefix(label).filter(|rest| !rest.is_empty()).map(str::to_owned);
        text.push(match (number, rest) {
            (0, Some(rest)) => Line::of(role, label).with(Role::Plain, rest),
            (0, None) => Line::of(role, line),
            _ => Line::plain(format!("  {line}")),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn breaks_at_spaces_and_keeps_long_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("a verylongword b", 5), ["a", "verylongword", "b"]);
        assert_eq!(wrap("a\nb", 5), ["a", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
