//! What the one that goes first does: fetch, wait for the others to stop, make a data directory of the snapshot.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::request::{Lead, Read, State};
use crate::data::{Data, MEMBER, Volume, look_at};
use crate::error::EtcdError;
use crate::host::Host;
use crate::id::EtcdClusterId;
use crate::look::Look;
use crate::place::Place;
use crate::prepare::{Prepared, Say, alone, attempt};
use crate::tools::{NewCluster, Tool, free_space};

/// What this volume has seen of restores; beside the data, because it outlives instances too.
const JOURNAL: &str = "kedge-restore.json";

/// Why nothing can be done where there is no tool.
const NO_TOOL: &str = "this instance has neither etcdutl nor etcdctl, which make a data directory of a snapshot";

/// What this volume has seen of restores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Journal {
    /// Number of the request.
    pub(super) number: u64,
    /// The cluster that was made of the snapshot here; none where somebody else led.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) made: Option<EtcdClusterId>,
    /// Whether everything is done here.
    pub(super) done: bool,
}

impl Volume {
    pub(super) fn journal(&self) -> Result<Journal, EtcdError> {
        let Some(bytes) = self.read_file(JOURNAL)? else { return Ok(Journal::default()) };
        let corrupt = |error: serde_json::Error| EtcdError::Corrupt {
            what: self.root().join(JOURNAL).to_string(),
            why: error.to_string(),
        };
        serde_json::from_slice(&bytes).map_err(corrupt)
    }

    pub(super) fn write_journal(&self, journal: &Journal) -> Result<(), EtcdError> {
        self.write_file(JOURNAL, &serde_json::to_vec(journal).unwrap_or_default())
    }

    /// The file of the snapshot.
    fn fetched(&self, number: u64) -> Utf8PathBuf {
        self.root().join(format!("restore.{number}.db"))
    }

    /// The same, while it is being written.
    fn partial(&self) -> Utf8PathBuf {
        self.root().join("restore.partial")
    }

    /// The data directory that is being made.
    fn making(&self) -> Utf8PathBuf {
        self.root().join("restoring")
    }
}

/// What comes before everything else on an instance that is not a control plane yet: none if no restore is under way.
pub(crate) async fn before_start(
    place: &Place,
    host: &dyn Host,
    tool: Option<&Tool>,
    say: Say<'_>,
) -> Result<Option<Prepared>, EtcdError> {
    let Some(read) = place.backups.request().await? else { return Ok(None) };
    let wait = |why: String| Ok(Some(Prepared::Wait { why }));
    match &read.request.state {
        State::Failed { .. } => host.resume().await.map(|()| None),
        State::Restored { cluster, .. } => after(place, host, &read, *cluster, say).await,
        // Control planes that are there go first: there is an API again as soon as one of them serves. One whose etcd has run
        // without a majority since it started is one of them.
        State::Requested
            if place.own().status().await.is_err() && !matches!(place.look().await?.0, Look::Silent { .. }) =>
        {
            wait(format!("the control planes that are there go back to the snapshot {} first", read.request.snapshot))
        }
        State::Requested => match claim(place, &read, tool, say).await? {
            Some(why) => wait(why),
            None => wait("the restore of etcd begins".to_owned()),
        },
        State::Stopping { lead, .. } => {
            // An attempt to join may have got as far as a member that votes, and the lead waits for all of them.
            if !is_made(&place.volume, read.request.number)? {
                stop(place, host, say).await?;
            }
            if lead.place != place.place {
                let snapshot = &read.request.snapshot;
                return wait(format!("etcd goes back to the snapshot {snapshot}, and {} goes first", lead.node));
            }
            match make(place, &read, tool, say).await? {
                Some(why) => wait(why),
                None => Ok(Some(restored(place))),
            }
        }
    }
}

/// What an instance that is not a control plane yet does when the lead runs: none if nothing but what it does without.
async fn after(
    place: &Place,
    host: &dyn Host,
    read: &Read,
    restored: EtcdClusterId,
    say: Say<'_>,
) -> Result<Option<Prepared>, EtcdError> {
    let (volume, number) = (&place.volume, read.request.number);
    match volume.look()? {
        // Nobody starts from what everybody else has put aside.
        Data::Member { cluster, .. } if cluster != restored && read.request.replaces(cluster) => {
            stop(place, host, say).await?;
            Ok(Some(match attempt(place, say).await? {
                Prepared::Start { .. } | Prepared::Bootstrap => {
                    Prepared::Wait { why: "the etcd that was restored does not answer yet".to_owned() }
                }
                prepared => prepared,
            }))
        }
        Data::Unreadable { .. } => Ok(None),
        // Nothing runs here that remembers what etcd held before.
        Data::Member { .. } | Data::Empty => {
            let journal = volume.journal()?;
            if journal.number != number || !journal.done {
                tidy(volume)?;
                volume.write_journal(&Journal { number, done: true, ..journal })?;
            }
            host.resume().await.map(|()| None)
        }
    }
}

/// Ends etcd for a restore.
pub(super) async fn stop(place: &Place, host: &dyn Host, say: Say<'_>) -> Result<(), EtcdError> {
    if place.own().status().await.is_ok() {
        say("stopping etcd for the restore");
    }
    host.stop().await
}

/// The lead starts from the data that it has made.
fn restored(place: &Place) -> Prepared {
    Prepared::Start { cluster: alone(place), others: false, restored: true, before: None }
}

/// Fetches the snapshot and becomes the one that goes first, unless somebody else is; what is waited for, if anything.
pub(super) async fn claim(
    place: &Place,
    read: &Read,
    tool: Option<&Tool>,
    say: Say<'_>,
) -> Result<Option<String>, EtcdError> {
    let snapshot = &read.request.snapshot;
    let Some(tool) = tool else { return Ok(Some(NO_TOOL.to_owned())) };
    let leads = match place.own().status().await {
        Ok(status) => status.leader.is_none_or(|leader| leader == status.member),
        Err(_) => !matches!(place.look().await?.0, Look::Agreed { live, .. } if live.has_quorum(None)),
    };
    if !leads {
        return Ok(Some(format!("the leader of etcd fetches the snapshot {snapshot}")));
    }
    if let Some(why) = no_space(place, snapshot, read.request.number).await? {
        return Ok(Some(why));
    }
    if let Err(error) = build(place, read, tool, say).await {
        // What is wrong with it, or with what reads it, is so at every attempt; nobody has stopped yet.
        let (EtcdError::Snapshot { .. } | EtcdError::Program { .. } | EtcdError::Corrupt { .. }) = error else {
            return Err(error);
        };
        say(&format!("not going back to the snapshot {snapshot}: {error}"));
        place.backups.give_up(read, &error.to_string()).await?;
        return Ok(Some(error.to_string()));
    }
    say(&format!("going first in going back to the snapshot {snapshot}: all stop etcd now"));
    let lead = Lead { place: place.place.clone(), node: place.node.clone() };
    let Some(made) = place.volume.journal()?.made else {
        return Ok(Some("what was made of the snapshot is gone again".to_owned()));
    };
    let records = place.backups.records().await?;
    let mut replaced: Vec<EtcdClusterId> =
        records.into_iter().filter_map(|record| Some(record.member?.cluster)).collect();
    if let Data::Member { cluster, .. } = place.volume.look()? {
        replaced.push(cluster);
    }
    place.backups.stop_for(read, lead, made, replaced).await?;
    Ok(None)
}

/// Why there is no space for the snapshot and for what is made of it: a full volume would end the etcd that still runs.
async fn no_space(place: &Place, snapshot: &str, number: u64) -> Result<Option<String>, EtcdError> {
    let Some(meta) = place.backups.meta(snapshot).await? else { return Ok(None) };
    // The database that is made of the file, the log that etcd begins with it, and the file.
    let file = if place.volume.fetched(number).exists() { 0 } else { meta.size };
    let needed = meta.size.saturating_add(file).saturating_add(256 << 20);
    let free = free_space(place.volume.root()).await;
    Ok(free.filter(|free| *free < needed).map(|free| {
        format!(
            "the volume of etcd has {} MiB left, and going back to the snapshot {snapshot} takes {} MiB; what was put aside can go \
             (member.* in {}), or the volume has to grow",
            free >> 20,
            needed >> 20,
            place.volume.root()
        )
    }))
}

async fn fetch(place: &Place, read: &Read, say: Say<'_>) -> Result<(), EtcdError> {
    let file = place.volume.fetched(read.request.number);
    if file.exists() {
        return Ok(());
    }
    say(&format!("fetching the snapshot {}", read.request.snapshot));
    // It gets its name when it is whole.
    let partial = place.volume.partial();
    place.backups.fetch(&read.request.snapshot, &partial).await?;
    fs_err::rename(&partial, &file).map_err(EtcdError::io("rename", &partial))
}

/// Makes the data directory of the snapshot and puts it in place; what is waited for, if anything. Our etcd is stopped.
pub(super) async fn make(
    place: &Place,
    read: &Read,
    tool: Option<&Tool>,
    say: Say<'_>,
) -> Result<Option<String>, EtcdError> {
    let (volume, number) = (&place.volume, read.request.number);
    if is_made(volume, number)? {
        return Ok(None);
    }
    let Some(tool) = tool else { return Ok(Some(NO_TOOL.to_owned())) };
    match place.look().await?.0 {
        Look::Silent { .. } => {}
        Look::Agreed { endpoints, .. } => return Ok(Some(format!("etcd still runs at {}", endpoints.join(", ")))),
        Look::Divided { why } => return Ok(Some(format!("etcd still runs: {why}"))),
    }
    let making = build(place, read, tool, say).await?;
    say("putting the data before the restore aside, and the restored one in its place");
    volume.set_aside("before-restore")?;
    let made = making.join(MEMBER);
    fs_err::rename(&made, volume.root().join(MEMBER)).map_err(EtcdError::io("rename", &made))?;
    Ok(None)
}

/// Makes a data directory of the snapshot beside the one that is there, before anybody stops: where that fails, nothing has
/// happened.
async fn build(place: &Place, read: &Read, tool: &Tool, say: Say<'_>) -> Result<Utf8PathBuf, EtcdError> {
    let (volume, number) = (&place.volume, read.request.number);
    let making = volume.making();
    let journal = volume.journal()?;
    if journal.number == number && journal.made.is_some() && making.join(MEMBER).exists() {
        return Ok(making);
    }
    fetch(place, read, say).await?;
    say("making a data directory of the snapshot");
    // What is there is what an attempt that was cut short, or an earlier restore, has left.
    remove(&making)?;
    let cluster = NewCluster {
        name: place.node.clone(),
        peer_url: place.peer_url(),
        token: format!("{}-{}-{number}", place.cluster, place.backups.etcd_cluster()),
    };
    tool.restore(&volume.fetched(number), &making, &cluster).await?;
    let Data::Member { cluster, .. } = look_at(&making)? else {
        let why = "no data of etcd came of the snapshot".to_owned();
        return Err(EtcdError::Corrupt { what: making.to_string(), why });
    };
    volume.write_journal(&Journal { number, made: Some(cluster), done: false })?;
    Ok(making)
}

/// Removes what was only needed for a restore, and what those before it have left.
pub(super) fn tidy(volume: &Volume) -> Result<(), EtcdError> {
    remove(&volume.making())?;
    let names = volume.root().read_dir_utf8().map_err(EtcdError::io("list", volume.root()))?;
    for entry in names {
        let entry = entry.map_err(EtcdError::io("list", volume.root()))?;
        if entry.file_name().starts_with("restore.") && entry.file_name().ends_with(".db") {
            remove(entry.path())?;
        }
    }
    remove(&volume.partial())
}

/// Whether the data on the volume is what was made for a request.
pub(super) fn is_made(volume: &Volume, number: u64) -> Result<bool, EtcdError> {
    let journal = volume.journal()?;
    Ok(match volume.look()? {
        Data::Member { cluster, .. } => journal.number == number && journal.made == Some(cluster),
        Data::Empty | Data::Unreadable { .. } => false,
    })
}

/// Removes a file or a folder that is none of etcd's.
fn remove(path: &Utf8Path) -> Result<(), EtcdError> {
    let removed = if path.is_dir() { fs_err::remove_dir_all(path) } else { fs_err::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(EtcdError::io("remove", path)(error)),
        _ => Ok(()),
    }
}
