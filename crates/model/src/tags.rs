//! Tags of resources.

use kedge_resource::Tags;
use kedge_resource::tags::NAME_TAG;
use kedge_spec::resolved::Cluster;

/// Key of the tag that says what kops uses a route table for.
pub(crate) const ROUTE_TABLE_ROLE: &str = "kubernetes.io/kops/role";
/// Key of the tag with a subnet's type.
pub(crate) const SUBNET_TYPE: &str = "SubnetType";
/// Key of the tag by which controllers find subnets for public load balancers.
pub(crate) const PUBLIC_LOAD_BALANCERS: &str = "kubernetes.io/role/elb";
/// Key of the tag by which controllers find subnets for internal load balancers.
pub(crate) const INTERNAL_LOAD_BALANCERS: &str = "kubernetes.io/role/internal-elb";
/// Prefix of the keys by which Karpenter finds the subnets of a group.
pub(crate) const KARPENTER_SUBNET: &str = "kops.k8s.io/instance-group/";
/// Prefix of the keys with an instance's roles.
pub(crate) const ROLE: &str = "k8s.io/role/";
/// Key of the tag with an instance's group.
pub(crate) const INSTANCE_GROUP: &str = "kops.k8s.io/instancegroup";
/// Prefix of the keys with an etcd volume's member and cluster.
pub(crate) const ETCD: &str = "k8s.io/etcd/";
/// Prefix of the keys that tell the cluster autoscaler the labels of nodes to come.
pub(crate) const NODE_TEMPLATE_LABEL: &str = "k8s.io/cluster-autoscaler/node-template/label/";
/// Prefix of the keys that tell the cluster autoscaler the taints of nodes to come.
pub(crate) const NODE_TEMPLATE_TAINT: &str = "k8s.io/cluster-autoscaler/node-template/taint/";
/// Key of the tag with a role's service account.
pub(crate) const SERVICE_ACCOUNT_NAME: &str = "service-account.kops.k8s.io/name";
/// Key of the tag with the namespace of a role's service account.
pub(crate) const SERVICE_ACCOUNT_NAMESPACE: &str = "service-account.kops.k8s.io/namespace";

/// The tags of everything that the cluster owns: name, cluster, ownership, and the labels of the manifest over those.
pub(crate) fn standard(cluster: &Cluster, name: &str) -> Tags {
    let mut tags = Tags::standard(&cluster.name, name);
    add(&mut tags, &cluster.cloud_labels);
    tags
}

/// As [`standard`], for what is found again by its `Name` tag: no label of the manifest may change that one.
pub(crate) fn standard_named(cluster: &Cluster, name: &str) -> Tags {
    let mut tags = standard(cluster, name);
    tags.set(NAME_TAG, name);
    tags
}

/// Adds tags over earlier values.
pub(crate) fn add(tags: &mut Tags, more: &Tags) {
    for (key, value) in more.iter() {
        tags.set(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn labels_of_the_manifest_win_except_over_names_that_matter() {
        let mut spec = testing::minimal();
        spec.cluster.cloud_labels = Tags::from_iter([("Owner", "team"), ("Name", "mine")]);
        let tags = standard(&spec.cluster, "a.test.example.com");
        assert_eq!(tags.get("Owner"), Some("team"));
        assert_eq!(tags.get("KubernetesCluster"), Some("test.example.com"));
        assert!(tags.owned_by(&spec.cluster.name));
        assert_eq!(tags.name(), Some("mine"));
        assert_eq!(standard_named(&spec.cluster, "a.test.example.com").name(), Some("a.test.example.com"));
    }
}
