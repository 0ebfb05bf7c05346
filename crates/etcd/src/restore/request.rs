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
    /// The cluster of etcd that it replaces, once somebody leads it and if somebody knew. Data of any other one is none of its
    /// business: the request stays in the store, and clusters come after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<EtcdClusterId>,
    /// How far it is.
    pub state: State,
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
        match &self.state {
            State::Requested => "no control plane has taken it up yet".to_owned(),
            State::Stopping { lead } => format!("etcd is stopped everywhere, then {} begins anew", lead.node),
            State::Restored { lead, cluster } => {
                format!("{} has begun the cluster {cluster} anew; the others join it", lead.node)
            }
            State::Failed { why } => format!("it was given up: {why}"),
        }
    }

    /// Whether data of a cluster has to give way to what is restored.
    pub(super) fn replaces(&self, cluster: EtcdClusterId) -> bool {
        self.replaces.is_none_or(|replaced| replaced == cluster)
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

    /// Lets everybody stop for a restore, in which the lead goes first.
    pub(super) async fn stop_for(
        &self,
        read: &Read,
        lead: Lead,
        replaces: Option<EtcdClusterId>,
    ) -> Result<bool, EtcdError> {
        self.move_on(read, Request { state: State::Stopping { lead }, replaces, ..read.request.clone() }).await
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
    let (number, condition) = match before {
        Some(before) => (before.request.number.saturating_add(1), Condition::Is(before.version)),
        None => (1, Condition::Absent),
    };
    let request = Request {
        format_version: FORMAT_VERSION,
        number,
        snapshot: snapshot.to_owned(),
        requested: now,
        by: by.to_owned(),
        replaces: None,
        state: State::Requested,
    };
    match backups.write_request(&request, &condition).await? {
        Put::Done(_) => Ok(request),
        Put::Refused => {
            Err(EtcdError::Busy { why: "somebody else has asked for a restore at the same time".to_owned() })
        }
    }
}

/// Takes a request back that no control plane has taken up yet: none where nothing goes on.
///
/// # Errors
/// etcd has been stopped for it already, or the store does not answer.
pub async fn cancel(backups: &Backups, by: &str) -> Result<Option<Request>, EtcdError> {
    let Some(read) = backups.request().await?.filter(|read| read.request.is_open()) else { return Ok(None) };
    let request = Request { state: State::Failed { why: format!("{by} has taken it back") }, ..read.request.clone() };
    if read.request.state == State::Requested && backups.move_on(&read, request.clone()).await? {
        return Ok(Some(request));
    }
    Err(EtcdError::Busy {
        why: format!(
            "the restore of {} has begun, and cannot be taken back: etcd is being stopped everywhere; another snapshot can take \
             its place (`kedge etcd restore SNAPSHOT --replace`)",
            read.request.snapshot
        ),
    })
}
