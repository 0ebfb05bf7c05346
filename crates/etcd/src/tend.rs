//! Everything that a control plane does about etcd again and again.

use jiff::Timestamp;

use crate::error::EtcdError;
use crate::host::Host;
use crate::place::Place;
use crate::prepare::Say;
use crate::restore::{Followed, follow};
use crate::settle::{Settled, settle};
use crate::snapshots::{INTERVAL, Taken, take_if_due};
use crate::tools::Tool;

/// Follows a restore that somebody asked for, keeps the address and the vote of our member right, and takes a snapshot when one
/// is due. What is waited for, as a sentence, if anything. Every control plane calls this every half minute.
///
/// # Errors
/// The volume, the store, the host or a tool fail. Members that do not answer are no error.
pub async fn tend(
    place: &Place,
    host: &dyn Host,
    tool: Option<&Tool>,
    now: Timestamp,
    retention_days: u32,
    say: Say<'_>,
) -> Result<Option<String>, EtcdError> {
    if let Followed::Wait { why } = follow(place, host, tool, say).await? {
        return Ok(Some(why));
    }
    let health = match settle(place, say).await? {
        Settled::Wait { why } => return Ok(Some(why)),
        Settled::Healthy(health) => health,
    };
    match take_if_due(place, now, INTERVAL, retention_days, say).await {
        Err(error) if error.is_passing() => return Ok(Some(error.to_string())),
        Err(error) => return Err(error),
        Ok(Taken::Yes { .. } | Taken::NotLeader | Taken::NotDue) => {}
    }
    if health.alarms.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!(
        "etcd has an alarm and takes no more writes: {}; its database is full, or damaged (https://etcd.io/docs/v3.5/op-guide/maintenance)",
        health.alarms.join(", ")
    )))
}
