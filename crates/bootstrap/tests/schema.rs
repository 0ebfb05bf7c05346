//! What kubeadm, kubelets and kube-proxy are given has the form that they take, whatever the manifest sets.
//!
//! The schema beside this test is written from their reference pages; `kubeadm.rs` asks kubeadm itself where there is one.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic about what it reads")]

mod common;
#[path = "common/every.rs"]
mod every;

use kedge_bootstrap::GroupConfig;
use kedge_spec::text;
use serde_json::Value;

use every::every_setting;

/// What is wrong with a value.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let mut wrong = |why: String| found.push(format!("{at}: {why}"));
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return faults(root, target, value, at, found);
    }
    if let Some(words) = schema["enum"].as_array() {
        if !words.contains(value) {
            wrong(format!("{value} is none of {words:?}"));
        }
        return;
    }
    let is = match schema["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => unreachable!("the schema has no type {other}"),
    };
    if !is {
        return wrong(format!("{value} is no {}", schema["type"]));
    }
    if schema["minLength"].is_u64() && value.as_str() == Some("") {
        wrong("is empty".to_owned());
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !matches(pattern, text)
    {
        wrong(format!("{text:?} is no {pattern}"));
    }
    for (position, item) in value.as_array().into_iter().flatten().enumerate() {
        faults(root, &schema["items"], item, &format!("{at}[{position}]"), found);
    }
    let Some(members) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, member) in members {
        let place = format!("{at}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(inner), _) => faults(root, inner, member, &place, found),
            (None, inner @ Value::Object(_)) => faults(root, inner, member, &place, found),
            (None, _) => found.push(format!("{place}: is unknown")),
        }
    }
}

/// The few forms of texts, under the names that the schema gives them.
fn matches(pattern: &str, text: &str) -> bool {
    let all = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c))
    };
    match pattern {
        "flag" => all(text, "-"),
        "label" => all(text, "-") && text.len() < 64,
        "path" => text.starts_with('/'),
        "duration" => all(text, ".") && text.starts_with(|c: char| c.is_ascii_digit()),
        "version" => text.strip_prefix('v').is_some_and(|rest| rest.split('.').count() == 3),
        other => unreachable!("the schema has no pattern {other}"),
    }
}

/// What kubelets of a group have beside the defaults of kubeadm.
fn kubelet_patch(config: &GroupConfig) -> String {
    config.files.iter().find(|file| file.path.contains("kubeletconfiguration")).unwrap().as_text().unwrap()
}

fn check(documents: &str, found: &mut Vec<String>) -> usize {
    let schema: Value = serde_json::from_str(include_str!("../testdata/documents.schema.json")).unwrap();
    let documents: Vec<Value> = documents.split("---\n").map(|document| text::read(document).unwrap()).collect();
    for document in &documents {
        let kind = document["kind"].as_str().unwrap();
        faults(&schema, &schema["$defs"][kind], document, kind, found);
    }
    documents.len()
}

#[test]
fn documents_have_the_form_that_is_taken_whatever_is_set() {
    let mut found = Vec::new();
    let mut checked = 0;
    for (field, manifests) in every_setting() {
        // Not every value of every field is sound; those are told before there is a document.
        let Ok(configs) = manifests.configs() else { continue };
        for config in configs {
            let before = found.len();
            checked += check(&config.join, &mut found);
            checked += config.init.as_deref().map_or(0, |init| check(init, &mut found));
            checked += check(&format!("kind: KubeletConfiguration\n{}", kubelet_patch(&config)), &mut found);
            found[before..].iter_mut().for_each(|fault| fault.insert_str(0, &format!("{field}: ")));
        }
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
    assert!(checked > 1000, "{checked}");
}

#[test]
fn the_schema_finds_faults() {
    let broken = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration:\n  taints: [{key: a, effect: \
                  No}]\n  kubeletExtraArgs: {a: b}\nlocalAPIEndpoint: {}\n";
    let mut found = Vec::new();
    check(broken, &mut found);
    assert_eq!(found.len(), 4, "{found:#?}");
}
