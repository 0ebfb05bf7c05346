//! Reporting about the fields of one manifest.

use kedge_diag::{Diagnostic, Diagnostics};

use crate::decode::word_hint;
use crate::document::Document;

/// A manifest and the place where its problems go.
pub(crate) struct Report<'a> {
    pub(crate) document: &'a Document,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Report<'a> {
    /// Reports about `document` into `diagnostics`.
    pub(crate) fn new(document: &'a Document, diagnostics: &'a mut Diagnostics) -> Self {
        Self { document, diagnostics }
    }

    /// Puts a diagnostic at a field.
    pub(crate) fn push(&mut self, path: &str, diagnostic: Diagnostic) {
        self.document.report(self.diagnostics, path, diagnostic);
    }
}

/// The value that a field's word stands for; an unknown word is reported with the near or all known ones.
pub(crate) fn one_of<T: Copy>(
    report: &mut Report<'_>,
    path: &str,
    word: &str,
    known: &[(&'static str, T)],
) -> Option<T> {
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == word) {
        return Some(*value);
    }
    let words: Vec<&'static str> = known.iter().map(|(name, _)| *name).collect();
    let hint = word_hint(word, &words);
    report.push(
        path,
        Diagnostic::error("unknown-value", "value is unknown", format!("`{word}` means nothing in `{path}`"))
            .hint(hint),
    );
    None
}
