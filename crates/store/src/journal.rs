//! What changed in the store without an operation: keys and secrets, `journal/<time>-<digits>.json`.
//!
//! Such changes need no lease, and what they write is conditional by itself, so that they have no number among the operations.
//! Each leaves one object that says who did what when, and nothing of the secret.

use jiff::Timestamp;
use kedge_resource::ClusterName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::{FORMAT_VERSION, decode, encode};
use crate::head::Who;
use crate::objects::Condition;

/// A change of keys or secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// Version of the format.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// Its id: the time and some random digits, as in its key.
    pub id: String,
    /// When it was done, by the clock of whoever did it.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Who did it.
    pub who: Who,
    /// The command line.
    pub command: String,
    /// What was done, in a few words.
    pub what: String,
}

impl ClusterStore {
    /// Writes down a change. `now` is as fine as the clock is, so that what is done one after the other stays in that order;
    /// `random` is any number, another one each time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note(
        &self,
        now: Timestamp,
        random: u64,
        who: Who,
        command: String,
        what: String,
    ) -> Result<(), StoreError> {
        let id = format!("{}-{:08x}", now.strftime("%Y%m%dT%H%M%S.%3fZ"), random & 0xffff_ffff);
        let at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let cluster = self.cluster().clone();
        let entry = JournalEntry { format_version: FORMAT_VERSION, cluster, id, at, who, command, what };
        let key = self.journal_key(&entry.id);
        self.objects().put(&key, &encode(&key, &self.place(), &entry)?, &Condition::Absent).await.map(drop)
    }

    /// The ids of all changes, newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn journal(&self) -> Result<Vec<String>, StoreError> {
        let prefix = self.key("journal/");
        let keys = self.objects().list(&prefix).await?;
        let ids = keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.strip_suffix(".json"));
        // Their order by letters is that of their times.
        Ok(ids.rev().map(str::to_owned).collect())
    }

    /// A change.
    ///
    /// # Errors
    /// It is not there or is not one, or the store does not answer.
    pub async fn journal_entry(&self, id: &str) -> Result<JournalEntry, StoreError> {
        let key = self.journal_key(id);
        let Some(object) = self.objects().get(&key).await? else {
            return Err(StoreError::Unknown {
                place: self.place(),
                what: format!("entry {id} of the journal of {}", self.cluster()),
                see: "`kedge op log`",
            });
        };
        let entry: JournalEntry = decode(&key, &self.place(), &object.bytes)?;
        if entry.cluster != *self.cluster() || entry.id != id {
            let why = format!("is entry {} of {}", entry.id, entry.cluster);
            return Err(StoreError::Foreign { key, place: self.place(), why });
        }
        Ok(entry)
    }

    fn journal_key(&self, id: &str) -> String {
        self.key(&format!("journal/{id}.json"))
    }
}
