//! The request, and how far it is.

use jiff::Timestamp;
use kedge_store::{Condition, Put, Version};
use serde::{Deserialize, Serialize};

use crate::backups::Backups;
use crate::error::EtcdError;
use crate::id::EtcdClusterId;

/// Version of the request. It grows when a field is added that an older kedge must not overlook.
const FORMAT_VERSION: u32 = 1;
/// Its name.
const REQUEST: &str = "restore.json";

/// What control planes shall go back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Version of the format.
    pub format_version: u32,
    /// Tells it from other requests: a number that grows.
    pub number: u64,
    /// Name of the snapshot.
    pub snapshot: String,
    /// When somebody asked for it.
    pub requested: Timestamp,
    /// Who.
    pub by: String,
    /// The clusters of etcd that it replaces, as far as somebody knows, with those that requests before it have made or replaced.
    /// Data of any other one is none of its business: the request stays in the store, and clusters come after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<EtcdClusterId>,
    /// The one before it, where etcd was stopped for that already: it goes on if nothing comes of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Begun>>,
    /// What came of one after it, of which nothing came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How far it is.
    pub state: State,
}

/// A restore for which etcd was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// Name of the snapshot.
    pub snapshot: String,
    /// When somebody asked for it.
    pub requested: Timestamp,
    /// Who.
    pub by: String,
    /// The lead and what it has made of the snapshot, where that serves; none where it has to be made once more.
    pub made: Option<(Lead, EtcdClusterId)>,
}

/// How far a restore is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "step")]
pub enum State {
    /// Nobody has the snapshot yet.
    Requested,
    /// The snapshot is whole; all stop, and the lead begins anew.
    Stopping {
        /// Who.
        lead: Lead,
        /// What it has made of the snapshot: the new cluster, which nobody runs yet.
        made: EtcdClusterId,
    },
    /// The lead runs; the others join it.
    Restored {
        /// Who.
        lead: Lead,
        /// The new cluster.
        cluster: EtcdClusterId,
    },
    /// It was given up before anything was done.
    Failed {
        /// Why.
        why: String,
    },
}

/// The control plane that goes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lead {
    /// The member of the manifest: the volume, which outlives the instance.
    pub place: String,
    /// The node.
    pub node: String,
}

impl Request {
    /// Whether it goes on still. The others may join yet when the lead runs, but nothing can be asked of that.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Requested | State::Stopping { .. })
    }

    /// How far it is, as the end of a sentence.
    #[must_use]
    pub fn shown(&self) -> String {
        let state = match &self.state {
            State::Requested => "no control plane has taken it up yet".to_owned(),
            State::Stopping { lead, .. } => format!("etcd is stopped everywhere, then {} begins anew", lead.node),
            State::Restored { lead, cluster } => {
                format!("{} has begun the cluster {cluster} anew; the others join it", lead.node)
            }
            State::Failed { why } => format!("it was given up: {why}"),
        };
        match &self.note {
            Some(note) => format!("{state}; {note}"),
            None => state,
        }
    }

    /// Whether data of a cluster has to give way to what is restored.
    pub(super) fn replaces(&self, cluster: EtcdClusterId) -> bool {
        self.replaced.contains(&cluster)
    }

    /// What is left of the request when another one takes its place, if etcd was stopped for it.
    fn begun(&self) -> Option<Box<Begun>> {
        let made = match &self.state {
            // Nothing of it has happened; what it took the place of may have.
            State::Requested | State::Failed { .. } => return self.before.clone(),
            State::Stopping { .. } => None,
            State::Restored { lead, cluster } => Some((lead.clone(), *cluster)),
        };
        let Self { snapshot, requested, by, .. } = self;
        Some(Box::new(Begun { snapshot: snapshot.clone(), requested: *requested, by: by.clone(), made }))
    }

    /// The clusters that one after it replaces.
    fn known(&self) -> Vec<EtcdClusterId> {
        let mut known = self.replaced.clone();
        match &self.state {
            State::Stopping { made: cluster, .. } | State::Restored { cluster, .. } => known.push(*cluster),
            State::Requested | State::Failed { .. } => {}
        }
        known
    }

    /// The request as it is when nothing comes of it: given up, or the one before it once more, under a number of its own.
    fn without(&self, why: &str) -> Self {
        let Some(before) = self.before.as_deref() else {
            return Self { state: State::Failed { why: why.to_owned() }, ..self.clone() };
        };
        let Begun { snapshot, requested, by, made } = before.clone();
        let mut replaced = self.replaced.clone();
        let state = match made {
            Some((lead, cluster)) => {
                replaced.retain(|known| *known != cluster);
                State::Restored { lead, cluster }
            }
            None => State::Requested,
        };
        let number = self.number.saturating_add(1);
        let note = Some(format!("the restore of {} after it was given up: {why}", self.snapshot));
        Self {
            format_version: self.format_version,
            number,
            snapshot,
            requested,
            by,
            replaced,
            before: None,
            note,
            state,
        }
    }

    fn parse(key: &str, bytes: &[u8]) -> Result<Self, EtcdError> {
        let corrupt = |why: String| EtcdError::Corrupt { what: key.to_owned(), why };
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
        let found = value.get("formatVersion").and_then(serde_json::Value::as_u64).unwrap_or_default();
        if found > u64::from(FORMAT_VERSION) {
            return Err(corrupt(format!("it has format version {found}; this kedge reads up to {FORMAT_VERSION}")));
        }
        serde_json::from_value(value).map_err(|error| corrupt(error.to_string()))
    }
}

/// A request as it was read.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) request: Request,
    version: Version,
}

impl Backups {
    pub(super) async fn request(&self) -> Result<Option<Read>, EtcdError> {
        let key = self.key(REQUEST);
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        Ok(Some(Read { request: Request::parse(&key, &object.bytes)?, version: object.version }))
    }

    async fn write_request(&self, request: &Request, condition: &Condition) -> Result<Put, EtcdError> {
        let mut json = serde_json::to_vec_pretty(request).unwrap_or_default();
        json.push(b'\n');
        Ok(self.objects().put(&self.key(REQUEST), &json, condition).await?)
    }

    /// Moves a request on, if nobody else has done so since it was read; whether it was moved.
    pub(super) async fn advance(&self, read: &Read, state: State) -> Result<bool, EtcdError> {
        self.move_on(read, Request { state, ..read.request.clone() }).await
    }

    /// Lets everybody stop for a restore, in which the lead goes first with what it has made, which replaces these.
    pub(super) async fn stop_for(
        &self,
        read: &Read,
        lead: Lead,
        made: EtcdClusterId,
        replaced: Vec<EtcdClusterId>,
    ) -> Result<bool, EtcdError> {
        let mut all = [read.request.replaced.clone(), replaced].concat();
        all.sort_unstable();
        all.dedup();
        all.retain(|cluster| *cluster != made);
        let state = State::Stopping { lead, made };
        self.move_on(read, Request { state, replaced: all, ..read.request.clone() }).await
    }

    /// Gives a request up that nobody has stopped for.
    pub(super) async fn give_up(&self, read: &Read, why: &str) -> Result<bool, EtcdError> {
        self.move_on(read, read.request.without(why)).await
    }

    async fn move_on(&self, read: &Read, request: Request) -> Result<bool, EtcdError> {
        let put = self.write_request(&request, &Condition::Is(read.version.clone())).await?;
        Ok(matches!(put, Put::Done(_)))
    }
}

/// The request that was made last, if there is one.
///
/// # Errors
/// The store does not answer, or what it holds is not ours.
pub async fn current(backups: &Backups) -> Result<Option<Request>, EtcdError> {
    Ok(backups.request().await?.map(|read| read.request))
}

/// Asks the control planes to go back to a snapshot. One that goes on already is replaced only on request.
///
/// # Errors
/// There is no such snapshot, another request goes on, or the store does not answer.
pub async fn ask(
    backups: &Backups,
    snapshot: &str,
    by: &str,
    now: Timestamp,
    replace: bool,
) -> Result<Request, EtcdError> {
    if backups.meta(snapshot).await?.is_none() {
        return Err(EtcdError::Snapshot { name: snapshot.to_owned(), why: "there is none of that name".to_owned() });
    }
    let before = backups.request().await?;
    if let Some(open) = before.as_ref().map(|before| &before.request).filter(|request| request.is_open() && !replace) {
        return Err(EtcdError::Busy {
            why: format!("a restore of {} goes on already: {}", open.snapshot, open.shown()),
        });
    }
    let (number, condition) = match &before {
        Some(before) => (before.request.number.saturating_add(1), Condition::Is(before.version.clone())),
        None => (1, Condition::Absent),
    };
    let before = before.map(|before| before.request);
    let request = Request {
        format_version: FORMAT_VERSION,
        number,
        snapshot: snapshot.to_owned(),
        requested: now,
        by: by.to_owned(),
        replaced: before.as_ref().map(Request::known).unwrap_or_default(),
        before: before.as_ref().and_then(Request::begun),
        note: None,
        state: State::Requested,
    };
    match backups.write_request(&request, &condition).await? {
        Put::Done(_) => Ok(request),
        Put::Refused => {
            Err(EtcdError::Busy { why: "somebody else has asked for a restore at the same time".to_owned() })
        }
    }
}

/// Takes a request back that no control plane has taken up yet, and says what holds then: none where nothing goes on. One that
/// took the place of another goes, and that one goes on.
///
/// # Errors
/// etcd has been stopped for it already, or the store does not answer.
pub async fn cancel(backups: &Backups, by: &str) -> Result<Option<Request>, EtcdError> {
    let Some(read) = backups.request().await?.filter(|read| read.request.is_open()) else { return Ok(None) };
    if read.request.state == State::Requested && backups.give_up(&read, &format!("{by} has taken it back")).await? {
        return Ok(Some(read.request));
    }
    Err(EtcdError::Busy {
        why: format!(
            "the restore of {} has begun, and cannot be taken back: etcd is being stopped everywhere; another snapshot can take \
             its place (`kedge etcd restore SNAPSHOT --replace`)",
            read.request.snapshot
        ),
    })
}
