//! The init lock: of all control planes that have no cluster to join, one makes it.

use std::time::Duration;

use kedge_store::{InitLock, InitSnapshot};

use crate::agent::Agent;
use crate::error::StepError;

/// How often the holder renews it.
const BEAT: Duration = Duration::from_secs(30);
/// After so much silence somebody else takes it over.
pub(crate) const DEAD: Duration = Duration::from_secs(300);
/// After so much time without a renewal the holder stops by itself: before anybody takes it over.
const GIVES_UP: Duration = Duration::from_secs(225);
/// How long a renewal may take. Two of them, with the time between, fit between the last one that was good and the end.
const ANSWERS: Duration = Duration::from_secs(60);

/// Takes the lock, or goes on with one's own. None if somebody else was faster.
pub(crate) async fn take(agent: &Agent, holder: &str, seen: &InitSnapshot) -> Result<Option<InitSnapshot>, StepError> {
    let lock = match &seen.lock {
        Some(own) if own.holder == holder => InitLock { renewals: own.renewals + 1, done: None, ..own.clone() },
        _ => InitLock::new(agent.config.cluster.clone(), holder, agent.host().now()),
    };
    Ok(agent.ports.store.put_init_lock(&lock, seen).await?)
}

/// Does something while the lock is renewed, and stops it when the lock is lost: two control planes must not make a cluster
/// each. Says at the end that the cluster is made.
pub(crate) async fn while_held<T>(
    agent: &Agent,
    mut held: InitSnapshot,
    work: impl Future<Output = Result<T, StepError>>,
) -> Result<T, StepError> {
    let host = agent.host();
    let mut renewed = host.elapsed();
    let mut work = std::pin::pin!(work);
    let result = loop {
        tokio::select! {
            biased;
            result = &mut work => break result?,
            () = host.sleep(BEAT) => {}
        }
        let asked = host.elapsed();
        // A store that does not answer holds neither the work up, nor the moment when it has to stop.
        let (finished, answer) = {
            let mut renewal = std::pin::pin!(tokio::time::timeout(ANSWERS, renew(agent, &held)));
            tokio::select! {
                biased;
                result = &mut work => (Some(result?), renewal.await),
                answer = &mut renewal => (None, answer),
            }
        };
        let late = || StepError::wait(format!("the store has not answered for {} s", ANSWERS.as_secs()));
        match answer.unwrap_or_else(|_late| Err(late())) {
            Ok(Some(next)) => (held, renewed) = (next, asked),
            Ok(None) => return Err(StepError::wait("the init lock was taken over by another control plane")),
            Err(error) if host.elapsed().saturating_sub(renewed) >= GIVES_UP => {
                return Err(StepError::wait(format!(
                    "the init lock could not be renewed, so making the cluster stops: {error}"
                )));
            }
            // There is time for another attempt.
            Err(_) => {}
        }
        if let Some(result) = finished {
            break result;
        }
    };
    let Some(lock) = &held.lock else { return Ok(result) };
    let lock = InitLock { done: Some(host.now()), renewals: lock.renewals + 1, ..lock.clone() };
    match agent.ports.store.put_init_lock(&lock, &held).await? {
        Some(_) => Ok(result),
        None => Err(StepError::wait("the init lock was taken over by another control plane")),
    }
}

async fn renew(agent: &Agent, held: &InitSnapshot) -> Result<Option<InitSnapshot>, StepError> {
    let Some(lock) = &held.lock else { return Ok(None) };
    let lock = InitLock { renewals: lock.renewals + 1, ..lock.clone() };
    Ok(agent.ports.store.put_init_lock(&lock, held).await?)
}
