use std::collections::BTreeMap;
use std::sync::Arc;

use kedge_diag::Source;
use kedge_resource::facts::{StoreFacts, StoreKeys};
use kedge_resource::plan::Severity;
use kedge_resource::{Facts, Properties};

use super::objects::{Name, removed_with};
use super::{notes, wanted};
use crate::manifests::{ManifestOptions, Specification};

mod damage;
mod running;
mod upgrade;
mod upstream;

const MINIMAL: &str = include_str!("../../../../specs/minimal.yaml");
const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn specification(changes: &[(&str, &str)]) -> Specification {
    let text = changes.iter().fold(MINIMAL.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    });
    let source = Arc::new(Source { name: "minimal.yaml".to_owned(), text });
    Specification::read(&[source], &ManifestOptions::default()).unwrap()
}

fn facts(specification: &Specification, programs: &[&str]) -> (Facts, StoreFacts) {
    let mut facts = kedge_model::assumed_facts(&specification.resolved, "us-east-1");
    for image in &mut facts.images {
        image.architecture = "x86_64".to_owned();
    }
    let store = StoreFacts {
        region: "us-east-1".to_owned(),
        bucket: "state".to_owned(),
        prefix: "p/minimal.example.com".to_owned(),
        endpoint: None,
        programs: programs.iter().map(|arch| ((*arch).to_owned(), DIGEST.to_owned())).collect(),
        keys: Some(StoreKeys::Kms),
    };
    (facts, store)
}

#[test]
fn keys_and_names_belong_together() {
    for name in [
        Name::Program("amd64"),
        Name::Config("nodes"),
        Name::Endpoint,
        Name::InitLock,
        Name::AddonIndex,
        Name::Etcd("main"),
    ] {
        let (text, key) = (name.name(), name.key(DIGEST));
        assert_eq!(Name::parse(&text), Some(name.clone()), "{text}");
        assert_eq!(Name::of_key(&key).map(|(of, _)| of), Some(name), "{key}");
        let prefix = removed_with(&text).unwrap();
        assert!(key.starts_with(&prefix), "{key} goes with {prefix}");
    }
    for others in [
        "nodes/nodes/status/i-1.json",
        "nodes/nodes/join.json",
        "pki/keysets.json",
        "nodes/a/config/short.json",
        "backups/etcd/main/2027-01-15T07:00:00Z/meta.json",
        // IAM lets nodes write it, whose `*` stands for slashes as well.
        &format!("nodes/kedge-node/status/{DIGEST}"),
    ] {
        assert_eq!(Name::of_key(others), None, "{others}");
    }
}

#[test]
fn objects_and_user_data_name_each_other() {
    let specification = specification(&[]);
    let (facts, store) = facts(&specification, &["amd64", "arm64"]);
    let wanted = wanted(&specification.resolved, &facts, &store, &BTreeMap::new(), &BTreeMap::new()).unwrap();
    let names = wanted.objects.iter().map(|object| object.key.name.as_str());
    let names: Vec<&str> = names.filter(|name| name.starts_with("nodes/")).collect();
    // No instance is of the other architecture, so that nothing depends on who has a program for it.
    let expected = ["nodes/control-plane-us-east-1a/config", "nodes/kedge-node/amd64", "nodes/nodes/config"];
    assert_eq!(names, expected);
    let index = wanted.objects.iter().find(|object| object.key.name == "addons").unwrap();
    let Properties::StoreObject(index) = &index.properties else { panic!("not an object of the store") };
    for resource in &wanted.objects {
        let Properties::StoreObject(object) = &resource.properties else { panic!("not an object of the store") };
        let digest = object.sha256.as_deref().unwrap();
        if let Some(content) = &object.content {
            assert_eq!(kedge_addons::sha256(content.as_bytes()), digest);
        }
        if resource.key.name.starts_with("addons") {
            // The index names the others by their digests.
            let named = resource.key.name == "addons" || index.content.as_deref().unwrap().contains(digest);
            assert!(named, "{}", resource.key);
            continue;
        }
        assert!(wanted.boot.user_data.values().any(|text| text.contains(digest)), "{digest}");
    }
    let nodes = &wanted.boot.user_data["nodes"];
    assert!(nodes.contains("p/minimal.example.com/nodes/nodes/config/"), "{nodes}");
    assert!(!nodes.contains("control-plane-us-east-1a"), "{nodes}");
}

#[test]
fn without_dns_the_load_balancer_leads_to_the_api() {
    let none = specification(&[("  networkCIDR:", "  topology: {dns: {type: None}}\n  networkCIDR:")]);
    let (facts, store) = facts(&none, &["amd64"]);
    let wanted = wanted(&none.resolved, &facts, &store, &BTreeMap::new(), &BTreeMap::new()).unwrap();
    let endpoint = wanted.objects.iter().find(|object| object.key.name == "nodes/endpoint").unwrap();
    let Properties::StoreObject(endpoint) = &endpoint.properties else { panic!("not an object of the store") };
    let balancer = endpoint.load_balancer.as_ref().and_then(|balancer| balancer.key()).unwrap();
    assert_eq!(balancer.to_string(), "load-balancer/api.minimal.example.com");
    let desired = kedge_model::lower_to(&none.resolved, &facts, Some(&wanted.boot)).unwrap();
    assert!(desired.resources.iter().any(|resource| resource.key == balancer), "it is one that is made");
    let configs = wanted.objects.iter().filter_map(|object| match &object.properties {
        Properties::StoreObject(object) => object.content.as_deref(),
        _ => None,
    });
    for config in configs.filter(|text| text.contains("\"kubernetesVersion\"")) {
        assert!(config.contains(kedge_store::LOAD_BALANCER), "{config}");
    }
}

#[test]
fn instances_boot_with_the_versions_that_are_known() {
    for minor in 30..=38 {
        let version = format!("kubernetesVersion: 1.{minor}.0");
        let specification = specification(&[("kubernetesVersion: 1.34.0", &version)]);
        let (facts, store) = facts(&specification, &["amd64"]);
        let boots = wanted(&specification.resolved, &facts, &store, &BTreeMap::new(), &BTreeMap::new()).is_ok();
        assert_eq!(boots, kedge_spec::KUBERNETES_MINORS.contains(&minor), "{version}");
    }
}

#[test]
fn what_instances_cannot_do_is_told_at_once() {
    let wrong = specification(&[
        ("  kubernetesVersion: 1.34.0", "  kubernetesVersion: 1.31.0\n  packages: ['-x']"),
        ("  machineType: t3.large", "  machineType: t3.large\n  volumeMounts: [{device: sdx, path: /x}]"),
    ]);
    let (facts, store) = facts(&wrong, &[]);
    let problems = wanted(&wrong.resolved, &facts, &store, &BTreeMap::new(), &BTreeMap::new()).err().unwrap();
    let found: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} at {}", problem.code, problem.path.as_deref().unwrap_or_default()))
        .collect();
    let expected = [
        "cannot-boot at Cluster/minimal.example.com: spec.kubernetesVersion",
        "cannot-boot at Cluster/minimal.example.com: spec.packages",
        "cannot-boot at InstanceGroup/nodes: spec.volumeMounts",
    ];
    assert_eq!(found, expected);
    let good = specification(&[]);
    let (facts, store) = self::facts(&good, &["arm64"]);
    let problems = wanted(&good.resolved, &facts, &store, &BTreeMap::new(), &BTreeMap::new()).err().unwrap();
    assert!(problems.iter().all(|problem| problem.code == "no-kedge-node"), "{problems:?}");
}

#[test]
fn what_keeps_instances_from_joining_is_noted() {
    let specification = specification(&[]);
    let (mut facts, store) = facts(&specification, &["amd64"]);
    let codes = |facts: &Facts| notes(facts, None, false).into_iter().map(|note| note.code).collect::<Vec<_>>();
    assert_eq!(codes(&facts), ["instances-do-not-join"]);
    for (keys, expected) in [
        (Some(StoreKeys::Kms), None),
        (Some(StoreKeys::Passphrase), Some("keys-cannot-be-opened")),
        (None, Some("keys-missing")),
    ] {
        facts.store = Some(StoreFacts { keys, ..store.clone() });
        assert_eq!(codes(&facts).first().map(String::as_str), expected);
    }
}
