//! What an operation did: `operations/<number>/`.

use jiff::Timestamp;
use kedge_resource::event::Outcome;
use kedge_resource::plan::{Purpose, Totals};
use kedge_resource::{ClusterName, Event, Plan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::{FORMAT_VERSION, decode, encode};
use crate::head::{LeaseRecord, Who};
use crate::manifests::digest_of;
use crate::objects::{Condition, Put};

/// An operation from its beginning to its end. It is written when it ends; until then the lease and the events tell of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationRecord {
    /// Version of the format.
    pub format_version: u32,
    /// Its number, counted from 1 for each cluster.
    pub number: u64,
    /// The cluster.
    pub cluster: ClusterName,
    /// Version of kedge.
    pub kedge: String,
    /// The command line.
    pub command: String,
    /// Who ran it.
    pub who: Who,
    /// When it began, by the clock of whoever ran it.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// When it ended; absent if nobody saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub finished: Option<Timestamp>,
    /// Number of the manifests that were current when it ended.
    pub serial: u64,
    /// How it ended.
    pub ending: Ended,
    /// Digest of the plan.
    pub plan_digest: String,
    /// The plan; absent if nobody saw the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Digests of the chunks of events beside this record, in their order.
    pub chunks: Vec<String>,
    /// Events after those of the chunks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<StampedEvent>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Ended {
    /// Everything was done.
    Complete {
        /// How much.
        outcome: Outcome,
    },
    /// Something failed, and what depended on it was skipped.
    Incomplete {
        /// How much was done.
        outcome: Outcome,
    },
    /// Somebody asked it to stop.
    Stopped {
        /// How much was done.
        outcome: Outcome,
    },
    /// It lost its lease and stopped.
    LeaseLost {
        /// How it was lost.
        why: String,
        /// How much was done.
        outcome: Outcome,
    },
    /// Its process ended without a word, and another operation went on.
    Interrupted {
        /// Steps that were done when the lease was renewed last.
        done: usize,
        /// Steps in all.
        steps: usize,
        /// The operation that found it.
        found_by: u64,
    },
}

impl Ended {
    /// In a word or two.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete { .. } => "complete",
            Self::Incomplete { .. } => "incomplete",
            Self::Stopped { .. } => "stopped",
            Self::LeaseLost { .. } => "lease lost",
            Self::Interrupted { .. } => "interrupted",
        }
    }

    /// How much was done, if somebody saw it.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Complete { outcome }
            | Self::Incomplete { outcome }
            | Self::Stopped { outcome }
            | Self::LeaseLost { outcome, .. } => Some(*outcome),
            Self::Interrupted { .. } => None,
        }
    }
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StampedEvent {
    /// When it happened, by the clock of whoever ran the operation.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// An operation, as lists show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Its number.
    pub number: u64,
    /// When it began.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// Who ran it.
    pub who: Who,
    /// The command line.
    pub command: String,
    /// What it was for, if somebody saw the end.
    pub purpose: Option<Purpose>,
    /// What was planned, if somebody saw the end.
    pub totals: Option<Totals>,
    /// Number of the manifests.
    pub serial: u64,
    /// How it ended.
    pub ending: Ended,
}

impl From<&OperationRecord> for Summary {
    fn from(record: &OperationRecord) -> Self {
        Self {
            number: record.number,
            started: record.started,
            who: record.who.clone(),
            command: record.command.clone(),
            purpose: record.plan.as_ref().map(|plan| plan.purpose),
            totals: record.plan.as_ref().map(Plan::totals),
            serial: record.serial,
            ending: record.ending.clone(),
        }
    }
}

impl OperationRecord {
    /// The record of an operation that ended without a word.
    pub(crate) fn interrupted(cluster: &ClusterName, lease: &LeaseRecord, serial: u64, found_by: u64) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            number: lease.operation,
            cluster: cluster.clone(),
            kedge: String::new(),
            command: lease.command.clone(),
            who: lease.who.clone(),
            started: lease.taken,
            finished: None,
            serial,
            ending: Ended::Interrupted { done: lease.progress.done, steps: lease.progress.steps, found_by },
            plan_digest: lease.plan.clone(),
            plan: None,
            chunks: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl ClusterStore {
    fn operation_key(&self, number: u64, name: &str) -> String {
        self.key(&format!("operations/{number:06}/{name}"))
    }

    /// Writes a chunk of events and returns its digest; chunks are numbered from 1.
    pub(crate) async fn put_events(
        &self,
        number: u64,
        chunk: usize,
        events: &[StampedEvent],
    ) -> Result<String, StoreError> {
        let key = self.operation_key(number, &format!("events-{chunk:04}.jsonl"));
        let mut lines = Vec::new();
        for event in events {
            let line = serde_json::to_vec(event).map_err(|error| StoreError::Corrupt {
                key: key.clone(),
                place: self.place(),
                why: error.to_string(),
            })?;
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
        self.objects().put(&key, &lines, &Condition::Any).await?;
        Ok(digest_of(&lines))
    }

    /// Writes the record of an operation; an existing one stays if `condition` says so.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_record(&self, record: &OperationRecord, condition: &Condition) -> Result<Put, StoreError> {
        let key = self.operation_key(record.number, "record.json");
        let bytes = encode(&key, &self.place(), record)?;
        self.objects().put(&key, &bytes, condition).await
    }

    /// Writes the record of an operation that has just ended. Who took its lease over may have recorded it as interrupted,
    /// which it knows better.
    ///
    /// # Errors
    /// The store does not answer, or another operation has this number: `head.json` was put back to an earlier state.
    pub async fn put_own_record(&self, record: &OperationRecord) -> Result<(), StoreError> {
        if let Put::Done(_) = self.put_record(record, &Condition::Absent).await? {
            return Ok(());
        }
        let key = self.operation_key(record.number, "record.json");
        let known = self.record(record.number).await?;
        let ours = known.is_none_or(|known| {
            let guessed = matches!(known.ending, Ended::Interrupted { .. });
            guessed && known.started == record.started && known.who == record.who
        });
        if !ours {
            return Err(StoreError::Torn {
                key: self.key("head.json"),
                place: self.place(),
                why: format!("was put back to an earlier state: it does not know of {key}"),
                way_out: "rebuild it from the other objects with `kedge store repair`".to_owned(),
            });
        }
        self.put_record(record, &Condition::Any).await.map(|_| ())
    }

    /// Numbers of the operations that the store knows of, newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn operations(&self) -> Result<Vec<u64>, StoreError> {
        let prefix = self.key("operations/");
        let keys = self.objects().list(&prefix).await?;
        let mut numbers: Vec<u64> =
            keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.split('/').next()?.parse().ok()).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        numbers.dedup();
        Ok(numbers)
    }

    /// The record of an operation, without the events of its chunks. `None` if it has not ended, or nobody saw it end.
    ///
    /// # Errors
    /// The store does not answer, or the record is not one.
    pub async fn record(&self, number: u64) -> Result<Option<OperationRecord>, StoreError> {
        let key = self.operation_key(number, "record.json");
        let Some(object) = self.objects().get(&key).await? else { return Ok(None) };
        let record: OperationRecord = decode(&key, &self.place(), &object.bytes)?;
        if record.number != number || record.cluster != *self.cluster() {
            let why = format!("is of operation {} of {}", record.number, record.cluster);
            return Err(StoreError::Foreign { key, place: self.place(), why });
        }
        Ok(Some(record))
    }

    /// The events of an operation, those of its chunks and those of its record.
    ///
    /// # Errors
    /// The store does not answer, or a chunk that the record counts is missing or is not one.
    pub async fn events(&self, number: u64, record: Option<&OperationRecord>) -> Result<Vec<StampedEvent>, StoreError> {
        let mut events = Vec::new();
        let mut chunk = 1;
        loop {
            let key = self.operation_key(number, &format!("events-{chunk:04}.jsonl"));
            let wanted = record.and_then(|record| record.chunks.get(chunk - 1));
            let corrupt = |why: String| StoreError::Corrupt { key: key.clone(), place: self.place(), why };
            let Some(object) = self.objects().get(&key).await? else {
                if wanted.is_some() {
                    return Err(StoreError::Torn {
                        key,
                        place: self.place(),
                        why: format!("is missing, although record.json of operation {number} knows of it"),
                        way_out:
                            "restore it from an earlier version of the bucket or from a backup; only this history is \
                                  affected"
                                .to_owned(),
                    });
                }
                break;
            };
            if wanted.is_some_and(|wanted| *wanted != digest_of(&object.bytes)) {
                return Err(corrupt("its content does not fit the digest in record.json".to_owned()));
            }
            for (line, text) in object.bytes.split(|byte| *byte == b'\n').enumerate() {
                if text.is_empty() {
                    continue;
                }
                let event =
                    serde_json::from_slice(text).map_err(|error| corrupt(format!("line {}: {error}", line + 1)))?;
                events.push(event);
            }
            chunk += 1;
        }
        if let Some(record) = record {
            events.extend(record.events.iter().cloned());
        }
        Ok(events)
    }
}
