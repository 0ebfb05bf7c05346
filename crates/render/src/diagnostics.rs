//! Diagnostics with file, line, column, the offending line underlined, why, and what to do.
//!
//! The one renderer that returns bytes instead of [`crate::Text`]: `annotate-snippets` draws the frames and has its own
//! styles. Whoever prints strips them where colour is not wanted.

use std::collections::BTreeMap;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use kedge_diag::{Diagnostic, Diagnostics, Severity};

use crate::wrap::wrap;

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosticOptions {
    /// Columns.
    pub width: usize,
    /// With ANSI styles.
    pub styled: bool,
    /// Least severity that is shown.
    pub least: Severity,
}

impl Default for DiagnosticOptions {
    fn default() -> Self {
        Self { width: 80, styled: false, least: Severity::Note }
    }
}

/// Everything that is wrong, in the order of files and lines, and a closing line that counts. Empty if there is nothing.
#[must_use]
pub fn render(diagnostics: &Diagnostics, options: &DiagnosticOptions) -> String {
    // Severities are ordered from the worst to the least.
    let shown: Vec<&Diagnostic> =
        diagnostics.sorted().into_iter().filter(|diagnostic| diagnostic.severity <= options.least).collect();
    if shown.is_empty() {
        return String::new();
    }
    let renderer = if options.styled { Renderer::styled() } else { Renderer::plain() }.term_width(options.width);
    let mut out = String::new();
    for diagnostic in &shown {
        out.push_str(&renderer.render(&[group(diagnostic, options.width)]));
        out.push_str("\n\n");
    }
    out.push_str(&count_line(&shown));
    out.push('\n');
    out
}

fn group(diagnostic: &Diagnostic, width: usize) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.summary).id(diagnostic.code));
    if let Some(span) = &diagnostic.span {
        let (start, end) = one_line(&span.source.text, span.start, span.end);
        group = group.element(
            Snippet::source(span.source.text.as_str())
                .path(span.source.name.as_str())
                .annotation(AnnotationKind::Primary.span(start..end)),
        );
    } else if let Some(path) = &diagnostic.path {
        group = group.element(Level::NOTE.with_name("where").message(printable(path)));
    }
    // "   = why: " and, for a file of more than 999 lines, one column more.
    let room = width.saturating_sub(12).max(20);
    let message = |text: &str| wrap(&printable(text), room).join("\n");
    if !diagnostic.detail.is_empty() {
        group = group.element(Level::NOTE.with_name("why").message(message(&diagnostic.detail)));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(message(hint)));
    }
    group
}

/// The part of a span that is on its first line: a whole document underlined helps nobody.
fn one_line(text: &str, start: usize, end: usize) -> (usize, usize) {
    let rest = text.get(start..end).unwrap_or_default();
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    (start, start + line.trim_end().len())
}

/// Text with control characters made visible: what a manifest says must not reach the terminal as commands.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

fn count_line(shown: &[&Diagnostic]) -> String {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for diagnostic in shown {
        *counts.entry(diagnostic.severity).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .into_iter()
        .map(|(severity, count)| format!("{count} {severity}{}", if count == 1 { "" } else { "s" }))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests;
