//! The starter set in `policies/`, by its own tests: every rule `test_…` of the files `…_test.rego` has to be true.

use std::collections::BTreeSet;
use std::sync::Arc;

use kedge_diag::Source;
use kedge_policy::{Policies, is_test};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");

/// The files of the folder, by name.
fn sources() -> Vec<Arc<Source>> {
    let mut sources: Vec<Arc<Source>> = fs_err::read_dir(FOLDER)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rego"))
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            Arc::new(Source { name, text: fs_err::read_to_string(path).expect("a text") })
        })
        .collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

#[test]
fn every_test_of_a_policy_passes() {
    let sources = sources();
    let policies = Policies::compile(&sources).unwrap_or_else(|problems| panic!("{:#?}", problems.sorted()));
    let mut failed = Vec::new();
    for source in sources.iter().filter(|source| is_test(&source.name)) {
        let lines = || source.text.lines();
        let package = lines().find_map(|line| line.strip_prefix("package ")).unwrap();
        let names: BTreeSet<&str> =
            lines().filter(|line| line.starts_with("test_")).filter_map(|line| line.split(' ').next()).collect();
        assert!(!names.is_empty(), "{} has no tests", source.name);
        let value = policies.package(package, serde_json::json!({})).unwrap().unwrap_or_default();
        failed.extend(names.iter().filter(|name| value[**name] != true).map(|name| format!("{}: {name}", source.name)));
    }
    assert_eq!(failed, [""; 0]);
}

#[test]
fn every_policy_has_tests() {
    let names: BTreeSet<String> = sources().iter().map(|source| source.name.clone()).collect();
    for name in names.iter().filter(|name| !is_test(name)) {
        let test = name.replace(".rego", "_test.rego");
        assert!(names.contains(&test), "{name} has no {test}");
    }
}
