//! Labels of all nodes that their kubelets may not give them.
//!
//! Which group a node is of says AWS and not the node: whoever breaks into one must not be able to make it a control plane.

use std::collections::BTreeMap;

use kedge_bootstrap::GroupConfig;

use crate::agent::{Agent, Found};
use crate::error::StepError;

pub(super) async fn ensure(agent: &Agent, found: &Found) -> Result<Option<String>, StepError> {
    let identity = found.identity()?;
    let nodes = agent.ports.cluster.nodes().await?;
    let running = agent.ports.instances.running(identity, agent.config.cluster.as_str()).await?;
    let statuses = agent.ports.store.node_statuses().await?;
    let mut configs: BTreeMap<String, Option<GroupConfig>> = BTreeMap::new();
    let mut labelled = Vec::new();
    for node in nodes {
        let Some(instance) = running.iter().find(|one| one.id == node.name || one.private_dns == node.name) else {
            continue;
        };
        // The status only says which of the configurations of its group the instance has.
        let of_instance = statuses.iter().map(|stored| &stored.status);
        let mut of_instance =
            of_instance.filter(|status| status.instance == instance.id && status.group == instance.group);
        let Some(status) = of_instance.next() else { continue };
        let key = format!("nodes/{}/config/{}.json", instance.group, status.config);
        if !configs.contains_key(&key) {
            configs.insert(key.clone(), read(agent, &key, &status.config).await?);
        }
        let Some(Some(config)) = configs.get(&key) else { continue };
        let labels = &config.control_plane_labels;
        if labels.iter().any(|(label, value)| node.labels.get(label) != Some(value)) {
            agent.ports.cluster.label(&node.name, labels).await?;
            labelled.push(node.name);
        }
    }
    Ok((!labelled.is_empty()).then(|| format!("given to {}", labelled.join(", "))))
}

/// A configuration of the store, if it is what its name says.
async fn read(agent: &Agent, key: &str, digest: &str) -> Result<Option<GroupConfig>, StepError> {
    let store = &agent.ports.store;
    let Some(object) = store.objects().get(&store.key(key)).await? else { return Ok(None) };
    use sha2::Digest as _;
    let is = crate::settled::hex(&sha2::Sha256::digest(&object.bytes));
    Ok(if is == digest { serde_json::from_slice(&object.bytes).ok() } else { None })
}
