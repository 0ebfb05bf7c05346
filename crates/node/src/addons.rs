//! The add-ons that the index in the store names.
//!
//! Every control plane looks after them, one at a time: who has the lease reads the index, which says what is wanted now, and
//! looks at it again before each add-on and before anything is deleted. So nobody goes on with an index that was replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kedge_addons::{Addon, Entry, Index, sha256};
use kedge_agent::{AddOns, Host, PortError};
use kedge_kube::{ApplyOptions, Class, Cluster, Guard, KubeError, Lease, Step, Unit, upstream_files};
use kedge_store::{ClusterStore, LOAD_BALANCER};
use tokio::time::Instant;

use crate::api::failed;
use crate::fetch::Curl;

/// How long an add-on may take, each time.
const DEADLINE: Duration = Duration::from_secs(60);
/// Upstream files that were fetched, each under its SHA-256.
const FETCHED: &str = "/var/lib/kedge/addons";
/// After so much time add-ons are applied although nothing of them has changed: somebody else may have changed the cluster.
const AGAIN: Duration = Duration::from_secs(3600);
/// How often the lease is renewed, and for how long it is believed in after that.
const RENEWED: Duration = Duration::from_secs(10);
const BELIEVED: Duration = Duration::from_secs(45);
/// How often a pass begins again at once because the index has changed.
const TRIES: u32 = 3;

/// The way to the API server of this instance.
#[async_trait]
pub(crate) trait Reach: fmt::Debug + Send + Sync {
    /// A connection.
    async fn connect(&self) -> Result<Cluster, PortError>;

    /// A lease that this control plane may take.
    fn lease(&self, name: &'static str) -> Result<Lease, PortError>;
}

/// What was applied last.
#[derive(Clone, Debug)]
struct Pass {
    /// SHA-256 of the index.
    index: String,
    /// When.
    when: Instant,
    /// Add-ons that wait for control planes with a newer version of Kubernetes.
    waiting: Vec<Addon>,
}

/// Add-ons of a cluster.
#[derive(Debug)]
pub(crate) struct ClusterAddOns {
    api: Arc<dyn Reach>,
    store: ClusterStore,
    /// What upstream files are fetched with.
    host: Arc<dyn Host>,
    /// Name of the load balancer of the API, where add-ons have to be told.
    load_balancer: Option<String>,
    lease: Mutex<Option<Arc<Lease>>>,
    applied: Mutex<Option<Pass>>,
}

/// What a pass ended with.
enum Outcome {
    /// It came to its end.
    Done(Option<String>),
    /// There is another index by now.
    Moved,
    /// Another control plane has the lease.
    Taken,
}

impl ClusterAddOns {
    pub(crate) fn new(
        api: Arc<dyn Reach>,
        store: ClusterStore,
        host: Arc<dyn Host>,
        load_balancer: Option<String>,
    ) -> Self {
        Self { api, store, host, load_balancer, lease: Mutex::default(), applied: Mutex::default() }
    }

    async fn text(&self, name: &str) -> Result<Option<String>, PortError> {
        let key = self.store.key(name);
        let object = self.store.objects().get(&key).await.map_err(|error| PortError(error.to_string()))?;
        let Some(object) = object else { return Ok(None) };
        String::from_utf8(object.bytes).map(Some).map_err(|_| PortError(format!("{key} is no text")))
    }

    async fn index(&self) -> Result<Option<String>, PortError> {
        self.text("addons/index.json").await
    }

    /// An object that stands under its digest, if it is there and what it should be.
    async fn object(&self, digest: &str) -> Result<Option<String>, PortError> {
        let name = format!("addons/objects/{digest}.yaml");
        let Some(text) = self.text(&name).await? else { return Ok(None) };
        let found = sha256(text.as_bytes());
        if found == digest { Ok(Some(text)) } else { Err(PortError(format!("{name} has the digest {found}"))) }
    }

    /// An add-on of the index.
    async fn addon(&self, entry: &Entry) -> Result<Addon, PortError> {
        let missing = || PortError("it is not in the store: `kedge apply` brings it".to_owned());
        let mut text = self.object(&entry.digest).await?.ok_or_else(missing)?;
        if let Some(host) = &self.load_balancer {
            text = text.replace(LOAD_BALANCER, host);
        }
        Addon::from_yaml(&text).map_err(|error| PortError(error.to_string()))
    }

    /// An add-on with all that it consists of.
    async fn unit(&self, addon: Addon) -> Result<Unit, PortError> {
        let mut files = BTreeMap::new();
        for digest in addon.upstream.iter().map(|file| &file.sha256) {
            // Where the store has it, or this instance has had it before, it needs no way to the internet.
            let there = match self.object(digest).await? {
                Some(text) => Some(text),
                None => self.fetched(digest).await?,
            };
            files.extend(there.map(|text| (digest.clone(), text)));
        }
        let fetched = upstream_files(std::slice::from_ref(&addon), &files, &Curl(Arc::clone(&self.host))).await;
        for (digest, text) in fetched.map_err(|error| PortError(error.to_string()))? {
            let path = format!("{FETCHED}/{digest}.yaml");
            self.host.write(&path, text.as_bytes(), 0o600).await.map_err(|error| PortError(error.to_string()))?;
            files.insert(digest, text);
        }
        let objects = addon.render(&files).map_err(|error| PortError(error.to_string()))?;
        Ok(Unit { addon, objects })
    }

    /// An upstream file that this instance has fetched before.
    async fn fetched(&self, digest: &str) -> Result<Option<String>, PortError> {
        let bytes = self.host.read(&format!("{FETCHED}/{digest}.yaml")).await;
        let bytes = bytes.map_err(|error| PortError(error.to_string()))?.unwrap_or_default();
        Ok(String::from_utf8(bytes).ok().filter(|text| sha256(text.as_bytes()) == digest))
    }

    fn lease(&self) -> Result<Arc<Lease>, PortError> {
        let mut known = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = &*known {
            return Ok(Arc::clone(lease));
        }
        let lease = Arc::new(self.api.lease("kedge-addons")?);
        *known = Some(Arc::clone(&lease));
        Ok(lease)
    }

    /// Whether there is nothing to do: this index was applied a moment ago, and whatever waits has to wait on.
    async fn is_settled(&self, index: &str, cluster: &Cluster) -> Result<bool, PortError> {
        let applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(pass) = applied.filter(|pass| pass.index == index && pass.when.elapsed() < AGAIN) else {
            return Ok(false);
        };
        if pass.waiting.is_empty() {
            return Ok(true);
        }
        let oldest = cluster.oldest_control_plane().await.map_err(failed)?;
        Ok(!pass.waiting.iter().any(|addon| addon.fits(&oldest)))
    }

    /// Applies an index, as the one that has the lease.
    async fn pass(&self, cluster: &Cluster, lease: &Lease, text: &str) -> Result<Outcome, PortError> {
        let index = Index::from_json(text).map_err(|error| PortError(error.to_string()))?;
        let digest = sha256(text.as_bytes());
        let oldest = cluster.oldest_control_plane().await.map_err(failed)?;
        let (mut units, mut others, mut waiting) = (Vec::new(), BTreeSet::new(), Vec::new());
        let (mut said, mut failures) = (Vec::new(), Vec::new());
        for entry in &index.addons {
            // One that cannot be had keeps the others from nothing, and one that has to wait stays as it is.
            let unit = match self.addon(entry).await {
                Ok(addon) if !addon.fits(&oldest) => {
                    let (version, needed) = (&addon.version, addon.kubernetes.as_deref().unwrap_or_default());
                    said.push(format!(
                        "{} {version} waits until all control planes have Kubernetes {needed}: the oldest has {oldest}",
                        entry.name
                    ));
                    others.insert(entry.name.clone());
                    waiting.push(addon);
                    continue;
                }
                Ok(addon) => self.unit(addon).await,
                Err(error) => Err(error),
            };
            match unit {
                Ok(unit) => units.push(unit),
                Err(error) => {
                    others.insert(entry.name.clone());
                    failures.push(format!("{}: {error}", entry.name));
                }
            }
        }
        let options = ApplyOptions { force: false, deadline: DEADLINE, now: Timestamp::now(), destroy: false };
        let now = Now { addons: self, cluster, lease, index: &digest, moved: Mutex::new(None) };
        let steps = tokio::select! {
            steps = Box::pin(cluster.apply_all(&units, &others, &options, &now)) => steps,
            () = renewed(cluster, lease) => return Ok(Outcome::Taken),
        };
        if let Some(outcome) = now.moved.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Ok(outcome);
        }
        tell(steps, &mut said, &mut failures);
        if !failures.is_empty() {
            return Err(PortError(failures.join("; ")));
        }
        let pass = Pass { index: digest, when: Instant::now(), waiting };
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
        Ok(Outcome::Done((!said.is_empty()).then(|| said.join(", "))))
    }
}

/// Says what was done, and what failed.
fn tell(steps: Vec<Step>, said: &mut Vec<String>, failures: &mut Vec<String>) {
    for step in steps {
        match step.outcome {
            Ok(done) => {
                let (new, other, gone) = (done.created.len(), done.changed.len(), done.pruned.deleted.len());
                if new + other + gone > 0 {
                    said.push(format!("{} ({new} new, {other} changed, {gone} gone)", step.addon));
                }
                said.extend(done.pruned.kept.iter().map(|kept| format!("kept {}: {}", kept.object, kept.why)));
            }
            Err(error) if !step.forced && error.class == Class::Conflict => {
                said.push(format!("{} is left as somebody else has changed it: {}", step.addon, error.why));
            }
            Err(error) => failures.push(format!("{}: {}", step.addon, failed(error))),
        }
    }
}

/// Renews the lease until it is lost.
async fn renewed(cluster: &Cluster, lease: &Lease) {
    let mut known = Instant::now();
    while known.elapsed() + RENEWED < BELIEVED {
        tokio::time::sleep(RENEWED).await;
        let begin = Instant::now();
        match tokio::time::timeout_at(known + BELIEVED, lease.take(cluster)).await {
            Ok(Ok(true)) => known = begin,
            Ok(Ok(false)) | Err(_) => return,
            // The API may answer again before the lease has ended.
            Ok(Err(_)) => {}
        }
    }
}

/// Whether a pass is the one that is wanted now.
struct Now<'a> {
    addons: &'a ClusterAddOns,
    cluster: &'a Cluster,
    lease: &'a Lease,
    index: &'a str,
    /// Why it is not.
    moved: Mutex<Option<Outcome>>,
}

#[async_trait]
impl Guard for Now<'_> {
    async fn goes_on(&self) -> Result<(), KubeError> {
        let error = |why: &str| KubeError {
            class: Class::Other,
            action: "go on with add-ons".to_owned(),
            why: why.to_owned(),
            source: None,
        };
        let ends = |outcome, why| {
            *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            Err(error(why))
        };
        if !self.lease.take(self.cluster).await? {
            return ends(Outcome::Taken, "another control plane has the lease");
        }
        let text = self.addons.index().await.map_err(|failure| error(&failure.0))?;
        if text.is_none_or(|text| sha256(text.as_bytes()) != self.index) {
            return ends(Outcome::Moved, "the store has another index");
        }
        Ok(())
    }
}

#[async_trait]
impl AddOns for ClusterAddOns {
    async fn apply(&self) -> Result<Option<String>, PortError> {
        let Some(text) = self.index().await? else { return Ok(None) };
        let cluster = self.api.connect().await?;
        if self.is_settled(&sha256(text.as_bytes()), &cluster).await? {
            return Ok(None);
        }
        let lease = self.lease()?;
        if !lease.take(&cluster).await.map_err(failed)? {
            return Ok(None);
        }
        let mut outcome = Ok(Outcome::Moved);
        for _ in 0..TRIES {
            // Read by who has the lease: what others have applied before was not newer.
            outcome = match self.index().await {
                Ok(Some(text)) => self.pass(&cluster, &lease, &text).await,
                Ok(None) => Ok(Outcome::Done(None)),
                Err(error) => Err(error),
            };
            if !matches!(outcome, Ok(Outcome::Moved)) {
                break;
            }
        }
        // If it cannot be given back, it ends by itself.
        let _others_wait = lease.give_back(&cluster).await;
        match outcome? {
            Outcome::Done(done) => Ok(done),
            Outcome::Taken => Ok(None),
            Outcome::Moved => Err(PortError("the index of add-ons in the store changes again and again".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
