//! The certificate that the kubelet shows itself with, when the authority that issues is another one.
//!
//! A kubelet renews it by itself when most of its time is over, and looks at nothing else: without this it would be known by the
//! authority before for up to a year, and refused by every API server as soon as that one is trusted no longer.

use kedge_pki::Certificate;
use kedge_store::NodeTrust;

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, Host, done, ensure as ensure_file};
use crate::kubeconfig;
use crate::step::keys::PKI;

/// The certificate and its key, which the kubelet writes.
pub(crate) const CLIENT: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";
/// What the kubelet has when it has a certificate.
const KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";
/// What it asks for one with, where the former is missing. The unit of kubeadm names both files.
pub(crate) const BOOTSTRAP: &str = "/etc/kubernetes/bootstrap-kubelet.conf";

/// Lets the kubelet ask for a certificate of the authority that issues now, as it did when the instance joined. What is done in
/// part is gone on with: the token of a file that an earlier attempt left may have ended.
pub(crate) async fn ensure(agent: &Agent) -> Result<Option<String>, StepError> {
    let host = agent.host();
    // The kubelet writes its kubeconfig as soon as it starts, and the certificate that it names when somebody has signed that.
    let asks = host.read(CLIENT).await?.is_none();
    if !asks {
        if !is_of_another(host).await? {
            host.remove(BOOTSTRAP).await?;
            return Ok(None);
        }
    } else if host.read(BOOTSTRAP).await?.is_none() {
        // It has never joined.
        return Ok(None);
    }
    let info = agent.ports.store.join_info(&agent.config.group).await?.filter(|info| info.expires > host.now());
    let Some(info) = info else {
        return Err(StepError::wait(
            "the kubelet needs a certificate of the new authority, and there is no token to ask for it with",
        ));
    };
    let changed = ensure_file(host, BOOTSTRAP, kubeconfig::discovery(&info).expose(), 0o600).await?;
    if asks && !changed {
        return Err(StepError::wait(
            "the kubelet has not got a certificate of the new authority yet: `journalctl -u kubelet`",
        ));
    }
    host.remove(KUBECONFIG).await?;
    host.remove(CLIENT).await?;
    done(host, Command::new("systemctl", ["restart", "kubelet.service"])).await?;
    Ok(Some("the kubelet asks for a certificate of the authority that issues now".to_owned()))
}

/// Whether the kubelet has a certificate, and of another authority than the one that issues.
async fn is_of_another(host: &dyn Host) -> Result<bool, StepError> {
    let Some(client) = host.read(CLIENT).await? else { return Ok(false) };
    let authorities = authorities(host).await?;
    let Some(authority) = authorities.first() else { return Ok(false) };
    let client = Certificate::all_from_pem(&String::from_utf8_lossy(&client)).unwrap_or_default();
    Ok(client.first().is_some_and(|client| !client.is_issued_by(authority)))
}

/// The authorities that are trusted; the first of them issues.
async fn authorities(host: &dyn Host) -> Result<Vec<Certificate>, StepError> {
    let bundle = host.read(&format!("{PKI}/ca.crt")).await?.unwrap_or_default();
    Ok(Certificate::all_from_pem(&String::from_utf8_lossy(&bundle)).unwrap_or_default())
}

/// What the store is told: the authorities that this instance trusts, and which of them has issued the certificate of its
/// kubelet, if that is the one that issues now.
pub(crate) async fn trust(host: &dyn Host) -> Result<Option<NodeTrust>, StepError> {
    let authorities: Vec<String> = authorities(host).await?.into_iter().map(|known| known.fingerprint).collect();
    let Some(issuer) = authorities.first() else { return Ok(None) };
    let known = host.read(CLIENT).await?.is_some() && !is_of_another(host).await?;
    let kubelet = known.then(|| issuer.clone());
    Ok(Some(NodeTrust { authorities, kubelet }))
}
