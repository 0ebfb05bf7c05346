//! The Kubernetes API behind the ports of the agent.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use kedge_addons::{Addon, Entry, Index, sha256};
use kedge_agent::{AddOns, ApiNode, Host, PortError};
use kedge_kube::{Access, ApplyOptions, Class, Cluster, KubeError, Lease, NodeState, Unit, upstream_files};
use kedge_store::{BootstrapToken, ClusterStore, LOAD_BALANCER};
use ring::rand::SystemRandom;
use tokio::time::Instant;

use crate::fetch::Curl;

/// What kubeadm gave the control plane to administer the cluster by.
const KUBECONFIG: &str = "etc/kubernetes/admin.conf";
/// The document in which the address of the instance stands.
const INIT: &str = "etc/kubernetes/kedge/init.yaml";
/// How long an add-on may take, each time.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long a lease lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(60);
/// Upstream files that were fetched, each under its SHA-256.
const FETCHED: &str = "/var/lib/kedge/addons";
/// After so much time add-ons are applied although nothing of them has changed: somebody else may have changed the cluster.
const AGAIN: Duration = Duration::from_secs(3600);

/// The API server of this instance.
#[derive(Debug)]
pub(crate) struct Api {
    root: Utf8PathBuf,
    port: String,
    /// Who gives nodes their ranges.
    turn: OnceLock<Lease>,
}

impl Api {
    pub(crate) fn new(root: &Utf8Path, endpoint: &str) -> Self {
        let port = endpoint.rsplit_once(':').map_or("443", |(_, port)| port).to_owned();
        Self { root: root.to_owned(), port, turn: OnceLock::new() }
    }

    fn read(&self, path: &str) -> Result<String, PortError> {
        fs_err::read_to_string(self.root.join(path)).map_err(|error| PortError(error.to_string()))
    }

    /// A connection. By address: what the name of the API leads to may be another control plane.
    async fn connect(&self) -> Result<Cluster, PortError> {
        let text = match address(&self.read(INIT)?) {
            Some(address) => with_server(&self.read(KUBECONFIG)?, &address, &self.port),
            None => self.read(KUBECONFIG)?,
        };
        Cluster::connect(&Access::Kubeconfig(&text)).await.map_err(failed)
    }

    /// A lease that this control plane may take, under its address.
    fn lease(&self, name: &'static str) -> Result<Lease, PortError> {
        let holder = address(&self.read(INIT)?);
        let holder =
            holder.ok_or_else(|| PortError(format!("{INIT} does not say the address of this control plane")))?;
        Ok(Lease::new(name, &holder, LEASE))
    }

    fn turn(&self) -> Result<&Lease, PortError> {
        if let Some(turn) = self.turn.get() {
            return Ok(turn);
        }
        let lease = self.lease("kedge-pod-ranges")?;
        Ok(self.turn.get_or_init(|| lease))
    }
}

fn failed(error: KubeError) -> PortError {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    PortError(format!("{text}; {}", error.hint()))
}

/// Address of this control plane, as it stands in the document for kubeadm.
fn address(init: &str) -> Option<String> {
    let line = init.lines().find_map(|line| line.trim().strip_prefix("advertiseAddress:"))?;
    let address: std::net::IpAddr = line.trim().trim_matches(['\'', '"']).parse().ok()?;
    Some(match address {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    })
}

/// A kubeconfig with another server.
fn with_server(text: &str, address: &str, port: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("server:") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}server: https://{address}:{port}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[async_trait]
impl kedge_agent::Cluster for Api {
    async fn ready(&self) -> Result<(), PortError> {
        self.connect().await?.ready().await.map_err(failed)
    }

    async fn make_token(&self, group: &str, expires: Timestamp) -> Result<BootstrapToken, PortError> {
        let cluster = self.connect().await?;
        let description = format!("instances of {group} join with it");
        let token = cluster.create_token(&description, expires, &SystemRandom::new()).await.map_err(failed)?;
        // Those that have ended would be deleted by the controller manager too, later.
        let _later = cluster.delete_ended_tokens(Timestamp::now()).await;
        BootstrapToken::parse(token.token.expose()).map_err(PortError)
    }

    async fn nodes(&self) -> Result<Vec<ApiNode>, PortError> {
        let nodes = self.connect().await?.nodes().await.map_err(failed)?;
        let node = |node: NodeState| ApiNode {
            instance: node.instance_id().map(str::to_owned),
            name: node.name,
            labels: node.labels,
            pod_ranges: node.pod_ranges,
        };
        Ok(nodes.into_iter().map(node).collect())
    }

    async fn label(&self, node: &str, labels: &BTreeMap<String, String>) -> Result<(), PortError> {
        self.connect().await?.label_node(node, labels).await.map(drop).map_err(failed)
    }

    async fn take_turn(&self) -> Result<bool, PortError> {
        let cluster = self.connect().await?;
        self.turn()?.take(&cluster).await.map_err(failed)
    }

    async fn end_turn(&self) -> Result<(), PortError> {
        let cluster = self.connect().await?;
        self.turn()?.give_back(&cluster).await.map_err(failed)
    }

    async fn give_range(&self, node: &str, range: &str) -> Result<(), PortError> {
        self.connect().await?.assign_pod_ranges(node, &[range.to_owned()]).await.map_err(failed)
    }
}

/// The add-ons that the index in the store names.
#[derive(Debug)]
pub(crate) struct ClusterAddOns {
    api: Arc<Api>,
    store: ClusterStore,
    /// What upstream files are fetched with.
    host: Arc<dyn Host>,
    /// Name of the load balancer of the API, where add-ons have to be told.
    load_balancer: Option<String>,
    /// The index that was applied last, and when.
    applied: Mutex<Option<(String, Instant)>>,
}

impl ClusterAddOns {
    pub(crate) fn new(api: Arc<Api>, store: ClusterStore, host: Arc<dyn Host>, load_balancer: Option<String>) -> Self {
        Self { api, store, host, load_balancer, applied: Mutex::default() }
    }

    async fn text(&self, name: &str) -> Result<Option<String>, PortError> {
        let key = self.store.key(name);
        let object = self.store.objects().get(&key).await.map_err(|error| PortError(error.to_string()))?;
        let Some(object) = object else { return Ok(None) };
        String::from_utf8(object.bytes).map(Some).map_err(|_| PortError(format!("{key} is no text")))
    }

    /// An object that stands under its digest, if it is there and what it should be.
    async fn object(&self, digest: &str) -> Result<Option<String>, PortError> {
        let name = format!("addons/objects/{digest}.yaml");
        let Some(text) = self.text(&name).await? else { return Ok(None) };
        let found = sha256(text.as_bytes());
        if found == digest { Ok(Some(text)) } else { Err(PortError(format!("{name} has the digest {found}"))) }
    }

    /// An add-on of the index with all that it consists of.
    async fn unit(&self, entry: &Entry) -> Result<Unit, PortError> {
        let missing = || PortError("it is not in the store: `kedge apply` brings it".to_owned());
        let mut text = self.object(&entry.digest).await?.ok_or_else(missing)?;
        if let Some(host) = &self.load_balancer {
            text = text.replace(LOAD_BALANCER, host);
        }
        let addon = Addon::from_yaml(&text).map_err(|error| PortError(error.to_string()))?;
        let mut files = BTreeMap::new();
        for digest in &entry.upstream {
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
}

#[async_trait]
impl AddOns for ClusterAddOns {
    async fn apply(&self) -> Result<Option<String>, PortError> {
        let Some(text) = self.text("addons/index.json").await? else { return Ok(None) };
        let now = Instant::now();
        let digest = sha256(text.as_bytes());
        let applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = applied.filter(|(known, _)| *known == digest);
        if known.as_ref().is_some_and(|(_, when)| now.duration_since(*when) < AGAIN) {
            return Ok(None);
        }
        let index = Index::from_json(&text).map_err(|error| PortError(error.to_string()))?;
        let (mut units, mut others) = (Vec::new(), BTreeSet::new());
        let (mut changed, mut failures) = (Vec::new(), Vec::new());
        for entry in &index.addons {
            // One that cannot be had keeps the others from nothing.
            match self.unit(entry).await {
                Ok(unit) => units.push(unit),
                Err(error) => {
                    others.insert(entry.name.clone());
                    failures.push(format!("{}: {error}", entry.name));
                }
            }
        }
        // What is new takes its fields from whoever has them. Later looks bring back what is gone, and leave what somebody else
        // has changed since: autoscalers, and people who had a reason.
        let options =
            ApplyOptions { force: known.is_none(), deadline: DEADLINE, now: Timestamp::now(), destroy: false };
        let cluster = self.api.connect().await?;
        let steps = Box::pin(cluster.apply_all(&units, &others, &options)).await;
        for step in steps {
            match step.outcome {
                Ok(done) => {
                    let (new, other, gone) = (done.created.len(), done.changed.len(), done.pruned.deleted.len());
                    if new + other + gone > 0 {
                        changed.push(format!("{} ({new} new, {other} changed, {gone} gone)", step.addon));
                    }
                    changed.extend(done.pruned.kept.iter().map(|kept| format!("kept {}: {}", kept.object, kept.why)));
                }
                Err(error) if !options.force && error.class == Class::Conflict => {
                    changed.push(format!("{} is left as somebody else has changed it: {}", step.addon, error.why));
                }
                Err(error) => failures.push(format!("{}: {}", step.addon, failed(error))),
            }
        }
        if !failures.is_empty() {
            return Err(PortError(failures.join("; ")));
        }
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner) = Some((digest, now));
        Ok((!changed.is_empty()).then(|| changed.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_server_of_the_instance_is_asked() {
        let init = "localAPIEndpoint:\n  advertiseAddress: 10.0.0.1\n  bindPort: 443\n";
        assert_eq!(address(init).as_deref(), Some("10.0.0.1"));
        assert_eq!(address("  advertiseAddress: 'fd00::1'\n").as_deref(), Some("[fd00::1]"));
        assert_eq!(address("kind: x\n"), None);
        let text = "clusters:\n- cluster:\n    server: https://api.internal.c:443\n  name: c\n";
        let wanted = "clusters:\n- cluster:\n    server: https://10.0.0.1:443\n  name: c\n";
        assert_eq!(with_server(text, "10.0.0.1", "443"), wanted);
    }
}
