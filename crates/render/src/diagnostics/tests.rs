use std::sync::Arc;

use kedge_diag::{Diagnostic, Diagnostics, Severity, Source, Span};
use snapbox::{assert_data_eq, str};

use super::{DiagnosticOptions, render};

const MANIFEST: &str = "spec:\n  networkCIDR: 172.20.0.0/16\n  subnets:\n  - cidr: 10.0.0.0/19\n    name: a\n";

fn placed(needle: &str) -> Span {
    let start = MANIFEST.find(needle).unwrap();
    let source = Arc::new(Source { name: "cluster.yaml".to_owned(), text: MANIFEST.to_owned() });
    Span::new(source, start, start + needle.len())
}

fn examples() -> Diagnostics {
    let mut all = Diagnostics::default();
    all.push(Diagnostic::note("field-without-effect", "this field has no effect", "kedge reads it and does nothing."));
    all.push(
        Diagnostic::error(
            "subnet-outside-vpc",
            "subnet outside the VPC",
            "10.0.0.0/19 is not part of 172.20.0.0/16, the range of the VPC, and AWS refuses a subnet outside of the \
             ranges of its VPC.",
        )
        .at("Cluster/a.example.com: spec.subnets[0].cidr", Some(placed("10.0.0.0/19")))
        .hint("choose a range in 172.20.0.0/16, or add the range to spec.additionalNetworkCIDRs"),
    );
    all.push(
        Diagnostic::warning("unknown-machine-type", "unknown machine type", "m9.huge is no machine type of us-test-1.")
            .at("InstanceGroup/nodes: spec.machineType", None),
    );
    all
}

#[test]
fn places_underline_and_count() {
    let text = render(&examples(), &DiagnosticOptions::default());
    assert_data_eq!(
        text,
        str![[r#"
error[subnet-outside-vpc]: subnet outside the VPC
 --> cluster.yaml:4:11
  |
4 |   - cidr: 10.0.0.0/19
  |           ^^^^^^^^^^^
  |
  = why: 10.0.0.0/19 is not part of 172.20.0.0/16, the range of the VPC, and
         AWS refuses a subnet outside of the ranges of its VPC.
  = help: choose a range in 172.20.0.0/16, or add the range to
          spec.additionalNetworkCIDRs

warning[unknown-machine-type]: unknown machine type
 |
 = where: InstanceGroup/nodes: spec.machineType
 = why: m9.huge is no machine type of us-test-1.

note[field-without-effect]: this field has no effect
 |
 = why: kedge reads it and does nothing.

1 error, 1 warning, 1 note

"#]]
    );
}

#[test]
fn spans_over_lines_underline_the_first() {
    let mut all = Diagnostics::default();
    all.push(Diagnostic::error("x", "broken", "why").at("subnets", Some(placed("subnets:\n  - cidr: 10.0.0.0/19"))));
    assert_data_eq!(
        render(&all, &DiagnosticOptions::default()),
        str![[r#"
error[x]: broken
 --> cluster.yaml:3:3
  |
3 |   subnets:
  |   ^^^^^^^^
  |
  = why: why

1 error

"#]]
    );
}

#[test]
fn quiet_shows_errors_only_and_nothing_is_empty() {
    let errors = DiagnosticOptions { least: Severity::Error, ..DiagnosticOptions::default() };
    assert!(render(&examples(), &errors).ends_with("\n\n1 error\n"));
    assert_eq!(render(&Diagnostics::default(), &errors), "");
}

#[test]
fn control_characters_are_visible() {
    let mut all = Diagnostics::default();
    all.push(Diagnostic::error("x", "broken", "a\u{1b}[31mb").hint("c\u{7}d"));
    let text = render(&all, &DiagnosticOptions::default());
    assert!(text.contains("a\\u{1b}[31mb") && text.contains("c\\u{7}d"), "{text}");
}
