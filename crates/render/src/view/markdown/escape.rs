//! Texts of others in Markdown: as code, or escaped.

use crate::text::visible;

/// A code span. Line breaks and control characters become visible, and the fence is longer than any run of backticks within.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A backtick at an end would be taken for the fence.
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The fence of a code block that holds `text`.
pub(super) fn fence(text: &str) -> String {
    "`".repeat(longest_run(text).max(2) + 1)
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Prose: nothing in it is Markdown, HTML or a mention. What stands between backticks stays code.
pub(super) fn prose(text: &str) -> String {
    let text = visible(&text.replace('\n', " "));
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick is no code.
    let spans = parts.len() % 2 == 1;
    let mut out = String::new();
    for (position, part) in parts.into_iter().enumerate() {
        match (position % 2 == 1, spans) {
            (true, true) if part.is_empty() => out.push_str("\\`\\`"),
            (true, true) => out.push_str(&code(part)),
            (true, false) => {
                out.push_str("\\`");
                escape(part, &mut out);
            }
            (false, _) => {
                if position > 0 && !spans {
                    out.push_str("\\`");
                }
                escape(part, &mut out);
            }
        }
    }
    out
}

fn escape(text: &str, out: &mut String) {
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A mention would call people, a number would link to another pull request.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            // Within a word an underscore is one.
            '_' if before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric()) => out.push(c),
            '\\' | '*' | '_' | '[' | ']' | '~' | '|' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // A URL would become a link.
            ':' if rest.peek() == Some(&'/') => out.push_str("&#58;"),
            c => out.push(c),
        }
        before = c;
    }
}

/// A cell of a table: a bar ends it even within code.
pub(super) fn cell(markdown: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in markdown.chars() {
        if c == '|' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// A URL that stays within its angle brackets.
pub(super) fn url(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => "%3C".to_owned(),
            '>' => "%3E".to_owned(),
            c if c.is_whitespace() || c.is_control() => "%20".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_anything() {
        assert_eq!(code("vpc/a"), "`vpc/a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(fence("x"), "```");
        assert_eq!(fence("````"), "`````");
    }

    #[test]
    fn prose_is_only_prose() {
        assert_eq!(
            prose("<script> @all #1 **b** [x](http://y)"),
            "&lt;script&gt; &#64;all &#35;1 \\*\\*b\\*\\* \\[x\\](http&#58;//y)"
        );
        assert_eq!(prose("use `spec.image` of nodes_a"), "use `spec.image` of nodes_a");
        assert_eq!(prose("an odd ` one"), "an odd \\` one");
        assert_eq!(prose("a ` b ` c ` d"), "a ` b ` c \\` d".replace("` b `", "\\` b \\`"));
    }

    #[test]
    fn bars_do_not_end_a_cell() {
        assert_eq!(cell("`a|b` and c\\|d"), "`a\\|b` and c\\|d");
    }
}
