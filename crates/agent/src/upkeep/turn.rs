//! Control planes restart one after the other: whose turn it is stands in the store, and is passed on when the one before serves.
//!
//! What makes all of them restart is the same for all of them: authorities that are replaced, certificates of the same day. If
//! they were bad, one control plane would be down, and the others not.

use std::time::Duration;

use kedge_store::InitLock;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::host::ensure_active;
use crate::identity::Identity;
use crate::step::{Step, kubernetes_member};

/// After so much silence of the one whose turn it is, somebody else takes it.
const DEAD: Duration = Duration::from_secs(15 * 60);
/// How long a control plane may take to serve again before that is told.
const SERVES: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_secs(5);

/// Takes the turn, or goes on with it.
pub(super) async fn take(agent: &Agent, holder: &str) -> Result<(), StepError> {
    let store = &agent.ports.store;
    let seen = store.turn().await?;
    if let Some(turn) = &seen.lock
        && turn.done.is_none()
        && turn.holder != holder
        && seen.age < DEAD
    {
        return Err(StepError::Turn(format!("after {}, which restarts its control plane first", turn.holder)));
    }
    let turn = match &seen.lock {
        Some(own) if own.holder == holder => InitLock { renewals: own.renewals + 1, done: None, ..own.clone() },
        _ => InitLock::new(agent.config.cluster.clone(), holder, agent.host().now()),
    };
    match store.put_turn(&turn, &seen).await? {
        Some(_) => Ok(()),
        None => Err(StepError::Turn("another control plane was faster to take its turn".to_owned())),
    }
}

/// Whether it is our turn still, as for one that was killed in it.
pub(super) async fn is_ours(agent: &Agent) -> bool {
    let Ok(identity) = Identity::read(&*agent.ports.metadata).await else { return false };
    let Ok(seen) = agent.ports.store.turn().await else { return false };
    seen.lock.is_some_and(|turn| turn.holder == identity.instance && turn.done.is_none())
}

/// Passes the turn on, if it is ours, as soon as this control plane serves.
pub(super) async fn pass_on(agent: &Agent, found: &Found) -> Result<(), StepError> {
    let holder = &found.identity()?.instance;
    let seen = agent.ports.store.turn().await?;
    let Some(own) = seen.lock.clone().filter(|turn| turn.holder == *holder && turn.done.is_none()) else {
        return Ok(());
    };
    let begin = agent.host().elapsed();
    // An API server that is ready has asked the member of etcd beside it.
    while let Err(why) = agent.ports.cluster.ready().await {
        if agent.host().elapsed().saturating_sub(begin) >= SERVES {
            // Still ours: the others keep what they have.
            let turn = InitLock { renewals: own.renewals + 1, ..own };
            agent.ports.store.put_turn(&turn, &seen).await?;
            return Err(StepError::wait(format!(
                "this control plane has restarted and does not serve, so that no other one restarts: {why}"
            )));
        }
        agent.host().sleep(LOOK).await;
    }
    let turn = InitLock { done: Some(agent.host().now()), renewals: own.renewals + 1, ..own };
    agent.ports.store.put_turn(&turn, &seen).await?;
    Ok(())
}

/// Looks after the member of etcd: finds its volume attached and mounted, and says which member it is of.
pub(super) async fn etcd(agent: &Agent, found: &Found) -> Result<Option<String>, StepError> {
    let mut found = found.clone();
    Box::pin(agent.attempt(Step::EtcdVolume, &mut found)).await?;
    // What needs the mount has ended with it, where the volume was another one.
    for unit in ["containerd.service", "kubelet.service"] {
        ensure_active(agent.host(), unit).await?;
    }
    let request = kubernetes_member(agent, found.identity()?, &found, true).await?;
    Ok(agent.ports.etcd.look_after(&request).await?)
}
