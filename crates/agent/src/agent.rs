//! Goes through the steps, waits where waiting helps, and says where it is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kedge_bootstrap::{Arch, GroupConfig};
use kedge_store::nodes::NODES_FORMAT_VERSION;
use kedge_store::{ClusterStore, NodePhase, NodeStatus, OuterKey};
use thiserror::Error;

use crate::error::StepError;
use crate::host::Host;
use crate::identity::Identity;
use crate::ports::{AddOns, Cluster, Etcd, EtcdVolume, Instances, Metadata, Records, Volumes};
use crate::step::Step;
use crate::upkeep::kubelet;

/// First pause between two attempts.
const SHORTEST_WAIT: Duration = Duration::from_secs(2);
/// Longest pause between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where the status is on the instance.
pub const STATUS: &str = "/run/kedge/status.json";

/// Everything outside.
#[derive(Clone, Debug)]
pub struct Ports {
    /// The machine.
    pub host: Arc<dyn Host>,
    /// The metadata service.
    pub metadata: Arc<dyn Metadata>,
    /// The state store.
    pub store: ClusterStore,
    /// What opens the secrets of the store.
    pub outer: Arc<dyn OuterKey>,
    /// EBS volumes.
    pub volumes: Arc<dyn Volumes>,
    /// Instances of the cluster.
    pub instances: Arc<dyn Instances>,
    /// Route 53.
    pub records: Arc<dyn Records>,
    /// The Kubernetes API.
    pub cluster: Arc<dyn Cluster>,
    /// etcd.
    pub etcd: Arc<dyn Etcd>,
    /// Add-ons.
    pub addons: Arc<dyn AddOns>,
}

/// What an instance does.
pub struct Agent {
    pub(crate) config: GroupConfig,
    pub(crate) digest: String,
    pub(crate) arch: Arch,
    pub(crate) ports: Ports,
    /// Line that was said last, so that the same is not said again.
    said: Mutex<String>,
    /// The labels that instances have by their configurations, which stay as long as the instances do.
    pub(crate) labels: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").field("group", &self.config.group).finish_non_exhaustive()
    }
}

/// A step was not done: it was tried until its time was over, or trying again does not help.
#[derive(Debug, Error)]
#[error("{step}: {why}")]
pub struct Stopped {
    /// The step.
    pub step: Step,
    /// Why.
    pub why: String,
}

/// What was found out on the way. It is found out anew each time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) identity: Option<Identity>,
    pub(crate) volume: Option<EtcdVolume>,
}

impl Found {
    /// What the instance knows of itself, once it was asked.
    pub(crate) fn identity(&self) -> Result<&Identity, StepError> {
        self.identity.as_ref().ok_or_else(|| StepError::wait("the instance does not know itself yet"))
    }
}

impl Agent {
    /// An instance with the configuration of its group, and the digest of that.
    #[must_use]
    pub fn new(config: GroupConfig, digest: &str, arch: Arch, ports: Ports) -> Self {
        Self { config, digest: digest.to_owned(), arch, ports, said: Mutex::default(), labels: Mutex::default() }
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &*self.ports.host
    }

    /// Goes through all steps. Whatever is done already takes no time but that for looking.
    ///
    /// # Errors
    /// A step was not done before its deadline, or refuses.
    pub async fn boot(&self) -> Result<(), Stopped> {
        let mut found = Found::default();
        let mut left = false;
        for step in Step::all(self.config.control_plane) {
            match Box::pin(self.go_through(step, &mut found)).await {
                // Upkeep goes on with it: nothing else of a control plane may wait for an add-on that fails.
                Err(_) if step.is_kept_up() => left = true,
                done => done?,
            }
        }
        if !left {
            self.report(&found, NodePhase::Ready, "ready", "it is a node").await;
        }
        Ok(())
    }

    async fn go_through(&self, step: Step, found: &mut Found) -> Result<(), Stopped> {
        let begin = self.host().elapsed();
        let deadline = step.deadline();
        let mut pause = SHORTEST_WAIT;
        let mut waits_for = String::new();
        loop {
            let why = match self.attempt(step, found).await {
                Ok(done) => {
                    self.report(found, NodePhase::Working, step.as_str(), &format!("done: {done}")).await;
                    return Ok(());
                }
                Err(StepError::Refused(why)) => {
                    self.report(found, NodePhase::Stopped, step.as_str(), &format!("stopped: {why}")).await;
                    return Err(Stopped { step, why });
                }
                Err(StepError::Wait(why) | StepError::Turn(why)) => why,
            };
            if self.host().elapsed().saturating_sub(begin) + pause > deadline {
                let line = format!("given up after {} s, and begun again soon: {why}", deadline.as_secs());
                self.report(found, NodePhase::Stopped, step.as_str(), &line).await;
                return Err(Stopped { step, why });
            }
            if why != waits_for {
                let line = format!("waits, for {} s at most: {why}", deadline.as_secs());
                self.report(found, NodePhase::Waiting, step.as_str(), &line).await;
                waits_for = why;
            }
            self.host().sleep(pause).await;
            pause = (pause * 2).min(LONGEST_WAIT);
        }
    }

    /// Says where it is, on the console and in the store. Whoever cannot reach the store goes on: the console has the line.
    pub(crate) async fn report(&self, found: &Found, phase: NodePhase, step: &str, reason: &str) {
        let line = format!("{step}: {}", one_line(reason));
        {
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if *said == line {
                return;
            }
            said.clone_from(&line);
        }
        self.host().say(&line);
        self.put_status(found, phase, step, reason).await;
    }

    /// Writes where it is into the store, and beside it for `kedge-node status`.
    pub(crate) async fn put_status(&self, found: &Found, phase: NodePhase, step: &str, reason: &str) {
        let Some(identity) = &found.identity else { return };
        let status = NodeStatus {
            format_version: NODES_FORMAT_VERSION,
            cluster: self.config.cluster.clone(),
            group: self.config.group.clone(),
            instance: identity.instance.clone(),
            node: identity.node_name(&self.config),
            control_plane: self.config.control_plane,
            config: self.digest.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            kubernetes: Some(self.config.kubernetes_version.clone()),
            phase,
            step: step.to_owned(),
            reason: one_line(reason),
            since: self.host().now(),
            trust: kubelet::trust(self.host()).await.unwrap_or_default(),
        };
        if let Ok(text) = serde_json::to_vec_pretty(&status) {
            // Whoever asks the instance itself learns it from the console as well.
            let _best_effort = self.host().write(STATUS, &text, 0o644).await;
        }
        if let Err(error) = self.ports.store.put_node_status(&status).await {
            let why = StepError::from(error).to_string();
            self.host().say(&format!("status: not written: {}", one_line(&why)));
        }
    }
}

/// A text without line breaks, and not longer than a line should be.
fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(600) {
        line.truncate(end);
        line.push('…');
    }
    line
}
