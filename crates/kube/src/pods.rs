//! Pods of the cluster itself that do not run as they should.

use k8s_openapi::api::core::v1::Pod;

use crate::connect::Cluster;
use crate::error::{Class, KubeError};

/// A pod that is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTrouble {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its node, if it has one.
    pub node: Option<String>,
    /// Why it is not ready.
    pub why: String,
}

impl Cluster {
    /// Pods of a namespace that are not ready, with the reason that tells most.
    ///
    /// # Errors
    /// The API refuses, or answers something else.
    pub async fn pods_not_ready(&self, namespace: &str) -> Result<Vec<PodTrouble>, KubeError> {
        let action = format!("list pods of {namespace}");
        let mut found = Vec::new();
        for pod in self.list(&action, &format!("/api/v1/namespaces/{}/pods", crate::api::encode(namespace))).await? {
            let pod: Pod = serde_json::from_value(pod).map_err(|error| KubeError {
                source: Some(Box::new(error)),
                ..KubeError::new(Class::Other, action.clone(), "")
            })?;
            let name = pod.metadata.name.clone().unwrap_or_default();
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
            if let Some(why) = trouble(pod) {
                found.push(PodTrouble { namespace: namespace.to_owned(), name, node, why });
            }
        }
        Ok(found)
    }
}

/// Why a pod is not ready.
fn trouble(pod: Pod) -> Option<String> {
    if pod.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let status = pod.status.unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let holds = |kind: &str| conditions.iter().any(|condition| condition.type_ == kind && condition.status == "True");
    if status.phase.as_deref() == Some("Succeeded") || holds("Ready") {
        return None;
    }
    let containers = status
        .init_container_statuses
        .unwrap_or_default()
        .into_iter()
        .chain(status.container_statuses.unwrap_or_default());
    for container in containers.filter(|container| !container.ready) {
        let state = container.state.unwrap_or_default();
        let told = state.waiting.map(|waiting| (waiting.reason, waiting.message));
        let told = told.or_else(|| {
            state
                .terminated
                .filter(|ended| ended.exit_code != 0)
                .map(|ended| (ended.reason.or(Some(format!("exit code {}", ended.exit_code))), ended.message))
        });
        if let Some((reason, message)) =
            told.filter(|(reason, _)| !matches!(reason.as_deref(), Some("PodInitializing" | "ContainerCreating")))
        {
            let parts: Vec<String> = [reason, message].into_iter().flatten().collect();
            return Some(format!(
                "{}: {} (restarted {} times)",
                container.name,
                parts.join(": "),
                container.restart_count
            ));
        }
    }
    let unmet = conditions.iter().find(|condition| {
        condition.status != "True" && condition.message.as_ref().is_some_and(|text| !text.is_empty())
    });
    let why = unmet.and_then(|condition| condition.message.clone()).or(status.message).or(status.reason);
    Some(why.unwrap_or_else(|| format!("it is {}", status.phase.as_deref().unwrap_or("not known").to_lowercase())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(status: Value) -> Option<String> {
        trouble(serde_json::from_value(json!({ "metadata": { "name": "a" }, "status": status })).unwrap())
    }

    #[test]
    fn the_reason_that_tells_most_is_told() {
        let condition =
            |kind: &str, status: &str, message: &str| json!({ "type": kind, "status": status, "message": message });
        assert_eq!(told(json!({ "phase": "Running", "conditions": [condition("Ready", "True", "")] })), None);
        assert_eq!(told(json!({ "phase": "Succeeded" })), None);
        let unscheduled = json!({ "phase": "Pending", "conditions": [condition("PodScheduled", "False", "0/3 nodes are available")] });
        assert_eq!(told(unscheduled).as_deref(), Some("0/3 nodes are available"));
        let crashing = json!({ "phase": "Running", "containerStatuses": [{
            "name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 4,
            "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } },
        }] });
        assert_eq!(told(crashing).as_deref(), Some("c: CrashLoopBackOff: back-off (restarted 4 times)"));
        assert_eq!(told(json!({})).as_deref(), Some("it is not known"));
    }
}
