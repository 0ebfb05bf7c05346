//! What add-ons are made of, before a real API server: it knows every field of every kind.
//!
//! Upstream files are not part of this project: with `KEDGE_UPSTREAM`, a folder of them, add-ons are applied whole, and
//! otherwise as far as they are kedge's own.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic about what it sees, and says what it skips"
)]

#[path = "servers/real.rs"]
mod real;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kedge_addons::{Surroundings, sha256, wanted};
use kedge_bootstrap::ApiEndpoint;
use kedge_diag::Source;
use kedge_kube::{Access, ApplyOptions, Cluster, Unit};
use kedge_spec::{ParseOptions, ResolveOptions, parse};
use real::Real;

const MANIFEST: &str = include_str!("../../addons/testdata/everything.yaml");

#[tokio::test]
async fn every_object_is_admitted() {
    let Some(real) = Real::start().await else { return };
    let cluster = Cluster::connect(&Access::Kubeconfig(&real.kubeconfig)).await.unwrap();
    let files = upstream();
    for plugin in ["amazonvpc", "calico", "cilium", "flannel", "kindnet", "kuberouter"] {
        let units = units(plugin, files.as_ref());
        let options =
            ApplyOptions { force: true, deadline: Duration::from_secs(20), now: Timestamp::now(), destroy: true };
        let mut failed = Vec::new();
        for step in cluster.apply_all(&units, &options).await {
            if let Err(error) = step.outcome {
                failed.push(format!("{plugin}: {}: {error}", step.addon));
            }
        }
        if files.is_none() {
            // Its definitions are upstream's.
            failed.retain(|line| !line.contains("VolumeSnapshotClass"));
        }
        assert_eq!(failed, Vec::<String>::new());
        // Applied once, nothing is left to do.
        for unit in &units {
            if files.is_none() && unit.addon.name == "snapshot-controller" {
                continue;
            }
            let diffs = cluster.diff(&unit.addon, &unit.objects).await.unwrap();
            assert_eq!(diffs, [], "{plugin} {}", unit.addon.name);
        }
    }
}

fn units(plugin: &str, files: Option<&BTreeMap<String, String>>) -> Vec<Unit> {
    let text = MANIFEST.replace("{cni: {}}", &format!("{{{plugin}: {{}}}}"));
    let source = Arc::new(Source { name: "cluster.yaml".to_owned(), text });
    let (manifests, _) = parse(&[source], &ParseOptions::default());
    let (spec, found) = manifests.resolve(&ResolveOptions::default());
    let spec = spec.unwrap_or_else(|| panic!("{found:?}"));
    let endpoint = ApiEndpoint::of(&spec, None).unwrap();
    let surroundings = Surroundings {
        region: "us-east-1",
        partition: "aws",
        account_id: "123456789012",
        hosted_zone: Some("Z1"),
        endpoint: &endpoint,
        files: &BTreeMap::new(),
    };
    let addons = wanted(&spec, &surroundings).unwrap();
    let unit = |mut addon: kedge_addons::Addon| {
        if files.is_none() {
            addon.upstream.clear();
            addon.patches.clear();
            // What is left of it has no place without upstream's namespace.
            if addon.name == "ingress-nginx" {
                addon.objects.clear();
                addon.certificates.clear();
            }
        }
        let objects = addon.render(files.unwrap_or(&BTreeMap::new())).unwrap();
        Unit { addon, objects }
    };
    addons.into_iter().map(unit).collect()
}

fn upstream() -> Option<BTreeMap<String, String>> {
    #[expect(clippy::disallowed_methods, reason = "the folder is the parameter of this test")]
    let folder = std::env::var("KEDGE_UPSTREAM").ok()?;
    let mut files = BTreeMap::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let text = fs_err::read_to_string(entry.unwrap().path()).unwrap();
        files.insert(sha256(text.as_bytes()), text);
    }
    Some(files)
}
