//! Labels and taints of nodes.
//!
//! A kubelet may not give its own node every label: those that say what a node is for, a control plane has to set.

use std::collections::BTreeMap;

use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{InstanceGroup, Role};

/// Labels below these names a kubelet may set although Kubernetes owns the names.
const OPEN: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];
/// Labels that a kubelet may set besides.
const KNOWN: [&str; 10] = [
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

/// The labels of the nodes of a group, by who may set them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// The kubelet.
    pub(crate) kubelet: BTreeMap<String, String>,
    /// A control plane.
    pub(crate) control_plane: BTreeMap<String, String>,
}

/// The labels of the nodes of a group; `gpu` says whether they have GPUs.
pub(crate) fn labels(spec: &ResolvedSpec, group: &InstanceGroup, gpu: bool) -> Labels {
    let cluster = &spec.cluster;
    let mut all: BTreeMap<String, String> = match group.role {
        Role::ControlPlane => {
            let own =
                ["node-role.kubernetes.io/control-plane", "node.kubernetes.io/exclude-from-external-load-balancers"];
            own.map(|label| (label.to_owned(), String::new())).into()
        }
        Role::ApiServer => [("node-role.kubernetes.io/api-server".to_owned(), String::new())].into(),
        Role::Node => [("node-role.kubernetes.io/node".to_owned(), String::new())].into(),
        Role::Bastion => BTreeMap::new(),
    };
    all.extend(match group.role {
        Role::ControlPlane => cluster.control_plane_kubelet_node_labels.clone(),
        _ => cluster.kubelet_node_labels.clone(),
    });
    all.insert("kops.k8s.io/instancegroup".to_owned(), group.name.clone());
    all.extend(group.node_labels.clone());
    if gpu {
        // Tags promise it to the autoscaler, and the device plugin runs where it is.
        all.insert("kops.k8s.io/gpu".to_owned(), "1".to_owned());
    }
    let mut labels = Labels::default();
    for (label, value) in all {
        let to = if is_open(&label) { &mut labels.kubelet } else { &mut labels.control_plane };
        to.insert(label, value);
    }
    labels
}

/// Whether a kubelet may give its node a label.
fn is_open(label: &str) -> bool {
    let Some((namespace, _)) = label.split_once('/') else { return true };
    let below = |owner: &str| namespace == owner || namespace.ends_with(&format!(".{owner}"));
    KNOWN.contains(&label) || OPEN.iter().any(|open| below(open)) || !(below("kubernetes.io") || below("k8s.io"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_kubernetes_are_not_for_kubelets() {
        let open =
            ["team", "example.com/team", "node.kubernetes.io/x", "kubernetes.io/os", "a.kubelet.kubernetes.io/x"];
        assert!(open.into_iter().all(is_open));
        let closed = ["node-role.kubernetes.io/node", "kubernetes.io/x", "kops.k8s.io/instancegroup"];
        assert!(!closed.into_iter().any(is_open));
    }
}
