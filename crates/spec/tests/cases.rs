//! Real manifests of a folder that the environment names: each of them resolves without errors.

#![expect(clippy::disallowed_methods, reason = "the folder and its files are the parameters of this test")]

mod folder;

use std::sync::Arc;

use kedge_diag::{Severity, Source};
use kedge_spec::{ParseOptions, ResolveOptions, parse};

#[test]
fn real_manifests_resolve() {
    let Ok(folder) = std::env::var("KEDGE_KOPS_CASES") else {
        println!("skipped: KEDGE_KOPS_CASES names no folder of kops manifests");
        return;
    };
    let files = folder::manifests(folder.as_ref());
    assert!(!files.is_empty(), "{folder} holds no manifests");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let source = Arc::new(Source { name: file.display().to_string(), text });
        let (manifests, read) = parse(&[source], &ParseOptions::default());
        let (spec, resolved) = manifests.resolve(&ResolveOptions::default());
        let mut loud = Vec::new();
        for diagnostic in read.iter().chain(resolved.iter()) {
            let place = diagnostic.span.as_ref().map(kedge_diag::Span::line_column);
            assert!(place.is_some(), "{}: {} has no place", file.display(), diagnostic.detail);
            if diagnostic.severity != Severity::Note {
                loud.push(format!("{} {place:?} {}: {}", diagnostic.severity, diagnostic.code, diagnostic.detail));
            }
        }
        println!("{}: {loud:#?}", file.display());
        assert!(spec.is_some(), "{}: {loud:#?}", file.display());
    }
}
