//! Unknown, misplaced, wrong and idle fields, and what is made of values.

use std::sync::Arc;

use kedge_diag::{Diagnostic, Severity, Source};

use crate::testing::{CLEAN, lines, read, resolved};
use crate::{ParseOptions, parse};

/// The only problem of the clean example with something added below `spec` of the cluster.
fn only(addition: &str) -> Diagnostic {
    let (_, diagnostics) = read(&CLEAN.replacen("spec:\n", &format!("spec:\n{addition}\n"), 1));
    let all: Vec<&Diagnostic> = diagnostics.iter().collect();
    let [one] = all.as_slice() else { panic!("{:?}", lines(&diagnostics)) };
    (*one).clone()
}

/// Its hint.
fn hint(addition: &str) -> String {
    let diagnostic = only(addition);
    assert_eq!((diagnostic.severity, diagnostic.code), (Severity::Error, "unknown-field"), "{addition}");
    diagnostic.hint.unwrap_or_default()
}

#[test]
fn unknown_fields_are_underlined_and_the_near_name_is_given() {
    let diagnostic = only("  sshAcces: []");
    assert_eq!(diagnostic.path.as_deref(), Some("Cluster/test.example.com: spec.sshAcces"));
    let span = diagnostic.span.unwrap();
    assert_eq!((span.line_column(), &span.source.text[span.start..span.end]), ((6, 3), "sshAcces"));
    assert_eq!(diagnostic.hint.as_deref(), Some("did you mean `sshAccess`?"));
}

#[test]
fn hints_know_more_than_spelling() {
    assert_eq!(hint("  sshaccess: []"), "upper and lower case count: `sshAccess`");
    assert_eq!(
        hint("  tagSubnets: false"),
        "newer versions of the kops API say `tagSubnets`; in `v1alpha2` it is `DisableSubnetTags`, with the opposite value"
    );
    assert_eq!(
        hint("  etcdMembers: []"),
        "there is `spec.etcdClusters[].etcdMembers`: was it put in the wrong place, or is the indentation off?"
    );
    assert_eq!(hint("  masterP: 1"), "there are the single fields `masterPublicName`");
    assert_eq!(hint("  somethingElseEntirely: 1"), "");
}

#[test]
fn unknown_fields_inside_idle_blocks_are_errors_too() {
    let (_, diagnostics) = read(&CLEAN.replacen("spec:\n", "spec:\n  rollingUpdate:\n    maxSurgee: 2\n", 1));
    assert_eq!(lines(&diagnostics), ["note field-without-effect 6:3", "error unknown-field 7:5"]);
}

#[test]
fn unknown_fields_may_be_allowed() {
    let text = CLEAN.replacen("spec:\n", "spec:\n  custom: 1\n", 1);
    let source = Arc::new(Source { name: "a".to_owned(), text });
    let (_, diagnostics) = parse(&[source], &ParseOptions { allow_unknown_fields: true });
    assert_eq!(lines(&diagnostics), ["note unknown-field 6:3"]);
}

#[test]
fn a_block_that_kops_ignores_is_a_warning() {
    let diagnostic = only("  serviceOIDCProvider: {issuerURL: x}");
    assert_eq!((diagnostic.severity, diagnostic.code), (Severity::Warning, "unknown-field"));
}

#[test]
fn idle_fields_are_noted_once_for_a_block() {
    let idle = "  authentication:\n    aws: {image: a}\n  kubelet:\n    apiServers: a\n    nodeLabels: {a: b}";
    let (_, diagnostics) = read(&CLEAN.replacen("spec:\n", &format!("spec:\n{idle}\n"), 1));
    assert_eq!(lines(&diagnostics), ["note field-without-effect 6:3", "note field-without-effect 9:5"]);
}

#[test]
fn fields_of_instances_are_read_without_a_word() {
    let boots = "  authorization:\n    rbac: {}\n  kubeScheduler:\n    logLevel: two\n    master: a\n    qps: 5";
    let (_, diagnostics) = read(&CLEAN.replacen("spec:\n", &format!("spec:\n{boots}\n"), 1));
    assert_eq!(lines(&diagnostics), ["error wrong-type 9:15", "note field-without-effect 10:5"]);
}

#[test]
fn refused_fields_say_why() {
    let diagnostic = only("  cloudConfig: {multizone: true}");
    assert_eq!((diagnostic.severity, diagnostic.code), (Severity::Error, "field-refused"));
    assert_eq!(diagnostic.detail, "`multizone`: it belongs to another cloud; kedge provisions AWS");
}

#[test]
fn wrong_types_are_all_reported() {
    let text = CLEAN
        .replacen("minSize: 1", "minSize: some", 1)
        .replacen("maxSize: 1", "maxSize: 99999999999", 1)
        .replacen("spec:\n", "spec:\n  sshAccess: 10.0.0.0/8\n  encryptionConfig: maybe\n  cloudLabels: [a]\n", 1)
        .replacen("  sshAccess:\n  - 192.0.2.0/24\n  - pl-0123abcd\n", "", 1);
    let (manifests, diagnostics) = read(&text);
    let found = lines(&diagnostics);
    let expected = [6, 7, 8, 51, 52].map(|line| format!("error wrong-type {line}:"));
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found.starts_with(expected), "{found} {expected}");
    }
    // Nothing is said twice about what was left out.
    assert_eq!(lines(&manifests.resolve(&crate::ResolveOptions::default()).1), [""; 0]);
}

#[test]
fn numbers_and_texts_are_read_by_what_the_field_wants() {
    let text = CLEAN.replacen(
        "maxSize: 3",
        "maxSize: \"7\"\n  maxPrice: 0.10\n  instanceProtection: \"yes\"\n  cloudLabels: {on: 010}",
        1,
    );
    let spec = resolved(&text);
    let nodes = &spec.groups[1];
    assert_eq!((nodes.max_size, nodes.max_price.as_deref(), nodes.instance_protection), (7, Some("0.10"), true));
    assert_eq!(nodes.cloud_labels.get("on"), Some("010"));
}

#[test]
fn empty_fields_count_as_absent() {
    let spec = resolved(&CLEAN.replacen("spec:\n", "spec:\n  cloudLabels:\n  dnsZone: ~\n  iam: null\n", 1));
    assert!(spec.cluster.cloud_labels.0.is_empty());
    assert_eq!(spec.cluster.dns.zone, None);
}
