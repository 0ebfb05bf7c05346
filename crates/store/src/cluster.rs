//! The part of a store that belongs to one cluster.

use std::sync::Arc;

use kedge_resource::{ClusterName, Event};

use crate::error::StoreError;
use crate::format::{decode, encode};
use crate::head::{Head, LeaseRecord, Progress, Standing};
use crate::objects::{Condition, Objects, Presence, Put, Version};

/// The part of a store that belongs to one cluster. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ClusterStore {
    objects: Arc<dyn Objects>,
    cluster: ClusterName,
}

/// The head as it was read: what a later write depends on.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The head; absent in a store that knows nothing of the cluster.
    pub head: Option<Head>,
    /// Whether its lease counts, if it has one.
    pub standing: Option<Standing>,
    version: Option<Version>,
}

impl Snapshot {
    /// The lease that somebody still holds.
    #[must_use]
    pub fn held(&self) -> Option<(&LeaseRecord, Standing)> {
        self.lease().filter(|(_, standing)| !standing.is_free())
    }

    /// The lease of an operation that never ended.
    #[must_use]
    pub fn interrupted(&self) -> Option<&LeaseRecord> {
        self.lease().filter(|(_, standing)| standing.is_free()).map(|(lease, _)| lease)
    }

    fn lease(&self) -> Option<(&LeaseRecord, Standing)> {
        self.head.as_ref()?.lease.as_ref().zip(self.standing)
    }

    /// The version that the next write of the head depends on.
    pub(crate) fn condition(&self) -> Condition {
        match &self.version {
            Some(version) => Condition::Is(version.clone()),
            None => Condition::Absent,
        }
    }
}

impl ClusterStore {
    /// The part of `objects` that belongs to `cluster`.
    pub fn new(objects: Arc<dyn Objects>, cluster: ClusterName) -> Self {
        Self { objects, cluster }
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    /// The store, as the user names it.
    #[must_use]
    pub fn place(&self) -> String {
        self.objects.place()
    }

    /// The objects.
    #[must_use]
    pub fn objects(&self) -> &dyn Objects {
        &*self.objects
    }

    /// The same, for whoever outlives this value.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Objects> {
        self.objects.clone()
    }

    /// The whole key of something of the cluster.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.cluster)
    }

    /// Reads the head. One request, a second one if there is none: a head that is missing beside other objects was lost.
    ///
    /// # Errors
    /// The store does not answer, or what it holds is not ours.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let key = self.key("head.json");
        let place = self.place();
        let Some(object) = self.objects.get(&key).await? else {
            self.refuse_torn().await?;
            return Ok(Snapshot { head: None, standing: None, version: None });
        };
        let mut head: Head = decode(&key, &place, &object.bytes)?;
        if head.cluster != self.cluster {
            let why = format!("is of the cluster {}", head.cluster);
            return Err(StoreError::Foreign { key, place, why });
        }
        let standing = match &head.lease {
            None => None,
            Some(lease) => Some(self.standing(lease, object.age).await?),
        };
        if let Some(lease) = head.lease.as_mut().filter(|_| standing.is_some_and(Standing::is_free)) {
            self.catch_up(lease).await;
        }
        Ok(Snapshot { head: Some(head), standing, version: Some(object.version) })
    }

    /// Brings what a lease says of an operation that ended without a word up to what its events say: the last renewal may be
    /// long before the end. What cannot be read tells nothing.
    async fn catch_up(&self, lease: &mut LeaseRecord) {
        let events = self.events(lease.operation, None).await.unwrap_or_default();
        let (mut done, mut steps) = (0, 0);
        for stamped in &events {
            match &stamped.event {
                Event::RunStarted { steps: all, .. } => steps = *all,
                Event::StepFinished { .. } => done += 1,
                _ => {}
            }
        }
        if steps > 0 && done >= lease.progress.done {
            lease.progress = Progress { done, steps, running: std::mem::take(&mut lease.progress.running) };
        }
    }

    async fn standing(&self, lease: &LeaseRecord, age: Option<std::time::Duration>) -> Result<Standing, StoreError> {
        if lease.watched && matches!(self.presence().await?, Presence::Ours(_)) {
            return Ok(Standing::Dead);
        }
        let age = match age {
            Some(age) => age,
            None => self.objects.age(&self.key("head.json")).await?,
        };
        Ok(lease.standing(age))
    }

    /// Makes this process the one that is present at the cluster, where the operating system can tell.
    pub(crate) async fn presence(&self) -> Result<Presence, StoreError> {
        self.objects.presence(&self.key(".lease")).await
    }

    async fn refuse_torn(&self) -> Result<(), StoreError> {
        let prefix = self.key("");
        let keys = self.objects.list(&prefix).await?;
        let history = |key: &&String| key.strip_prefix(&prefix).is_some_and(is_history);
        let Some(other) = keys.iter().find(history) else { return Ok(()) };
        Err(StoreError::Torn {
            key: self.key("head.json"),
            place: self.place(),
            why: format!("is missing, although {other} is there"),
            way_out: "restore it from an earlier version of the bucket or from a backup, or rebuild it from the other \
                      objects with `kedge store repair`; resources in AWS are not affected"
                .to_owned(),
        })
    }

    /// Writes the head if it still is what `snapshot` has seen.
    ///
    /// # Errors
    /// The store does not answer. Somebody else having written it is no error: [`Put::Refused`].
    pub(crate) async fn put_head(&self, head: &Head, condition: &Condition) -> Result<Put, StoreError> {
        let key = self.key("head.json");
        let bytes = encode(&key, &self.place(), head)?;
        self.objects.put(&key, &bytes, condition).await
    }
}

/// Whether an object shows that the cluster has a history, so that it has to have a head. A store of kops may lie in the same
/// place, and has manifests of its own.
fn is_history(name: &str) -> bool {
    let number = match name.split_once('/') {
        Some(("manifests", file)) => file.strip_suffix(".yaml"),
        Some(("operations", rest)) => rest.split('/').next(),
        _ => None,
    };
    number.is_some_and(|number| number.parse::<u64>().is_ok())
}
