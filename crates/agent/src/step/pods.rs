//! How many pods the machine takes, where their addresses are those of its network interfaces.

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::host::ensure as ensure_file;

/// What kubeadm merges last into the configuration of the kubelet: patches go by their names.
const PATCH: &str = "/etc/kubernetes/patches/kubeletconfiguration-pods+merge.yaml";
/// What kubelets take by themselves, and more pods than which Kubernetes does not promise to serve on a node.
const MOST: u32 = 110;
/// Pods of the host's network that every node has need no address.
const OF_HOST: u32 = 2;

/// Writes it, once in the life of an instance, as kubeadm reads it once. What comes back is how many they are, if that was asked.
pub(super) async fn ensure(agent: &Agent, found: &Found) -> Result<Option<u32>, StepError> {
    let host = agent.host();
    if !agent.config.pods_by_interfaces || host.read(PATCH).await?.is_some() {
        return Ok(None);
    }
    let machine = agent.ports.metadata.get("instance-type").await?;
    let machine = machine.ok_or_else(|| StepError::wait("the metadata service has no instance-type"))?;
    let interfaces = agent.ports.instances.interfaces(found.identity()?, &machine).await?;
    // The first address of an interface is its own.
    let pods = interfaces.most.saturating_mul(interfaces.addresses.saturating_sub(1)).saturating_add(OF_HOST).min(MOST);
    ensure_file(host, PATCH, format!("maxPods: {pods}\n").as_bytes(), 0o644).await?;
    Ok(Some(pods))
}
