//! Labels of this control plane, and add-ons.

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::upkeep::ranges;

/// Gives the own node the labels that a kubelet may not give itself.
pub(super) async fn label_self(agent: &Agent, found: &Found) -> Result<String, StepError> {
    let name = found.identity()?.node_name(&agent.config);
    let labels = &agent.config.control_plane_labels;
    let nodes = agent.ports.cluster.nodes().await?;
    let Some(node) = nodes.iter().find(|node| node.name == name) else {
        return Err(StepError::wait(format!("the API has no node {name} yet; `journalctl -u kubelet` says why")));
    };
    if labels.iter().all(|(label, value)| node.labels.get(label) == Some(value)) {
        return Ok(format!("{name} has its {} labels", labels.len()));
    }
    agent.ports.cluster.label(&name, labels).await?;
    Ok(format!("{name} was given its {} labels", labels.len()))
}

/// Applies add-ons, without which a first node has no network. What some of them wait for are pods, which need addresses.
pub(super) async fn ensure(agent: &Agent, found: &Found) -> Result<String, StepError> {
    // Upkeep says why it fails.
    let _as_far_as_it_goes = ranges::ensure(agent, found).await;
    let done = agent.ports.addons.apply().await?;
    Ok(done.unwrap_or_else(|| "the cluster has what it shall have".to_owned()))
}
