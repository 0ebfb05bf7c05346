//! Whether a cluster is what it should be: its instances, how far each of them is, its nodes, and its keys.
//!
//! Three witnesses are heard, as far as they can be: AWS says which instances there are, the state store what they say of their
//! boot, and the Kubernetes API which nodes and pods of the system are ready. What one of them says that is not as it should be
//! is a failure; what will not stay as it is, is a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use kedge_cloud::Observe;
use kedge_kube::{NodeState, PodTrouble};
use kedge_resource::ClusterName;
use kedge_store::{ClusterStore, Keysets, NodePhase, Nodes, StoreError, StoredStatus};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::OpError;
use crate::get::{self, Instance, InstanceGroup};
use crate::keypairs;

/// How old the status of an instance may be: those that work write one every ten minutes.
const STALE: Duration = Duration::from_secs(30 * 60);

/// Version of the answer.
pub const VALIDATION_FORMAT_VERSION: u32 = 1;

/// What is said where nobody could say whether instances are nodes.
const NOT_KNOWN: &str = "no instance is known to be a node of Kubernetes: none boots from the state store, and the Kubernetes API was \
                         not asked";

/// How a cluster does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// Version of this format.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// Instances, by group.
    pub nodes: Vec<Node>,
    /// What is not as it should be, the cause before what follows from it.
    pub failures: Vec<Failure>,
    /// What will not stay as it is, or could not be asked.
    pub warnings: Vec<String>,
}

/// An instance of the cluster and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its group.
    pub group: String,
    /// Its id.
    pub instance: String,
    /// Its state as AWS has it, such as `running`.
    pub state: String,
    /// The step of its boot, or `ready`, as it says itself.
    pub boot: Option<String>,
    /// Its name in Kubernetes.
    pub node: Option<String>,
    /// Whether Kubernetes has it ready; absent where Kubernetes was not asked.
    pub ready: Option<bool>,
    /// Version of its kubelet.
    pub kubelet: Option<String>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What it is about.
    pub kind: FailureKind,
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub why: String,
}

/// What a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The whole cluster.
    Cluster,
    /// An instance group.
    InstanceGroup,
    /// An instance, before it is a node.
    Instance,
    /// A node.
    Node,
    /// A pod of the system.
    Pod,
}

impl FailureKind {
    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::InstanceGroup => "instance group",
            Self::Instance => "instance",
            Self::Node => "node",
            Self::Pod => "pod",
        }
    }
}

/// What AWS says.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Instance groups.
    pub groups: Vec<InstanceGroup>,
    /// Their instances.
    pub instances: Vec<Instance>,
    /// What could not be read, in words.
    pub unreadable: Vec<String>,
}

/// What the state store says.
#[derive(Clone, Debug, Default)]
pub struct Boots {
    /// Groups whose instances boot from the store, and so say how far they are.
    pub nodes: Nodes,
    /// Keys and authorities.
    pub keysets: Keysets,
}

/// What the Kubernetes API says.
#[derive(Clone, Debug, Default)]
pub struct Kubernetes {
    /// Nodes.
    pub nodes: Vec<NodeState>,
    /// Pods of the system that are not ready.
    pub pods: Vec<PodTrouble>,
}

/// Asks AWS.
///
/// # Errors
/// The account does not answer.
pub async fn account<O: Observe>(cloud: &O, cluster: &ClusterName) -> Result<Account, OpError> {
    let (groups, instances) = get::groups_and_instances(cloud, cluster).await?;
    let unreadable = groups.unreadable.iter().map(|part| format!("{}: {}", part.call, part.why)).collect();
    Ok(Account { groups: groups.items, instances: instances.items, unreadable })
}

/// Asks the state store.
///
/// # Errors
/// The store does not answer.
pub async fn boots(store: &ClusterStore) -> Result<Boots, StoreError> {
    let (nodes, keysets) = tokio::try_join!(store.nodes(), store.keysets())?;
    Ok(Boots { nodes, keysets })
}

/// Judges what the witnesses say. Who was not asked says nothing.
#[must_use]
pub fn judge(
    cluster: &ClusterName,
    account: &Account,
    boots: Option<&Boots>,
    kubernetes: Option<&Kubernetes>,
    now: Timestamp,
) -> Validation {
    let mut judged = Judging::default();
    if account.groups.is_empty() {
        judged.fail(FailureKind::Cluster, cluster.as_str(), "AWS has no instance groups of it".to_owned());
    }
    judged.warnings.extend(account.unreadable.iter().map(|part| format!("could not be read: {part}")));
    let unread = boots.iter().flat_map(|boots| &boots.nodes.unreadable);
    judged.warnings.extend(unread.map(|why| format!("a status could not be read: {why}")));
    let statuses: BTreeMap<&str, &StoredStatus> = boots
        .iter()
        .flat_map(|boots| &boots.nodes.statuses)
        .map(|stored| (stored.status.instance.as_str(), stored))
        .collect();
    let nodes: BTreeMap<&str, &NodeState> = kubernetes
        .iter()
        .flat_map(|kubernetes| &kubernetes.nodes)
        .filter_map(|node| Some((node.instance_id()?, node)))
        .collect();
    let (mut run, mut heard) = (0_usize, 0_usize);
    for group in &account.groups {
        judged.group(group, &account.instances);
        let reports = boots.is_some_and(|boots| boots.nodes.groups.contains(&group.name));
        let bastion = group.role.contains("bastion");
        for instance in account.instances.iter().filter(|instance| instance.group.as_ref() == Some(&group.name)) {
            let status = statuses.get(instance.id.as_str()).copied();
            let node = nodes.get(instance.id.as_str()).copied();
            judged.nodes.push(Node {
                group: group.name.clone(),
                instance: instance.id.clone(),
                state: instance.state.clone(),
                boot: status.map(|stored| match stored.status.phase {
                    NodePhase::Ready => "ready".to_owned(),
                    _ => stored.status.step.clone(),
                }),
                node: node.map(|node| node.name.clone()).or_else(|| status.map(|stored| stored.status.node.clone())),
                ready: kubernetes.map(|_| node.is_some_and(|node| node.ready)),
                kubelet: node.map(|node| node.kubelet_version.clone()),
            });
            if bastion || instance.state != "running" {
                continue;
            }
            run += 1;
            heard += usize::from(reports || kubernetes.is_some());
            judged.instance(&instance.id, reports.then_some(status), kubernetes.map(|_| node));
            judged.warnings.extend(status.and_then(|status| silence(status, now)));
        }
    }
    if run > 0 && heard == 0 {
        judged.warnings.push(NOT_KNOWN.to_owned());
    }
    if let Some(kubernetes) = kubernetes {
        let known: BTreeSet<&str> = account.instances.iter().map(|instance| instance.id.as_str()).collect();
        for node in &kubernetes.nodes {
            if node.instance_id().is_some_and(|id| !known.contains(id)) {
                judged.fail(FailureKind::Node, &node.name, "its instance is gone, or not of this cluster".to_owned());
            }
        }
        if !kubernetes.nodes.iter().any(|node| node.control_plane && node.ready) {
            judged.fail(FailureKind::Cluster, cluster.as_str(), "no control plane is ready".to_owned());
        }
        for pod in &kubernetes.pods {
            let place = pod.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
            judged.fail(FailureKind::Pod, &format!("{}/{}", pod.namespace, pod.name), format!("{}{place}", pod.why));
        }
    }
    judged.warnings.extend(boots.map(|boots| keypairs::worries(&boots.keysets, now)).unwrap_or_default());
    let Judging { nodes, failures, warnings } = judged;
    let format_version = VALIDATION_FORMAT_VERSION;
    Validation { format_version, cluster: cluster.clone(), nodes, failures, warnings }
}

impl Validation {
    /// Whether anything is known of Kubernetes itself, and not of instances alone.
    #[must_use]
    pub fn knows_nodes(&self) -> bool {
        self.nodes.iter().any(|node| node.boot.is_some() || node.node.is_some() || node.ready.is_some())
    }
}

#[derive(Default)]
struct Judging {
    nodes: Vec<Node>,
    failures: Vec<Failure>,
    warnings: Vec<String>,
}

impl Judging {
    fn fail(&mut self, kind: FailureKind, name: &str, why: String) {
        self.failures.push(Failure { kind, name: name.to_owned(), why });
    }

    fn group(&mut self, group: &InstanceGroup, instances: &[Instance]) {
        let running = instances
            .iter()
            .filter(|instance| instance.group.as_ref() == Some(&group.name) && instance.state == "running")
            .count();
        let wanted = usize::try_from(group.min_size).unwrap_or_default();
        if running < wanted {
            let why = format!("{running} of at least {wanted} instances run");
            self.fail(FailureKind::InstanceGroup, &group.name, why);
        }
    }

    /// An instance that runs. The outer `Option` says whether the witness was heard, the inner what it knows.
    fn instance(&mut self, id: &str, boot: Option<Option<&StoredStatus>>, node: Option<Option<&NodeState>>) {
        match boot {
            Some(None) => {
                let why = "it has not said anything yet: its console says whether user data ran".to_owned();
                self.fail(FailureKind::Instance, id, why);
            }
            Some(Some(stored)) if stored.status.phase != NodePhase::Ready => {
                let status = &stored.status;
                self.fail(FailureKind::Instance, id, format!("{} ({}): {}", status.step, ago(stored), status.reason));
            }
            Some(Some(_)) | None => {}
        }
        match node {
            Some(None) => self.fail(FailureKind::Node, id, "Kubernetes has no node of this instance".to_owned()),
            Some(Some(node)) if !node.ready => {
                let why = node.reason.clone().unwrap_or_else(|| "it is not ready".to_owned());
                self.fail(FailureKind::Node, &node.name, why);
            }
            Some(Some(_)) | None => {}
        }
    }
}

/// That an instance has stopped saying how it does, which it should go on to do as long as it runs.
fn silence(stored: &StoredStatus, now: Timestamp) -> Option<String> {
    let age = match stored.age {
        Some(age) => age,
        None => Duration::try_from(now.duration_since(stored.status.since)).ok()?,
    };
    let minutes = age.as_secs() / 60;
    (age > STALE).then(|| {
        format!(
            "{} has said nothing for {minutes} min: kedge-node does not run on it, or does not reach the state store",
            stored.status.instance
        )
    })
}

/// How long ago something was said.
fn ago(stored: &StoredStatus) -> String {
    match stored.age.map(|age| age.as_secs()) {
        Some(seconds) if seconds < 120 => format!("{seconds} s ago"),
        Some(seconds) => format!("{} min ago", seconds / 60),
        None => format!("since {}", stored.status.since),
    }
}

#[cfg(test)]
mod tests;
