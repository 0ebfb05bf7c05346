//! A cluster that runs already, and its store.

use kedge_cloud::{CloudError, ClusterSummary, Handles, Identity, Observe, Scope, Step, StepChange, Verb};
use kedge_resource::inventory::{Handle, Observed, Ownership};
use kedge_resource::{ClusterName, FactsQuery, Inventory, Kind, ResourceKey};
use kedge_store::{ClusterStore, Condition, Directory};

use super::*;
use crate::boot::account::Booting;
use crate::boot::store::{BootSource, Program};
use crate::boot::{delete_notes, deliver};
use crate::delete_cluster;

pub(super) const CLUSTER: &str = "minimal.example.com";

/// An account that holds launch templates.
pub(super) struct Account(pub(super) Inventory);

impl Observe for Account {
    async fn identity(&self) -> Result<Identity, CloudError> {
        let [account_id, caller, partition, region] = ["123456789012", "me", "aws", "us-east-1"].map(str::to_owned);
        Ok(Identity { account_id, caller, partition, region })
    }

    async fn facts(&self, _: &FactsQuery) -> Result<Facts, CloudError> {
        Ok(Facts::default())
    }

    async fn inventory(&self, _: &ClusterName, _: Scope) -> Result<Inventory, CloudError> {
        Ok(self.0.clone())
    }

    async fn clusters(&self) -> Result<Vec<ClusterSummary>, CloudError> {
        Ok(Vec::new())
    }
}

/// Launch templates that boot from a place.
fn templates(bucket: &str, prefix: &str) -> Inventory {
    let specification = specification(&[]);
    let (facts, store) = facts(&specification, &["amd64"]);
    let store = StoreFacts { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..store };
    let wanted = wanted(&specification.resolved, &facts, &store, &BTreeMap::new(), &BTreeMap::new()).unwrap();
    let desired = kedge_model::lower_to(&specification.resolved, &facts, Some(&wanted.boot)).unwrap();
    let templates = desired.resources.into_iter().filter(|resource| resource.key.kind == Kind::LaunchTemplate);
    let mut inventory = Inventory::empty(ClusterName::parse(CLUSTER).unwrap());
    inventory.resources = templates
        .map(|resource| Observed {
            handle: Handle::new(format!("lt-{}", resource.key.name)),
            key: resource.key,
            ownership: Ownership::Owned,
            properties: resource.properties,
        })
        .collect();
    assert!(inventory.resources.len() > 1);
    inventory
}

/// A store in a folder with objects of the cluster.
async fn source(folder: &camino::Utf8Path, held: &[&str], programs: BTreeMap<String, Program>) -> BootSource {
    let store = ClusterStore::new(Arc::new(Directory::new(folder)), ClusterName::parse(CLUSTER).unwrap());
    for key in held {
        store.objects().put(&store.key(key), b"x", &Condition::Any).await.unwrap();
    }
    BootSource::new(store, "state".to_owned(), "p/minimal.example.com".to_owned(), None, programs)
}

async fn keys(source: &BootSource) -> Vec<String> {
    let start = source.store.key("");
    let keys = source.store.objects().list(&start).await.unwrap();
    keys.into_iter().map(|key| key.strip_prefix(&start).unwrap().to_owned()).collect()
}

#[test]
fn another_store_is_refused_unless_it_is_meant() {
    let specification = specification(&[]);
    let (mut facts, store) = facts(&specification, &["amd64"]);
    facts.store = Some(store);
    let said = |bucket: &str, prefix: &str, move_store| {
        let notes = notes(&facts, Some(&templates(bucket, prefix)), move_store);
        notes.into_iter().map(|note| (note.severity, note.code, note.text)).collect::<Vec<_>>()
    };
    assert_eq!(said("state", "p/minimal.example.com", false), []);
    assert_eq!(said("state", "p/minimal.example.com", true), []);
    for (bucket, prefix) in [("other", "p/minimal.example.com"), ("state", "minimal.example.com")] {
        let [(severity, code, text)] = &said(bucket, prefix, false)[..] else { panic!("{bucket} {prefix}") };
        assert_eq!((*severity, code.as_str()), (Severity::Fatal, "store-changed"));
        assert!(text.contains(&format!("s3://{bucket}/{prefix}")), "{text}");
        assert!(text.contains("s3://state/p/minimal.example.com"), "{text}");
        assert_eq!(said(bucket, prefix, true)[0].0, Severity::Warning);
    }
    facts.store = None;
    let notes = notes(&facts, Some(&templates("state", "p/minimal.example.com")), true);
    assert_eq!((notes[0].severity, notes[0].code.as_str()), (Severity::Fatal, "store-needed"));
}

#[tokio::test]
async fn a_cluster_is_deleted_with_its_store_alone() {
    let folder = camino_tempfile::tempdir().unwrap();
    let source = source(folder.path(), &[], BTreeMap::new()).await;
    let (own, other) = (templates("state", "p/minimal.example.com"), templates("other", "p/minimal.example.com"));
    let none = Inventory::empty(own.cluster.clone());
    assert_eq!(delete_notes(Some(&source), &own, false), []);
    assert_eq!(delete_notes(None, &none, false), []);
    for (source, inventory) in [(None, &own), (Some(&source), &other)] {
        let plan = async |leave| {
            delete_cluster::plan(&Account(inventory.clone()), &inventory.cluster, source, leave).await.unwrap()
        };
        let refused = plan(false).await;
        assert_eq!(refused.fatal().iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["store-needed"]);
        let left = plan(true).await;
        assert!(left.fatal().is_empty());
        assert!(left.plan().report.notes.iter().any(|note| note.code == "store-left"));
    }
}

#[tokio::test]
async fn what_etcd_remembers_goes_with_the_cluster_and_snapshots_stay() {
    let folder = camino_tempfile::tempdir().unwrap();
    let snapshot = "backups/etcd/main/2027-01-15T07:00:00Z/snapshot.db";
    let held = [
        snapshot,
        "backups/etcd/main/members/a.json",
        "backups/etcd/main/members/b.json",
        "backups/etcd/main/restore.json",
        "backups/etcd/cilium/members/a.json",
        "nodes/init.json",
        "pki/keysets.json",
    ];
    let source = source(folder.path(), &held, BTreeMap::new()).await;
    let empty = Account(Inventory::empty(ClusterName::parse(CLUSTER).unwrap()));
    let account = Booting::new(&empty, Some(&source));
    let cluster = source.store.cluster().clone();
    let names = async |scope| {
        let inventory = account.inventory(&cluster, scope).await.unwrap();
        inventory.resources.into_iter().map(|observed| observed.key.name).collect::<Vec<_>>()
    };
    assert_eq!(names(Scope::Manifests).await, Vec::<String>::new());
    assert_eq!(names(Scope::Everything).await, ["etcd/cilium", "etcd/main", "nodes/init"]);

    let proposal = delete_cluster::plan(&account, &cluster, Some(&source), false).await.unwrap();
    let changes = proposal.plan().changes.iter().map(|change| StepChange {
        key: change.key.clone(),
        before: change.before.clone(),
        after: None,
        fields: Vec::new(),
    });
    let step = Step { verb: Verb::Delete, changes: changes.collect() };
    deliver::realize(&source, &step, &Handles::default()).await.unwrap();
    assert_eq!(keys(&source).await, [snapshot, "pki/keysets.json"]);
}

#[tokio::test]
async fn what_a_template_names_is_not_removed() {
    let folder = camino_tempfile::tempdir().unwrap();
    let new = folder.path().join("kedge-node-amd64");
    fs_err::write(&new, "new").unwrap();
    let sha256 = kedge_addons::sha256(b"new");
    // One group names the digest of `facts`, and another one, whose template was changed before the apply was cut off, B.
    let [a, b, c] =
        [DIGEST.to_owned(), "b".repeat(64), "c".repeat(64)].map(|of| format!("nodes/kedge-node/amd64/{of}"));
    let store = folder.path().join("store");
    let program = Program { path: new, sha256: sha256.clone(), size: 3 };
    let source = source(&store, &[&a, &b, &c], BTreeMap::from([("amd64".to_owned(), program)])).await;
    let mut inventory = templates("state", "p/minimal.example.com");
    if let Properties::LaunchTemplate(template) = &mut inventory.resources[0].properties {
        let text = template.user_data.as_mut().unwrap();
        *text = text.replace(DIGEST, &"b".repeat(64));
    }
    let account = Account(inventory);
    let account = Booting::new(&account, Some(&source));
    let inventory = account.inventory(source.store.cluster(), Scope::Manifests).await.unwrap();
    let key = ResourceKey::new(Kind::StoreObject, "nodes/kedge-node/amd64");
    let before = inventory.resources.iter().find(|observed| observed.key == key).cloned();
    let after = kedge_resource::kind::StoreObject {
        version: None,
        sha256: Some(sha256.clone()),
        content: None,
        load_balancer: None,
    };
    let change = StepChange { key, before, after: Some(after.into()), fields: vec!["Sha256".to_owned()] };
    let step = Step { verb: Verb::Update, changes: vec![change] };
    deliver::realize(&source, &step, &Handles::default()).await.unwrap();
    let mut expected =
        vec![a, b, format!("nodes/kedge-node/amd64/{sha256}"), "nodes/kedge-node/latest-amd64".to_owned()];
    expected.sort();
    assert_eq!(keys(&source).await, expected);
}

#[test]
fn a_new_minor_version_has_an_order() {
    let said = |from: &str, to: &str| {
        let object = |version: &str| {
            let content = Some(format!(r#"{{"kubernetesVersion": "{version}"}}"#));
            kedge_resource::kind::StoreObject { version: None, sha256: None, content, load_balancer: None }
        };
        let mut inventory = Inventory::empty(ClusterName::parse(CLUSTER).unwrap());
        let key = ResourceKey::new(Kind::StoreObject, "nodes/nodes/config");
        inventory.resources.push(Observed {
            key: key.clone(),
            handle: Handle::new("x"),
            ownership: Ownership::Owned,
            properties: object(from).into(),
        });
        let spec = specification(&[]);
        let mut desired = kedge_model::lower(&spec.resolved, &facts(&spec, &[]).0).unwrap();
        desired.resources = vec![kedge_resource::Resource { key, properties: object(to).into() }];
        let notes = crate::boot::upgrade_notes(&desired, &inventory, false);
        notes.into_iter().map(|note| note.text).collect::<String>()
    };
    assert_eq!(said("1.34.1", "1.34.9"), "");
    assert!(said("1.34.1", "1.35.0").contains("control planes first"));
    assert!(said("1.33.1", "1.35.0").contains("leave out a minor version"));
    assert!(said("1.35.0", "1.34.9").contains("goes back from 1.35 to 1.34"));
}

#[test]
fn the_address_of_dns_stays() {
    let said = |before: &str, after: &str| {
        let object = |address: &str| {
            let service = format!(
                "- {{apiVersion: v1, kind: Service, metadata: {{name: kube-dns}}, spec: {{clusterIP: {address}}}}}"
            );
            let content = format!("formatVersion: 1\nname: coredns\nversion: v1\nwave: system\nobjects:\n{service}\n");
            assert!(kedge_addons::Addon::from_yaml(&content).is_ok());
            kedge_resource::kind::StoreObject {
                version: None,
                sha256: None,
                content: Some(content),
                load_balancer: None,
            }
        };
        let mut inventory = Inventory::empty(ClusterName::parse(CLUSTER).unwrap());
        let key = ResourceKey::new(Kind::StoreObject, "addons/coredns");
        inventory.resources.push(Observed {
            key: key.clone(),
            handle: Handle::new("x"),
            ownership: Ownership::Owned,
            properties: object(before).into(),
        });
        let spec = specification(&[]);
        let mut desired = kedge_model::lower(&spec.resolved, &facts(&spec, &[]).0).unwrap();
        desired.resources = vec![kedge_resource::Resource { key, properties: object(after).into() }];
        let notes = crate::boot::dns_notes(&desired, &inventory);
        notes.into_iter().map(|note| format!("{:?} {}", note.severity, note.text)).collect::<String>()
    };
    assert_eq!(said("100.64.0.10", "100.64.0.10"), "");
    assert!(said("100.64.0.10", "100.64.0.53").starts_with("Fatal the service of DNS has the address 100.64.0.10"));
}

#[tokio::test]
async fn add_ons_go_with_the_cluster_although_nothing_else_of_it_is_left() {
    let folder = camino_tempfile::tempdir().unwrap();
    let source = source(folder.path(), &["addons/index.json"], BTreeMap::new()).await;
    let account = Account(Inventory::empty(ClusterName::parse(CLUSTER).unwrap()));
    let booting = Booting::new(&account, Some(&source));
    let cluster = ClusterName::parse(CLUSTER).unwrap();
    let found = booting.inventory(&cluster, Scope::Everything).await.unwrap();
    let names: Vec<&str> = found.resources.iter().map(|observed| observed.key.name.as_str()).collect();
    assert_eq!(names, ["addons"]);
}
