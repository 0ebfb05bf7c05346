//! What the tests of this crate share.

use std::sync::Arc;

use kedge_diag::{Diagnostics, Source};

use crate::{Manifests, ParseOptions, ResolveOptions, ResolvedSpec, parse};

/// A cluster without any problem.
pub(crate) const CLEAN: &str = include_str!("../testdata/clean.yaml");

/// Reads one text.
pub(crate) fn read(text: &str) -> (Manifests, Diagnostics) {
    let source = Arc::new(Source { name: "cluster.yaml".to_owned(), text: text.to_owned() });
    parse(&[source], &ParseOptions::default())
}

/// Reads and resolves a text that is sound.
pub(crate) fn resolved(text: &str) -> ResolvedSpec {
    let (manifests, mut diagnostics) = read(text);
    let (spec, further) = manifests.resolve(&ResolveOptions::default());
    diagnostics.extend(further);
    spec.unwrap_or_else(|| panic!("{:#?}", lines(&diagnostics)))
}

/// All problems of a text, as `error code 12:3`.
pub(crate) fn problems(text: &str) -> Vec<String> {
    let (manifests, mut diagnostics) = read(text);
    let (spec, further) = manifests.resolve(&ResolveOptions::default());
    diagnostics.extend(further);
    assert_eq!(spec.is_none(), diagnostics.has_errors(), "there is a specification exactly if there are no errors");
    lines(&diagnostics)
}

/// Diagnostics in their order, as `error code 12:3`.
pub(crate) fn lines(diagnostics: &Diagnostics) -> Vec<String> {
    diagnostics
        .sorted()
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.span.as_ref().map_or("-".to_owned(), |span| {
                let (line, column) = span.line_column();
                format!("{line}:{column}")
            });
            format!("{} {} {place}", diagnostic.severity, diagnostic.code)
        })
        .collect()
}
