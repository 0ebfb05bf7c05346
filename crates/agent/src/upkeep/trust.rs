//! The authorities that a worker trusts, while one is replaced.

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, done, ensure as ensure_file};
use crate::kubeconfig;
use crate::settled;
use crate::step::keys::PKI;

const KUBELET: &str = "/etc/kubernetes/kubelet.conf";

/// Takes the authorities that the control planes have written. The kubelet is started again with them.
pub(super) async fn ensure(agent: &Agent) -> Result<Option<String>, StepError> {
    let host = agent.host();
    let Some(info) = agent.ports.store.join_info(&agent.config.group).await? else { return Ok(None) };
    let mut changed = ensure_file(host, &format!("{PKI}/ca.crt"), info.authorities.as_bytes(), 0o644).await?;
    let Some(text) = host.read(KUBELET).await? else { return Ok(None) };
    if let Some(text) = kubeconfig::with_authorities(&String::from_utf8_lossy(&text), &info.authorities) {
        host.write(KUBELET, text.as_bytes(), 0o600).await?;
        changed = true;
    }
    let digest = settled::digest_of([("authorities", info.authorities.as_bytes())]);
    let note = "/var/lib/kedge/authorities";
    let noted = host.read(note).await?;
    if noted.as_deref() == Some(digest.as_bytes()) && !changed {
        return Ok(None);
    }
    if noted.is_some() {
        done(host, Command::new("systemctl", ["restart", "kubelet.service"])).await?;
    }
    ensure_file(host, note, digest.as_bytes(), 0o600).await?;
    Ok(noted.is_some().then(|| "the kubelet trusts other authorities now".to_owned()))
}
