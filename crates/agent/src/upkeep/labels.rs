//! Labels of all nodes that their kubelets may not give them.
//!
//! Which group a node is of says AWS and not the node: whoever breaks into one must not be able to make it a control plane.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use kedge_bootstrap::GroupConfig;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::ports::Instance;

type Labels = BTreeMap<String, String>;

pub(super) async fn ensure(agent: &Agent, found: &Found) -> Result<Option<String>, StepError> {
    let identity = found.identity()?;
    let running = agent.ports.instances.running(identity, agent.config.cluster.as_str()).await?;
    let mut known = std::mem::take(&mut *agent.labels.lock().unwrap_or_else(PoisonError::into_inner));
    known.retain(|id, _| running.iter().any(|one| one.id == *id));
    let labelled = label(agent, &running, &mut known).await;
    *agent.labels.lock().unwrap_or_else(PoisonError::into_inner) = known;
    let labelled = labelled?;
    Ok((!labelled.is_empty()).then(|| format!("given to {}", labelled.join(", "))))
}

/// Labels the nodes that lack some. Which instances are not known yet is looked up and kept, also when it fails later.
async fn label(
    agent: &Agent,
    running: &[Instance],
    known: &mut BTreeMap<String, Labels>,
) -> Result<Vec<String>, StepError> {
    let mut configs = BTreeMap::new();
    let mut labelled = Vec::new();
    for node in agent.ports.cluster.nodes().await? {
        let Some(instance) = running.iter().find(|one| one.id == node.name || one.private_dns == node.name) else {
            continue;
        };
        if !known.contains_key(&instance.id) {
            let Some(labels) = of(agent, instance, &mut configs).await? else { continue };
            known.insert(instance.id.clone(), labels);
        }
        let Some(labels) = known.get(&instance.id) else { continue };
        if labels.iter().any(|(label, value)| node.labels.get(label) != Some(value)) {
            agent.ports.cluster.label(&node.name, labels).await?;
            labelled.push(node.name);
        }
    }
    Ok(labelled)
}

/// The labels of an instance. Its status only says which of the configurations of its group it has; without one, or with one
/// that nobody can read, there are none yet.
async fn of(
    agent: &Agent,
    instance: &Instance,
    configs: &mut BTreeMap<String, Option<Labels>>,
) -> Result<Option<Labels>, StepError> {
    let status = match agent.ports.store.node_status(&instance.group, &instance.id).await {
        Ok(Some(stored)) => stored.status,
        Ok(None) => return Ok(None),
        Err(error) if error.is_of_object() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if status.instance != instance.id || status.group != instance.group {
        return Ok(None);
    }
    let key = format!("nodes/{}/config/{}.json", instance.group, status.config);
    if let Some(labels) = configs.get(&key) {
        return Ok(labels.clone());
    }
    let config = read(agent, &key, &status.config).await?;
    let labels = config.map(|config| config.control_plane_labels);
    configs.insert(key, labels.clone());
    Ok(labels)
}

/// A configuration of the store, if it is what its name says.
async fn read(agent: &Agent, key: &str, digest: &str) -> Result<Option<GroupConfig>, StepError> {
    let store = &agent.ports.store;
    let Some(object) = store.objects().get(&store.key(key)).await? else { return Ok(None) };
    Ok(if crate::settled::sha256(&object.bytes) == digest { serde_json::from_slice(&object.bytes).ok() } else { None })
}
