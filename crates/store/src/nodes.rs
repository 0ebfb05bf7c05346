//! What instances and those who look after them tell each other: `nodes/` below the cluster.
//!
//! | key | holds |
//! |---|---|
//! | `nodes/endpoint.json` | without DNS: by which name the API is reached |
//! | `nodes/init.json` | the init lock: which control plane makes the cluster, and whether it is made |
//! | `nodes/turn.json` | whose turn it is to restart its control plane, and whether it is over |
//! | `nodes/<group>/join.json` | how instances of the group join, with a token |
//! | `nodes/<group>/status/<instance>.json` | how far an instance is |

mod status;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use kedge_resource::ClusterName;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::{FORMAT_VERSION, decode, encode};
use crate::objects::{Condition, Put, Version};

pub use status::{NodePhase, NodeStatus, NodeTrust, Nodes, StoredStatus};

/// Version of the objects of this module.
pub const NODES_FORMAT_VERSION: u32 = FORMAT_VERSION;

/// Which control plane makes the cluster: `nodes/init.json`; or which one restarts: `nodes/turn.json`. Every write of it is
/// conditional.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitLock {
    /// Version of the format.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// Id of the instance that makes the cluster or restarts, or has done so.
    pub holder: String,
    /// Since when, by the clock of the holder.
    pub since: Timestamp,
    /// How often it was renewed.
    pub renewals: u64,
    /// When the cluster was made, or the turn was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Timestamp>,
}

/// The init lock as it was read: what a later write depends on.
#[derive(Clone, Debug)]
pub struct InitSnapshot {
    /// The lock; none where no control plane has begun.
    pub lock: Option<InitLock>,
    /// Time since it was renewed, by the clock of the store.
    pub age: Duration,
    version: Option<Version>,
}

/// A bootstrap token: what a new node shows before it has a certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct BootstrapToken(Zeroizing<String>);

impl BootstrapToken {
    /// Reads `id.secret`: six and sixteen characters of `a` to `z` and `0` to `9`.
    ///
    /// # Errors
    /// It is none. The text is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plain = |part: &str, length| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        match text.split_once('.') {
            Some((id, secret)) if plain(id, 6) && plain(secret, 16) => Ok(Self(Zeroizing::new(text.to_owned()))),
            _ => Err("it is no bootstrap token: six and sixteen letters or digits with a dot between them".to_owned()),
        }
    }

    /// The part that may be shown.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once('.').map_or("", |(id, _)| id)
    }

    /// The part that may not.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, secret)| secret)
    }

    /// The whole of it, for whoever really has to see it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BootstrapToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootstrapToken({}, not shown)", self.id())
    }
}

impl Serialize for BootstrapToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BootstrapToken {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// How instances of a group join: `nodes/<group>/join.json`. Readable by the role of the group only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinInfo {
    /// Version of the format.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// Host and port of the API.
    pub endpoint: String,
    /// The authorities that the API may prove itself by, as PEM.
    pub authorities: String,
    /// The token.
    pub token: BootstrapToken,
    /// When the token ends.
    pub expires: Timestamp,
}

/// Stands in configurations and add-ons for the name of the load balancer of the API, which AWS decides.
pub const LOAD_BALANCER: &str = "${load-balancer}";

/// How the API is reached, where no name of the cluster's own leads to it: `nodes/endpoint.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiHost {
    /// Version of the format.
    pub format_version: u32,
    /// ARN of the load balancer.
    pub load_balancer: String,
    /// Its DNS name, which takes the place of [`LOAD_BALANCER`].
    pub host: String,
}

impl ClusterStore {
    /// How the API is reached, if that is known yet.
    ///
    /// # Errors
    /// The store does not answer, or the object is not one.
    pub async fn api_host(&self) -> Result<Option<ApiHost>, StoreError> {
        let key = self.key("nodes/endpoint.json");
        match self.objects().get(&key).await? {
            Some(object) => decode(&key, &self.place(), &object.bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Says how the API is reached.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_api_host(&self, host: &ApiHost) -> Result<(), StoreError> {
        let key = self.key("nodes/endpoint.json");
        let bytes = encode(&key, &self.place(), host)?;
        self.objects().put(&key, &bytes, &Condition::Any).await.map(|_| ())
    }

    /// Reads the init lock.
    ///
    /// # Errors
    /// The store does not answer, or the object is not ours.
    pub async fn init_lock(&self) -> Result<InitSnapshot, StoreError> {
        self.lock(self.init_key()).await
    }

    /// Reads whose turn it is to restart its control plane.
    ///
    /// # Errors
    /// The store does not answer, or the object is not ours.
    pub async fn turn(&self) -> Result<InitSnapshot, StoreError> {
        self.lock(self.turn_key()).await
    }

    async fn lock(&self, key: String) -> Result<InitSnapshot, StoreError> {
        let Some(object) = self.objects().get(&key).await? else {
            return Ok(InitSnapshot { lock: None, age: Duration::ZERO, version: None });
        };
        let lock: InitLock = decode(&key, &self.place(), &object.bytes)?;
        self.refuse_foreign(&key, &lock.cluster)?;
        let age = match object.age {
            Some(age) => age,
            None => self.objects().age(&key).await?,
        };
        Ok(InitSnapshot { lock: Some(lock), age, version: Some(object.version) })
    }

    /// Writes the init lock if it still is what `seen` is. What comes back depends on what was written; none if somebody else
    /// was faster.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_init_lock(
        &self,
        lock: &InitLock,
        seen: &InitSnapshot,
    ) -> Result<Option<InitSnapshot>, StoreError> {
        self.put_lock(self.init_key(), lock, seen).await
    }

    /// Writes whose turn it is, as [`Self::put_init_lock`] does.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_turn(&self, turn: &InitLock, seen: &InitSnapshot) -> Result<Option<InitSnapshot>, StoreError> {
        self.put_lock(self.turn_key(), turn, seen).await
    }

    async fn put_lock(
        &self,
        key: String,
        lock: &InitLock,
        seen: &InitSnapshot,
    ) -> Result<Option<InitSnapshot>, StoreError> {
        let bytes = encode(&key, &self.place(), lock)?;
        let condition = seen.version.clone().map_or(Condition::Absent, Condition::Is);
        Ok(match self.objects().put(&key, &bytes, &condition).await? {
            Put::Done(version) => {
                Some(InitSnapshot { lock: Some(lock.clone()), age: Duration::ZERO, version: Some(version) })
            }
            Put::Refused => None,
        })
    }

    /// How instances of a group join; none if no control plane has written it.
    ///
    /// # Errors
    /// The store does not answer, or the object is not ours.
    pub async fn join_info(&self, group: &str) -> Result<Option<JoinInfo>, StoreError> {
        let key = self.join_key(group);
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        let info: JoinInfo = decode(&key, &self.place(), &object.bytes)?;
        self.refuse_foreign(&key, &info.cluster)?;
        Ok(Some(info))
    }

    /// Writes how instances of a group join.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_join_info(&self, group: &str, info: &JoinInfo) -> Result<(), StoreError> {
        let key = self.join_key(group);
        let bytes = encode(&key, &self.place(), info)?;
        self.objects().put(&key, &bytes, &Condition::Any).await.map(|_| ())
    }

    fn init_key(&self) -> String {
        self.key("nodes/init.json")
    }

    fn turn_key(&self) -> String {
        self.key("nodes/turn.json")
    }

    fn join_key(&self, group: &str) -> String {
        self.key(&format!("nodes/{group}/join.json"))
    }

    fn refuse_foreign(&self, key: &str, cluster: &ClusterName) -> Result<(), StoreError> {
        if cluster == self.cluster() {
            return Ok(());
        }
        let why = format!("is of the cluster {cluster}");
        Err(StoreError::Foreign { key: key.to_owned(), place: self.place(), why })
    }
}

impl InitLock {
    /// A lock that is taken now.
    #[must_use]
    pub fn new(cluster: ClusterName, holder: &str, now: Timestamp) -> Self {
        let holder = holder.to_owned();
        Self { format_version: FORMAT_VERSION, cluster, holder, since: now, renewals: 0, done: None }
    }
}

impl JoinInfo {
    /// How instances join, with a token.
    #[must_use]
    pub fn new(
        cluster: ClusterName,
        endpoint: &str,
        authorities: String,
        token: BootstrapToken,
        expires: Timestamp,
    ) -> Self {
        let endpoint = endpoint.to_owned();
        Self { format_version: FORMAT_VERSION, cluster, endpoint, authorities, token, expires }
    }
}
