//! How far instances are, as they say themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use kedge_resource::ClusterName;
use serde::{Deserialize, Serialize};

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::{decode, encode};
use crate::objects::Condition;

/// How many objects are read at the same time.
const CONCURRENCY: usize = 16;

/// How an instance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodePhase {
    /// It does a step.
    Working,
    /// It waits for something; the reason says for what.
    Waiting,
    /// It gave up, and begins again by itself after a while, or refuses; the reason says why.
    Stopped,
    /// It is a node.
    Ready,
}

/// How far an instance is: `nodes/<group>/status/<instance>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Version of the format.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// The group.
    pub group: String,
    /// Id of the instance.
    pub instance: String,
    /// Name of the node.
    pub node: String,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// SHA-256 of the configuration that it has.
    pub config: String,
    /// Version of `kedge-node`.
    pub program: String,
    /// Version of Kubernetes, without the `v`; none from programs that did not say so yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// How it does.
    pub phase: NodePhase,
    /// The step that it is at.
    pub step: String,
    /// What it has done or what it waits for, in one line.
    pub reason: String,
    /// Since when, by its own clock.
    pub since: Timestamp,
    /// Whom it trusts; none from programs that did not say so yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<NodeTrust>,
}

/// Which authorities of the cluster an instance knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeTrust {
    /// SHA-256 of the certificate of each authority that it trusts.
    pub authorities: Vec<String>,
    /// That of the authority that has issued the certificate of its kubelet, if that is the one that
    /// issues now; none if it is another, or not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubelet: Option<String>,
}

/// A status as it stands in the store.
#[derive(Clone, Debug)]
pub struct StoredStatus {
    /// The status.
    pub status: NodeStatus,
    /// How long ago it was written, by the clock of the store, where reading tells it.
    pub age: Option<Duration>,
}

/// What the store has of groups and their instances.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    /// Groups that have a configuration for instances.
    pub groups: BTreeSet<String>,
    /// The status of every instance that has written one, also of some that are gone.
    pub statuses: Vec<StoredStatus>,
    /// Why others could not be read, each in a sentence: every instance writes its own, and one that is broken must not hide
    /// the rest.
    pub unreadable: Vec<String>,
}

/// The keys of `nodes/`, by what they are of.
#[derive(Default)]
struct Keys {
    groups: BTreeSet<String>,
    /// Group, instance.
    statuses: Vec<(String, String)>,
}

impl ClusterStore {
    /// Writes the status of an instance.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_node_status(&self, status: &NodeStatus) -> Result<(), StoreError> {
        let key = self.status_key(&status.group, &status.instance);
        let bytes = encode(&key, &self.place(), status)?;
        self.objects().put(&key, &bytes, &Condition::Any).await.map(|_| ())
    }

    /// The status of one instance, if it has written one.
    ///
    /// # Errors
    /// The store does not answer, or the object is not one.
    pub async fn node_status(&self, group: &str, instance: &str) -> Result<Option<StoredStatus>, StoreError> {
        let key = self.status_key(group, instance);
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        let status: NodeStatus = decode(&key, &self.place(), &object.bytes)?;
        self.refuse_foreign(&key, &status.cluster)?;
        Ok(Some(StoredStatus { status, age: object.age }))
    }

    /// The groups, and how far their instances are.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn nodes(&self) -> Result<Nodes, StoreError> {
        let Keys { groups, statuses } = self.node_keys().await?;
        let read =
            stream::iter(statuses).map(|(group, instance)| async move { self.node_status(&group, &instance).await });
        let read: Vec<_> = read.buffered(CONCURRENCY).collect().await;
        let mut nodes = Nodes { groups, ..Nodes::default() };
        for result in read {
            match result {
                Ok(status) => nodes.statuses.extend(status),
                Err(error) if error.is_of_object() => nodes.unreadable.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(nodes)
    }

    /// The groups that have a configuration for instances.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn node_groups(&self) -> Result<BTreeSet<String>, StoreError> {
        Ok(self.node_keys().await?.groups)
    }

    /// Removes what instances that are gone have left: every status that is older than `age`, but those of `living`. Which
    /// instances it were.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn remove_node_statuses(
        &self,
        living: &BTreeSet<&str>,
        age: Duration,
    ) -> Result<Vec<String>, StoreError> {
        let mut removed = Vec::new();
        for (group, instance) in self.node_keys().await?.statuses {
            if living.contains(instance.as_str()) {
                continue;
            }
            let key = self.status_key(&group, &instance);
            let Some(object) = self.objects().get(&key).await? else { continue };
            let old = match object.age {
                Some(age) => age,
                None => self.objects().age(&key).await?,
            };
            if old > age {
                self.objects().delete(&key).await?;
                removed.push(instance);
            }
        }
        Ok(removed)
    }

    fn status_key(&self, group: &str, instance: &str) -> String {
        self.key(&format!("nodes/{group}/status/{instance}.json"))
    }

    async fn node_keys(&self) -> Result<Keys, StoreError> {
        let top = self.key("nodes/");
        let mut found = Keys::default();
        for key in self.objects().list(&top).await? {
            let mut parts = key.strip_prefix(&top).into_iter().flat_map(|rest| rest.split('/'));
            let (Some(group), Some(kind), Some(name), None) = (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            match kind {
                "config" => {
                    found.groups.insert(group.to_owned());
                }
                "status" => {
                    let instance = name.strip_suffix(".json");
                    found.statuses.extend(instance.map(|instance| (group.to_owned(), instance.to_owned())));
                }
                _ => {}
            }
        }
        Ok(found)
    }
}
