//! Add-ons whose permissions are few.

use super::super::policy::{Policy, RESOURCE_TAG};
use super::cloud;

/// dns-controller and external-dns keep records of one zone.
pub(in super::super) fn dns(policy: &mut Policy<'_>, zone: &str) {
    let arn = |rest: &str| format!("arn:{}:route53:::{rest}", policy.partition);
    let (zone, changes) = (arn(&format!("hostedzone/{zone}")), arn("change/*"));
    policy.statement("route53", &["ChangeResourceRecordSets", "GetHostedZone", "ListResourceRecordSets"], &[zone], &[]);
    policy.statement("route53", &["GetChange"], &[changes], &[]);
    policy.allow("route53", &["ListHostedZones", "ListTagsForResource"]);
}

/// The EBS CSI driver makes volumes and attaches them; with the snapshot controller also snapshots.
pub(in super::super) fn ebs_csi_driver(policy: &mut Policy<'_>, snapshots: bool) {
    cloud::kms(policy, false);
    policy.allow(
        "ec2",
        &[
            "DescribeAvailabilityZones",
            "DescribeInstanceTypes",
            "DescribeInstances",
            "DescribeTags",
            "DescribeVolumeStatus",
            "DescribeVolumes",
            "DescribeVolumesModifications",
        ],
    );
    policy.allow_tagged("ec2", &["AttachVolume", "DeleteVolume", "DetachVolume", "ModifyVolume"]);
    policy.allow_creating_ec2(&["CopyVolumes", "CreateVolume"], &["snapshot", "volume"]);
    if snapshots {
        policy.allow("ec2", &["CreateSnapshot", "DescribeAvailabilityZones", "DescribeSnapshots"]);
        policy.allow_tagged("ec2", &["DeleteSnapshot", "EnableFastSnapshotRestores"]);
        policy.allow_creating_ec2(&["CreateSnapshot"], &["snapshot", "volume"]);
        let (cluster, snapshot) = (policy.cluster.as_str(), policy.ec2("snapshot"));
        policy.statement("ec2", &["CreateVolume"], &[snapshot], &[("StringEquals", RESOURCE_TAG, &[cluster])]);
    }
}

/// The cluster autoscaler resizes groups; with a fixed list it does not ask for machine types.
pub(in super::super) fn cluster_autoscaler(policy: &mut Policy<'_>, static_instance_list: bool) {
    policy.allow(
        "autoscaling",
        &[
            "DescribeAutoScalingGroups",
            "DescribeAutoScalingInstances",
            "DescribeLaunchConfigurations",
            "DescribeScalingActivities",
        ],
    );
    policy.allow(
        "ec2",
        &["DescribeImages", "DescribeLaunchTemplateVersions", "GetInstanceTypesFromInstanceRequirements"],
    );
    policy.allow_tagged("autoscaling", &["SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"]);
    if !static_instance_list {
        policy.allow("ec2", &["DescribeInstanceTypes"]);
    }
}

/// The termination handler reads events from the queue and lets instances go.
pub(in super::super) fn termination_handler(policy: &mut Policy<'_>) {
    policy.allow("autoscaling", &["DescribeAutoScalingInstances", "DescribeTags"]);
    policy.allow("ec2", &["DescribeInstances"]);
    policy.allow("sqs", &["DeleteMessage", "ReceiveMessage"]);
    policy.allow_tagged("autoscaling", &["CompleteLifecycleAction"]);
}
