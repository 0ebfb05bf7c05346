//! Nodes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};

use crate::api::{Form, encode};
use crate::connect::Cluster;
use crate::error::{Class, KubeError};

const COLLECTION: &str = "/api/v1/nodes";
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// What is to be said of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    /// Its name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Why it is not, in the kubelet's words.
    pub reason: Option<String>,
    /// Whether it runs the control plane.
    pub control_plane: bool,
    /// Whether nothing new is scheduled to it.
    pub unschedulable: bool,
    /// Version of its kubelet, such as `v1.34.1`.
    pub kubelet_version: String,
    /// The instance, such as `aws:///us-east-1a/i-0123`.
    pub provider_id: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Ranges that its pods have their addresses from.
    pub pod_ranges: Vec<String>,
    /// Taints as `key=value:effect`.
    pub taints: Vec<String>,
    /// Since when it is there.
    pub created: Option<Timestamp>,
}

impl NodeState {
    /// The id of its instance.
    #[must_use]
    pub fn instance_id(&self) -> Option<&str> {
        self.provider_id.as_deref()?.strip_prefix("aws://")?.rsplit('/').next().filter(|id| id.starts_with("i-"))
    }

    fn of(node: Node) -> Self {
        let spec = node.spec.unwrap_or_default();
        let status = node.status.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
        let is_ready = ready.is_some_and(|condition| condition.status == "True");
        let reason = match ready {
            None => Some("its kubelet has not told of it yet".to_owned()),
            Some(_) if is_ready => None,
            Some(condition) => condition.message.clone().or_else(|| condition.reason.clone()),
        };
        let labels = node.metadata.labels.unwrap_or_default();
        let taint = |taint: k8s_openapi::api::core::v1::Taint| {
            let value = taint.value.map(|value| format!("={value}")).unwrap_or_default();
            format!("{}{value}:{}", taint.key, taint.effect)
        };
        Self {
            name: node.metadata.name.unwrap_or_default(),
            ready: is_ready,
            reason,
            control_plane: labels.contains_key(CONTROL_PLANE),
            unschedulable: spec.unschedulable == Some(true),
            kubelet_version: status.node_info.map(|info| info.kubelet_version).unwrap_or_default(),
            provider_id: spec.provider_id,
            pod_ranges: spec.pod_cidrs.unwrap_or_default(),
            labels,
            taints: spec.taints.unwrap_or_default().into_iter().map(taint).collect(),
            created: node.metadata.creation_timestamp.map(|at| at.0),
        }
    }
}

impl Cluster {
    /// All nodes, by their names.
    ///
    /// # Errors
    /// The API refuses, or answers something else.
    pub async fn nodes(&self) -> Result<Vec<NodeState>, KubeError> {
        let action = "list nodes";
        let mut nodes = Vec::new();
        for node in self.list(action, COLLECTION).await? {
            let node: Node = serde_json::from_value(node).map_err(|error| KubeError {
                source: Some(Box::new(error)),
                ..KubeError::new(Class::Other, action, "")
            })?;
            nodes.push(NodeState::of(node));
        }
        nodes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(nodes)
    }

    /// The oldest version of Kubernetes that a control plane has: of its kubelet, which comes with its API server, or of the API
    /// server that is asked.
    ///
    /// # Errors
    /// As for [`Self::nodes`].
    pub async fn oldest_control_plane(&self) -> Result<String, KubeError> {
        let mut oldest = self.version().await?;
        for node in self.nodes().await?.into_iter().filter(|node| node.control_plane) {
            oldest = kedge_addons::older(&oldest, &node.kubelet_version).to_owned();
        }
        Ok(oldest)
    }

    /// A node, if it is there.
    ///
    /// # Errors
    /// As for [`Self::nodes`].
    pub async fn node(&self, name: &str) -> Result<Option<NodeState>, KubeError> {
        let action = format!("read node {name}");
        let Some(found) = self.find(&action, &format!("{COLLECTION}/{}", encode(name))).await? else { return Ok(None) };
        let node: Node = serde_json::from_value(found)
            .map_err(|error| KubeError { source: Some(Box::new(error)), ..KubeError::new(Class::Other, action, "") })?;
        Ok(Some(NodeState::of(node)))
    }

    /// Gives a node labels; others stay as they are. Says whether anything changed.
    ///
    /// # Errors
    /// It is not there, or the API refuses.
    pub async fn label_node(&self, name: &str, labels: &BTreeMap<String, String>) -> Result<bool, KubeError> {
        let action = format!("label node {name}");
        let path = format!("{COLLECTION}/{}", encode(name));
        let node = self.get(&action, &path).await?;
        let known = node.get("metadata").and_then(|metadata| metadata.get("labels"));
        let has = |(key, value): (&String, &String)| {
            known.and_then(|known| known.get(key)).and_then(Value::as_str) == Some(value)
        };
        if labels.iter().all(has) {
            return Ok(false);
        }
        let patch = json!({ "metadata": { "labels": labels } });
        self.patch(&action, &path, Form::Merge, &patch).await?;
        Ok(true)
    }

    /// Gives a node its ranges of addresses for pods, where no controller does: those of IPv6 come from AWS. They cannot be
    /// changed later: the API refuses others.
    ///
    /// # Errors
    /// It is not there, has other ranges, or the API refuses.
    pub async fn assign_pod_ranges(&self, name: &str, ranges: &[String]) -> Result<(), KubeError> {
        let patch = json!({ "spec": { "podCIDR": ranges.first(), "podCIDRs": ranges } });
        let action = format!("give node {name} addresses for pods");
        self.patch(&action, &format!("{COLLECTION}/{}", encode(name)), Form::Merge, &patch).await.map(|_| ())
    }

    /// Deletes a node whose instance is gone.
    ///
    /// # Errors
    /// It is ready, so that it lives; or the API refuses.
    pub async fn delete_dead_node(&self, name: &str) -> Result<(), KubeError> {
        let action = format!("delete node {name}");
        match self.node(name).await? {
            None => return Ok(()),
            Some(node) if node.ready => {
                return Err(KubeError::new(Class::Conflict, action, "it is ready, so that it lives"));
            }
            Some(_) => {}
        }
        self.delete(&action, &format!("{COLLECTION}/{}", encode(name)), &json!({})).await
    }
}
