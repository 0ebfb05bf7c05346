//! Checking everything that a store has of a cluster, and rebuilding `head.json` from the rest.

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::format::FORMAT_VERSION;
use crate::head::Head;
use crate::manifests::digest;
use crate::objects::{Condition, Put, Version};
use crate::operation::OperationRecord;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// Sets of manifests that are as they were written.
    pub manifests: usize,
    /// Operations whose record and events are complete.
    pub operations: usize,
    /// Secrets and private keys that are there with the keys of the ring that encrypt them.
    pub sealed: usize,
    /// Objects that instances boot with and that hold what their names say.
    pub delivered: usize,
    /// What is wrong: sentences that name the object.
    pub faults: Vec<String>,
}

impl ClusterStore {
    /// Reads every object and compares it with what the others say. Writes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn check(&self) -> Result<Checkup, StoreError> {
        let mut checkup = Checkup::default();
        let head = match self.snapshot().await {
            Ok(snapshot) => snapshot.head,
            Err(error) => {
                checkup.faults.push(fault(error)?);
                None
            }
        };
        let serials = self.serials().await?;
        for &serial in &serials {
            match self.manifests(serial).await {
                Ok(text) => {
                    let current = head.as_ref().filter(|head| head.serial == serial);
                    match current.and_then(|head| head.manifests.as_ref()) {
                        Some(known) if *known != digest(&text) => checkup.faults.push(format!(
                            "manifests {serial} are not those that head.json calls current: one of them was put back to an \
                             earlier state"
                        )),
                        _ => checkup.manifests += 1,
                    }
                }
                Err(error) => checkup.faults.push(fault(error)?),
            }
        }
        let numbers = self.operations().await?;
        for &number in &numbers {
            match self.whole(number).await {
                Ok(()) => checkup.operations += 1,
                Err(error) => checkup.faults.push(fault(error)?),
            }
        }
        for id in self.journal().await? {
            if let Err(error) = self.journal_entry(&id).await {
                checkup.faults.push(fault(error)?);
            }
        }
        self.check_keys(&mut checkup).await?;
        self.check_delivered(&mut checkup).await?;
        if let Some(head) = &head {
            if head.serial > 0 && !serials.contains(&head.serial) {
                checkup.faults.push(format!("manifests {} are missing, and head.json calls them current", head.serial));
            }
            if let Some(&last) = serials.last().filter(|last| **last > head.last_serial) {
                checkup.faults.push(format!(
                    "head.json knows of {} sets of manifests, and there is a number {last}: it was put back to an earlier \
                     state",
                    head.last_serial
                ));
            }
            if let Some(&last) = numbers.first().filter(|last| **last > head.operations) {
                checkup.faults.push(format!(
                    "head.json knows of {} operations, and there is a number {last}: it was put back to an earlier state",
                    head.operations
                ));
            }
        }
        Ok(checkup)
    }

    async fn whole(&self, number: u64) -> Result<(), StoreError> {
        let record = self.record(number).await?;
        self.events(number, record.as_ref()).await.map(|_| ())
    }

    /// Writes `head.json` anew from the manifests and records that can be read: the newest of each becomes current, and
    /// there is no lease. `None` if `head.json` is in order.
    ///
    /// # Errors
    /// Nothing tells which account the cluster is in, `head.json` is of a later kedge, somebody else wrote it meanwhile, or
    /// the store does not answer.
    pub async fn repair(&self, random: u64) -> Result<Option<Head>, StoreError> {
        let key = self.key("head.json");
        let known = match self.snapshot().await {
            Ok(snapshot) => match snapshot.head {
                Some(head) => Some(head),
                None => return Ok(None),
            },
            Err(StoreError::Corrupt { .. } | StoreError::Torn { .. } | StoreError::Foreign { .. }) => None,
            Err(error) => return Err(error),
        };
        let mut serials = self.serials().await?;
        let numbers = self.operations().await?;
        let last_serial = serials.last().copied().unwrap_or_default();
        let operations = numbers.first().copied().unwrap_or_default();
        if known.as_ref().is_some_and(|head| head.last_serial >= last_serial && head.operations >= operations) {
            return Ok(None);
        }
        let record = self.newest_record(&numbers).await?;
        let (account_id, region) = match (&known, record.as_ref().and_then(|record| record.plan.as_ref())) {
            (_, Some(plan)) => (plan.account_id.clone(), plan.region.clone()),
            (Some(head), None) => (head.account_id.clone(), head.region.clone()),
            (None, None) => {
                return Err(StoreError::Torn {
                    key,
                    place: self.place(),
                    why: "cannot be rebuilt: no record of an operation tells which account the cluster is in"
                        .to_owned(),
                    way_out: format!(
                        "restore it from a backup, or remove {} from the store to begin a new history; resources in AWS are \
                         not affected",
                        self.key("")
                    ),
                });
            }
        };
        let mut current = None;
        while let Some(serial) = serials.pop() {
            // What a record calls current counts; after it, what was only accepted.
            if record.as_ref().is_some_and(|record| record.serial != serial && serials.contains(&record.serial)) {
                continue;
            }
            if let Ok(text) = self.manifests(serial).await {
                current = Some((serial, digest(&text)));
                break;
            }
        }
        let head = Head {
            format_version: FORMAT_VERSION,
            cluster: self.cluster().clone(),
            lineage: known.map_or_else(|| format!("{random:016x}"), |head| head.lineage),
            account_id,
            region,
            serial: current.as_ref().map(|(serial, _)| *serial).unwrap_or_default(),
            manifests: current.map(|(_, digest)| digest),
            last_serial,
            operations,
            lease: None,
            broken: None,
        };
        let condition = match self.objects().get(&key).await? {
            Some(object) => Condition::Is(Version::new(object.version.as_str())),
            None => Condition::Absent,
        };
        match self.put_head(&head, &condition).await? {
            Put::Done(_) => Ok(Some(head)),
            Put::Refused => Err(StoreError::Moved { cluster: self.cluster().to_string() }),
        }
    }

    /// The newest record that can be read and has a plan.
    async fn newest_record(&self, numbers: &[u64]) -> Result<Option<OperationRecord>, StoreError> {
        for &number in numbers {
            match self.record(number).await {
                Ok(Some(record)) if record.plan.is_some() => return Ok(Some(record)),
                Ok(_) => {}
                Err(error) => {
                    fault(error)?;
                }
            }
        }
        Ok(None)
    }

    /// Writes the record of an operation whose end could not be recorded, and gives back the lease that it still has.
    ///
    /// # Errors
    /// The record is of another cluster, another operation has its number, or the store does not answer.
    pub async fn push(&self, record: &OperationRecord) -> Result<(), StoreError> {
        if record.cluster != *self.cluster() {
            return Err(StoreError::Foreign {
                key: format!("operation {}", record.number),
                place: self.place(),
                why: format!("is of the cluster {}", record.cluster),
            });
        }
        self.put_own_record(record).await?;
        for _ in 0..5 {
            let snapshot = self.snapshot().await?;
            let Some(mut head) = snapshot.head.clone() else { return Ok(()) };
            let own = head.lease.take().is_some_and(|lease| {
                lease.operation == record.number && lease.taken == record.started && lease.who == record.who
            });
            if !own {
                return Ok(());
            }
            if record.serial > head.serial {
                head.serial = record.serial;
                head.manifests = Some(digest(&self.manifests(record.serial).await?));
            }
            if let Put::Done(_) = self.put_head(&head, &snapshot.condition()).await? {
                return Ok(());
            }
        }
        Err(StoreError::Moved { cluster: self.cluster().to_string() })
    }
}

/// What is wrong with one object, in words; an error of the store itself stays one.
pub(crate) fn fault(error: StoreError) -> Result<String, StoreError> {
    match error {
        StoreError::Corrupt { .. }
        | StoreError::Newer { .. }
        | StoreError::Foreign { .. }
        | StoreError::Torn { .. }
        | StoreError::Unknown { .. } => Ok(error.to_string()),
        other => Err(other),
    }
}
