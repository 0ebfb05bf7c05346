//! What instances that are gone have left in the store.

use std::time::Duration;

use crate::agent::{Agent, Found};
use crate::error::StepError;

/// How long the last words of an instance stay, for whoever wants to know why it went.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Removes statuses of instances that AWS has no more.
pub(super) async fn clear(agent: &Agent, found: &Found) -> Result<Option<String>, StepError> {
    let identity = found.identity()?;
    let running = agent.ports.instances.running(identity, agent.config.cluster.as_str()).await?;
    let living = running.iter().map(|one| one.id.as_str()).collect();
    let removed = agent.ports.store.remove_node_statuses(&living, KEPT).await?;
    Ok((!removed.is_empty()).then(|| format!("removed those of {}, which are gone", removed.join(", "))))
}
