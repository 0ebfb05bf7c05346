//! What every control plane does about a request.

use super::lead::{Journal, claim, is_made, make, stop, tidy};
use super::request::{Lead, Read, State};
use crate::data::Data;
use crate::error::EtcdError;
use crate::host::Host;
use crate::id::EtcdClusterId;
use crate::place::Place;
use crate::prepare::{Prepared, Say, alone, attempt, join};
use crate::settle::{Settled, settle};
use crate::tools::Tool;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Nobody asks for anything, or all of it is done here.
    Nothing,
    /// It goes on; call again in a moment.
    Wait {
        /// For what, as a sentence.
        why: String,
    },
    /// It has just been finished here.
    Done,
}

fn wait(why: impl Into<String>) -> Result<Followed, EtcdError> {
    Ok(Followed::Wait { why: why.into() })
}

/// Takes the steps of a restore that can be taken now on this control plane. It looks at everything anew each time, so that it
/// can be killed anywhere and called again.
///
/// # Errors
/// The volume, the store, the host or the tool fail. Members that do not answer are no error: [`Followed::Wait`].
pub async fn follow(place: &Place, host: &dyn Host, tool: Option<&Tool>, say: Say<'_>) -> Result<Followed, EtcdError> {
    let Some(read) = place.backups.request().await? else { return Ok(Followed::Nothing) };
    let step = async {
        match &read.request.state {
            // An earlier request, which this one has replaced, may have stopped it.
            State::Failed { .. } => host.resume().await.map(|()| Followed::Nothing),
            State::Requested => match claim(place, &read, tool, say).await? {
                Some(why) => wait(why),
                None => wait("all stop etcd"),
            },
            State::Stopping { lead, .. } => stopping(place, host, &read, lead, tool, say).await,
            State::Restored { cluster, .. } => restored(place, host, &read, *cluster, say).await,
        }
    };
    match step.await {
        Err(error) if error.is_passing() => wait(error.to_string()),
        followed => followed,
    }
}

async fn stopping(
    place: &Place,
    host: &dyn Host,
    read: &Read,
    lead: &Lead,
    tool: Option<&Tool>,
    say: Say<'_>,
) -> Result<Followed, EtcdError> {
    let number = read.request.number;
    if !is_made(&place.volume, number)? {
        stop(place, host, say).await?;
    }
    if lead.place != place.place {
        return wait(format!("{} goes first", lead.node));
    }
    if let Some(why) = make(place, read, tool, say).await? {
        return wait(why);
    }
    if place.own().status().await.is_err() {
        say("starting etcd from the snapshot, as a cluster of one member");
        host.start(&alone(place)).await?;
    }
    match settle(place, say).await? {
        Settled::Wait { why } => wait(why),
        Settled::Healthy(health) => {
            say("the restored etcd serves; the others join it now");
            let lead = Lead { place: place.place.clone(), node: place.node.clone() };
            place.backups.advance(read, State::Restored { lead, cluster: health.live.cluster }).await?;
            wait("the restored etcd serves")
        }
    }
}

async fn restored(
    place: &Place,
    host: &dyn Host,
    read: &Read,
    restored: EtcdClusterId,
    say: Say<'_>,
) -> Result<Followed, EtcdError> {
    let (volume, number) = (&place.volume, read.request.number);
    let journal = volume.journal()?;
    if journal.number == number && journal.done {
        return Ok(Followed::Nothing);
    }
    let data = volume.look()?;
    // A cluster that was made, or restored by hand, after this restore.
    if matches!(data, Data::Member { cluster, .. } if cluster != restored && !read.request.replaces(cluster)) {
        return Ok(Followed::Nothing);
    }
    if !matches!(data, Data::Member { cluster, .. } if cluster == restored) {
        // What runs without data is our new member, which has not got so far yet.
        if data != Data::Empty {
            stop(place, host, say).await?;
        }
        return match attempt(place, say).await? {
            Prepared::Join { added } => {
                join(place, host, added, say).await?;
                wait("our member joins the restored etcd")
            }
            Prepared::Wait { why } | Prepared::Refuse { why } => wait(why),
            Prepared::Bootstrap | Prepared::Start { .. } => wait("the restored etcd does not answer yet"),
        };
    }
    if place.own().status().await.is_err() {
        say("starting etcd");
        host.start(&alone(place)).await?;
    }
    if let Settled::Wait { why } = settle(place, say).await? {
        return wait(why);
    }
    say("restarting API server, controller manager and scheduler, which remember what etcd held before");
    host.restart_clients().await?;
    tidy(volume)?;
    volume.write_journal(&Journal { number, done: true, ..journal })?;
    Ok(Followed::Done)
}
