//! Diagnostics: what is wrong with a manifest, where, why, and what to do.
//!
//! A library collects [`Diagnostic`]s into [`Diagnostics`] and goes on, so that a person sees all problems at once. Nothing
//! here prints: `kedge-render` turns them into text with the offending line underlined.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is done until it is mended.
    Error,
    /// It works, and somebody should look.
    Warning,
    /// Worth knowing, such as a field that is accepted without effect.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// A text that was read, with the name that a person knows it by.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path, or `<stdin>`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A part of a source.
#[derive(Clone, Debug)]
pub struct Span {
    /// The text.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// Byte after the last; at least `start`.
    pub end: usize,
}

impl Span {
    /// A span; the ends are moved onto character boundaries within the text.
    #[must_use]
    pub fn new(source: Arc<Source>, start: usize, end: usize) -> Self {
        let floor = |mut at: usize| {
            at = at.min(source.text.len());
            while !source.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (floor(start), floor(end.max(start)));
        Self { source, start, end }
    }

    /// Line and column of the start, both from 1; the column counts characters.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// One problem.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier such as `subnet-outside-vpc`.
    pub code: &'static str,
    /// A fixed phrase without user data.
    pub summary: &'static str,
    /// What exactly, and why it matters.
    pub detail: String,
    /// Path of the field, such as `spec.subnets[1].cidr`.
    pub path: Option<String>,
    /// Where.
    pub span: Option<Span>,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without place or hint.
    pub fn error(code: &'static str, summary: &'static str, detail: impl Into<String>) -> Self {
        Self::of(Severity::Error, code, summary, detail)
    }

    /// A warning without place or hint.
    pub fn warning(code: &'static str, summary: &'static str, detail: impl Into<String>) -> Self {
        Self::of(Severity::Warning, code, summary, detail)
    }

    /// A note without place or hint.
    pub fn note(code: &'static str, summary: &'static str, detail: impl Into<String>) -> Self {
        Self::of(Severity::Note, code, summary, detail)
    }

    fn of(severity: Severity, code: &'static str, summary: &'static str, detail: impl Into<String>) -> Self {
        Self { severity, code, summary, detail: detail.into(), path: None, span: None, hint: None }
    }

    /// Says which field.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, span: Option<Span>) -> Self {
        self.path = Some(path.into());
        self.span = span;
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Problems of one or more texts.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds those of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether any is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of files and positions; those without a place come last.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<&Diagnostic> = self.0.iter().collect();
        all.sort_by(|a, b| {
            let place = |d: &Diagnostic| d.span.as_ref().map(|span| (span.source.name.clone(), span.start));
            (place(a).is_none(), place(a), a.severity, a.code, &a.detail).cmp(&(
                place(b).is_none(),
                place(b),
                b.severity,
                b.code,
                &b.detail,
            ))
        });
        all
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "a.yaml".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn positions_count_from_one_and_in_characters() {
        let span = Span::new(source("a: 1\nü: x\n"), 9, 10);
        assert_eq!(span.line_column(), (2, 4));
        assert_eq!(Span::new(source("ü"), 1, 50).line_column(), (1, 1));
    }

    #[test]
    fn placed_diagnostics_come_first_in_order() {
        let text = source("a\nb\n");
        let mut all = Diagnostics::default();
        all.push(Diagnostic::error("x", "x", "no place"));
        all.push(Diagnostic::note("x", "x", "second").at("b", Some(Span::new(text.clone(), 2, 3))));
        all.push(Diagnostic::error("x", "x", "first").at("a", Some(Span::new(text, 0, 1))));
        let order: Vec<&str> = all.sorted().iter().map(|d| d.detail.as_str()).collect();
        assert_eq!(order, ["first", "second", "no place"]);
    }
}
