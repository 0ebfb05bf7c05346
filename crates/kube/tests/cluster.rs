//! One suite over two API servers: a small one in memory, and the real one where it is there.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic about what it sees, and says what it skips"
)]

#[path = "servers/fake.rs"]
#[expect(dead_code, reason = "another suite needs the rest of it")]
mod fake;
#[path = "servers/real.rs"]
mod real;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fake::Fake;
use jiff::{SignedDuration, Timestamp};
use kedge_addons::{Addon, FORMAT_VERSION, ServingCertificate, Wave};
use kedge_kube::{Access, Alone, ApplyOptions, Class, Cluster, Guard, KubeError, ObjectChange, Pruned, Unit};
use real::Real;
use ring::rand::SystemRandom;
use serde_json::{Value, json};

fn addon(name: &str, objects: Vec<Value>) -> Unit {
    let addon = Addon {
        format_version: FORMAT_VERSION,
        name: name.to_owned(),
        version: "v1".to_owned(),
        wave: Wave::System,
        kubernetes: None,
        namespace: None,
        upstream: Vec::new(),
        patches: Vec::new(),
        objects,
        registry: None,
        certificates: Vec::new(),
    };
    let objects = addon.render(&BTreeMap::new()).unwrap();
    Unit { addon, objects }
}

fn options() -> ApplyOptions {
    ApplyOptions { force: false, deadline: Duration::from_secs(20), now: Timestamp::now(), destroy: false }
}

fn map(name: &str, text: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "default" }, "data": { "a": text } })
}

fn definition() -> Value {
    let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "things.example.com" },
        "spec": {
            "group": "example.com",
            "names": { "kind": "Thing", "listKind": "ThingList", "plural": "things", "singular": "thing" },
            "scope": "Namespaced",
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": schema }],
        },
    })
}

fn thing(name: &str) -> Value {
    json!({ "apiVersion": "example.com/v1", "kind": "Thing", "metadata": { "name": name, "namespace": "default" }, "size": 1 })
}

fn set(name: &str, when_deleted: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": name, "namespace": "default" },
        "spec": {
            "persistentVolumeClaimRetentionPolicy": { "whenDeleted": when_deleted },
            "selector": { "matchLabels": { "app": name } },
            "serviceName": name,
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "a", "image": "registry.k8s.io/pause:3.10" }] },
            },
        },
    })
}

/// Applied once it is there, applied twice nothing changes, and what is left out is pruned.
async fn applies_and_prunes(cluster: &Cluster) {
    let first = addon("one", vec![map("one-a", "1"), map("one-b", "1")]);
    let applied = cluster.apply(&first.addon, &first.objects, &options()).await.unwrap();
    assert_eq!((applied.created.len(), applied.changed.len(), applied.unchanged), (2, 0, 0));
    let again = cluster.apply(&first.addon, &first.objects, &options()).await.unwrap();
    assert_eq!((again.created.len(), again.changed.len(), again.unchanged), (0, 0, 2));

    let second = addon("one", vec![map("one-a", "2")]);
    let diffs = cluster.diff(&second.addon, &second.objects).await.unwrap();
    let lines: Vec<String> = diffs.iter().map(|diff| diff.object.to_string()).collect();
    assert_eq!(lines, ["ConfigMap default/one-a", "ConfigMap default/one-b"]);
    let ObjectChange::Change(fields) = &diffs[0].change else { panic!("{diffs:?}") };
    assert_eq!(fields.len(), 1, "{fields:?}");
    assert_eq!((fields[0].path.as_str(), &fields[0].before, &fields[0].after), ("data.a", &json!("1"), &json!("2")));
    assert_eq!(diffs[1].change, ObjectChange::Delete);

    let applied = cluster.apply(&second.addon, &second.objects, &options()).await.unwrap();
    assert_eq!((applied.changed.len(), applied.pruned.deleted.len()), (1, 1));
    assert_eq!(cluster.diff(&second.addon, &second.objects).await.unwrap(), []);
    let inventory = cluster.inventories().await.unwrap().remove("one").unwrap();
    assert_eq!((inventory.digest, inventory.objects.len()), (second.addon.digest(), 1));

    // It stays where it is wanted and could not be made, and without it among those that are wanted it goes.
    let steps = cluster.apply_all(&[], &["one".to_owned()].into(), &options(), &Alone).await;
    assert!(steps.is_empty(), "{steps:?}");
    let steps = cluster.apply_all(&[], &BTreeSet::new(), &options(), &Alone).await;
    assert!(steps.iter().all(|step| step.outcome.is_ok()), "{steps:?}");
    assert_eq!(cluster.inventories().await.unwrap(), BTreeMap::new());
    let gone = cluster.diff(&second.addon, &second.objects).await.unwrap();
    assert_eq!(gone[0].change, ObjectChange::Create);
}

/// Objects come with their definition; definitions with objects of others and namespaces do not go silently.
async fn keeps_what_holds_data(cluster: &Cluster) {
    let space = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "space" } });
    let mut inside = map("inside", "1");
    inside["metadata"]["namespace"] = "space".into();
    let sets = [set("data", "Delete"), set("none", "Retain")];
    let unit = addon("two", [thing("a"), inside, definition(), space].into_iter().chain(sets).collect());
    let diffs = cluster.diff(&unit.addon, &unit.objects).await.unwrap();
    assert!(diffs.len() == 6 && diffs.iter().all(|diff| diff.change == ObjectChange::Create), "{diffs:?}");
    cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
    // Somebody else's object.
    let others = addon("three", vec![thing("b")]);
    cluster.apply(&others.addon, &others.objects, &options()).await.unwrap();

    let pruned = cluster.remove("two", false).await.unwrap();
    let kept: Vec<String> = pruned.kept.iter().map(|kept| format!("{}: {}", kept.object, kept.why)).collect();
    assert_eq!(kept.len(), 4, "{kept:?}");
    for start in [
        "CustomResourceDefinition things.example.com: there are 2 objects",
        "Namespace space: everything within",
        "StatefulSet default/data: it deletes its volume claims",
        "Thing default/a: whoever it is for may delete what it stands for, with its data; `kubectl delete --namespace default thing a` deletes it",
    ] {
        assert!(kept.iter().any(|line| line.starts_with(start)), "{start}: {kept:?}");
    }
    let deleted: Vec<String> = pruned.deleted.iter().map(ToString::to_string).collect();
    assert_eq!(deleted, ["StatefulSet default/none", "ConfigMap space/inside"]);

    cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
    let pruned = cluster.remove("two", true).await.unwrap();
    assert!(pruned.kept.is_empty() && pruned.deleted.len() == 6, "{pruned:?}");
    cluster.remove("three", false).await.unwrap();
}

/// What another add-on has now is not deleted with the one that had it.
async fn leaves_what_is_not_its_own(cluster: &Cluster) {
    let unit = addon("four", vec![map("four-a", "1")]);
    cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
    let mut taken = unit.objects[0].clone();
    taken["metadata"]["name"] = "four-a".into();
    let other = addon("five", vec![taken]);
    cluster.apply(&other.addon, &other.objects, &ApplyOptions { force: true, ..options() }).await.unwrap();
    let pruned = cluster.remove("four", false).await.unwrap();
    assert_eq!(pruned, Pruned::default());
    let pruned = cluster.remove("five", false).await.unwrap();
    assert_eq!(pruned.deleted.len(), 1);
}

/// Lets somebody go on so many times.
struct Times(std::sync::atomic::AtomicUsize);

#[async_trait::async_trait]
impl Guard for Times {
    async fn goes_on(&self) -> Result<(), KubeError> {
        let order = std::sync::atomic::Ordering::SeqCst;
        let left = self.0.fetch_update(order, order, |left| left.checked_sub(1));
        let refusal = KubeError { class: Class::Other, action: "go on".to_owned(), why: "no".to_owned(), source: None };
        left.map(drop).map_err(|_| refusal)
    }
}

/// Whoever may not go on applies nothing more, and deletes nothing.
async fn ends_where_somebody_else_goes_on(cluster: &Cluster) {
    let before = [
        addon("twelve", vec![map("twelve-a", "1"), map("twelve-b", "1")]),
        addon("thirteen", vec![map("thirteen-a", "1")]),
    ];
    let others = BTreeSet::new();
    for step in cluster.apply_all(&before, &others, &options(), &Alone).await {
        step.outcome.unwrap();
    }
    let after = [addon("fourteen", vec![map("fourteen-a", "1")]), addon("twelve", vec![map("twelve-a", "1")])];
    for times in 0..=4 {
        let steps = cluster.apply_all(&after, &others, &options(), &Times(times.into())).await;
        // It is asked before each add-on, before something of the second is deleted, and before the third goes.
        assert_eq!(steps.iter().any(|step| step.outcome.is_err()), times < 4, "{times}: {steps:?}");
        let inventories = cluster.inventories().await.unwrap();
        assert_eq!(inventories.contains_key("fourteen"), times > 0);
        assert_eq!(inventories["twelve"].objects.len(), if times > 2 { 1 } else { 2 }, "{times}");
        assert_eq!(inventories.contains_key("thirteen"), times < 4);
    }
    cluster.apply_all(&[], &others, &options(), &Alone).await;
}

/// Certificates are made once, and those who trust them have their authority.
async fn makes_certificates(cluster: &Cluster) {
    let mut unit = addon("six", vec![map("six-a", "1")]);
    unit.addon.certificates = vec![ServingCertificate::of_service("six-tls", "default", "six", &[])];
    let at = |days: i64| Timestamp::now() + SignedDuration::from_hours(24 * days);
    assert!(!cluster.is_current(&unit.addon, at(0)).await.unwrap());
    cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
    assert!(cluster.is_current(&unit.addon, at(0)).await.unwrap());
    cluster.apply(&unit.addon, &unit.objects, &ApplyOptions { now: at(1), ..options() }).await.unwrap();
    // In a year it is made anew.
    assert!(!cluster.is_current(&unit.addon, at(320)).await.unwrap());
    cluster.apply(&unit.addon, &unit.objects, &ApplyOptions { now: at(320), ..options() }).await.unwrap();
    assert!(cluster.is_current(&unit.addon, at(320)).await.unwrap());
    assert_eq!(cluster.diff(&unit.addon, &unit.objects).await.unwrap(), []);
    // The secret goes with the add-on.
    let pruned = cluster.remove("six", false).await.unwrap();
    let deleted: Vec<String> = pruned.deleted.iter().map(ToString::to_string).collect();
    assert_eq!(deleted, ["Secret default/six-tls", "ConfigMap default/six-a"]);
}

/// Control planes apply the same at the same time; one certificate comes of it, and whoever trusts it trusts that one.
async fn applies_at_the_same_time(cluster: &Cluster) {
    let hook = json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": { "name": "v1.sample.example.com" },
        "spec": {
            "group": "sample.example.com",
            "groupPriorityMinimum": 100,
            "service": { "name": "sample", "namespace": "default" },
            "version": "v1",
            "versionPriority": 100,
        },
    });
    let mut unit = addon("eleven", vec![map("eleven-a", "1"), map("eleven-b", "1"), hook]);
    let trusted = [("APIService", "v1.sample.example.com")];
    unit.addon.certificates = vec![ServingCertificate::of_service("eleven-tls", "default", "sample", &trusted)];
    let options = options();
    let apply = || cluster.apply(&unit.addon, &unit.objects, &options);
    let (one, two, three) = tokio::join!(apply(), apply(), apply());
    for applied in [one, two, three] {
        applied.unwrap();
    }
    // Whoever came last put in the same authority as the others.
    let applied = apply().await.unwrap();
    assert_eq!((applied.created.len(), applied.changed.len(), applied.unchanged), (0, 0, 3));
    cluster.remove("eleven", false).await.unwrap();
}

async fn makes_tokens(cluster: &Cluster) {
    let random = SystemRandom::new();
    let now = Timestamp::now();
    let hour = SignedDuration::from_hours(1);
    let good = cluster.create_token("group nodes", now + hour, &random).await.unwrap();
    let ended = cluster.create_token("group nodes", now - hour, &random).await.unwrap();
    assert!(good.token.expose().starts_with(&format!("{}.", good.id)));
    assert!(!format!("{good:?}").contains(good.token.expose()), "{good:?}");
    let mut known = cluster.tokens().await.unwrap();
    known.retain(|token| token.own);
    assert_eq!(known.len(), 2);
    assert_eq!(cluster.delete_ended_tokens(now).await.unwrap(), [ended.id]);
    cluster.renew_token(&good.id, now + hour + hour).await.unwrap();
    let known = cluster.tokens().await.unwrap().remove(0);
    assert_eq!(known.until.map(Timestamp::as_second), Some((now + hour + hour).as_second()));
    cluster.delete_token(&good.id).await.unwrap();
    assert_eq!(cluster.tokens().await.unwrap(), []);
    let error = cluster.renew_token("abcdef", now).await.unwrap_err();
    assert_eq!(error.class, Class::NotFound);
}

async fn looks_after_nodes(cluster: &Cluster) {
    assert_eq!(cluster.nodes().await.unwrap(), []);
    assert_eq!(cluster.node("a").await.unwrap(), None);
    let labels = BTreeMap::from([("x".to_owned(), "y".to_owned())]);
    assert_eq!(cluster.label_node("a", &labels).await.unwrap_err().class, Class::NotFound);
    cluster.delete_dead_node("a").await.unwrap();
    let node = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": "a", "labels": { "node-role.kubernetes.io/control-plane": "" } },
        "spec": { "providerID": "aws:///us-east-1a/i-0123", "taints": [{ "key": "k", "effect": "NoSchedule" }] },
    });
    let unit = addon("seven", vec![node]);
    cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
    let known = cluster.node("a").await.unwrap().unwrap();
    assert!(!known.ready && known.control_plane);
    assert_eq!(known.instance_id(), Some("i-0123"));
    assert!(known.taints.contains(&"k:NoSchedule".to_owned()), "{:?}", known.taints);
    assert!(cluster.label_node("a", &labels).await.unwrap());
    assert!(!cluster.label_node("a", &labels).await.unwrap());
    cluster.assign_pod_ranges("a", &["2001:db8::/80".to_owned()]).await.unwrap();
    cluster.assign_pod_ranges("a", &["2001:db8::/80".to_owned()]).await.unwrap();
    cluster.delete_dead_node("a").await.unwrap();
    assert_eq!(cluster.nodes().await.unwrap(), []);
    cluster.remove("seven", false).await.unwrap();
}

async fn prepares_joining(cluster: &Cluster) {
    for _ in 0..2 {
        cluster
            .prepare_joining("https://api.internal.c.example.com:443", "-----BEGIN CERTIFICATE-----\n")
            .await
            .unwrap();
    }
    assert_eq!(cluster.pods_not_ready("kube-system").await.unwrap(), []);
    assert!(cluster.version().await.unwrap().starts_with('v'));
}

async fn everything(cluster: &Cluster) {
    applies_and_prunes(cluster).await;
    keeps_what_holds_data(cluster).await;
    leaves_what_is_not_its_own(cluster).await;
    ends_where_somebody_else_goes_on(cluster).await;
    makes_certificates(cluster).await;
    applies_at_the_same_time(cluster).await;
    makes_tokens(cluster).await;
    looks_after_nodes(cluster).await;
    prepares_joining(cluster).await;
}

#[tokio::test]
async fn a_small_server() {
    let fake = Fake::start().await;
    let cluster = Cluster::connect(&Access::Kubeconfig(&fake.kubeconfig())).await.unwrap();
    everything(&cluster).await;
}

#[tokio::test]
async fn the_real_server() {
    let Some(real) = Real::start().await else { return };
    let cluster = Cluster::connect(&Access::Kubeconfig(&real.kubeconfig)).await.unwrap();
    everything(&cluster).await;
    conflicts(&cluster, &real.kubeconfig).await;
    bindings_are_made_anew(&cluster).await;
    without_a_namespace(&cluster).await;
}

/// Fields of others are theirs unless they are taken by force, and fields that a kind does not have are told.
async fn conflicts(cluster: &Cluster, kubeconfig: &str) {
    let unit = addon("eight", vec![map("eight-a", "1")]);
    cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
    let config = kube::config::Kubeconfig::from_yaml(kubeconfig).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await.unwrap();
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::default_namespaced(kube::Client::try_from(config).unwrap());
    let theirs = kube::api::Patch::Apply(json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": "theirs" } }));
    maps.patch("eight-a", &kube::api::PatchParams::apply("somebody").force(), &theirs).await.unwrap();
    let diffs = cluster.diff(&unit.addon, &unit.objects).await.unwrap();
    let ObjectChange::Conflict(why) = &diffs[0].change else { panic!("{diffs:?}") };
    assert!(why.contains("somebody") && why.contains(".data.a"), "{why}");
    let error = cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap_err();
    assert_eq!(error.class, Class::Conflict, "{error}");
    let applied = cluster.apply(&unit.addon, &unit.objects, &ApplyOptions { force: true, ..options() }).await.unwrap();
    assert_eq!(applied.changed.len(), 1);
    // Where add-ons are applied again and again, only what is new takes fields of others.
    maps.patch("eight-a", &kube::api::PatchParams::apply("somebody").force(), &theirs).await.unwrap();
    let others = BTreeSet::new();
    for _ in 0..2 {
        let again = cluster.apply_all(std::slice::from_ref(&unit), &others, &options(), &Alone).await.remove(0);
        assert_eq!((again.forced, again.outcome.unwrap_err().class), (false, Class::Conflict));
    }
    let unit = addon("eight", vec![map("eight-a", "2")]);
    let new = cluster.apply_all(std::slice::from_ref(&unit), &others, &options(), &Alone).await.remove(0);
    assert_eq!((new.forced, new.outcome.unwrap().changed.len()), (true, 1));

    let mut wrong = map("nine", "1");
    wrong["dada"] = json!({});
    let bad = addon("nine", vec![wrong]);
    let error = cluster.apply(&bad.addon, &bad.objects, &options()).await.unwrap_err();
    assert_eq!(error.class, Class::Invalid, "{error}");
    assert!(error.to_string().contains("dada"), "{error}");
}

/// What a binding leads to cannot be changed; it is made anew.
async fn bindings_are_made_anew(cluster: &Cluster) {
    let binding = |role: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": { "name": "ten" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        })
    };
    for role in ["view", "edit"] {
        let unit = addon("ten", vec![binding(role)]);
        cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
        assert_eq!(cluster.diff(&unit.addon, &unit.objects).await.unwrap(), []);
    }
    // One that is wrong is refused, and the one that is there stays.
    let look = async || cluster.diff(&addon("ten", vec![binding("edit")]).addon, &[binding("edit")]).await.unwrap();
    let mut wrong = binding("edit");
    wrong["subjects"] = json!([{ "kind": "ServiceAccount", "name": "x" }]);
    let bad = addon("ten", vec![wrong]);
    assert_eq!(cluster.apply(&bad.addon, &bad.objects, &options()).await.unwrap_err().class, Class::Invalid);
    assert!(look().await.iter().all(|diff| diff.change != ObjectChange::Create));
    // And one that would lead elsewhere, but is wrong besides.
    let mut wrong = binding("view");
    wrong["subjects"] = json!([{ "kind": "ServiceAccount", "name": "x" }]);
    let bad = addon("ten", vec![wrong]);
    assert_eq!(cluster.apply(&bad.addon, &bad.objects, &options()).await.unwrap_err().class, Class::Invalid);
    assert!(look().await.iter().all(|diff| diff.change != ObjectChange::Create));
}

/// An object without a namespace goes where kubectl would put it.
async fn without_a_namespace(cluster: &Cluster) {
    let mut object = map("eleven", "1");
    object["metadata"].as_object_mut().unwrap().remove("namespace");
    let unit = addon("eleven", vec![object]);
    assert_eq!(cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap().created.len(), 1);
    assert_eq!(cluster.diff(&unit.addon, &unit.objects).await.unwrap(), []);
    let empty = addon("eleven", vec![]);
    assert_eq!(cluster.apply(&empty.addon, &empty.objects, &options()).await.unwrap().pruned.deleted.len(), 1);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_the_rest_is_not() {
    let fake = Fake::start().await;
    let cluster = Cluster::connect(&Access::Kubeconfig(&fake.kubeconfig())).await.unwrap();
    let unit = addon("one", vec![map("a", "1")]);
    cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap();
    // The inventory is read and written before: what is broken then is told at once.
    fake.fail(&[(403, "you may not")]);
    let error = cluster.apply(&unit.addon, &unit.objects, &options()).await.unwrap_err();
    assert_eq!((error.class, error.why.as_str()), (Class::Denied, "you may not"));
    assert!(error.hint().contains("kedge export kubeconfig"));
    let unit = addon("one", vec![thing("a")]);
    let soon = ApplyOptions { deadline: Duration::from_millis(500), ..options() };
    let error = cluster.apply(&unit.addon, &unit.objects, &soon).await.unwrap_err();
    assert_eq!(error.class, Class::NoKind, "{error}");
    // What was to be pruned is still noted.
    assert_eq!(cluster.inventories().await.unwrap()["one"].objects.len(), 2);
}

#[tokio::test]
async fn what_somebody_took_over_is_told_once_and_left_alone() {
    let fake = Fake::start().await;
    let cluster = Cluster::connect(&Access::Kubeconfig(&fake.kubeconfig())).await.unwrap();
    let before = addon("one", vec![map("a", "1"), map("b", "1")]);
    cluster.apply(&before.addon, &before.objects, &options()).await.unwrap();
    fake.unlabel("/api/v1/namespaces/default/configmaps/b");
    let after = addon("one", vec![map("a", "1")]);
    let applied = cluster.apply(&after.addon, &after.objects, &options()).await.unwrap();
    assert!(applied.pruned.deleted.is_empty());
    assert!(applied.pruned.kept[0].why.contains("somebody else looks after it"), "{applied:?}");
    let applied = cluster.apply(&after.addon, &after.objects, &options()).await.unwrap();
    assert_eq!(applied.pruned, Pruned::default());
}

/// Wherever a run is cut off, the next one brings the same, and nothing is left behind.
#[tokio::test]
async fn a_run_that_is_cut_off_is_finished_by_the_next() {
    let before = addon("one", vec![map("a", "1"), map("b", "1"), definition(), thing("x")]);
    let after = addon("one", vec![map("a", "2"), map("c", "1"), definition()]);
    for writes in 0..12 {
        let fake = Fake::start().await;
        let cluster = Cluster::connect(&Access::Kubeconfig(&fake.kubeconfig())).await.unwrap();
        let whole = ApplyOptions { destroy: true, ..options() };
        let soon = ApplyOptions { deadline: Duration::from_millis(1), ..whole };
        fake.cut_after(Some(writes));
        let first = cluster.apply(&before.addon, &before.objects, &soon).await;
        fake.cut_after(None);
        cluster.apply(&before.addon, &before.objects, &options()).await.unwrap();
        fake.cut_after(Some(writes));
        let second = cluster.apply(&after.addon, &after.objects, &soon).await;
        fake.cut_after(None);
        cluster.apply(&after.addon, &after.objects, &whole).await.unwrap();
        let names: Vec<String> =
            fake.labelled("one").into_iter().map(|(at, _)| at.rsplit('/').next().unwrap().to_owned()).collect();
        assert_eq!(names, ["a", "c", "things.example.com"], "after {writes} writes");
        // Removing as well.
        fake.cut_after(Some(writes));
        let third = cluster.remove("one", true).await;
        fake.cut_after(None);
        cluster.remove("one", true).await.unwrap();
        assert_eq!(fake.labelled("one"), [], "after {writes} writes");
        assert_eq!(cluster.inventories().await.unwrap(), BTreeMap::new());
        assert!(writes < 11 || (first.is_ok() && second.is_ok() && third.is_ok()), "the last run is not cut off");
    }
}

#[tokio::test]
async fn servers_that_are_not_there_are_told() {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": "http://127.0.0.1:1" } }],
        "users": [{ "name": "u", "user": { "token": "t" } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
    });
    let cluster = Cluster::connect(&Access::Kubeconfig(&config.to_string())).await.unwrap();
    assert_eq!(cluster.ready().await.unwrap_err().class, Class::Unreachable);
    assert_eq!(Cluster::connect(&Access::Kubeconfig("a: [")).await.unwrap_err().class, Class::Invalid);
}

/// Pods go on showing the certificate of before for a while.
#[tokio::test]
async fn the_authority_before_is_trusted_until_the_next_one() {
    use base64::Engine as _;
    let fake = Fake::start().await;
    let cluster = Cluster::connect(&Access::Kubeconfig(&fake.kubeconfig())).await.unwrap();
    let hook = json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": { "name": "v1.six.example.com" },
        "spec": { "group": "six.example.com", "version": "v1", "service": { "name": "six", "namespace": "default" } },
    });
    let mut unit = addon("six", vec![hook]);
    let trusted = [("APIService", "v1.six.example.com")];
    unit.addon.certificates = vec![ServingCertificate::of_service("six-tls", "default", "six", &trusted)];
    let mut seen: Vec<Vec<String>> = Vec::new();
    for days in [0, 320, 640] {
        let now = Timestamp::now() + SignedDuration::from_hours(24 * days);
        cluster.apply(&unit.addon, &unit.objects, &ApplyOptions { now, ..options() }).await.unwrap();
        let objects = fake.labelled("six");
        let of = |kind: &str| &objects.iter().find(|(_, object)| object["kind"] == kind).unwrap().1;
        let bundle = &of("APIService")["spec"]["caBundle"];
        assert_eq!(*bundle, of("Secret")["data"]["ca.crt"]);
        let bytes = base64::engine::general_purpose::STANDARD.decode(bundle.as_str().unwrap()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        seen.push(text.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned).collect());
    }
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 2]);
    assert!(
        seen[1][1] == seen[0][0] && seen[2][1] == seen[1][0] && seen[1][0] != seen[1][1] && seen[2][0] != seen[2][1]
    );
}
