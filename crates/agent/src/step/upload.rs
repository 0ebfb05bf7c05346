//! What the cluster is configured with, for a control plane that joins it.
//!
//! `kubeadm join` takes the flags and images of a control plane from the ConfigMap `kubeadm-config` and not from a file, and only
//! `kubeadm init` and `kubeadm upgrade` write that. Control planes are replaced one by one and not upgraded, so each brings its
//! own configuration before it joins: without that an upgraded cluster would keep the old flags and versions for ever, and the
//! kubeadm after the next one would refuse to join at all.

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, Host, done};
use crate::step::kubeadm::INIT;

/// Where the kubeconfig is. With `/etc/kubernetes/admin.conf`, and only with that, `upload-config` asks the API server of this
/// instance, which does not run yet.
const FOLDER: &str = "/etc/kubernetes/kedge";
/// The kubeconfig.
pub const ADMIN: &str = "/etc/kubernetes/kedge/admin.conf";

/// Makes the cluster have the configuration of this instance, unless it is that of a later version already: control planes of
/// an older launch template take what the newer ones run.
pub(super) async fn before_join(agent: &Agent) -> Result<(), StepError> {
    let host = agent.host();
    host.remove(ADMIN).await?;
    let own = ["init", "phase", "kubeconfig", "admin", "--config", INIT, "--kubeconfig-dir", FOLDER];
    done(host, Command::new("kubeadm", own)).await?;
    let there = agent.ports.cluster.configured().await?;
    if there.is_some_and(|there| version(&there) > version(&agent.config.kubernetes_version)) {
        return Ok(());
    }
    upload(host, "kubeadm").await
}

/// The same for kubelets, which can only be done when the node is there: kubeadm before 1.34 notes something at it. Nodes do not
/// depend on it, since each has its whole configuration from its group.
pub(super) async fn after_join(agent: &Agent) -> Result<(), StepError> {
    let host = agent.host();
    let there = agent.ports.cluster.configured().await?;
    if there.is_none_or(|there| version(&there) <= version(&agent.config.kubernetes_version)) {
        upload(host, "kubelet").await?;
    }
    host.remove(ADMIN).await?;
    Ok(())
}

async fn upload(host: &dyn Host, what: &str) -> Result<(), StepError> {
    let command = ["init", "phase", "upload-config", what, "--config", INIT, "--kubeconfig", ADMIN];
    done(host, Command::new("kubeadm", command)).await?;
    Ok(())
}

/// The numbers of `v1.34.1`.
fn version(text: &str) -> Vec<u32> {
    let numbers = text.trim_start_matches('v').split(['.', '-', '+']);
    numbers.map_while(|number| number.parse().ok()).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("v1.34.10") > version("1.34.9") && version("v1.9.0") < version("1.34.0"));
        assert!(version("v1.34.1-rc.1") == version("1.34.1"));
    }
}
