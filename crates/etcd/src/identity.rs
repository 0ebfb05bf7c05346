//! Whose volume it is: a small file beside the data directory, and the record of the member in the state store.
//!
//! Three names must not be mixed up. A *place* is a member of the manifest (`a`); the tags of its volume name it. A *member*
//! is what etcd counts, with an id that stays the same when everything else changes. Its *name* is the name of the node that
//! it runs on now, as kubeadm does it. The file on the volume and the record in the store lead from the place to the member:
//! the file as long as there is the volume, the record when it is gone.

use kedge_store::{Condition, Put};
use serde::{Deserialize, Serialize};

use crate::backups::Backups;
use crate::data::Volume;
use crate::error::EtcdError;
use crate::id::{EtcdClusterId, MemberId};

/// Version of the file and of the record. It grows when a field is added that an older kedge must not overlook.
const FORMAT_VERSION: u32 = 1;
/// Name of the file on the volume.
const FILE: &str = "kedge-etcd.json";

/// Whose volume it is, and which member lived on it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Version of the format.
    pub format_version: u32,
    /// The Kubernetes cluster.
    pub cluster: String,
    /// The etcd cluster of the manifest: `main`.
    pub etcd_cluster: String,
    /// The member of the manifest: `a`.
    pub place: String,
    /// The member of etcd; absent until it has been healthy once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<KnownMember>,
}

/// A member of etcd, when it was healthy last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownMember {
    /// Its id.
    pub id: MemberId,
    /// The cluster that it belongs to.
    pub cluster: EtcdClusterId,
    /// The node that it runs on, which is its name as well.
    pub node: String,
    /// Where the others reach it.
    pub peer_url: String,
    /// Where clients reach it.
    pub client_url: String,
    /// Where the others dial it still, in the record of one that has started elsewhere and not been healthy since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

impl Identity {
    /// Of a volume on which nobody has lived yet.
    #[must_use]
    pub fn new(cluster: &str, etcd_cluster: &str, place: &str) -> Self {
        let (cluster, etcd_cluster, place) = (cluster.to_owned(), etcd_cluster.to_owned(), place.to_owned());
        Self { format_version: FORMAT_VERSION, cluster, etcd_cluster, place, member: None }
    }

    /// Whether both are of the same place.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        (&self.cluster, &self.etcd_cluster, &self.place) == (&other.cluster, &other.etcd_cluster, &other.place)
    }

    /// How people know the place.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("member {} of the etcd cluster {} of {}", self.place, self.etcd_cluster, self.cluster)
    }

    pub(crate) fn parse(what: &str, bytes: &[u8]) -> Result<Self, EtcdError> {
        let corrupt = |why: String| EtcdError::Corrupt { what: what.to_owned(), why };
        let found: Self = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
        if found.format_version > FORMAT_VERSION {
            let why =
                format!("it has format version {}; this kedge reads up to {FORMAT_VERSION}", found.format_version);
            return Err(corrupt(why));
        }
        Ok(found)
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}

impl Volume {
    /// Whose volume it is; none if nobody has written that yet.
    ///
    /// # Errors
    /// The file cannot be read, or is not one of kedge's.
    pub fn identity(&self) -> Result<Option<Identity>, EtcdError> {
        let Some(bytes) = self.read_file(FILE)? else { return Ok(None) };
        Identity::parse(self.root().join(FILE).as_str(), &bytes).map(Some)
    }

    /// Writes whose volume it is, in one step.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_identity(&self, identity: &Identity) -> Result<(), EtcdError> {
        self.write_file(FILE, &identity.json())
    }
}

impl Backups {
    fn record_key(&self, place: &str) -> String {
        self.key(&format!("members/{place}.json"))
    }

    /// The record of a place.
    ///
    /// # Errors
    /// The store does not answer, or what it holds is not ours.
    pub async fn record(&self, place: &str) -> Result<Option<Identity>, EtcdError> {
        let key = self.record_key(place);
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        Identity::parse(&key, &object.bytes).map(Some)
    }

    /// The records of all places.
    ///
    /// # Errors
    /// As for [`Self::record`].
    pub async fn records(&self) -> Result<Vec<Identity>, EtcdError> {
        let mut records = Vec::new();
        for key in self.objects().list(&self.key("members/")).await? {
            if let Some(object) = self.objects().get(&key).await? {
                records.push(Identity::parse(&key, &object.bytes)?);
            }
        }
        Ok(records)
    }

    /// Writes the record of a place if it says something else than before.
    ///
    /// # Errors
    /// As for [`Self::record`]; somebody else writes the same record.
    pub async fn write_record(&self, identity: &Identity) -> Result<(), EtcdError> {
        let key = self.record_key(&identity.place);
        let before = self.objects().get(&key).await?;
        let json = identity.json();
        let condition = match before {
            Some(before) if before.bytes == json => return Ok(()),
            Some(before) => Condition::Is(before.version),
            None => Condition::Absent,
        };
        match self.objects().put(&key, &json, &condition).await? {
            Put::Done(_) => Ok(()),
            Put::Refused => {
                let why = format!("somebody else writes {key} as well: are two instances {}?", identity.shown());
                Err(EtcdError::Conflict { why })
            }
        }
    }
}
