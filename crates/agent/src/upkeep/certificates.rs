//! Authorities as they are replaced, and certificates before they end.

use kedge_bootstrap::CRI_SOCKET;
use kedge_pki::Certificate;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::host::{Command, done, ensure as ensure_file};
use crate::kubeconfig;
use crate::settled;
use crate::step::keys::{self, PKI};
use crate::upkeep::turn;

/// Certificates that kubeadm made.
const CERTIFICATES: [&str; 7] = [
    "apiserver",
    "apiserver-kubelet-client",
    "apiserver-etcd-client",
    "front-proxy-client",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
];
/// Authorities and keys that they follow from.
const AUTHORITIES: [&str; 4] = ["ca.crt", "etcd/ca.crt", "front-proxy-ca.crt", "sa.pub"];
/// Kubeconfigs that kubeadm made.
pub(super) const KUBECONFIGS: [&str; 5] = ["admin", "super-admin", "controller-manager", "scheduler", "kubelet"];
/// Which authorities the certificates were made with.
const NOTE: &str = "/var/lib/kedge/authorities";
/// The parts of the time of certificates at which they are made anew, and at which nothing is waited for.
const SOON: i32 = 3;
const URGENT: i32 = 10;
/// Containers that read certificates when they start.
const CONTAINERS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// Notes which authorities the certificates are made with.
pub(crate) async fn note(agent: &Agent) -> Result<(), StepError> {
    if agent.config.control_plane {
        ensure_file(agent.host(), NOTE, authorities(agent).await?.as_bytes(), 0o600).await?;
    }
    Ok(())
}

async fn authorities(agent: &Agent) -> Result<String, StepError> {
    let mut parts = Vec::new();
    for file in AUTHORITIES {
        parts.push((file, agent.host().read(&format!("{PKI}/{file}")).await?.unwrap_or_default()));
    }
    Ok(settled::digest_of(parts.iter().map(|(file, content)| (*file, content.as_slice()))))
}

/// Makes certificates anew whose authorities were replaced while the instance was off; the files of those are there already.
pub(crate) async fn follow(agent: &Agent) -> Result<(), StepError> {
    let (noted, digest) = (agent.host().read(NOTE).await?, authorities(agent).await?);
    match noted {
        Some(noted) if noted != digest.as_bytes() => make(agent, &digest).await,
        _ => Ok(()),
    }
}

/// Takes new authorities from the store, and makes certificates anew when two thirds of their time are over or when the
/// authorities are others. Then everything that has read them is started again, on one control plane after the other.
pub(super) async fn renew(agent: &Agent, found: &Found) -> Result<Option<String>, StepError> {
    let host = agent.host();
    let kept = keys::ensure(agent).await;
    let digest = authorities(agent).await?;
    if let Err(why) = kept {
        // The authorities are on the disk: without the store it goes on with those, and asks nobody whose turn it is.
        let Some(certificate) = ending(agent, URGENT).await? else { return Err(why) };
        make(agent, &digest).await?;
        return Ok(Some(format!(
            "made anew, because {certificate} ends very soon, although the store does not answer: {why}"
        )));
    }
    let noted = host.read(NOTE).await?.unwrap_or_default();
    let why = if noted != digest.as_bytes() {
        "the authorities are others".to_owned()
    } else if let Some(certificate) = ending(agent, SOON).await? {
        format!("{certificate} ends soon")
    } else {
        turn::pass_on(agent, found).await?;
        return Ok(None);
    };
    match turn::take(agent, &found.identity()?.instance).await {
        // Waiting longer would end this one too.
        Err(StepError::Turn(_)) if ending(agent, URGENT).await?.is_some() => {}
        taken => taken?,
    }
    make(agent, &digest).await?;
    turn::pass_on(agent, found).await?;
    Ok(Some(format!("made anew, because {why}")))
}

async fn make(agent: &Agent, digest: &str) -> Result<(), StepError> {
    let host = agent.host();
    let config = crate::step::INIT;
    done(host, Command::new("kubeadm", ["certs", "renew", "all", "--config", config])).await?;
    let bundle = host.read(&format!("{PKI}/ca.crt")).await?.unwrap_or_default();
    let bundle = String::from_utf8_lossy(&bundle).into_owned();
    for name in KUBECONFIGS {
        let path = format!("/etc/kubernetes/{name}.conf");
        let Some(text) = host.read(&path).await? else { continue };
        if let Some(changed) = kubeconfig::with_authorities(&String::from_utf8_lossy(&text), &bundle) {
            host.write(&path, changed.as_bytes(), 0o600).await?;
        }
    }
    for container in CONTAINERS {
        let name = format!("^{container}$");
        let ids =
            done(host, Command::new("crictl", ["--runtime-endpoint", CRI_SOCKET, "ps", "--quiet", "--name", &name]))
                .await?
                .text();
        for id in ids.lines().map(str::trim).filter(|id| !id.is_empty()) {
            done(host, Command::new("crictl", ["--runtime-endpoint", CRI_SOCKET, "stop", "--timeout", "30", id]))
                .await?;
        }
    }
    done(host, Command::new("systemctl", ["restart", "kubelet.service"])).await?;
    ensure_file(host, NOTE, digest.as_bytes(), 0o600).await?;
    Ok(())
}

/// A certificate that has less than this part of its time left.
async fn ending(agent: &Agent, part: i32) -> Result<Option<&'static str>, StepError> {
    let now = agent.host().now();
    for name in CERTIFICATES {
        let Some(text) = agent.host().read(&format!("{PKI}/{name}.crt")).await? else { continue };
        let text = String::from_utf8_lossy(&text).into_owned();
        let certificate = Certificate::from_pem(&text);
        let Ok(Certificate { not_before, not_after, .. }) = certificate else { return Ok(Some(name)) };
        let (whole, left) = (not_after.duration_since(not_before), not_after.duration_since(now));
        if left < whole / part {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
