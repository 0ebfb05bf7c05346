//! Everything that a control plane does about etcd again and again.

use jiff::{SignedDuration, Timestamp};

use crate::data::Data;
use crate::error::EtcdError;
use crate::host::Host;
use crate::look::Look;
use crate::place::Place;
use crate::prepare::{Prepared, Say, attempt, join};
use crate::restore::{Followed, follow};
use crate::settle::{Settled, settle};
use crate::snapshots::{Taken, take_if_due};
use crate::tools::Tool;

/// What came of a look at our member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tended {
    /// It serves, and nothing was due.
    Nothing,
    /// A restore that somebody asked for is over.
    Restored,
    /// A snapshot is written.
    Snapshot {
        /// Its name.
        name: String,
        /// How many old ones were removed.
        removed: usize,
    },
    /// A restore goes on, and its next step may be taken in a moment.
    Restoring {
        /// What is waited for.
        why: String,
    },
    /// The next look may find it over: members do not answer.
    Wait {
        /// What is waited for.
        why: String,
    },
    /// Somebody has to act: etcd takes no more writes. A snapshot was taken all the same if one was due.
    Alarms {
        /// Names of the alarms, as etcd has them.
        alarms: Vec<String>,
    },
}

/// Lets a member whose data is gone, or that the others no longer know, join them as a new one. What came of it; none where
/// our member has data that counts, and needs nothing but time.
async fn begin_again(place: &Place, host: &dyn Host, say: Say<'_>) -> Result<Option<String>, EtcdError> {
    let begun = async {
        let data = place.volume.look()?;
        if !is_lost(place, &data).await? {
            return host.resume().await.map(|()| None);
        }
        // In an empty folder nothing runs, or what an earlier look has started and is not there yet.
        if data != Data::Empty {
            host.stop().await?;
        }
        Ok(Some(match attempt(place, say).await? {
            Prepared::Join { added } => {
                join(place, host, added, say).await?;
                "our member joins the others anew".to_owned()
            }
            Prepared::Wait { why } | Prepared::Refuse { why } => why,
            Prepared::Bootstrap | Prepared::Start { .. } => {
                host.resume().await?;
                "our member starts from its data".to_owned()
            }
        }))
    };
    match begun.await {
        Err(error) if error.is_passing() => Ok(Some(error.to_string())),
        begun => begun,
    }
}

/// Whether there is nothing here that could serve: an empty volume, or data of a member that a majority does not count.
async fn is_lost(place: &Place, data: &Data) -> Result<bool, EtcdError> {
    if *data == Data::Empty {
        return Ok(place.own().status().await.is_err());
    }
    let Look::Agreed { live, .. } = place.look().await?.0 else { return Ok(false) };
    Ok(live.has_quorum(None)
        && match data {
            Data::Member { cluster, member } => live.cluster != *cluster || !live.counts(*member),
            Data::Empty | Data::Unreadable { .. } => true,
        })
}

/// Follows a restore that somebody asked for, keeps the address and the vote of our member right, and takes a snapshot when the
/// last one is older than `interval`. Every control plane calls this every half minute.
///
/// # Errors
/// The volume, the store, the host or a tool fail. Members that do not answer are no error.
pub async fn tend(
    place: &Place,
    host: &dyn Host,
    tool: Option<&Tool>,
    now: Timestamp,
    interval: SignedDuration,
    retention_days: u32,
    say: Say<'_>,
) -> Result<Tended, EtcdError> {
    match follow(place, host, tool, say).await? {
        Followed::Nothing => {}
        Followed::Wait { why } => return Ok(Tended::Restoring { why }),
        Followed::Done => return Ok(Tended::Restored),
    }
    let health = match settle(place, say).await? {
        Settled::Wait { why } => {
            // A leader that others do not agree with yet writes snapshots all the same.
            let _none = take_if_due(place, now, interval, retention_days, say).await;
            return begin_again(place, host, say).await.map(|other| Tended::Wait { why: other.unwrap_or(why) });
        }
        Settled::Healthy(health) => health,
    };
    let taken = take_if_due(place, now, interval, retention_days, say).await;
    if !health.alarms.is_empty() {
        // A database that is full can be read; one that is damaged perhaps not, which the alarm says better than that error.
        if let Err(error) = taken {
            say(&format!("no snapshot: {error}"));
        }
        return Ok(Tended::Alarms { alarms: health.alarms });
    }
    match taken {
        Ok(Taken::Yes { name, removed, .. }) => Ok(Tended::Snapshot { name, removed }),
        Ok(Taken::NotLeader | Taken::NotDue) => Ok(Tended::Nothing),
        Err(error) if error.is_passing() => Ok(Tended::Wait { why: error.to_string() }),
        Err(error) => Err(error),
    }
}
