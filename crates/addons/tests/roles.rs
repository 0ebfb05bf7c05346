//! What add-ons call in AWS is what the model makes there: roles of service accounts, and the queue.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic about what it reads")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kedge_addons::{Addon, Surroundings, wanted};
use kedge_bootstrap::ApiEndpoint;
use kedge_diag::Source;
use kedge_spec::{ParseOptions, ResolveOptions, ResolvedSpec, parse};
use serde_json::Value;

fn spec(plugin: &str) -> ResolvedSpec {
    let text = include_str!("../testdata/everything.yaml").replace("{cni: {}}", &format!("{{{plugin}: {{}}}}"));
    let source = Arc::new(Source { name: "cluster.yaml".to_owned(), text });
    let (manifests, _) = parse(&[source], &ParseOptions::default());
    let (spec, found) = manifests.resolve(&ResolveOptions::default());
    spec.unwrap_or_else(|| panic!("{found:?}"))
}

fn addons(spec: &ResolvedSpec) -> Vec<Addon> {
    let endpoint = ApiEndpoint::of(spec, None).unwrap();
    let surroundings = Surroundings {
        region: "us-east-1",
        partition: "aws",
        account_id: "123456789012",
        hosted_zone: Some("Z1"),
        gpus: spec.cluster.nvidia_gpu,
        endpoint: &endpoint,
        files: &BTreeMap::new(),
    };
    wanted(spec, &surroundings).unwrap()
}

/// Texts of a value for which a test holds.
fn texts(value: &Value, wanted: &dyn Fn(&str) -> Option<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(wanted(text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, wanted, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, wanted, found)),
        _ => {}
    }
}

/// Names of resources of a kind that the model makes.
fn made(spec: &ResolvedSpec, kind: &str) -> BTreeSet<String> {
    let facts = kedge_model::assumed_facts(spec, "us-east-1");
    let desired = kedge_model::lower(spec, &facts).unwrap_or_else(|problems| panic!("{problems:?}"));
    let keys = desired.resources.iter().map(|resource| resource.key.to_string());
    keys.filter_map(|key| key.strip_prefix(&format!("{kind}/")).map(str::to_owned)).collect()
}

#[test]
fn every_role_of_an_add_on_is_made_and_every_one_that_is_made_is_used() {
    let role = |text: &str| text.strip_prefix("arn:aws:iam::123456789012:role/").map(str::to_owned);
    for plugin in ["calico", "kuberouter"] {
        let spec = spec(plugin);
        let mut used = BTreeSet::new();
        for addon in addons(&spec) {
            texts(&serde_json::to_value(&addon).unwrap(), &role, &mut used);
        }
        let accounts = made(&spec, "iam-role").into_iter().filter(|role| role.contains(".kube-system.sa."));
        assert_eq!(used, accounts.collect::<BTreeSet<String>>(), "{plugin}");
    }
}

#[test]
fn the_termination_handler_reads_the_queue_that_is_made() {
    let spec = spec("calico");
    let queue =
        |text: &str| text.starts_with("https://sqs.").then(|| text.rsplit('/').next().unwrap_or_default().to_owned());
    let mut used = BTreeSet::new();
    for addon in addons(&spec) {
        texts(&serde_json::to_value(&addon).unwrap(), &queue, &mut used);
    }
    assert_eq!(used, made(&spec, "queue"));
}
