//! How a member and kubeadm go together.
//!
//! kubeadm makes a member of etcd in one way only: `join` adds a new one as a learner, writes the manifest of its static pod,
//! and gives it its vote. That is right for a member whose volume is gone, once the dead one is removed. For a kept volume
//! it is not: `check-etcd` and `etcd-join` ask every member at the addresses that it published last, and the kept one is
//! known at the address of the instance that is gone until it runs again. So those phases are left out, the member's peer
//! URL is changed before ([`prepare`](crate::prepare)), and its manifest is written by `kubeadm init phase etcd local`, which
//! asks nobody.
//!
//! What `check-etcd` trips over is a dead *member*: it asks pods of etcd for one address that answers, and then every member that
//! one names. Pods and Nodes of instances that are gone do not matter to it; the cloud controller removes them.
//!
//! The phase that adds members has two names. To Kubernetes 1.32 it is `control-plane-join/etcd`. With the feature gate
//! `ControlPlaneKubeletLocalMode`, on by default from 1.33, it is `etcd-join`, before the kubelet's own API server is up;
//! later versions know that name alone and refuse the other one.

use camino::Utf8Path;

use crate::prepare::Prepared;

/// First minor version of Kubernetes 1 in which members are added by `etcd-join`.
const ETCD_JOIN: u32 = 33;

/// What kubeadm is told about etcd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeadmEtcd {
    /// Values of `--skip-phases` of `kubeadm join`.
    pub skip_phases: Vec<String>,
    /// Values of `--ignore-preflight-errors` of `kubeadm init` and `kubeadm join`.
    pub ignore_preflight_errors: Vec<String>,
    /// Whether `kubeadm init phase etcd local --config …` writes the manifest first, which [`Host::start`] then changes.
    ///
    /// [`Host::start`]: crate::host::Host::start
    pub write_manifest: bool,
}

/// What kubeadm is told, given what [`prepare`](crate::prepare) came to; none while nothing can be done. `minor` is the
/// minor version of Kubernetes 1, `data` the data directory.
#[must_use]
pub fn kubeadm(prepared: &Prepared, minor: u32, data: &Utf8Path) -> Option<KubeadmEtcd> {
    match prepared {
        Prepared::Bootstrap | Prepared::Join { added: None } => Some(KubeadmEtcd::default()),
        // A join that was cut short: kubeadm finds the member and its own files.
        Prepared::Join { added: Some(_) } => {
            Some(KubeadmEtcd { ignore_preflight_errors: known_files(data), ..KubeadmEtcd::default() })
        }
        Prepared::Start { .. } => Some(KubeadmEtcd {
            skip_phases: ["check-etcd", if minor < ETCD_JOIN { "control-plane-join/etcd" } else { "etcd-join" }]
                .map(str::to_owned)
                .to_vec(),
            ignore_preflight_errors: known_files(data),
            write_manifest: true,
        }),
        Prepared::Wait { .. } | Prepared::Refuse { .. } => None,
    }
}

/// Checks of kubeadm that a control plane with data of etcd, or one on which kubeadm ran before, does not pass.
fn known_files(data: &Utf8Path) -> Vec<String> {
    let manifests = "-etc-kubernetes-manifests";
    vec![
        format!("DirAvailable-{}", data.as_str().replace('/', "-")),
        format!("DirAvailable-{manifests}"),
        format!("FileAvailable-{manifests}-etcd.yaml"),
        "Port-2379".to_owned(),
        "Port-2380".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::InitialCluster;

    #[test]
    fn a_kept_member_is_not_added_again() {
        let cluster = InitialCluster { members: String::new(), existing: true };
        let start = Prepared::Start { cluster, others: true };
        let told = kubeadm(&start, 32, Utf8Path::new("/var/lib/etcd")).unwrap();
        assert_eq!(told.skip_phases, ["check-etcd", "control-plane-join/etcd"]);
        assert!(told.write_manifest);
        assert_eq!(told.ignore_preflight_errors[0], "DirAvailable--var-lib-etcd");
        assert_eq!(told.ignore_preflight_errors[2], "FileAvailable--etc-kubernetes-manifests-etcd.yaml");
        assert_eq!(kubeadm(&start, 36, Utf8Path::new("/d")).unwrap().skip_phases, ["check-etcd", "etcd-join"]);
    }

    #[test]
    fn a_new_member_is_left_to_kubeadm() {
        let data = Utf8Path::new("/d");
        assert_eq!(kubeadm(&Prepared::Bootstrap, 36, data), Some(KubeadmEtcd::default()));
        assert_eq!(kubeadm(&Prepared::Join { added: None }, 36, data), Some(KubeadmEtcd::default()));
        let again = kubeadm(&Prepared::Join { added: Some(crate::MemberId(1)) }, 36, data).unwrap();
        assert!(again.skip_phases.is_empty() && !again.write_manifest && !again.ignore_preflight_errors.is_empty());
        assert_eq!(kubeadm(&Prepared::Wait { why: String::new() }, 36, data), None);
    }
}
