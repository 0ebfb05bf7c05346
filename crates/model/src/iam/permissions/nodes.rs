//! What instances need to become and to be nodes.

use super::super::policy::{Policy, RESOURCE_TAG};

/// etcd finds its volumes and attaches them.
pub(in super::super) fn etcd(policy: &mut Policy<'_>) {
    policy.allow("ec2", &["DescribeInstances", "DescribeVolumes"]);
    let cluster = policy.cluster.as_str();
    policy.statement_on_all(
        "ec2",
        &["AttachVolume"],
        &[("StringEquals", "aws:ResourceTag/k8s.io/role/master", &["1"]), ("StringEquals", RESOURCE_TAG, &[cluster])],
    );
}

/// The control plane finds out which instance a node is.
pub(in super::super) fn controller(policy: &mut Policy<'_>) {
    policy.allow("ec2", &["DescribeInstances"]);
}

/// The control plane hands out the IPv6 ranges of nodes.
pub(in super::super) fn controller_ipv6(policy: &mut Policy<'_>) {
    policy.allow("ec2", &["DescribeNetworkInterfaces"]);
}

/// A node finds out about its own machine type: GPUs, how many pods fit.
pub(in super::super) fn instance_types(policy: &mut Policy<'_>) {
    policy.allow("ec2", &["DescribeInstanceTypes"]);
}

/// A node takes an IPv6 range.
pub(in super::super) fn ipv6(policy: &mut Policy<'_>) {
    policy.allow("ec2", &["AssignIpv6Addresses"]);
}

/// An instance says that it is prepared for the warm pool.
pub(in super::super) fn launch_hook(policy: &mut Policy<'_>) {
    policy.allow("autoscaling", &["DescribeLifecycleHooks"]);
    policy.allow_tagged("autoscaling", &["CompleteLifecycleAction"]);
}
