//! What happened to a cluster: the operations that the store knows of.

use jiff::Timestamp;
use kedge_resource::plan::Purpose;
use kedge_store::operation::{Ended, StampedEvent};
use kedge_store::{ClusterStore, JournalEntry, LeaseRecord, OperationRecord, Standing, StoreError, Summary};
use schemars::JsonSchema;
use serde::Serialize;

/// An entry of the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum Entry {
    /// It has ended.
    Ended {
        /// What it was.
        operation: Box<Summary>,
    },
    /// It holds the lease.
    Running {
        /// Its lease.
        lease: Box<LeaseRecord>,
    },
    /// It ended without a word, and nobody has gone on yet.
    Interrupted {
        /// The lease that it held.
        lease: Box<LeaseRecord>,
    },
    /// Its record cannot be read.
    Unreadable {
        /// Its number.
        number: u64,
        /// Why.
        why: String,
    },
    /// Keys or secrets were changed, which is no operation and has no number.
    Change {
        /// What was done.
        change: Box<JournalEntry>,
    },
    /// What was written down of such a change cannot be read.
    UnreadableChange {
        /// Its id.
        id: String,
        /// Why.
        why: String,
    },
}

/// An operation with everything that is known of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Its number.
    pub number: u64,
    /// The record; absent while it runs, or if nobody saw it end.
    pub record: Option<OperationRecord>,
    /// The lease that it holds or held, if it has no record.
    pub lease: Option<LeaseRecord>,
    /// Everything that happened.
    pub events: Vec<StampedEvent>,
}

/// The operations of a cluster and changes of its keys and secrets, newest first, at most `limit`.
///
/// # Errors
/// The store does not answer. A record that cannot be read is an entry.
pub async fn log(store: &ClusterStore, limit: usize) -> Result<Vec<Entry>, StoreError> {
    let (mut operations, mut changes) = (operations(store, limit).await?, journal(store, limit).await?);
    let mut entries = Vec::new();
    // Both are in order. What has no time stands where its number or id has it.
    operations.reverse();
    changes.reverse();
    while entries.len() < limit {
        let time = |list: &[Entry]| list.last().map(Entry::time);
        let next = match (time(&operations), time(&changes)) {
            (Some(Some(operation)), Some(Some(change))) if change > operation => changes.pop(),
            (Some(_), _) => operations.pop(),
            (None, Some(_)) => changes.pop(),
            (None, None) => break,
        };
        entries.extend(next);
    }
    Ok(entries)
}

impl Entry {
    /// When it began, if that is known.
    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Ended { operation } => Some(operation.started),
            Self::Running { lease } | Self::Interrupted { lease } => Some(lease.taken),
            Self::Change { change } => Some(change.at),
            Self::Unreadable { .. } | Self::UnreadableChange { .. } => None,
        }
    }
}

async fn journal(store: &ClusterStore, limit: usize) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    for id in store.journal().await?.into_iter().take(limit) {
        entries.push(match store.journal_entry(&id).await {
            Ok(change) => Entry::Change { change: Box::new(change) },
            Err(error) if error.is_of_object() => Entry::UnreadableChange { id, why: error.to_string() },
            // Somebody removed it meanwhile.
            Err(StoreError::Unknown { .. }) => continue,
            Err(error) => return Err(error),
        });
    }
    Ok(entries)
}

async fn operations(store: &ClusterStore, limit: usize) -> Result<Vec<Entry>, StoreError> {
    let snapshot = store.snapshot().await?;
    let lease = snapshot.head.as_ref().and_then(|head| head.lease.clone());
    let mut numbers = store.operations().await?;
    if let Some(lease) = &lease
        && !numbers.contains(&lease.operation)
    {
        numbers.insert(0, lease.operation);
    }
    let mut entries = Vec::new();
    for number in numbers.into_iter().take(limit) {
        entries.push(match (store.record(number).await, &lease) {
            (Ok(Some(record)), _) => Entry::Ended { operation: Box::new(Summary::from(&record)) },
            (Ok(None), Some(lease)) if lease.operation == number => {
                let lease = Box::new(lease.clone());
                match snapshot.standing {
                    Some(Standing::Held { .. }) => Entry::Running { lease },
                    _ => Entry::Interrupted { lease },
                }
            }
            (Ok(None), _) => Entry::Unreadable { number, why: "its record.json is missing".to_owned() },
            (Err(error @ (StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::Foreign { .. })), _) => {
                Entry::Unreadable { number, why: error.to_string() }
            }
            (Err(error), _) => return Err(error),
        });
    }
    Ok(entries)
}

/// The operation that deleted the cluster, if that is the last thing that happened to it.
///
/// # Errors
/// The store does not answer, or what it has cannot be read.
pub async fn deleted(store: &ClusterStore) -> Result<Option<OperationRecord>, StoreError> {
    let Some(head) = store.snapshot().await?.head.filter(|head| head.operations > 0) else { return Ok(None) };
    let record = store.record(head.operations).await?;
    Ok(record.filter(|record| {
        let purpose = record.plan.as_ref().map(|plan| plan.purpose);
        purpose == Some(Purpose::Delete) && matches!(record.ending, Ended::Complete { .. })
    }))
}

/// One operation.
///
/// # Errors
/// The store has none of that number, or what it has cannot be read.
pub async fn show(store: &ClusterStore, number: u64) -> Result<Operation, StoreError> {
    let record = store.record(number).await?;
    let events = store.events(number, record.as_ref()).await?;
    let lease = match &record {
        Some(_) => None,
        None => store.snapshot().await?.head.and_then(|head| head.lease).filter(|lease| lease.operation == number),
    };
    if record.is_none() && lease.is_none() && events.is_empty() {
        return Err(StoreError::Unknown {
            place: store.place(),
            what: format!("record.json of operation {number} of {}", store.cluster()),
            see: "`kedge op log`",
        });
    }
    Ok(Operation { number, record, lease, events })
}

/// The manifests that were current after two operations, with their numbers; nothing where there were none yet.
///
/// # Errors
/// One of the operations is not there or nobody saw it end, or its manifests cannot be read.
pub async fn manifests_of(store: &ClusterStore, number: u64) -> Result<(u64, String), StoreError> {
    let Some(record) = store.record(number).await? else {
        return Err(StoreError::Unknown {
            place: store.place(),
            what: format!("record.json of operation {number} of {}", store.cluster()),
            see: "`kedge op log`",
        });
    };
    let text = if record.serial == 0 { String::new() } else { store.manifests(record.serial).await? };
    Ok((record.serial, text))
}

/// How an operation ended, with numbers.
#[must_use]
pub fn ending(ended: &Ended) -> String {
    match ended {
        Ended::Interrupted { done, steps, found_by } => {
            let found = if *found_by == 0 { String::new() } else { format!(", operation {found_by} went on") };
            match steps {
                0 => format!("interrupted{found}"),
                _ => format!("interrupted after {done} of {steps} steps{found}"),
            }
        }
        Ended::LeaseLost { why, outcome } => format!("lease lost after {}: {why}", changes(outcome.done)),
        Ended::Complete { outcome } => format!("complete, {}", changes(outcome.done)),
        Ended::Stopped { outcome } => format!("stopped, {} done, {} not begun", changes(outcome.done), outcome.skipped),
        Ended::Incomplete { outcome } => {
            format!("incomplete, {} done, {} failed, {} not begun", outcome.done, outcome.failed, outcome.skipped)
        }
    }
}

fn changes(count: usize) -> String {
    if count == 1 { "1 change".to_owned() } else { format!("{count} changes") }
}
