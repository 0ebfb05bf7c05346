//! The Kubernetes API behind the ports of the agent.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use kedge_agent::{ApiNode, PortError};
use kedge_kube::{Access, Cluster, KubeError, Lease, NodeState};
use kedge_store::BootstrapToken;
use ring::rand::SystemRandom;

use crate::addons::Reach;

/// What kubeadm gave the control plane to administer the cluster by.
const KUBECONFIG: &str = "etc/kubernetes/admin.conf";
/// The document in which the address of the instance stands.
const INIT: &str = "etc/kubernetes/kedge/init.yaml";
/// How long a lease lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(60);

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

    fn turn(&self) -> Result<&Lease, PortError> {
        if let Some(turn) = self.turn.get() {
            return Ok(turn);
        }
        let lease = self.lease("kedge-pod-ranges")?;
        Ok(self.turn.get_or_init(|| lease))
    }
}

#[async_trait]
impl Reach for Api {
    // By address: what the name of the API leads to may be another control plane.
    async fn connect(&self) -> Result<Cluster, PortError> {
        let text = match address(&self.read(INIT)?) {
            Some(address) => with_server(&self.read(KUBECONFIG)?, &address, &self.port),
            None => self.read(KUBECONFIG)?,
        };
        Cluster::connect(&Access::Kubeconfig(&text)).await.map_err(failed)
    }

    fn lease(&self, name: &'static str) -> Result<Lease, PortError> {
        let holder = address(&self.read(INIT)?);
        let holder =
            holder.ok_or_else(|| PortError(format!("{INIT} does not say the address of this control plane")))?;
        Ok(Lease::new(name, &holder, LEASE))
    }
}

/// An error of the API with everything that it says.
pub(crate) fn failed(error: KubeError) -> PortError {
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

    async fn has_token(&self, id: &str) -> Result<bool, PortError> {
        let tokens = self.connect().await?.tokens().await.map_err(failed)?;
        Ok(tokens.iter().any(|token| token.id == id && token.until.is_none_or(|until| until > Timestamp::now())))
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
