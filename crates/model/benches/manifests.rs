//! How long it takes from the text of manifests to a plan: reading, resolving, lowering, comparing with an empty account.
//!
//! The same for two versions of 500 groups, from their texts to their difference: the target is 200 ms.
//!
//! Run with `cargo bench -p kedge-model`. The target is 10 ms for the largest cluster. `KEDGE_KOPS_CASES` adds kops's own
//! manifests: the case with most fields and the cluster with most groups.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark reads its cases, and one that cannot plan shall stop"
)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kedge_diag::Source;
use kedge_planner::{PlanContext, compare, plan_apply};
use kedge_resource::{Facts, Inventory, Plan};
use kedge_spec::init::{InitOptions, init};
use kedge_spec::{ParseOptions, ResolveOptions, parse};

const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
const IMAGE: &str = "owner/image";

/// A cluster with this many groups of nodes.
fn generated(groups: usize) -> String {
    let zones = ZONES.map(str::to_owned).to_vec();
    let options = InitOptions {
        image: Some(IMAGE.to_owned()),
        node_count: Some(1),
        bastion: true,
        ..InitOptions::new("large.example.com", zones)
    };
    let mut text = init(&options).expect("the options go together");
    let node = text.rfind("---\n").and_then(|bastion| text.get(..bastion)?.rfind("---\n")).expect("there are nodes");
    let end = text.get(node + 4..).and_then(|rest| rest.find("---\n")).expect("a bastion follows") + node + 4;
    let group = text.get(node..end).expect("both are within the text").to_owned();
    for number in 1..groups {
        text.push_str(&group.replace("name: nodes-us-east-1a", &format!("name: nodes-{number}")));
    }
    text
}

fn facts() -> Facts {
    serde_json::from_value(serde_json::json!({
        "region": "us-east-1", "partition": "aws", "accountId": "123456789012", "availabilityZones": ZONES,
        "hostedZones": [{"id": "Z1", "name": "example.com", "private": false}],
        "images": [{
            "id": "ami-1", "owner": "owner (123456789012)", "name": "image", "rootDeviceName": "/dev/xvda",
            "architecture": "x86_64", "creationDate": "2026-01-01T00:00:00.000Z",
        }],
        "instanceTypes": {"default": {"vcpus": 2, "memoryMiB": 4096, "maxNetworkInterfaces": 3, "ipv4PerInterface": 6}},
    }))
    .expect("the facts are in order")
}

fn planned(text: &str, facts: &Facts) -> Plan {
    let source = Source { name: "cluster.yaml".to_owned(), text: text.to_owned() };
    // One of kops's cases has a field that kops itself drops.
    let (manifests, _) = parse(&[Arc::new(source)], &ParseOptions { allow_unknown_fields: true });
    let spec = manifests.resolve(&ResolveOptions::default()).0.expect("the manifests are sound");
    let desired = kedge_model::lower(&spec, facts).expect("the account has what they need");
    let context = PlanContext { account_id: facts.account_id.clone(), region: facts.region.clone() };
    plan_apply(&desired, &Inventory::empty(desired.cluster.clone()), &context).expect("the plan is legal")
}

fn difference(base: &str, head: &str) -> Plan {
    let desired = |text: &str| {
        let source = Source { name: "cluster.yaml".to_owned(), text: text.to_owned() };
        let (manifests, _) = parse(&[Arc::new(source)], &ParseOptions::default());
        let spec = manifests.resolve(&ResolveOptions::default()).0.expect("the manifests are sound");
        let facts = kedge_model::assumed_facts(&spec, "us-east-1");
        kedge_model::lower(&spec, &facts).expect("assumed facts have everything")
    };
    let context = PlanContext { account_id: "ACCOUNT".to_owned(), region: "us-east-1".to_owned() };
    compare(&desired(base), &desired(head), &context).expect("the versions are of one cluster")
}

fn benchmarks(criterion: &mut Criterion) {
    let mut cases =
        vec![("one group".to_owned(), generated(1), facts()), ("50 groups".to_owned(), generated(50), facts())];
    if let Some(folder) = std::env::var_os("KEDGE_KOPS_CASES") {
        let read =
            |path: &str| std::fs::read_to_string(Path::new(&folder).join(path)).expect("the folder has kops's cases");
        for (name, manifest, facts) in [
            ("kops complex", "cases/complex/cluster.yaml", "account.json"),
            ("kops 50 groups", "clusters/c.yaml", "clusters/facts.json"),
        ] {
            let facts = serde_json::from_str(&read(facts)).expect("the facts are in order");
            cases.push((name.to_owned(), read(manifest), facts));
        }
    }
    let mut group = criterion.benchmark_group("manifests to plan");
    for (name, text, facts) in &cases {
        assert!(!planned(text, facts).is_empty());
        group.bench_function(name, |bench| bench.iter(|| planned(black_box(text), facts)));
    }
    group.finish();

    let base = generated(500);
    let head = base.replace("maxSize: 1", "maxSize: 3").replace("name: nodes-7\n", "name: renamed\n");
    assert!(!difference(&base, &head).is_empty());
    criterion.bench_function("difference of 500 groups", |bench| bench.iter(|| difference(black_box(&base), &head)));
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
