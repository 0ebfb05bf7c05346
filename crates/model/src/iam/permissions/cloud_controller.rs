//! The cloud controller manager: nodes, load balancers of Services, with kubenet also routes.

use kedge_spec::resolved::{Cluster, NetworkPlugin};

use super::super::policy::Policy;

/// What the cloud controller manager may do.
pub(in super::super) fn cloud_controller(policy: &mut Policy<'_>, cluster: &Cluster) {
    policy.allow("autoscaling", &["DescribeAutoScalingGroups", "DescribeTags"]);
    policy.allow(
        "ec2",
        &[
            "DescribeAvailabilityZones",
            "DescribeInstanceTopology",
            "DescribeInstances",
            "DescribeRegions",
            "DescribeRouteTables",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeVpcs",
        ],
    );
    policy.allow(
        "elasticloadbalancing",
        &[
            "DescribeListeners",
            "DescribeLoadBalancerAttributes",
            "DescribeLoadBalancerPolicies",
            "DescribeLoadBalancers",
            "DescribeTargetGroupAttributes",
            "DescribeTargetGroups",
            "DescribeTargetHealth",
        ],
    );
    policy.allow("iam", &["CreateServiceLinkedRole"]);
    policy.allow("kms", &["DescribeKey"]);
    policy.allow_tagged(
        "ec2",
        &[
            "AuthorizeSecurityGroupIngress",
            "DeleteSecurityGroup",
            "ModifyInstanceAttribute",
            "RevokeSecurityGroupIngress",
        ],
    );
    policy.allow_tagged(
        "elasticloadbalancing",
        &[
            "AddTags",
            "ApplySecurityGroupsToLoadBalancer",
            "AttachLoadBalancerToSubnets",
            "ConfigureHealthCheck",
            "CreateLoadBalancerListeners",
            "CreateLoadBalancerPolicy",
            "DeleteListener",
            "DeleteLoadBalancer",
            "DeleteLoadBalancerListeners",
            "DeleteTargetGroup",
            "DeregisterInstancesFromLoadBalancer",
            "DeregisterTargets",
            "DetachLoadBalancerFromSubnets",
            "ModifyListener",
            "ModifyLoadBalancerAttributes",
            "ModifyTargetGroup",
            "ModifyTargetGroupAttributes",
            "RegisterInstancesWithLoadBalancer",
            "RegisterTargets",
            "SetLoadBalancerPoliciesForBackendServer",
            "SetLoadBalancerPoliciesOfListener",
        ],
    );
    policy.allow_creating("elasticloadbalancing", &["CreateListener", "CreateLoadBalancer", "CreateTargetGroup"]);
    policy.allow_creating_ec2(&["CreateSecurityGroup"], &["security-group"]);
    if cluster.network.plugin == NetworkPlugin::Kubenet {
        policy.allow_tagged("ec2", &["CreateRoute", "DeleteRoute"]);
    }
    if cluster.addons.nlb_security_group_managed {
        policy.allow_tagged("elasticloadbalancing", &["SetSecurityGroups"]);
    }
}
