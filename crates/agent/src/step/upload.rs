//! What the cluster is configured with, for a control plane that joins it.
//!
//! `kubeadm join` takes the flags and images of a control plane from the ConfigMap `kubeadm-config` and not from a file, and only
//! `kubeadm init` and `kubeadm upgrade` write that. Control planes are replaced one by one and not upgraded, so each brings its
//! own configuration before it joins: without that an upgraded cluster would keep the old flags and versions for ever, and the
//! kubeadm after the next one would refuse to join at all.
//!
//! An instance of an older launch template brings its own too, and the next newer one puts that right: flags belong to the
//! version of a control plane and to the files that its group has.

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, Host, done};
use crate::kubeconfig;
use crate::step::keys::PKI;
use crate::step::kubeadm::INIT;

/// Where the kubeconfig is. With `/etc/kubernetes/admin.conf`, and only with that, `upload-config` asks the API server of this
/// instance from Kubernetes 1.33 on, whatever server the file names, and that one does not run yet.
const FOLDER: &str = "/etc/kubernetes/kedge";
const ADMIN: &str = "/etc/kubernetes/kedge/admin.conf";

/// Makes the cluster have the configuration of this instance, by the API of the others.
pub(super) async fn before_join(agent: &Agent) -> Result<(), StepError> {
    let host = agent.host();
    // kubeadm keeps one that is there, or refuses it because the authorities are others now.
    host.remove(ADMIN).await?;
    let own = ["init", "phase", "kubeconfig", "admin", "--config", INIT, "--kubeconfig-dir", FOLDER];
    done(host, Command::new("kubeadm", own)).await?;
    let text = host.read(ADMIN).await?.unwrap_or_default();
    let bundle = host.read(&format!("{PKI}/ca.crt")).await?.unwrap_or_default();
    // kubeadm trusts the first authority alone; while it is replaced, the others may show certificates of the second one.
    let whole = kubeconfig::with_authorities(&String::from_utf8_lossy(&text), &String::from_utf8_lossy(&bundle));
    if let Some(whole) = whole {
        host.write(ADMIN, whole.as_bytes(), 0o600).await?;
    }
    upload(host, "kubeadm", ADMIN).await?;
    host.remove(ADMIN).await?;
    Ok(())
}

/// The same for kubelets, which can only be done when the node is there: kubeadm before 1.34 notes something at it. Nodes do not
/// depend on it, since each has its whole configuration from its group.
pub(super) async fn after_join(agent: &Agent) -> Result<(), StepError> {
    upload(agent.host(), "kubelet", "/etc/kubernetes/admin.conf").await
}

async fn upload(host: &dyn Host, what: &str, kubeconfig: &str) -> Result<(), StepError> {
    let command = ["init", "phase", "upload-config", what, "--config", INIT, "--kubeconfig", kubeconfig];
    done(host, Command::new("kubeadm", command)).await?;
    Ok(())
}
