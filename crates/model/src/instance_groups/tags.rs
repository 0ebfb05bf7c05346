//! Tags of a group's template, instances and auto scaling group: by them etcd, the cluster autoscaler and others find out
//! what an instance is.

use std::collections::BTreeMap;

use kedge_resource::Tags;
use kedge_spec::resolved::{Feature, InstanceGroup, Role, Taint};

use super::has_gpu;
use crate::lowering::Lowering;
use crate::{names, tags};

/// Key of the taint that keeps other pods off GPU nodes.
const GPU_TAINT: &str = "nvidia.com/gpu";

/// The tags of a group. Later ones win.
pub(super) fn of_group(lowering: &Lowering<'_>, group: &InstanceGroup) -> Tags {
    let cluster = lowering.cluster;
    let mut result = tags::standard(cluster, &names::group(group, &cluster.name));
    tags::add(&mut result, &group.cloud_labels);
    let handler = &cluster.termination_handler;
    if handler.enabled && handler.queue && result.get(&handler.managed_asg_tag).is_none() {
        // An empty key would be no tag at all.
        if !handler.managed_asg_tag.is_empty() {
            result.set(handler.managed_asg_tag.clone(), "");
        }
    }
    let gpu = has_gpu(lowering.spec, group, lowering.facts);
    for (label, value) in node_labels(lowering, group, gpu) {
        result.set(format!("{}{label}", tags::NODE_TEMPLATE_LABEL), value);
    }
    for taint in taints(group, gpu).iter().filter(|taint| !taint.effect.is_empty()) {
        result.set(format!("{}{}", tags::NODE_TEMPLATE_TAINT, taint.key), format!("{}:{}", taint.value, taint.effect));
    }
    for role in role_words(group.role) {
        result.set(format!("{}{role}", tags::ROLE), "1");
    }
    result.set(tags::INSTANCE_GROUP, group.name.clone());
    result
}

fn role_words(role: Role) -> &'static [&'static str] {
    match role {
        Role::ControlPlane => &["control-plane", "master"],
        Role::ApiServer => &["apiserver"],
        Role::Node => &["node"],
        Role::Bastion => &["bastion"],
    }
}

fn node_labels(lowering: &Lowering<'_>, group: &InstanceGroup, gpu: bool) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let of_kubelet = match group.role {
        Role::ControlPlane => &lowering.cluster.control_plane_kubelet_node_labels,
        _ => &lowering.cluster.kubelet_node_labels,
    };
    labels.extend(of_kubelet.clone());
    let own: &[&str] = match group.role {
        Role::ControlPlane => &[
            "node-role.kubernetes.io/control-plane",
            "kops.k8s.io/kops-controller-pki",
            "node.kubernetes.io/exclude-from-external-load-balancers",
        ],
        Role::ApiServer => &["node-role.kubernetes.io/api-server"],
        Role::Node => &["node-role.kubernetes.io/node"],
        Role::Bastion => &[],
    };
    labels.extend(own.iter().map(|&label| (label.to_owned(), String::new())));
    if group.role == Role::ControlPlane && lowering.spec.features.contains(&Feature::ApiServerNodes) {
        labels.insert("node-role.kubernetes.io/api-server".to_owned(), String::new());
    }
    labels.extend(group.node_labels.clone());
    if gpu {
        labels.insert("kops.k8s.io/gpu".to_owned(), "1".to_owned());
    }
    labels
}

fn taints(group: &InstanceGroup, gpu: bool) -> Vec<Taint> {
    let mut taints = group.taints.clone();
    if gpu && !taints.iter().any(|taint| taint.key.starts_with(GPU_TAINT)) {
        taints.push(Taint { key: GPU_TAINT.to_owned(), value: String::new(), effect: "NoSchedule".to_owned() });
    }
    taints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn tags_of(spec: &kedge_spec::ResolvedSpec, group: &str) -> Tags {
        let facts = testing::facts();
        let lowering = Lowering::new(spec, &facts, None);
        of_group(&lowering, spec.groups.iter().find(|one| one.name == group).unwrap())
    }

    #[test]
    fn control_planes_say_what_they_are() {
        let mut spec = testing::minimal();
        spec.cluster.kubelet_node_labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let tags = tags_of(&spec, "control-plane");
        let expected = [
            ("KubernetesCluster", "test.example.com"),
            ("Name", "control-plane.masters.test.example.com"),
            ("aws-node-termination-handler/managed", ""),
            ("k8s.io/cluster-autoscaler/node-template/label/kops.k8s.io/kops-controller-pki", ""),
            ("k8s.io/cluster-autoscaler/node-template/label/node-role.kubernetes.io/control-plane", ""),
            (
                "k8s.io/cluster-autoscaler/node-template/label/node.kubernetes.io/exclude-from-external-load-balancers",
                "",
            ),
            ("k8s.io/role/control-plane", "1"),
            ("k8s.io/role/master", "1"),
            ("kops.k8s.io/instancegroup", "control-plane"),
            ("kubernetes.io/cluster/test.example.com", "owned"),
        ];
        assert_eq!(tags.iter().collect::<Vec<_>>(), expected);
        spec.features.insert(Feature::ApiServerNodes);
        let label = "k8s.io/cluster-autoscaler/node-template/label/node-role.kubernetes.io/api-server";
        assert_eq!(tags_of(&spec, "control-plane").get(label), Some(""));
    }

    #[test]
    fn labels_and_taints_of_nodes_become_template_tags() {
        let mut spec = testing::minimal();
        spec.cluster.kubelet_node_labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        spec.groups[1].node_labels = BTreeMap::from([("disk".to_owned(), "fast".to_owned())]);
        spec.groups[1].taints =
            vec![Taint { key: "only".to_owned(), value: "batch".to_owned(), effect: "NoSchedule".to_owned() }];
        let tags = tags_of(&spec, "nodes");
        assert_eq!(tags.get("k8s.io/cluster-autoscaler/node-template/label/a"), Some("b"));
        assert_eq!(tags.get("k8s.io/cluster-autoscaler/node-template/label/disk"), Some("fast"));
        assert_eq!(tags.get("k8s.io/cluster-autoscaler/node-template/taint/only"), Some("batch:NoSchedule"));
        assert_eq!(tags.get("k8s.io/role/node"), Some("1"));
    }

    #[test]
    fn a_managed_tag_that_is_there_keeps_its_value() {
        let mut spec = testing::minimal();
        spec.cluster.termination_handler.managed_asg_tag = "kubernetes.io/cluster/test.example.com".to_owned();
        assert_eq!(tags_of(&spec, "nodes").get("kubernetes.io/cluster/test.example.com"), Some("owned"));
    }

    #[test]
    fn gpu_groups_keep_a_taint_of_their_own() {
        let mut spec = testing::minimal();
        spec.cluster.nvidia_gpu = true;
        let taint = "k8s.io/cluster-autoscaler/node-template/taint/nvidia.com/gpu";
        assert_eq!(tags_of(&spec, "nodes").get(taint), None, "t3.medium has no GPU");
        spec.groups[1].machine_types = vec!["g4dn.xlarge".to_owned()];
        assert_eq!(tags_of(&spec, "nodes").get(taint), Some(":NoSchedule"));
        spec.groups[1].taints =
            vec![Taint { key: GPU_TAINT.to_owned(), value: "x".to_owned(), effect: "NoExecute".to_owned() }];
        assert_eq!(tags_of(&spec, "nodes").get(taint), Some("x:NoExecute"));
    }
}
