//! Karpenter launches and terminates instances itself; it may touch only what carries its tag and the cluster's.

use super::super::policy::{Condition, Policy, REQUEST_TAG, RESOURCE_TAG};
use super::cloud;

const NODEPOOL_REQUEST: Condition<'static> = ("StringLike", "aws:RequestTag/karpenter.sh/nodepool", &["*"]);
const NODEPOOL_RESOURCE: Condition<'static> = ("StringLike", "aws:ResourceTag/karpenter.sh/nodepool", &["*"]);

/// What Karpenter needs to know of its groups.
pub(in super::super) struct Groups<'a> {
    /// Role that it may give to instances; `*` where a group has a profile whose role nobody here knows.
    pub(in super::super) node_role: &'a str,
    /// Name of EC2 in IAM.
    pub(in super::super) ec2_service: &'a str,
    /// Whether a group's disks are encrypted with a key of the customer.
    pub(in super::super) customer_keys: bool,
}

/// What Karpenter may do.
pub(in super::super) fn karpenter(policy: &mut Policy<'_>, groups: &Groups<'_>) {
    let cluster = policy.cluster.as_str();
    if groups.customer_keys {
        cloud::kms(policy, false);
    }
    policy.allow(
        "ec2",
        &[
            "DescribeCapacityReservations",
            "DescribeImages",
            "DescribeInstanceStatus",
            "DescribeInstanceTypeOfferings",
            "DescribeInstanceTypes",
            "DescribeInstances",
            "DescribeLaunchTemplates",
            "DescribePlacementGroups",
            "DescribeSecurityGroups",
            "DescribeSpotPriceHistory",
            "DescribeSubnets",
        ],
    );
    policy.allow("iam", &["GetInstanceProfile", "ListInstanceProfiles"]);
    policy.allow("pricing", &["GetProducts"]);
    policy.allow("ssm", &["GetParameter"]);

    // What a launch refers to and does not make. Images and snapshots have no account in their ARNs.
    let partition = policy.partition;
    let mut used: Vec<String> =
        ["capacity-reservation", "security-group", "subnet"].iter().map(|resource| policy.ec2(resource)).collect();
    used.extend(["image", "snapshot"].map(|resource| format!("arn:{partition}:ec2:*::{resource}/*")));
    policy.statement("ec2", &["CreateFleet", "RunInstances"], &used, &[]);

    let template = policy.ec2("launch-template");
    let instance = policy.ec2("instance");
    let owned: [Condition<'_>; 2] = [("StringEquals", RESOURCE_TAG, &[cluster]), NODEPOOL_RESOURCE];
    policy.statement("ec2", &["CreateFleet", "RunInstances"], std::slice::from_ref(&template), &owned);

    let made: Vec<String> =
        ["fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume"]
            .iter()
            .map(|resource| policy.ec2(resource))
            .collect();
    let making: [&str; 3] = ["CreateFleet", "CreateLaunchTemplate", "RunInstances"];
    policy.statement("ec2", &making, &made, &[("StringEquals", REQUEST_TAG, &[cluster]), NODEPOOL_REQUEST]);
    policy.statement(
        "ec2",
        &["CreateTags"],
        &made,
        &[("StringEquals", REQUEST_TAG, &[cluster]), ("StringEquals", "ec2:CreateAction", &making), NODEPOOL_REQUEST],
    );
    policy.statement(
        "ec2",
        &["CreateTags", "DeleteTags"],
        &made,
        &[("Null", REQUEST_TAG, &["true"]), ("StringEquals", RESOURCE_TAG, &[cluster]), NODEPOOL_RESOURCE],
    );
    policy.statement("ec2", &["DeleteLaunchTemplate", "TerminateInstances"], &[instance, template], &owned);
    policy.statement(
        "iam",
        &["PassRole"],
        &[format!("arn:{partition}:iam::*:role/{}", groups.node_role)],
        &[("StringEquals", "iam:PassedToService", &[groups.ec2_service])],
    );
}
