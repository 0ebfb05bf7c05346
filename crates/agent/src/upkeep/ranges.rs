//! The ranges that pods have their addresses from, in clusters with IPv6.
//!
//! No controller gives nodes theirs there: a range is a prefix that EC2 has assigned to the first network interface of the
//! instance, so that the VPC leads to it. Until a node has one, none of its pods starts.

use crate::agent::{Agent, Found};
use crate::error::{PortError, StepError};
use crate::ports::ApiNode;
use crate::step::kubeadm;

/// Gives each node that has none the prefix of its instance.
pub(crate) async fn ensure(agent: &Agent, found: &Found) -> Result<Option<String>, StepError> {
    if !kubeadm::is_ipv6(agent) || lacking(agent).await?.is_empty() {
        return Ok(None);
    }
    // EC2 assigns one more prefix each time that it is asked, so that control planes must not ask at the same time.
    let cluster = &agent.ports.cluster;
    if !cluster.take_turn().await? {
        return Ok(None);
    }
    let done = give(agent, found).await;
    // Otherwise it ends by itself.
    let _others_wait = cluster.end_turn().await;
    done
}

/// The nodes without ranges.
async fn lacking(agent: &Agent) -> Result<Vec<ApiNode>, PortError> {
    let mut nodes = agent.ports.cluster.nodes().await?;
    nodes.retain(|node| node.pod_ranges.is_empty());
    Ok(nodes)
}

async fn give(agent: &Agent, found: &Found) -> Result<Option<String>, StepError> {
    let identity = found.identity()?;
    let ports = &agent.ports;
    let running = ports.instances.running(identity, agent.config.cluster.as_str()).await?;
    let (mut given, mut failures) = (Vec::new(), Vec::new());
    // Anew: whoever had the turn before may have given them theirs.
    for node in lacking(agent).await? {
        // Until the cloud controller has said which instance it is, it is the one that it is called after.
        let id = node.instance.as_deref().unwrap_or(&node.name);
        if !running.iter().any(|one| one.id == id) {
            continue;
        }
        if !ports.cluster.take_turn().await? {
            break;
        }
        let done = match ports.instances.pod_range(identity, id).await {
            Ok(range) => ports.cluster.give_range(&node.name, &range).await.map(|()| range),
            Err(error) => Err(error),
        };
        match done {
            Ok(range) => given.push(format!("{range} to {}", node.name)),
            // The others get theirs all the same.
            Err(error) => failures.push(format!("{}: {error}", node.name)),
        }
    }
    let given = (!given.is_empty()).then(|| format!("given {}", given.join(", ")));
    if failures.is_empty() {
        return Ok(given);
    }
    Err(StepError::wait(given.into_iter().chain(failures).collect::<Vec<_>>().join("; ")))
}
