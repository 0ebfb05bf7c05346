//! The right to change a cluster, for one process at a time.
//!
//! It is taken, renewed and given back by conditional writes of `head.json`. Whether it has ended is decided by the age of
//! that object by the clock of the store. The holder counts from the moment *before* it asked for the renewal, by a clock
//! that nobody sets, and stops a while before anybody else may take over.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kedge_cloud::Fence;
use tokio::time::Instant;

use crate::cluster::{ClusterStore, Snapshot};
use crate::error::StoreError;
use crate::format::FORMAT_VERSION;
use crate::head::{Broken, Head, LeaseRecord, Progress, Who};
use crate::manifests::digest;
use crate::objects::{Condition, Presence, Put, Version};
use crate::operation::OperationRecord;

/// Longest lease: what ends only after hours may as well be broken by hand.
const LONGEST: u64 = 3600;

/// How long leases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseOptions {
    /// Seconds until a lease that is not renewed ends.
    pub seconds: u64,
}

impl Default for LeaseOptions {
    fn default() -> Self {
        Self { seconds: 60 }
    }
}

impl LeaseOptions {
    /// Leases of some seconds, from 2 to 3600.
    #[must_use]
    pub fn of(seconds: u64) -> Option<Self> {
        (2..=LONGEST).contains(&seconds).then_some(Self { seconds })
    }

    /// How often a lease is renewed.
    pub(crate) fn renewal(self) -> Duration {
        Duration::from_secs(self.seconds) / 3
    }

    /// How long after asking for the last renewal the holder stops writing: before anybody may take over, with room for a
    /// write that is on its way.
    fn writing(self) -> Duration {
        Duration::from_secs(self.seconds) * 3 / 4
    }
}

/// What a lease is wanted for.
#[derive(Clone, Debug)]
pub struct LeaseRequest {
    /// The command line.
    pub command: String,
    /// Who runs it.
    pub who: Who,
    /// Account that is going to be changed.
    pub account_id: String,
    /// Region that is going to be changed.
    pub region: String,
    /// Digest of the plan.
    pub plan: String,
    /// Manifests that become current with it; none for what changes no manifests.
    pub manifests: Option<String>,
    /// Now.
    pub now: Timestamp,
    /// Any number, another one each time.
    pub random: u64,
}

/// The right to change a cluster. Dropping it without [`Self::release`] leaves it to end by itself.
#[derive(Debug)]
pub struct Lease {
    store: ClusterStore,
    options: LeaseOptions,
    head: Head,
    version: Version,
    hold: Arc<Hold>,
    digest: Option<String>,
    /// Tells the operating system that we are alive.
    _presence: Option<Present>,
}

struct Present(#[expect(dead_code, reason = "what it does, it does when it is dropped")] Box<dyn Any + Send + Sync>);

impl std::fmt::Debug for Present {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Present")
    }
}

/// Until when the lease is ours, shared with whoever writes.
#[derive(Debug)]
struct Hold {
    until: Mutex<Instant>,
    lost: Mutex<Option<String>>,
}

impl Hold {
    fn check(&self) -> Result<(), String> {
        if let Some(why) = self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(why);
        }
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() >= until {
            return Err("it could not be renewed in time".to_owned());
        }
        Ok(())
    }

    fn extend(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn lose(&self, why: &str) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.to_owned());
    }
}

impl Lease {
    /// Takes the lease, if nothing has happened since `base` was read. What an interrupted operation left is recorded, and
    /// the manifests of the request are written.
    ///
    /// # Errors
    /// [`StoreError::Held`] if somebody else has it, [`StoreError::Moved`] if somebody had it since, or the store does not
    /// answer.
    pub async fn take(
        store: &ClusterStore,
        base: &Snapshot,
        request: LeaseRequest,
        options: LeaseOptions,
    ) -> Result<Self, StoreError> {
        if let Some((lease, standing)) = base.held() {
            return Err(held(store, lease, standing));
        }
        let presence = store.presence().await?;
        let watched = matches!(presence, Presence::Ours(_));
        let before = base.head.clone().unwrap_or_else(|| empty(store, &request));
        if before.account_id != request.account_id || before.region != request.region {
            return Err(StoreError::Foreign {
                key: store.key("head.json"),
                place: store.place(),
                why: format!(
                    "is of a cluster in account {} and region {}, and this is account {} and region {}",
                    before.account_id, before.region, request.account_id, request.region
                ),
            });
        }
        let interrupted = before.lease.clone();
        let mut head = Head { operations: before.operations + 1, ..before };
        let serial = request.manifests.as_ref().map(|_| head.last_serial + 1);
        head.last_serial = serial.unwrap_or(head.last_serial);
        head.lease = Some(LeaseRecord {
            id: format!("{}-{:08x}", head.operations, request.random & 0xffff_ffff),
            operation: head.operations,
            command: request.command,
            who: request.who,
            taken: request.now,
            seconds: options.seconds,
            renewals: 0,
            watched,
            plan: request.plan,
            serial,
            progress: Progress::default(),
        });
        let asked = Instant::now();
        let version = match store.put_head(&head, &base.condition()).await? {
            Put::Done(version) => version,
            Put::Refused => return Err(Self::overtaken(store).await),
        };
        let hold = Arc::new(Hold { until: Mutex::new(asked + options.writing()), lost: Mutex::default() });
        let digest = request.manifests.as_deref().map(digest);
        let presence = match presence {
            Presence::Ours(presence) => Some(Present(presence)),
            Presence::Unknown | Presence::Other => None,
        };
        let mut lease = Self { store: store.clone(), options, head, version, hold, digest, _presence: presence };
        if let Err(error) = lease.prepare(interrupted.as_ref(), request.manifests.as_deref()).await {
            // Nobody shall have to wait for a lease with which nothing was begun.
            let _ends_by_itself = lease.release(false).await;
            return Err(error);
        }
        Ok(lease)
    }

    /// Records what an interrupted operation left, and writes the new manifests.
    async fn prepare(&self, interrupted: Option<&LeaseRecord>, manifests: Option<&str>) -> Result<(), StoreError> {
        if let Some(old) = interrupted {
            let record = OperationRecord::interrupted(self.store.cluster(), old, self.head.serial, self.operation());
            // It may have written its record and died before it gave the lease back.
            self.store.put_record(&record, &Condition::Absent).await?;
        }
        match manifests {
            Some(text) => self.store.put_manifests(self.serial(), text).await,
            None => Ok(()),
        }
    }

    async fn overtaken(store: &ClusterStore) -> StoreError {
        match store.snapshot().await {
            Ok(now) => match now.held() {
                Some((lease, standing)) => held(store, lease, standing),
                None => StoreError::Moved { cluster: store.cluster().to_string() },
            },
            Err(error) => error,
        }
    }

    /// The number of the operation that holds it.
    #[must_use]
    pub fn operation(&self) -> u64 {
        self.head.operations
    }

    /// The number of the manifests that will be current when it is given back.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.head.lease.as_ref().and_then(|lease| lease.serial).unwrap_or(self.head.serial)
    }

    /// Permission to write, for as long as the lease is ours.
    #[must_use]
    pub fn fence(&self) -> Fence {
        let hold = Arc::clone(&self.hold);
        Fence::new(move || hold.check())
    }

    /// The lease, as everybody sees it.
    pub(crate) fn record(&self) -> Option<&LeaseRecord> {
        self.head.lease.as_ref()
    }

    /// How long leases are.
    pub(crate) fn options(&self) -> LeaseOptions {
        self.options
    }

    /// The store.
    pub(crate) fn store(&self) -> &ClusterStore {
        &self.store
    }

    /// Why the lease is not ours any longer.
    pub(crate) fn lost(&self) -> Option<String> {
        self.hold.check().err()
    }

    /// Renews it, and tells how far the run is.
    ///
    /// # Errors
    /// [`StoreError::Lost`] if it is not ours any longer; otherwise the store does not answer, and trying again is right.
    pub(crate) async fn renew(&mut self, progress: &Progress) -> Result<(), StoreError> {
        let mut head = self.head.clone();
        if let Some(lease) = &mut head.lease {
            lease.renewals += 1;
            lease.progress = progress.clone();
        }
        let asked = Instant::now();
        match self.store.put_head(&head, &Condition::Is(self.version.clone())).await? {
            Put::Done(version) => {
                self.head = head;
                self.version = version;
                self.hold.extend(asked + self.options.writing());
                Ok(())
            }
            Put::Refused => Err(self.find_out().await),
        }
    }

    /// Gives it back. What the operation brought becomes current: its manifests, if `accepted`.
    ///
    /// # Errors
    /// [`StoreError::Lost`] if it was not ours any longer, or the store does not answer.
    pub(crate) async fn release(&mut self, accepted: bool) -> Result<(), StoreError> {
        let mut head = self.head.clone();
        let lease = head.lease.take();
        if let (true, Some(serial)) = (accepted, lease.and_then(|lease| lease.serial)) {
            head.serial = serial;
            head.manifests.clone_from(&self.digest);
        }
        match self.store.put_head(&head, &Condition::Is(self.version.clone())).await? {
            Put::Done(version) => {
                self.head = head;
                self.version = version;
                self.hold.lose("it was given back");
                Ok(())
            }
            Put::Refused => Err(self.find_out().await),
        }
    }

    /// Who has the lease, now that we do not.
    async fn find_out(&self) -> StoreError {
        let own = self.head.lease.as_ref().map(|lease| lease.id.as_str());
        let why = match self.store.snapshot().await {
            Ok(Snapshot { head: Some(head), .. }) => match (&head.broken, &head.lease) {
                (Some(Broken { lease, by, reason, .. }), _) if Some(lease.as_str()) == own => {
                    format!("{by} broke it: {reason}")
                }
                (_, Some(lease)) => format!("it is held by {}", lease.describe()),
                _ => "somebody else changed head.json".to_owned(),
            },
            Ok(Snapshot { head: None, .. }) => "head.json is gone".to_owned(),
            Err(error) => format!("head.json was changed by somebody else ({error})"),
        };
        self.hold.lose(&why);
        StoreError::Lost { why }
    }
}

fn held(store: &ClusterStore, lease: &LeaseRecord, standing: crate::head::Standing) -> StoreError {
    StoreError::Held { cluster: store.cluster().to_string(), lease: Box::new(lease.clone()), standing }
}

fn empty(store: &ClusterStore, request: &LeaseRequest) -> Head {
    Head {
        format_version: FORMAT_VERSION,
        cluster: store.cluster().clone(),
        lineage: format!("{:016x}", request.random),
        account_id: request.account_id.clone(),
        region: request.region.clone(),
        serial: 0,
        manifests: None,
        last_serial: 0,
        operations: 0,
        lease: None,
        broken: None,
    }
}

impl ClusterStore {
    /// Ends a lease for its holder, who stops before its next write. Returns what was ended.
    ///
    /// # Errors
    /// There is no lease of that id, it was renewed or given back meanwhile too often, or the store does not answer.
    pub async fn break_lease(
        &self,
        id: &str,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<LeaseRecord, StoreError> {
        // A holder that renews at the same moment comes in between; not forever.
        for _ in 0..5 {
            let snapshot = self.snapshot().await?;
            let held = snapshot.head.clone().and_then(|head| head.lease.clone().map(|lease| (head, lease)));
            let Some((mut head, lease)) = held.filter(|(_, lease)| lease.id == id) else {
                return Err(StoreError::Unknown {
                    place: self.place(),
                    what: format!("lease {id} of {}", self.cluster()),
                    see: "`kedge lease show`",
                });
            };
            let serial = head.serial;
            head.lease = None;
            head.broken = Some(Broken { lease: id.to_owned(), by: by.to_owned(), reason: reason.to_owned(), at: now });
            if let Put::Done(_) = self.put_head(&head, &snapshot.condition()).await? {
                let record = OperationRecord::interrupted(self.cluster(), &lease, serial, 0);
                self.put_record(&record, &Condition::Absent).await?;
                return Ok(lease);
            }
        }
        Err(StoreError::Moved { cluster: self.cluster().to_string() })
    }

    /// Makes manifests current that change nothing in AWS, in one go: no lease is needed for that.
    ///
    /// # Errors
    /// Somebody else has the lease or was faster, or the store does not answer.
    pub async fn accept(&self, base: &Snapshot, request: LeaseRequest) -> Result<u64, StoreError> {
        let mut lease = Lease::take(self, base, request, LeaseOptions::default()).await?;
        let serial = lease.serial();
        lease.release(true).await?;
        Ok(serial)
    }
}
