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
#[path = "../../spec/tests/samples/mod.rs"]
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use kedge_addons::{Addon, Surroundings, wanted};
use kedge_bootstrap::{ApiEndpoint, GroupConfig, StorePlace, configure};
use kedge_diag::{Severity, Source};
use kedge_resource::{Desired, Facts};
use kedge_spec::resolved::Role;
use kedge_spec::{FieldEffect, FieldEntry, ParseOptions, ResolveOptions, ResolvedSpec, fields, parse};
use serde_json::Value;

use cluster::Manifests;

/// What comes of manifests.
#[derive(Debug, PartialEq)]
struct Outcome {
    desired: Option<Desired>,
    /// Codes of errors and warnings.
    problems: Vec<&'static str>,
    /// What instances boot with and which add-ons run, where the manifests are sound.
    software: Option<Software>,
}

/// What instances boot with, add-ons, and what of the manifests neither can follow.
#[derive(Debug, PartialEq)]
struct Software {
    configs: Vec<GroupConfig>,
    addons: Vec<Addon>,
    refused: Vec<String>,
}

fn software(spec: &ResolvedSpec, facts: &Facts) -> Software {
    let store = StorePlace {
        region: facts.region.clone(),
        bucket: "store".to_owned(),
        prefix: "test.example.com".to_owned(),
        endpoint: None,
    };
    let endpoint = ApiEndpoint::of(spec, Some("api-1.elb.example.com")).unwrap();
    let (mut configs, mut addons, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    // Groups without etcd are refused whatever their fields say.
    for group in spec.groups.iter().filter(|group| group.role != Role::ApiServer) {
        match configure(spec, group, &endpoint, &store) {
            Ok(config) => configs.extend(config),
            Err(problems) => refused.extend(problems.iter().map(ToString::to_string)),
        }
    }
    let surroundings = Surroundings {
        region: &facts.region,
        partition: &facts.partition,
        account_id: &facts.account_id,
        hosted_zone: Some("Z1"),
        endpoint: &endpoint,
        files: &BTreeMap::new(),
    };
    match wanted(spec, &surroundings) {
        Ok(found) => addons.extend(found),
        Err(problems) => refused.extend(problems.iter().map(ToString::to_string)),
    }
    Software { configs, addons, refused }
}

fn outcome(manifests: &Manifests, facts: &Facts) -> Outcome {
    let source = Source { name: "fields.yaml".to_owned(), text: manifests.text() };
    let (parsed, mut problems) = parse(&[Arc::new(source)], &ParseOptions::default());
    let (spec, further) = parsed.resolve(&ResolveOptions::default());
    problems.extend(further);
    let software = spec.as_ref().map(|spec| software(spec, facts));
    let desired = spec.and_then(|spec| match kedge_model::lower(&spec, facts) {
        Ok(desired) => Some(desired),
        Err(further) => {
            problems.extend(further);
            None
        }
    });
    let loud = problems.sorted().into_iter().filter(|problem| problem.severity != Severity::Note);
    Outcome { desired, problems: loud.map(|problem| problem.code).collect(), software }
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
    values::wrapped(field, value)
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

#[test]
fn explore() {
    let facts = cluster::facts();
    for field in fields().iter().filter(|field| !matches!(field.effect, FieldEffect::Refused(_))) {
        let mut before = samples::prepared(field);
        let doc = match field.kind { "Cluster" => "cluster", "InstanceGroup" => "nodes", _ => continue };
        for (place, value) in values::setup(&field.path) { before.put(&format!("{doc} {place}"), value); }
        let b = outcome(&before, &facts);
        let (mut res, mut boot, mut refused, mut err) = (false, false, false, vec![]);
        let mut vals = if field.shape == "block" { vec![any_value(field)] } else { values::values(field) };
        if field.effect == FieldEffect::Acts && field.shape != "block" { let s = samples::of(field); for (p, v) in &s.setup { before.put(p, v.clone()); } vals = vec![s.value]; }
        let b = if field.effect == FieldEffect::Acts { outcome(&before, &facts) } else { b };
        if b.desired.is_none() || b.software.as_ref().is_some_and(|s| !s.refused.is_empty()) { println!("BADBASE {} {} {:?} {:?}", field.kind, field.path, b.problems, b.software.map(|s| s.refused)); continue; }
        for v in vals {
            let mut after = before.clone();
            after.set(field, v);
            let a = outcome(&after, &facts);
            if a.desired.is_none() { err.push(format!("{:?}", a.problems)); continue; }
            res |= a.desired != b.desired;
            let (a, b) = (a.software.unwrap(), b.software.as_ref().unwrap());
            if a.refused.is_empty() { boot |= a != *b; } else { refused = true; err.extend(a.refused); }
        }
        println!("X {:?} {} {} {} res={} boot={} refused={} {:?}", field.effect, field.kind, field.path, field.shape, res, boot, refused, err);
    }
}
