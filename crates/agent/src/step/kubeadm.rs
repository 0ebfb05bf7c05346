//! The documents and calls of kubeadm.

use std::net::IpAddr;
use std::time::Duration;

use kedge_spec::text;
use serde_json::{Map, Value};

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, Host, done, ensure as ensure_file};

/// Documents for `kubeadm init`.
pub(crate) const INIT: &str = "/etc/kubernetes/kedge/init.yaml";
/// Document for `kubeadm join`.
const JOIN: &str = "/etc/kubernetes/kedge/join.yaml";
/// What etcd is asked with.
const ETCD_CLIENT: &str = "/etc/kubernetes/pki/etcd/healthcheck-client.crt";
/// How long kubeadm may take: it pulls images.
const TIME: Duration = Duration::from_secs(15 * 60);
/// What kubeadm finds when it goes on with what an earlier one began, and what kops does not ask of instances either.
const IGNORED: &str = "NumCPU,Mem,DirAvailable--var-lib-etcd,DirAvailable--etc-kubernetes-manifests,\
    FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml,\
    FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml,\
    FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml,\
    FileAvailable--etc-kubernetes-manifests-etcd.yaml,FileAvailable--etc-kubernetes-kubelet.conf,\
    FileAvailable--etc-kubernetes-bootstrap-kubelet.conf,FileAvailable--etc-kubernetes-pki-ca.crt,\
    Port-443,Port-2379,Port-2380,Port-10250,Port-10257,Port-10259";

/// Whether services have addresses of IPv6 first: then control planes are found at such an address too.
pub(crate) fn is_ipv6(agent: &Agent) -> bool {
    let documents = agent.config.init.as_deref().and_then(|init| parse(init).ok()).unwrap_or_default();
    documents.iter().any(|document| {
        let ranges = document.pointer("/networking/serviceSubnet").and_then(Value::as_str).unwrap_or_default();
        ranges.split(',').next().is_some_and(|first| first.contains(':'))
    })
}

/// What only an instance knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<'a> {
    /// The name of its node.
    pub(super) node: &'a str,
    /// Where its API server is, on a control plane.
    pub(super) address: Option<IpAddr>,
    /// Where other members of etcd dial its own still.
    pub(super) before: Option<IpAddr>,
}

/// Writes the documents for this instance.
pub(super) async fn write(agent: &Agent, own: Own<'_>) -> Result<(), StepError> {
    let host = agent.host();
    if let Some(init) = &agent.config.init {
        ensure_file(host, INIT, fill(init, own)?.as_bytes(), 0o600).await?;
    }
    ensure_file(host, JOIN, fill(&agent.config.join, own)?.as_bytes(), 0o600).await?;
    Ok(())
}

/// Makes the first control plane, or one that needs no other, without a phase where that was gone through before.
pub(super) async fn init(host: &dyn Host, without: Option<&str>) -> Result<(), StepError> {
    let ignored = format!("--ignore-preflight-errors={IGNORED}");
    let skipped = without.map(|phase| format!("--skip-phases={phase}"));
    let arguments = ["init", "--config", INIT, "--skip-token-print", &ignored].into_iter().chain(skipped.as_deref());
    done(host, Command::new("kubeadm", arguments).within(TIME)).await?;
    Ok(())
}

/// Goes through a phase of `kubeadm init`, which asks no API.
pub(super) async fn phase(host: &dyn Host, phase: &[&str]) -> Result<(), StepError> {
    let arguments = [&["init", "phase"], phase, &["--config", INIT]].concat();
    done(host, Command::new("kubeadm", arguments).within(TIME)).await?;
    Ok(())
}

/// Makes a further node.
pub(super) async fn join(host: &dyn Host, without: Option<&str>) -> Result<(), StepError> {
    let ignored = format!("--ignore-preflight-errors={IGNORED}");
    let skipped = without.map(|phase| format!("--skip-phases={phase}"));
    let arguments = ["join", "--config", JOIN, &ignored].into_iter().chain(skipped.as_deref());
    done(host, Command::new("kubeadm", arguments).within(TIME)).await?;
    Ok(())
}

/// Starts a member of etcd that has its data: the manifest of a first member names no others, and a member with data does
/// not read who they are from there.
pub(super) async fn start_known_member(host: &dyn Host) -> Result<(), StepError> {
    let certificates = ["etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client"];
    for certificate in certificates {
        phase(host, &["certs", certificate]).await?;
    }
    phase(host, &["etcd", "local"]).await
}

/// The phases of `kubeadm join` that a member with a kept volume leaves out: in one kubeadm adds a new member, and in both it
/// asks every member at the address that it published last, which of the kept one is that of the instance that is gone, until
/// it runs again. Its peer URL is changed before (`kedge_etcd::prepare`), and [`start_known_member`] writes its manifest, which
/// asks nobody. What `check-etcd` trips over is a dead *member*; pods and Nodes of instances that are gone do not matter to it.
///
/// The phase that adds members has two names. To Kubernetes 1.32 it is `control-plane-join/etcd`. With the feature gate
/// `ControlPlaneKubeletLocalMode`, on by default from 1.33, it is `etcd-join`, before the kubelet's own API server is up. Both
/// names are known to 1.35; 1.36 knows the latter alone and refuses the other one.
pub(super) fn etcd_phases(kubernetes_version: &str) -> &'static str {
    let minor = kubernetes_version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    if minor.is_some_and(|minor| minor < 33) { "check-etcd,control-plane-join/etcd" } else { "check-etcd,etcd-join" }
}

/// Makes what etcd is asked with before kubeadm has run.
pub(super) async fn ensure_etcd_client(host: &dyn Host) -> Result<(), StepError> {
    if host.read(ETCD_CLIENT).await?.is_none() {
        phase(host, &["certs", "etcd-healthcheck-client"]).await?;
    }
    Ok(())
}

/// Documents with what only the instance knows.
fn fill(documents: &str, own: Own<'_>) -> Result<String, StepError> {
    let Own { node, address, before } = own;
    let mut documents = parse(documents)?;
    for document in &mut documents {
        let Value::Object(fields) = document else { continue };
        let endpoint = match fields.get("kind").and_then(Value::as_str) {
            Some("InitConfiguration") => Some(within(fields, "localAPIEndpoint")?),
            Some("JoinConfiguration") => match fields.get_mut("controlPlane") {
                Some(Value::Object(control_plane)) => Some(within(control_plane, "localAPIEndpoint")?),
                _ => None,
            },
            Some("ClusterConfiguration") => {
                if let Some(before) = before {
                    let names = within(within(fields, "etcd")?, "local")?.entry("peerCertSANs");
                    let names = names.or_insert_with(|| Value::Array(Vec::new()));
                    names.as_array_mut().into_iter().for_each(|names| names.push(before.to_string().into()));
                }
                continue;
            }
            _ => continue,
        };
        if let (Some(endpoint), Some(address)) = (endpoint, address) {
            endpoint.insert("advertiseAddress".to_owned(), address.to_string().into());
        }
        within(fields, "nodeRegistration")?.insert("name".to_owned(), node.into());
    }
    Ok(text::write(&documents))
}

fn within<'a>(fields: &'a mut Map<String, Value>, name: &str) -> Result<&'a mut Map<String, Value>, StepError> {
    let inner = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
    inner
        .as_object_mut()
        .ok_or_else(|| StepError::refused(format!("`{name}` of the kubeadm configuration is no mapping")))
}

/// The documents of a text that kedge wrote: a line of dashes is between two of them and nowhere else.
fn parse(documents: &str) -> Result<Vec<Value>, StepError> {
    let documents = format!("\n{documents}");
    let parts = documents.split("\n---\n").filter(|part| !part.trim().is_empty());
    parts
        .map(text::read)
        .collect::<Result<_, _>>()
        .map_err(|why| StepError::refused(format!("the kubeadm configuration of the group cannot be read: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INIT: &str = "apiVersion: x\nkind: InitConfiguration\nlocalAPIEndpoint:\n  bindPort: 443\nnodeRegistration:\n  \
                        taints: []\n---\nkind: KubeletConfiguration\nrotateCertificates: true\n";

    fn own<'a>(node: &'a str, address: &str) -> Own<'a> {
        Own { node, address: address.parse().ok(), before: None }
    }

    #[test]
    fn a_member_of_etcd_is_known_at_its_old_address_too() {
        let before = "10.0.0.9".parse().ok();
        let filled = fill("kind: ClusterConfiguration\n", Own { before, ..own("i-1", "10.0.0.1") }).unwrap();
        assert_eq!(filled, "etcd:\n  local:\n    peerCertSANs:\n    - 10.0.0.9\nkind: ClusterConfiguration\n");
    }

    #[test]
    fn name_and_address_are_filled_in() {
        let filled = fill(INIT, own("i-1", "10.0.0.1")).unwrap();
        let wanted = "apiVersion: x\nkind: InitConfiguration\nlocalAPIEndpoint:\n  advertiseAddress: 10.0.0.1\n  bindPort: \
                      443\nnodeRegistration:\n  name: i-1\n  taints: []\n---\nkind: KubeletConfiguration\nrotateCertificates: \
                      true\n";
        assert_eq!(filled, wanted);
        let worker = fill("kind: JoinConfiguration\n", own("i-2", "::1")).unwrap();
        assert_eq!(worker, "kind: JoinConfiguration\nnodeRegistration:\n  name: i-2\n");
        let other = fill("controlPlane: {}\nkind: JoinConfiguration\n", own("i-3", "::1")).unwrap();
        assert!(other.contains("advertiseAddress: ::1"), "{other}");
        assert!(matches!(fill("kind: [", own("i", "::1")), Err(StepError::Refused(_))));
    }

    #[test]
    fn the_phase_of_etcd_is_called_by_version() {
        assert_eq!(etcd_phases("1.32.9"), "check-etcd,control-plane-join/etcd");
        assert_eq!(etcd_phases("1.33.0"), "check-etcd,etcd-join");
        assert_eq!(etcd_phases("1.36.0"), "check-etcd,etcd-join");
    }
}
