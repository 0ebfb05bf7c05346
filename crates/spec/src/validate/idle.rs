//! Fields that other fields leave without any effect. kops says nothing about them; whoever wrote them expects something.

use kedge_diag::Diagnostic;

use super::Checker;
use crate::resolve::Report;
use crate::resolved::{InstanceGroup, PolicyRole, Role, SubnetType};

const IDLE: &str = "field changes nothing here";

pub(super) fn check(checker: &mut Checker<'_>) {
    cluster(checker);
    policies(checker);
    let network = &checker.draft.spec.cluster.network;
    let private: Vec<&str> = network
        .subnets
        .iter()
        .filter(|subnet| matches!(subnet.subnet_type, SubnetType::Private | SubnetType::DualStack))
        .map(|subnet| subnet.name.as_str())
        .collect();
    checker.each_group(|group, report| {
        disks(report, group);
        purchase(report, group);
        if group.associate_public_ip == Some(true)
            && group.subnets.first().is_some_and(|subnet| private.contains(&subnet.as_str()))
        {
            // kops itself once wrote this into every group.
            let detail = "the first subnet of the group is private, so its instances have no public address";
            report.push("spec.associatePublicIp", Diagnostic::note("idle-field", IDLE, detail));
        }
        if let [first, _, ..] = group.machine_types.as_slice()
            && group.mixed_instances_policy.is_none()
        {
            let detail = format!("only the first machine type, `{first}`, is launched");
            let hint = "list the types in `mixedInstancesPolicy.instances` to use all of them";
            report.push("spec.machineType", idle(detail, hint));
        }
    });
}

fn idle(detail: impl Into<String>, hint: &str) -> Diagnostic {
    Diagnostic::warning("idle-field", IDLE, detail).hint(hint)
}

fn cluster(checker: &mut Checker<'_>) {
    let spec = &checker.draft.spec;
    let raw = &checker.draft.cluster.value.spec;
    let bastions = spec.groups.iter().any(|group| group.role == Role::Bastion);
    if checker.draft.complete && !bastions {
        let topology = &raw.topology.bastion;
        let settings = [
            ("bastionPublicName", topology.bastion_public_name.is_some()),
            ("loadBalancer.additionalSecurityGroups", !topology.load_balancer.additional_security_groups.is_empty()),
            ("loadBalancer.type", topology.load_balancer.r#type.is_some()),
        ];
        for (field, _) in settings.into_iter().filter(|(_, set)| *set) {
            let diagnostic = idle("there is no group with `role: Bastion`", "add a bastion group, or remove the field");
            checker.cluster(&format!("spec.topology.bastion.{field}"), diagnostic);
        }
    }
    if raw.cert_manager.enabled != Some(true) && !raw.cert_manager.hosted_zone_ids.is_empty() {
        let diagnostic =
            idle("cert-manager is off, so nobody gets access to the zones", "set `certManager.enabled: true`");
        checker.cluster("spec.certManager.hostedZoneIDs", diagnostic);
    }
    let controller = &raw.aws_load_balancer_controller;
    if controller.enabled != Some(true) {
        let switches = [
            ("enableWAF", controller.enable_waf),
            ("enableWAFv2", controller.enable_wafv2),
            ("enableShield", controller.enable_shield),
        ];
        for (field, _) in switches.into_iter().filter(|(_, on)| *on) {
            let diagnostic =
                idle("the load balancer controller is off", "set `awsLoadBalancerController.enabled: true`");
            checker.cluster(&format!("spec.awsLoadBalancerController.{field}"), diagnostic);
        }
    }
}

/// Policies of roles that the cluster does not make.
fn policies(checker: &mut Checker<'_>) {
    if !checker.draft.complete {
        return;
    }
    let spec = &checker.draft.spec;
    let iam = &spec.cluster.iam;
    let raw = &checker.draft.cluster.value.spec;
    let made = |role: PolicyRole| {
        let role = match role {
            PolicyRole::ControlPlane => Role::ControlPlane,
            PolicyRole::Node => Role::Node,
            PolicyRole::Bastion => Role::Bastion,
            PolicyRole::ApiServer => Role::ApiServer,
        };
        spec.groups.iter().any(|group| group.role == role && group.instance_profile.is_none())
    };
    let word = |role: PolicyRole| match role {
        PolicyRole::ControlPlane => ["master", "control-plane"].as_slice(),
        PolicyRole::Node => &["node"],
        PolicyRole::Bastion => &["bastion"],
        PolicyRole::ApiServer => &["apiserver"],
    };
    let external = iam.external_policies.keys().map(|role| ("externalPolicies", *role));
    let additional = iam.additional_policies.keys().map(|role| ("additionalPolicies", *role));
    for (field, role) in external.chain(additional).filter(|(_, role)| !made(*role)) {
        let written = |word: &&&str| match field {
            "externalPolicies" => raw.external_policies.contains_key(**word),
            _ => raw.additional_policies.contains_key(**word),
        };
        let Some(word) = word(role).iter().find(written) else { continue };
        let detail =
            format!("no group of the cluster has the role that `{word}` stands for and a profile of the cluster's own");
        let diagnostic = idle(detail, "remove it, or attach the policy to the role of the existing profile yourself");
        checker.cluster(&format!("spec.{field}.{word}"), diagnostic);
    }
}

fn disks(report: &mut Report<'_>, group: &InstanceGroup) {
    let root = &group.root_volume;
    if root.kms_key.as_ref().is_some_and(|key| !key.is_empty()) && root.encryption != Some(true) {
        let detail =
            "the root volume is not encrypted with this key: kops takes it only beside `rootVolumeEncryption: true`";
        report.push("spec.rootVolumeEncryptionKey", idle(detail, "add `rootVolumeEncryption: true`"));
    }
    let numbers = |iops: Option<i32>, throughput: Option<i32>, volume_type: &str| {
        let takes_iops = matches!(volume_type, "gp3" | "io1" | "io2");
        (iops.is_some_and(|it| it > 0) && !takes_iops, throughput.is_some_and(|it| it > 0) && volume_type != "gp3")
    };
    let mut push = |path: String, volume_type: &str| {
        let detail = format!("a volume of type {volume_type} takes no such number");
        report.push(&path, idle(detail, "remove it, or use `gp3`"));
    };
    let (iops, throughput) = numbers(root.iops, root.throughput, &root.volume_type);
    if iops {
        push("spec.rootVolumeIops".to_owned(), &root.volume_type);
    }
    if throughput {
        push("spec.rootVolumeThroughput".to_owned(), &root.volume_type);
    }
    for (at, volume) in group.volumes.iter().enumerate() {
        if numbers(volume.iops, None, &volume.volume_type).0 {
            push(format!("spec.volumes[{at}].iops"), &volume.volume_type);
        }
    }
}

/// Spot settings of groups that have no spot instances, or say it elsewhere.
fn purchase(report: &mut Report<'_>, group: &InstanceGroup) {
    let settings = [
        ("spotDurationInMinutes", group.spot_duration_minutes.is_some()),
        ("instanceInterruptionBehavior", group.instance_interruption_behavior.is_some()),
    ];
    for (field, _) in settings.into_iter().filter(|(_, set)| *set) {
        let diagnostic = if group.mixed_instances_policy.is_some() {
            idle("groups with a mixed policy cannot say it", "remove it")
        } else if group.max_price.is_none() {
            idle("without `maxPrice` the group has no spot instances", "add `maxPrice`, or remove it")
        } else {
            continue;
        };
        report.push(&format!("spec.{field}"), diagnostic);
    }
}
