//! A control plane whose member of etcd has its data, and finds no majority: most of the control planes were replaced at once, or
//! the first one before others had joined it.
//!
//! There is no API to join by, and there will be none before etcd serves, which takes the members of several such instances. So
//! each starts its own, with the kubelet and nothing else, until a majority has found each other. Then each finishes as a first
//! control plane does, with the data that is there: nobody has to be first, and nobody waits for anybody's API.

use std::net::IpAddr;

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::ensure as ensure_file;
use crate::identity::Identity;
use crate::ports::MemberRequest;
use crate::step::keys::PKI;
use crate::step::kubeadm::{self, Own};
use crate::step::kubernetes::{How, finish, own_endpoint, place, resume, start_kubelet};
use crate::upkeep::tokens;

/// Where it is noted that the kubelet has what it needs, and runs etcd.
pub(super) const BEGUN: &str = "/etc/kubernetes/kedge/coming-back";

/// Whether it was begun before.
pub(super) async fn is_begun(agent: &Agent) -> Result<bool, StepError> {
    Ok(agent.host().read(BEGUN).await?.is_some())
}

/// Takes the steps that can be taken now. `before` is the address at which the other members dial this one still.
pub(super) async fn ensure(
    agent: &Agent,
    identity: &Identity,
    request: &MemberRequest,
    before: Option<IpAddr>,
) -> Result<String, StepError> {
    let host = agent.host();
    let (node, address) = place(agent, identity)?;
    kubeadm::write(agent, Own { node: &node, address: Some(address), before }).await?;
    own_endpoint(agent, Some(address)).await?;
    if !is_begun(agent).await? {
        resume(agent).await?;
        // kubeadm keeps one that is there, and an earlier attempt did not know of the old address.
        for file in ["peer.crt", "peer.key"] {
            host.remove(&format!("{PKI}/etcd/{file}")).await?;
        }
        kubeadm::phase(host, &["certs", "all"]).await?;
        kubeadm::phase(host, &["etcd", "local"]).await?;
        agent.ports.etcd.expect_data().await?;
        kubeadm::phase(host, &["kubeconfig", "kubelet"]).await?;
        kubeadm::phase(host, &["kubelet-start"]).await?;
        ensure_file(host, BEGUN, b"", 0o600).await?;
    }
    start_kubelet(host).await?;
    if let Err(why) = agent.ports.etcd.look_after(request).await {
        return Err(StepError::wait(format!(
            "no majority of the members of etcd answers yet: {why}; it comes back with other control planes, or with `kedge etcd \
             restore`"
        )));
    }
    kubeadm::init(host, Some("etcd")).await?;
    agent.ports.cluster.ready().await?;
    tokens::renew(agent).await?;
    finish(agent, How::Join).await?;
    Ok(format!("the control plane {node} is back, with the data of its volume"))
}
