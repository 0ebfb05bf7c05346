//! The table of fields tells the truth: a field that acts changes resources, a field of instances and add-ons changes what
//! instances boot with or which add-ons run and no resource, and one without effect changes nothing.
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
#[path = "fields/outcome.rs"]
mod outcome;
#[path = "fields/samples.rs"]
mod samples;
#[path = "../../spec/tests/samples/mod.rs"]
mod values;

use std::collections::BTreeMap;

use kedge_resource::Facts;
use kedge_spec::{FieldEffect, FieldEntry, fields};
use serde_json::Value;

use cluster::Manifests;
use outcome::{Outcome, outcome};

/// The outcomes of manifests that are asked for more than once.
struct Known {
    facts: Facts,
    outcomes: BTreeMap<String, Outcome>,
}

impl Known {
    fn new() -> Self {
        Self { facts: cluster::facts(), outcomes: BTreeMap::new() }
    }

    /// What comes of manifests before a field is set, and what after it is.
    fn compare(&mut self, before: &Manifests, field: &FieldEntry, value: Value) -> (&Outcome, Outcome) {
        let mut after = before.clone();
        after.set(field, value);
        let after = outcome(&after, &self.facts);
        let before = self.outcomes.entry(before.text()).or_insert_with(|| outcome(before, &self.facts));
        (before, after)
    }
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
    let mut known = Known::new();
    let mut wrong = Vec::new();
    for field in fields().iter().filter(|field| matches!(field.effect, FieldEffect::NoEffect(_))) {
        let before = samples::prepared(field);
        let mut values = vec![any_value(field)];
        if field.shape != "block" {
            values.extend(values::values(field));
        }
        for value in values {
            let (before, after) = known.compare(&before, field, value);
            assert!(before.desired.is_some(), "{} {}: {:?}", field.kind, field.path, before.problems);
            if *before != after {
                wrong.push(format!("{} {} ({:?})", field.kind, field.path, after.problems));
            }
        }
    }
    assert!(wrong.is_empty(), "{} fields have an effect after all:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a field is a block that decides by being there, and not by what stands in it.
fn is_bare(field: &FieldEntry, all: &[FieldEntry]) -> bool {
    let within = format!("{}.", field.path);
    let decides = |inner: &FieldEntry| inner.effect == FieldEffect::Acts || inner.effect == FieldEffect::Boots;
    !all.iter().any(|inner| inner.kind == field.kind && inner.path.starts_with(&within) && decides(inner))
}

#[test]
fn fields_of_instances_and_add_ons_change_those_and_no_resource() {
    let mut known = Known::new();
    let mut wrong = Vec::new();
    let all = fields();
    let mut tried = 0;
    for field in all.iter().filter(|field| field.effect == FieldEffect::Boots) {
        let values = match field.shape.as_str() {
            "block" if is_bare(field, &all) => vec![any_value(field)],
            "block" => continue,
            _ => values::values(field),
        };
        tried += 1;
        let before = samples::prepared(field);
        let name = format!("{} {}", field.kind, field.path);
        let mut changes = false;
        for value in values {
            let (before, after) = known.compare(&before, field, value);
            if before.desired.is_none() || after.desired.is_none() {
                wrong.push(format!("{name}: {:?}, and with it {:?}", before.problems, after.problems));
            } else if before.desired != after.desired {
                wrong.push(format!("{name}: resources change"));
            }
            // A value that cannot be followed is told.
            changes |= before.software != after.software;
        }
        if !changes {
            wrong.push(format!("{name}: nothing changes"));
        }
    }
    assert!(wrong.is_empty(), "{} fields do something else:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 600, "{tried}");
}

#[test]
fn fields_that_act_change_something() {
    let mut known = Known::new();
    let mut wrong = Vec::new();
    for field in fields().iter().filter(|field| field.effect == FieldEffect::Acts && field.shape != "block") {
        let sample = samples::of(field);
        let mut before = samples::prepared(field);
        for (place, value) in &sample.setup {
            before.put(place, value.clone());
        }
        let (before, after) = known.compare(&before, field, sample.value);
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
fn what_fields_need_around_them_is_known() {
    let all = fields();
    for prefix in samples::prefixes() {
        assert!(all.iter().any(|field| field.path.starts_with(prefix)), "no field begins with {prefix}");
    }
}
