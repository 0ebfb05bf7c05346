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

#[path = "servers/controllers.rs"]
mod controllers;
#[path = "servers/real.rs"]
mod real;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use kedge_addons::{Surroundings, sha256, wanted};
use kedge_bootstrap::ApiEndpoint;
use kedge_diag::Source;
use kedge_kube::{Access, Alone, ApplyOptions, Cluster, Unit};
use kedge_spec::{ParseOptions, ResolveOptions, parse};
use real::Real;
use serde_json::{Value, json};

const MANIFEST: &str = include_str!("../../addons/testdata/everything.yaml");

#[tokio::test]
async fn every_object_is_admitted() {
    let Some(real) = Real::start().await else { return };
    let cluster = Cluster::connect(&Access::Kubeconfig(&real.kubeconfig)).await.unwrap();
    let files = upstream();
    let options = ApplyOptions { force: true, deadline: Duration::from_secs(20), now: Timestamp::now(), destroy: true };
    let mut known = BTreeSet::new();
    for plugin in ["amazonvpc", "calico", "cilium", "flannel", "kindnet", "kuberouter"] {
        let mut units = units(plugin, files.as_ref());
        if files.is_none() {
            // Its definitions are upstream's.
            units.retain(|unit| unit.addon.name != "snapshot-controller");
        }
        // Most are the same with every plugin.
        units.retain(|unit| known.insert(unit.addon.digest()));
        for unit in &units {
            let applied = cluster.apply(&unit.addon, &unit.objects, &options).await;
            applied.unwrap_or_else(|error| panic!("{plugin}: {}: {error}", unit.addon.name));
            // Applied once, nothing is left to do.
            let diffs = cluster.diff(&unit.addon, &unit.objects).await.unwrap();
            assert_eq!(diffs, [], "{plugin} {}", unit.addon.name);
        }
    }
    // All of them go again, with everything that they brought.
    let steps = cluster.apply_all(&[], &BTreeSet::new(), &options, &Alone).await;
    for step in steps {
        let applied = step.outcome.unwrap_or_else(|error| panic!("{}: {error}", step.addon));
        assert_eq!(applied.pruned.kept, [], "{}", step.addon);
    }
    assert_eq!(cluster.inventories().await.unwrap(), BTreeMap::new());
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
        gpus: false,
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

/// Pods of every workload are admitted, and every daemon set has one on the nodes that it is for.
#[tokio::test]
async fn every_workload_gets_its_pods() {
    let Some(mut real) = Real::start().await else { return };
    let cluster = Cluster::connect(&Access::Kubeconfig(&real.kubeconfig)).await.unwrap();
    let node = |name: &str, labels: Value| {
        let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name, "labels": labels } });
        let addon = kedge_addons::Addon { name: format!("node-{name}"), objects: vec![node.clone()], ..bare() };
        Unit { addon, objects: vec![node] }
    };
    let linux = "kubernetes.io/os";
    let mut units = units("calico", upstream().as_ref());
    units.push(node("plane", json!({ linux: "linux", "node-role.kubernetes.io/control-plane": "" })));
    units.push(node("worker", json!({ linux: "linux", "kops.k8s.io/gpu": "1" })));
    let options =
        ApplyOptions { force: true, deadline: Duration::from_secs(20), now: Timestamp::now(), destroy: false };
    for unit in units.iter().filter(|unit| upstream().is_some() || unit.addon.name != "snapshot-controller") {
        cluster.apply(&unit.addon, &unit.objects, &options).await.unwrap_or_else(|error| panic!("{error}"));
    }
    if !controllers::start(&mut real) {
        println!("skipped: KUBEBUILDER_ASSETS names no folder with kube-controller-manager");
        return;
    }
    let mut waiting = Vec::new();
    for _ in 0..120 {
        waiting.clear();
        for (kind, field) in
            [("deployments", "updatedReplicas"), ("statefulsets", "replicas"), ("daemonsets", "currentNumberScheduled")]
        {
            let list = read(&real.kubeconfig, &format!("/apis/apps/v1/{kind}")).await;
            for workload in list["items"].as_array().unwrap() {
                if workload["status"][field].as_i64().unwrap_or_default() < 1 {
                    waiting.push(format!("{kind} {}", workload["metadata"]["name"]));
                }
            }
        }
        if waiting.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let events = read(&real.kubeconfig, "/api/v1/events?fieldSelector=reason%3DFailedCreate").await;
    let messages: Vec<&Value> = events["items"].as_array().unwrap().iter().map(|event| &event["message"]).collect();
    assert_eq!(messages, Vec::<&Value>::new());
    assert_eq!(waiting, Vec::<String>::new());
}

fn bare() -> kedge_addons::Addon {
    kedge_addons::Addon {
        format_version: kedge_addons::FORMAT_VERSION,
        name: String::new(),
        version: "v1".to_owned(),
        wave: kedge_addons::Wave::User,
        kubernetes: None,
        namespace: None,
        upstream: Vec::new(),
        patches: Vec::new(),
        objects: Vec::new(),
        registry: None,
        certificates: Vec::new(),
    }
}

/// CoreDNS and kube-proxy as kubeadm makes them: kedge's have the same names, containers and volumes, so that nothing is there
/// twice.
#[tokio::test]
async fn what_kubeadm_made_is_taken_over() {
    #[expect(clippy::disallowed_methods, reason = "the folder is the parameter of this test")]
    let kubeadm = std::env::var("KUBEBUILDER_ASSETS").map(|folder| Utf8PathBuf::from(folder).join("kubeadm"));
    let Some(kubeadm) = kubeadm.ok().filter(|path| path.exists()) else {
        println!("skipped: KUBEBUILDER_ASSETS names no folder with kubeadm");
        return;
    };
    let Some(real) = Real::start().await else { return };
    let cluster = Cluster::connect(&Access::Kubeconfig(&real.kubeconfig)).await.unwrap();
    let folder = camino_tempfile::tempdir().unwrap();
    let (kubeconfig, configuration) = (folder.path().join("admin.conf"), folder.path().join("kubeadm.yaml"));
    fs_err::write(&kubeconfig, &real.kubeconfig).unwrap();
    let version = cluster.version().await.unwrap();
    let text = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: {{advertiseAddress: 10.1.2.3}}\n\
         nodeRegistration: {{name: node-1, criSocket: 'unix:///run/containerd/containerd.sock'}}\n---\n\
         apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: {version}\n\
         controlPlaneEndpoint: api.internal.c.example.com:443\nnetworking: {{serviceSubnet: 100.64.0.0/13, podSubnet: 100.96.0.0/11}}\n"
    );
    fs_err::write(&configuration, text).unwrap();
    let arguments =
        ["init", "phase", "addon", "all", "--config", configuration.as_str(), "--kubeconfig", kubeconfig.as_str()];
    let answer = std::process::Command::new(kubeadm).args(arguments).output().unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));

    let options =
        ApplyOptions { force: true, deadline: Duration::from_secs(20), now: Timestamp::now(), destroy: false };
    for unit in units("cni", None).iter().filter(|unit| ["coredns", "kube-proxy"].contains(&unit.addon.name.as_str())) {
        let before = cluster.diff(&unit.addon, &unit.objects).await.unwrap();
        assert!(!before.is_empty(), "{}", unit.addon.name);
        let applied = cluster.apply(&unit.addon, &unit.objects, &options).await.unwrap();
        assert!(!applied.changed.is_empty(), "{applied:?}");
        assert_eq!(cluster.diff(&unit.addon, &unit.objects).await.unwrap(), [], "{}", unit.addon.name);
    }
    for (kind, name, containers, volumes) in [("deployments", "coredns", 1, 1), ("daemonsets", "kube-proxy", 1, 3)] {
        let live = read(&real.kubeconfig, &format!("/apis/apps/v1/namespaces/kube-system/{kind}/{name}")).await;
        let count =
            |list: &str| live.pointer(&format!("/spec/template/spec/{list}")).and_then(Value::as_array).unwrap().len();
        assert_eq!((count("containers"), count("volumes")), (containers, volumes), "{live:#}");
    }
}

/// What the API says of a path.
async fn read(kubeconfig: &str, path: &str) -> Value {
    let kubeconfig = kube::config::Kubeconfig::from_yaml(kubeconfig).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    let client = kube::Client::try_from(config).unwrap();
    client.request(hyper::Request::get(path).body(Vec::new()).unwrap()).await.unwrap()
}
