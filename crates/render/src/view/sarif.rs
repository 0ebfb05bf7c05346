//! Findings in SARIF 2.1.0, as code scanning of GitHub and other tools read it: policies, checks and problems of manifests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::remarks::{Level, Remark, Source, is_file, remarks};
use super::verdict::ranked;
use super::{Review, Reviewed};

/// The log. `version` is that of kedge.
#[must_use]
pub fn document(review: &Review, version: &str) -> Value {
    let mut all: Vec<(&str, Option<String>, Remark)> = Vec::new();
    for (_, reviewed) in ranked(&review.clusters) {
        let file = match reviewed {
            Reviewed::Planned(planned) => planned.manifests.first().cloned(),
            Reviewed::Failed(_) => None,
        };
        if let Reviewed::Failed(failure) = reviewed {
            let text = std::iter::once(&failure.summary).chain(&failure.causes).cloned().collect::<Vec<_>>().join(": ");
            let remark = Remark {
                level: Level::Error,
                source: Source::Kedge,
                rule: "cannot-be-planned".to_owned(),
                text,
                key: None,
                position: failure.problems.iter().find_map(|problem| problem.position.clone()),
            };
            all.push((reviewed.name(), None, remark));
        }
        all.extend(remarks(reviewed).into_iter().map(|remark| (reviewed.name(), file.clone(), remark)));
    }
    let mut rules: BTreeMap<String, &Remark> = BTreeMap::new();
    for (_, _, remark) in &all {
        rules.entry(rule_id(remark)).or_insert(remark);
    }
    let ids: Vec<&String> = rules.keys().collect();
    let results: Vec<Value> = all
        .iter()
        .map(|(cluster, file, remark)| {
            let id = rule_id(remark);
            let index = ids.iter().position(|other| **other == id);
            result(cluster, file.as_deref(), remark, &id, index)
        })
        .collect();
    let rules: Vec<Value> = rules
        .iter()
        .map(|(id, remark)| {
            json!({
                "id": id,
                "shortDescription": {"text": match remark.source {
                    Source::Policy => format!("Policy {}", remark.rule),
                    Source::Kedge | Source::Manifest => remark.rule.replace('-', " "),
                }},
                "defaultConfiguration": {"level": level(remark.level)},
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "kedge", "semanticVersion": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule_id(remark: &Remark) -> String {
    match remark.source {
        Source::Policy => format!("policy/{}", remark.rule),
        Source::Kedge | Source::Manifest => remark.rule.clone(),
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn result(cluster: &str, file: Option<&str>, remark: &Remark, id: &str, index: Option<usize>) -> Value {
    // Code scanning shows only what has a place: what is about the whole stands at the beginning of the manifest.
    let place = match (&remark.position, file) {
        (Some(place), _) => Some((place.path.as_str(), place.line, place.column)),
        (None, Some(file)) => Some((file, 1, 1)),
        (None, None) => None,
    };
    let mut location = Map::new();
    if let Some((path, line, column)) = place.filter(|(path, ..)| is_file(path)) {
        let physical =
            json!({"artifactLocation": {"uri": uri(path)}, "region": {"startLine": line, "startColumn": column}});
        location.insert("physicalLocation".to_owned(), physical);
    }
    if let Some(key) = &remark.key {
        let logical = json!([{"fullyQualifiedName": key.to_string(), "kind": "resource"}]);
        location.insert("logicalLocations".to_owned(), logical);
    }
    let locations = if location.is_empty() { Vec::new() } else { vec![location] };
    json!({
        "ruleId": id,
        "ruleIndex": index,
        "level": level(remark.level),
        "message": {"text": format!("{cluster}: {}", remark.sentence())},
        "locations": locations,
        "partialFingerprints": {"kedge/v1": fingerprint(cluster, remark, id)},
    })
}

/// The same for the same finding in the next run, wherever the line has moved to.
fn fingerprint(cluster: &str, remark: &Remark, id: &str) -> String {
    let about = remark.key.as_ref().map(ToString::to_string).unwrap_or_else(|| remark.text.clone());
    let digest = Sha256::digest(format!("{cluster}\n{id}\n{about}"));
    digest.iter().take(16).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
