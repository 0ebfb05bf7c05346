//! A cluster in a state store, from the first look to the last word.
//!
//! A command looks at the store at the same time as at the account. When somebody has agreed to the plan, the lease is taken
//! only if nothing has happened in between: that one conditional write is what keeps two applies apart.

use jiff::Timestamp;
use kedge_resource::Plan;
use kedge_store::head::Who;
use kedge_store::manifests::digest;
use kedge_store::{Clock, ClusterStore, Keeper, Lease, LeaseOptions, LeaseRecord, LeaseRequest, Snapshot, StoreError};

/// Who runs a command.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The command line.
    pub command: String,
    /// Who runs it.
    pub who: Who,
    /// Any number, another one in each process.
    pub random: u64,
    /// How long leases are.
    pub lease: LeaseOptions,
    /// What time it is.
    pub clock: Clock,
}

/// A cluster in a state store, as it was when it was looked at.
#[derive(Clone, Debug)]
pub struct Guard {
    store: ClusterStore,
    base: Snapshot,
}

/// What became of manifests that change nothing in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// They are the current ones already.
    NotNeeded,
    /// They are current now, under this number.
    Accepted(u64),
    /// An interrupted operation is closed; the manifests were current already.
    Closed,
}

impl Guard {
    /// Looks at the store.
    ///
    /// # Errors
    /// The store does not answer, or what it holds cannot be used.
    pub async fn look(store: ClusterStore) -> Result<Self, StoreError> {
        let base = store.snapshot().await?;
        Ok(Self { store, base })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &ClusterStore {
        &self.store
    }

    /// What was seen.
    #[must_use]
    pub fn base(&self) -> &Snapshot {
        &self.base
    }

    /// Refuses to go on where somebody else is changing the cluster.
    ///
    /// # Errors
    /// [`StoreError::Held`].
    pub fn free(&self) -> Result<(), StoreError> {
        match self.base.held() {
            Some((lease, standing)) => Err(StoreError::Held {
                cluster: self.store.cluster().to_string(),
                lease: Box::new(lease.clone()),
                standing,
            }),
            None => Ok(()),
        }
    }

    /// The operation that ended without a word, if there is one.
    #[must_use]
    pub fn interrupted(&self) -> Option<&LeaseRecord> {
        self.base.interrupted()
    }

    /// Whether the store knows nothing of the cluster yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.base.head.is_none()
    }

    /// Takes the lease for a plan and keeps it. `manifests` become current with it unless they are already.
    ///
    /// # Errors
    /// Somebody else has the lease, or had it since the store was looked at.
    pub async fn begin(self, caller: &Caller, plan: &Plan, manifests: Option<String>) -> Result<Keeper, StoreError> {
        let manifests = manifests.filter(|text| !self.is_current(text));
        let request = request(caller, plan, manifests, caller.clock.now());
        let lease = Lease::take(&self.store, &self.base, request, caller.lease).await?;
        Ok(Keeper::start(lease, caller.clock.clone()))
    }

    /// Makes manifests current that need no change in the account, and closes what an interrupted operation left open.
    ///
    /// # Errors
    /// Somebody else has the lease, or had it since the store was looked at.
    pub async fn settle(self, caller: &Caller, plan: &Plan, manifests: String) -> Result<Settled, StoreError> {
        let current = self.is_current(&manifests);
        if current && self.interrupted().is_none() {
            return Ok(Settled::NotNeeded);
        }
        let request = request(caller, plan, (!current).then_some(manifests), caller.clock.now());
        let serial = self.store.accept(&self.base, request).await?;
        Ok(if current { Settled::Closed } else { Settled::Accepted(serial) })
    }

    fn is_current(&self, text: &str) -> bool {
        self.base.head.as_ref().and_then(|head| head.manifests.as_ref()).is_some_and(|known| *known == digest(text))
    }
}

fn request(caller: &Caller, plan: &Plan, manifests: Option<String>, now: Timestamp) -> LeaseRequest {
    LeaseRequest {
        command: caller.command.clone(),
        who: caller.who.clone(),
        account_id: plan.account_id.clone(),
        region: plan.region.clone(),
        plan: plan_digest(plan),
        manifests,
        now,
        random: caller.random,
    }
}

/// Identifies a plan: SHA-256 of its JSON as hexadecimal digits.
#[must_use]
pub fn plan_digest(plan: &Plan) -> String {
    // A plan has no map whose keys are not texts, which is all that could fail.
    digest(&serde_json::to_string(plan).unwrap_or_default())
}
