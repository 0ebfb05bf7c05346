//! The table of fields tells the truth: a field that acts changes what comes out, and one without effect changes nothing.
//!
//! Each field is set in a small cluster in which it can act, and the result before is compared with the result after.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic about what it reads"
)]

#[path = "fields/cluster.rs"]
mod cluster;
#[path = "fields/samples.rs"]
mod samples;

use std::sync::Arc;

use kedge_diag::{Severity, Source};
use kedge_resource::{Desired, Facts};
use kedge_spec::{FieldEffect, FieldEntry, ParseOptions, ResolveOptions, fields, parse};
use serde_json::Value;

use cluster::Manifests;

/// What comes of manifests.
#[derive(Debug, PartialEq)]
struct Outcome {
    desired: Option<Desired>,
    /// Codes of errors and warnings.
    problems: Vec<&'static str>,
}

fn outcome(manifests: &Manifests, facts: &Facts) -> Outcome {
    let source = Source { name: "fields.yaml".to_owned(), text: manifests.text() };
    let (parsed, mut problems) = parse(&[Arc::new(source)], &ParseOptions::default());
    let (spec, further) = parsed.resolve(&ResolveOptions::default());
    problems.extend(further);
    let desired = spec.and_then(|spec| match kedge_model::lower(&spec, facts) {
        Ok(desired) => Some(desired),
        Err(further) => {
            problems.extend(further);
            None
        }
    });
    let loud = problems.sorted().into_iter().filter(|problem| problem.severity != Severity::Note);
    Outcome { desired, problems: loud.map(|problem| problem.code).collect() }
}

/// A value of a field's shape, for fields of which no value matters.
fn any_value(field: &FieldEntry) -> Value {
    let value = match (field.words.last(), field.shape.as_str()) {
        (Some(word), _) => Value::from(*word),
        (None, "boolean") => true.into(),
        (None, "integer") => 7.into(),
        (None, "quantity") => "500m".into(),
        (None, "duration") => "5m".into(),
        (None, "block" | "anything") => serde_json::json!({}),
        (None, _) => "something".into(),
    };
    cluster::wrapped(field, value)
}

#[test]
fn fields_without_effect_change_nothing() {
    let facts = cluster::facts();
    let mut wrong = Vec::new();
    for field in fields().iter().filter(|field| field.effect == FieldEffect::NoEffect) {
        let before = samples::prepared(field);
        let mut after = before.clone();
        after.set(field, any_value(field));
        let (before, after) = (outcome(&before, &facts), outcome(&after, &facts));
        assert!(before.desired.is_some(), "{} {}: {:?}", field.kind, field.path, before.problems);
        if before != after {
            wrong.push(format!("{} {} ({:?})", field.kind, field.path, after.problems));
        }
    }
    assert!(wrong.is_empty(), "{} fields have an effect after all:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn fields_that_act_change_something() {
    let facts = cluster::facts();
    let mut wrong = Vec::new();
    for field in fields().iter().filter(|field| field.effect == FieldEffect::Acts && field.shape != "block") {
        let sample = samples::of(field);
        let mut before = samples::prepared(field);
        for (place, value) in &sample.setup {
            before.put(place, value.clone());
        }
        let mut after = before.clone();
        after.set(field, sample.value.clone());
        let (before, after) = (outcome(&before, &facts), outcome(&after, &facts));
        let name = format!("{} {}", field.kind, field.path);
        if before.desired.is_none() {
            wrong.push(format!("{name}: the cluster is wrong without it: {:?}", before.problems));
        } else if sample.only_checked {
            if before.problems == after.problems {
                wrong.push(format!("{name}: nobody looks at it"));
            }
        } else if after.desired.is_none() {
            wrong.push(format!("{name}: {:?}", after.problems));
        } else if before.desired == after.desired {
            wrong.push(format!("{name}: nothing changes"));
        }
    }
    assert!(wrong.is_empty(), "{} fields do not act:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn refused_fields_are_errors() {
    let facts = cluster::facts();
    for field in fields().iter().filter(|field| matches!(field.effect, FieldEffect::Refused(_))) {
        let mut after = samples::prepared(field);
        after.set(field, any_value(field));
        let after = outcome(&after, &facts);
        assert!(after.problems.contains(&"field-refused"), "{} {}: {:?}", field.kind, field.path, after.problems);
        assert_eq!(after.desired, None);
    }
}

#[test]
fn every_sample_is_a_field_that_acts() {
    let all = fields();
    for (kind, path) in samples::known() {
        let field = all.iter().find(|field| field.kind == kind && field.path == path);
        assert_eq!(field.map(|field| field.effect), Some(FieldEffect::Acts), "{kind} {path}");
    }
}
