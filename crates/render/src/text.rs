//! Lines whose parts have roles: what every renderer returns.

use std::fmt;

/// What a piece of text means. The command line maps each to a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Text.
    Plain,
    /// A heading.
    Heading,
    /// Something that is made.
    Added,
    /// Something that changes in place.
    Changed,
    /// Something that is replaced.
    Replaced,
    /// Something that is removed.
    Removed,
    /// An id that AWS issued.
    Id,
    /// Less important: reasons, summaries.
    Dim,
    /// Something is wrong and has to be mended.
    Error,
    /// Somebody should look.
    Warning,
    /// Worth knowing.
    Note,
    /// What to do next.
    Hint,
    /// It is done.
    Success,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What it means.
    pub role: Role,
    /// The text, without line breaks.
    pub text: String,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its pieces.
    pub segments: Vec<Segment>,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A line of one piece.
    pub fn of(role: Role, text: impl Into<String>) -> Self {
        Self::empty().with(role, text)
    }

    /// A line of text without a role.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(Role::Plain, text)
    }

    /// Adds a piece. Control characters become visible, so that no text from AWS or a file can move the cursor.
    #[must_use]
    pub fn with(mut self, role: Role, text: impl Into<String>) -> Self {
        let text = text.into();
        let text = if text.chars().any(is_unseen) { visible(&text) } else { text };
        if !text.is_empty() {
            self.segments.push(Segment { role, text });
        }
        self
    }

    /// Number of characters.
    #[must_use]
    pub fn width(&self) -> usize {
        self.segments.iter().map(|segment| segment.text.chars().count()).sum()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| f.write_str(&segment.text))
    }
}

/// Lines in order. `Display` prints them without colour, each with a line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The lines.
    pub lines: Vec<Line>,
}

impl Text {
    /// No lines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds an empty line, unless there is one or nothing is there yet.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.segments.is_empty()) {
            self.lines.push(Line::empty());
        }
    }

    /// Adds the lines of another text.
    pub fn extend(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// Whether there are no lines.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The text with what has no look of its own made visible.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => "    ".to_owned(),
            c if is_unseen(c) => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

/// Whether a character has no look of its own, but changes how others look: it moves a cursor, or turns the direction of
/// writing around, so that a text reads as something else than it is.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_cannot_reach_a_terminal() {
        let line = Line::plain("a\u{1b}[31mb\tc\n");
        assert_eq!(line.to_string(), "a\\u{1b}[31mb    c\\n");
    }

    #[test]
    fn nothing_turns_the_direction_of_writing_around() {
        assert_eq!(Line::plain("a\u{202e}b").to_string(), "a\\u{202e}b");
    }

    #[test]
    fn gaps_do_not_add_up() {
        let mut text = Text::new();
        text.gap();
        text.push(Line::plain("a"));
        text.gap();
        text.gap();
        text.push(Line::plain("b"));
        assert_eq!(text.to_string(), "a\n\nb\n");
    }
}
