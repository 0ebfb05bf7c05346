//! A cluster that goes to another minor version of Kubernetes.

use kedge_cloud::{CloudError, ClusterSummary, Identity, Observe, Scope};
use kedge_resource::inventory::{Handle, Observed, Ownership};
use kedge_resource::{ClusterName, FactsQuery, Inventory};
use kedge_store::{ClusterStore, Condition, Directory, NodePhase, NodeStatus};

use super::*;
use crate::boot::upgrade::versions;
use crate::plan::{Seen, desired, propose_for};
use crate::proposal::Proposal;

/// An account that holds everything of a specification, and a store whose control planes say what they run.
struct Upgrading {
    contents: BTreeMap<String, String>,
    versions: Vec<String>,
}

impl Observe for Upgrading {
    async fn identity(&self) -> Result<Identity, CloudError> {
        unreachable!("it was asked before")
    }

    async fn facts(&self, _: &FactsQuery) -> Result<Facts, CloudError> {
        unreachable!("it was asked before")
    }

    async fn inventory(&self, _: &ClusterName, _: Scope) -> Result<Inventory, CloudError> {
        unreachable!("it was asked before")
    }

    async fn clusters(&self) -> Result<Vec<ClusterSummary>, CloudError> {
        Ok(Vec::new())
    }

    async fn content(&self, observed: &Observed) -> Result<Option<String>, CloudError> {
        Ok(self.contents.get(&observed.key.name).cloned())
    }

    async fn control_plane_versions(&self, groups: &[&str]) -> Result<Vec<String>, CloudError> {
        assert!(groups.iter().all(|group| group.starts_with("control-plane")), "{groups:?}");
        Ok(self.versions.clone())
    }
}

/// A plan that takes a cluster from one version to another one, while its control planes run these.
async fn upgrade(from: &str, to: &str, running: &[&str]) -> Proposal {
    let at = |version: &str| {
        let line = MINIMAL.lines().find(|line| line.contains("kubernetesVersion:")).unwrap();
        specification(&[(line, &format!("  kubernetesVersion: {version}"))])
    };
    let (before, after) = (at(from), at(to));
    let (mut facts, store) = facts(&before, &["amd64"]);
    facts.store = Some(store);
    let mut inventory = Inventory::empty(before.cluster().clone());
    let mut contents = BTreeMap::new();
    for resource in desired(&before, &facts).unwrap().resources {
        let mut properties = resource.properties;
        if let Properties::StoreObject(object) = &mut properties
            && let Some(content) = object.content.take()
        {
            contents.insert(resource.key.name.clone(), content);
        }
        let handle = Handle::new(format!("x-{}", resource.key));
        inventory.resources.push(Observed { key: resource.key, handle, ownership: Ownership::Owned, properties });
    }
    let [account_id, caller, partition, region] = ["123456789012", "me", "aws", "us-east-1"].map(str::to_owned);
    let identity = Identity { account_id, caller, partition, region };
    let account = Upgrading { contents, versions: running.iter().map(|version| (*version).to_owned()).collect() };
    propose_for(&account, &after, &Seen { identity, inventory, facts }, Default::default(), false).await.unwrap()
}

/// Whether the configurations of control planes and of workers change, and what is said of it.
fn outcome(proposal: &Proposal) -> (bool, bool, Vec<&str>) {
    let plan = proposal.plan();
    let changes = |name: &str| plan.changes.iter().any(|change| change.key.name == format!("nodes/{name}/config"));
    let codes = plan.report.notes.iter().map(|note| note.code.as_str());
    (
        changes("control-plane-us-east-1a"),
        changes("nodes"),
        codes.filter(|code| ["workers-held-back", "kubernetes-minor"].contains(code)).collect(),
    )
}

#[tokio::test]
async fn workers_follow_when_all_control_planes_have_risen() {
    for running in [["1.33.2", "1.33.2"], ["1.34.1", "1.33.2"]] {
        let proposal = upgrade("1.33.2", "1.34.1", &running).await;
        assert_eq!(outcome(&proposal), (true, false, vec!["kubernetes-minor", "workers-held-back"]), "{running:?}");
        let notes = &proposal.plan().report.notes;
        let note = notes.iter().find(|note| note.code == "workers-held-back").unwrap();
        assert!(note.text.contains("nodes at 1.33.2"), "{}", note.text);
    }
    let risen = upgrade("1.33.2", "1.34.1", &["1.34.1", "1.34.0"]).await;
    assert_eq!(outcome(&risen), (true, true, vec!["kubernetes-minor"]));
    // Within a minor version nothing has an order, and going back is another matter.
    assert_eq!(outcome(&upgrade("1.33.2", "1.33.4", &["1.33.2"]).await), (true, true, vec![]));
    assert_eq!(outcome(&upgrade("1.34.1", "1.33.2", &["1.34.1"]).await), (true, true, vec!["kubernetes-minor"]));
    // Nobody says anything: a cluster whose instances have an older kedge-node.
    assert_eq!(outcome(&upgrade("1.33.2", "1.34.1", &[]).await), (true, true, vec!["kubernetes-minor"]));
}

#[tokio::test]
async fn control_planes_alone_say_what_control_planes_run() {
    let folder = camino_tempfile::tempdir().unwrap();
    let name = ClusterName::parse("minimal.example.com").unwrap();
    let store = ClusterStore::new(Arc::new(Directory::new(folder.path())), name.clone());
    let status = |group: &str, instance: &str, kubernetes: Option<&str>| NodeStatus {
        format_version: 1,
        cluster: name.clone(),
        group: group.to_owned(),
        instance: instance.to_owned(),
        node: instance.to_owned(),
        control_plane: true,
        config: DIGEST.to_owned(),
        program: "0.1.0".to_owned(),
        kubernetes: kubernetes.map(str::to_owned),
        phase: NodePhase::Ready,
        step: "ready".to_owned(),
        reason: "it is a node".to_owned(),
        since: "2027-01-15T07:00:00Z".parse().unwrap(),
        trust: None,
    };
    for status in [
        status("control-plane", "i-1", Some("1.34.1")),
        status("control-plane", "i-2", None),
        status("nodes", "i-3", Some("1.20.0")),
    ] {
        store.put_node_status(&status).await.unwrap();
    }
    assert_eq!(versions(&store, &["control-plane"]).await.unwrap(), ["1.34.1"]);
    let key = store.key("nodes/control-plane/status/i-4.json");
    store.objects().put(&key, b"{", &Condition::Any).await.unwrap();
    assert_eq!(versions(&store, &["control-plane"]).await.unwrap(), ["1.34.1"]);
}
