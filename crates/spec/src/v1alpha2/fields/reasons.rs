//! Why fields have no effect, where several have none for the same reason.

pub(crate) const CILIUM: &str = "Cilium no longer has it, or kops ignores it too";
pub(crate) const DROPPED: &str = "Kubernetes dropped it";
pub(crate) const ELSEWHERE: &str = "it belongs to another cloud";
pub(crate) const ETCD_MANAGER: &str = "it belongs to etcd-manager, which kedge does not run";
pub(crate) const KARPENTER: &str = "kedge does not run Karpenter";
pub(crate) const KOPS_TOO: &str = "kops ignores it too";
pub(crate) const KUBEADM: &str = "kubeadm decides it";
pub(crate) const NO_OBJECT: &str = "manifests are files and no objects of an API server";
pub(crate) const NO_UPDATES: &str = "kedge replaces no instances by itself";
pub(crate) const SNAPSHOTS: &str = "`kedge-node` puts a snapshot into the state store every 15 minutes";
pub(crate) const STORE: &str = "the state store of kedge is named on the command line";
pub(crate) const TYPHA: &str = "there is no Typha";
