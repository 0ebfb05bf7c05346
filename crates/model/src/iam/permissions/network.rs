//! What network plugins need.

use super::super::policy::Policy;

/// The Amazon VPC plugin gives pods addresses of the VPC.
pub(in super::super) fn amazon_vpc(policy: &mut Policy<'_>) {
    policy.allow(
        "ec2",
        &[
            "AssignPrivateIpAddresses",
            "AttachNetworkInterface",
            "CreateNetworkInterface",
            "DeleteNetworkInterface",
            "DescribeInstanceTypes",
            "DescribeInstances",
            "DescribeNetworkInterfaces",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeTags",
            "DetachNetworkInterface",
            "ModifyNetworkInterfaceAttribute",
            "UnassignPrivateIpAddresses",
        ],
    );
    let interfaces = policy.ec2("network-interface");
    policy.statement("ec2", &["CreateTags"], &[interfaces], &[]);
}

/// The operator of Cilium does the same with `ipam: eni`.
pub(in super::super) fn cilium_eni(policy: &mut Policy<'_>) {
    policy.allow(
        "ec2",
        &[
            "AssignPrivateIpAddresses",
            "AttachNetworkInterface",
            "CreateNetworkInterface",
            "CreateTags",
            "DeleteNetworkInterface",
            "DescribeInstances",
            "DescribeNetworkInterfaces",
            "DescribeRouteTables",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeTags",
            "DescribeVpcs",
            "ModifyNetworkInterfaceAttribute",
            "UnassignPrivateIpAddresses",
        ],
    );
}

/// Calico turns the source and destination check of interfaces off.
pub(in super::super) fn calico(policy: &mut Policy<'_>) {
    policy.allow("ec2", &["DescribeInstances", "ModifyNetworkInterfaceAttribute"]);
}

/// kindnet and kube-router turn it off on instances.
pub(in super::super) fn source_destination_check(policy: &mut Policy<'_>) {
    policy.allow_tagged("ec2", &["ModifyInstanceAttribute"]);
}
