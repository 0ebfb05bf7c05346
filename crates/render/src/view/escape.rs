//! Texts of others in XML and HTML.

use crate::text::is_unseen;

/// Text for an element or a quoted attribute, in XML as in HTML. Characters that XML cannot hold, and those that turn the
/// direction of writing around, become visible.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            // XML has no place for the last two at all.
            c if is_unseen(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::xml;

    #[test]
    fn nothing_ends_an_attribute_or_opens_an_element() {
        assert_eq!(xml("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
        assert_eq!(xml("a\u{0}b\u{1b}\u{202e}\nc"), "a\\u{0}b\\u{1b}\\u{202e}\nc");
    }
}
