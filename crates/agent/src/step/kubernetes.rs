//! kubeadm: one control plane makes the cluster, everything else joins it.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::host::{Command, Host, done, ensure as ensure_file, ensure_active};
use crate::identity::Identity;
use crate::kubeconfig;
use crate::lock;
use crate::ports::{Member, MemberRequest};
use crate::step::etcd_volume::VOLUME;
use crate::step::kubeadm::{self, Own};
use crate::step::{coming_back, records, upload};
use crate::upkeep::kubelet::{BOOTSTRAP, CLIENT as CERTIFICATE};
use crate::upkeep::{certificates, tokens};

/// Where it stands that kubeadm is done, and how.
const MADE: &str = "/etc/kubernetes/kedge/made.json";
/// Where it stands that `kubeadm join` has made a control plane, which need not serve yet.
const JOINED: &str = "/etc/kubernetes/kedge/joined";
/// What kubelets find the API by.
const KUBELET: &str = "/etc/kubernetes/kubelet.conf";
/// What `kubeadm join` finds the cluster by.
const DISCOVERY: &str = "/etc/kubernetes/discovery.conf";
const HOSTS: &str = "/etc/hosts";
/// How often a member is looked after while kubeadm waits for it.
const LOOK: Duration = Duration::from_secs(5);

/// How a control plane or a node became one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum How {
    /// It made the cluster, and says so.
    Init,
    /// It joined, or came back to, a cluster that others know of.
    Join,
}

#[derive(Debug, Serialize, Deserialize)]
struct Made {
    how: How,
}

pub(super) async fn ensure(agent: &Agent, found: &Found) -> Result<String, StepError> {
    let identity = found.identity()?;
    let host = agent.host();
    let made = host.read(MADE).await?.and_then(|bytes| serde_json::from_slice::<Made>(&bytes).ok());
    let made = if agent.config.control_plane || is_node(host).await? { made } else { None };
    let Some(made) = made else {
        done(host, Command::new("systemctl", ["enable", "--quiet", "kubelet.service"])).await?;
        return if agent.config.control_plane {
            control_plane(agent, identity, found).await
        } else {
            worker(agent, identity).await
        };
    };
    start_kubelet(host).await?;
    if agent.config.control_plane {
        // Some images write the file anew when they start.
        own_endpoint(agent, Some(place(agent, identity)?.1)).await?;
        // One that was off while authorities were replaced has certificates that nobody trusts any more.
        certificates::follow(agent).await?;
        // Without etcd there is no API: a restore that somebody asked for, or an address that has changed, comes first.
        let etcd = agent.ports.etcd.look_after(&member(agent, identity, found, true).await?).await;
        if let Err(error) = agent.ports.cluster.ready().await {
            return Err(StepError::wait(match etcd {
                Err(why) => format!("etcd: {why}"),
                Ok(Some(done)) => format!("etcd: {done}; {error}"),
                Ok(None) => error.to_string(),
            }));
        }
        if made.how == How::Init {
            let seen = agent.ports.store.init_lock().await?;
            // Whoever was killed between the two, or was believed dead, says so still: the others wait for it.
            if seen.lock.as_ref().is_none_or(|lock| lock.done.is_none()) {
                tokens::renew(agent).await?;
                let Some(held) = lock::take(agent, &identity.instance, &seen).await? else {
                    return Err(StepError::wait(
                        "another control plane has the init lock, although the cluster is made",
                    ));
                };
                lock::while_held(agent, held, async { Ok(()) }).await?;
            }
        }
    }
    Ok("kubeadm is done, the kubelet runs".to_owned())
}

/// Whether kubeadm was done on this instance before.
pub(super) async fn is_made(host: &dyn Host) -> Result<bool, StepError> {
    Ok(host.read(MADE).await?.is_some())
}

async fn worker(agent: &Agent, identity: &Identity) -> Result<String, StepError> {
    let (host, node) = (agent.host(), identity.node_name(&agent.config));
    // The kubelet writes its kubeconfig when it begins to ask for a certificate, and that when somebody has signed it.
    if host.read(KUBELET).await?.is_none() || host.read(CERTIFICATE).await?.is_none() {
        discover(agent).await?;
        resume(agent).await?;
        kubeadm::write(agent, Own { node: &node, address: None, before: None }).await?;
        kubeadm::join(host, None).await?;
    }
    start_kubelet(host).await?;
    finish(agent, How::Join).await?;
    Ok(format!("joined as {node}"))
}

/// Whether what is noted of a worker is so: a kubelet with no certificate, and nothing to ask for one with, is none of a node.
async fn is_node(host: &dyn Host) -> Result<bool, StepError> {
    Ok(host.read(CERTIFICATE).await?.is_some() || host.read(BOOTSTRAP).await?.is_some())
}

async fn control_plane(agent: &Agent, identity: &Identity, found: &Found) -> Result<String, StepError> {
    let (node, address) = place(agent, identity)?;
    let seen = agent.ports.store.init_lock().await?;
    let made = seen.lock.as_ref().and_then(|lock| lock.done);
    if let Some(lock) = &seen.lock
        && made.is_none()
        && lock.holder != identity.instance
        && seen.age < lock::DEAD
    {
        return Err(StepError::wait(format!(
            "{} makes the cluster; when nothing is heard of it for {} s, another control plane begins",
            lock.holder,
            lock::DEAD.as_secs()
        )));
    }
    if let Some(how) = agent.host().read(JOINED).await? {
        return joined(agent, identity, &member(agent, identity, found, true).await?, how == b"known").await;
    }
    kubeadm::write(agent, Own { node: &node, address: Some(address), before: None }).await?;
    kubeadm::ensure_etcd_client(agent.host()).await?;
    let is_only = found.volume.as_ref().is_some_and(|volume| volume.members.len() == 1);
    let request = member(agent, identity, found, made.is_some()).await?;
    let member = agent.ports.etcd.prepare(&request).await?;
    match member {
        Member::First | Member::Known { .. } if made.is_none() => {}
        // Somebody made it and did not come to say so. Whoever took the lock now would keep it from saying so still.
        Member::New if made.is_none() => {
            return Err(StepError::wait(
                "members of etcd answer although no control plane has said that the cluster is made: the one that began goes on",
            ));
        }
        // The only one there is: nobody else can bring the cluster back.
        Member::Known { others: false, restored, .. } if is_only || restored => {}
        // One that has begun to come back by itself goes on so: who serves now may have no API.
        Member::Known { others, before, .. } if !others || coming_back::is_begun(agent).await? => {
            return coming_back::ensure(agent, identity, &request, before).await;
        }
        Member::New | Member::Known { .. } => return join(agent, identity, member, &request).await,
        Member::First => {
            return Err(StepError::wait(
                "no member of etcd answers, although the cluster is made: it comes back with other control planes, or with \
                 `kedge etcd restore`",
            ));
        }
    }
    if made.is_some() {
        // Who has the volume is alone with it. With the lock it would look as if no cluster had been made.
        return init(agent, identity, true).await;
    }
    let Some(held) = lock::take(agent, &identity.instance, &seen).await? else {
        return Err(StepError::wait("another control plane was faster to take the init lock"));
    };
    lock::while_held(agent, held, init(agent, identity, false)).await
}

/// Makes the cluster, under the lock; or lets the only control plane of one come back with the data of its volume.
async fn init(agent: &Agent, identity: &Identity, again: bool) -> Result<String, StepError> {
    let (node, address) = place(agent, identity)?;
    own_endpoint(agent, Some(address)).await?;
    records::point_to(agent, identity, &[identity.instance.as_str()]).await?;
    resume(agent).await?;
    kubeadm::init(agent.host(), None).await?;
    agent.ports.cluster.ready().await?;
    tokens::renew(agent).await?;
    finish(agent, How::Init).await?;
    Ok(if again {
        format!("the cluster is back, with {node} as its control plane")
    } else {
        format!("the cluster is made, with {node} as its first control plane")
    })
}

async fn join(
    agent: &Agent,
    identity: &Identity,
    member: Member,
    request: &MemberRequest,
) -> Result<String, StepError> {
    let host = agent.host();
    discover(agent).await?;
    resume(agent).await?;
    own_endpoint(agent, None).await?;
    upload::before_join(agent).await?;
    let known = matches!(member, Member::Known { .. });
    if known {
        kubeadm::start_known_member(host).await?;
        agent.ports.etcd.expect_data().await?;
    }
    let joining = kubeadm::join(host, known.then(|| kubeadm::etcd_phases(&agent.config.kubernetes_version)));
    if known {
        tokio::select! {
            biased;
            joined = joining => joined?,
            () = look_after(agent, request) => {}
        }
    } else {
        joining.await?;
    }
    ensure_file(host, JOINED, if known { b"known" } else { b"new" }, 0o600).await?;
    joined(agent, identity, request, known).await
}

/// What comes after `kubeadm join`. Its API server may take a while, and what is a node does not join again meanwhile.
async fn joined(agent: &Agent, identity: &Identity, request: &MemberRequest, known: bool) -> Result<String, StepError> {
    let (node, address) = place(agent, identity)?;
    own_endpoint(agent, Some(address)).await?;
    start_kubelet(agent.host()).await?;
    if let Err(error) = agent.ports.cluster.ready().await {
        return Err(StepError::wait(match agent.ports.etcd.look_after(request).await {
            Err(why) => format!("etcd: {why}; {error}"),
            Ok(_) => error.to_string(),
        }));
    }
    upload::after_join(agent).await?;
    finish(agent, How::Join).await?;
    let how = if known { ", with the data of its volume" } else { "" };
    Ok(format!("joined as the control plane {node}{how}"))
}

/// Looks after a member for as long as kubeadm waits for it. One that was added before and cut off has no vote yet; an API
/// server has nothing of such a member, and kubeadm gives votes only to those that it has just added itself.
async fn look_after(agent: &Agent, request: &MemberRequest) {
    loop {
        agent.host().sleep(LOOK).await;
        // As long as it does not serve there is nothing to look at.
        let _serves = agent.ports.etcd.look_after(request).await;
    }
}

pub(super) async fn start_kubelet(host: &dyn Host) -> Result<(), StepError> {
    Ok(ensure_active(host, "kubelet.service").await?)
}

/// A kubeadm that was killed after it had started the kubelet is begun again: as a node that is new, because kubeadm joins no
/// other.
pub(super) async fn resume(agent: &Agent) -> Result<(), StepError> {
    let host = agent.host();
    if host.read(KUBELET).await?.is_some() {
        done(host, Command::new("systemctl", ["stop", "kubelet.service"])).await?;
        host.remove(KUBELET).await?;
    }
    Ok(())
}

pub(super) fn place(agent: &Agent, identity: &Identity) -> Result<(String, IpAddr), StepError> {
    let ipv6 = kubeadm::is_ipv6(agent);
    let family = if ipv6 { "IPv6" } else { "IPv4" };
    let address = identity.address(ipv6);
    let address =
        address.ok_or_else(|| StepError::wait(format!("the instance has no address of {family} for the API")))?;
    Ok((identity.node_name(&agent.config), address))
}

/// What etcd is asked about this instance.
pub(crate) async fn member(
    agent: &Agent,
    identity: &Identity,
    found: &Found,
    made: bool,
) -> Result<MemberRequest, StepError> {
    let (node, address) = place(agent, identity)?;
    let Some(volume) = &found.volume else { return Err(StepError::wait("no volume of etcd is attached yet")) };
    let running = agent.ports.instances.running(identity, agent.config.cluster.as_str()).await?;
    let others = running.into_iter().filter(|other| other.control_plane && other.id != identity.instance);
    Ok(MemberRequest {
        member: volume.member.clone(),
        expected: volume.members.len(),
        node,
        address,
        volume: VOLUME.to_owned(),
        others: others.flat_map(|other| other.private).filter(|other| other.is_ipv6() == address.is_ipv6()).collect(),
        made,
    })
}

/// Writes what lets kubeadm find the cluster.
async fn discover(agent: &Agent) -> Result<(), StepError> {
    let Some(info) = agent.ports.store.join_info(&agent.config.group).await? else {
        return Err(StepError::wait(format!(
            "no control plane has written how to join ({}/nodes/{}/join.json): see how far they are with `kedge validate`",
            agent.config.cluster, agent.config.group
        )));
    };
    if info.expires <= agent.host().now() {
        return Err(StepError::wait(format!(
            "the token to join with ended at {}: control planes renew it, so see whether they run with `kedge validate`",
            info.expires
        )));
    }
    ensure_file(agent.host(), DISCOVERY, kubeconfig::discovery(&info).expose(), 0o600).await?;
    Ok(())
}

/// kubeadm is done: the token is not needed any longer.
pub(super) async fn finish(agent: &Agent, how: How) -> Result<(), StepError> {
    let host = agent.host();
    certificates::note(agent).await?;
    host.remove(DISCOVERY).await?;
    host.remove(coming_back::BEGUN).await?;
    host.remove(JOINED).await?;
    let made = serde_json::to_vec(&Made { how }).map_err(|error| StepError::wait(error.to_string()))?;
    ensure_file(host, MADE, &made, 0o600).await?;
    Ok(())
}

/// On a control plane the name of the API leads to itself: a load balancer does not send a connection back to where it came
/// from, and the records may not know it yet. One that has yet to join finds the others by it.
pub(super) async fn own_endpoint(agent: &Agent, address: Option<IpAddr>) -> Result<(), StepError> {
    const MARK: &str = "# kedge: the API of this control plane";
    let host = agent.host();
    let name = agent.config.endpoint.rsplit_once(':').map_or(agent.config.endpoint.as_str(), |(name, _)| name);
    if name.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    let there = host.read(HOSTS).await?.unwrap_or_default();
    let text = String::from_utf8_lossy(&there).into_owned();
    let others = text.lines().filter(|line| !line.ends_with(MARK)).map(str::to_owned);
    let own = address.map(|address| format!("{address} {name} {MARK}"));
    let lines: Vec<String> = others.chain(own).collect();
    ensure_file(host, HOSTS, (lines.join("\n") + "\n").as_bytes(), 0o644).await?;
    Ok(())
}
