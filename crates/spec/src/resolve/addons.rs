//! Add-ons and termination handling.

use kedge_diag::Diagnostic;

use super::{Report, one_of};
use crate::resolved::{Addons, LoadBalancerController, TerminationHandler};
use crate::v1alpha2::cluster::ClusterSpec;

const MANAGED_TAG: &str = "aws-node-termination-handler/managed";

/// Termination handling: on, and by queue, unless something says otherwise.
pub(super) fn termination_handler(spec: &ClusterSpec) -> TerminationHandler {
    let raw = &spec.node_termination_handler;
    // Karpenter handles interruptions itself.
    let enabled = raw.enabled.unwrap_or(!spec.karpenter.is_on());
    TerminationHandler {
        enabled,
        queue: enabled && raw.enable_sqs_termination_draining != Some(false),
        managed_asg_tag: raw.managed_asg_tag.clone().unwrap_or_else(|| MANAGED_TAG.to_owned()),
        rebalance_draining: raw.enable_rebalance_draining,
    }
}

/// Add-ons that have permissions or tags.
pub(super) fn addons(report: &mut Report<'_>, spec: &ClusterSpec) -> Addons {
    let controller = &spec.aws_load_balancer_controller;
    let providers = [("dns-controller", false), ("external-dns", true), ("none", false)];
    let external_dns = spec
        .external_dns
        .provider
        .as_deref()
        .and_then(|word| one_of(report, "spec.externalDns.provider", word, &providers))
        .unwrap_or(false);
    let modes = [("Managed", true)];
    let nlb_security_group_managed = spec
        .cloud_config
        .nlb_security_group_mode
        .as_deref()
        .and_then(|word| one_of(report, "spec.cloudConfig.nlbSecurityGroupMode", word, &modes))
        .unwrap_or(false);
    if spec.cloud_config.aws_ebs_csi_driver.enabled == Some(false) {
        report.push(
            "spec.cloudConfig.awsEBSCSIDriver.enabled",
            Diagnostic::error(
                "ebs-csi-driver",
                "cluster has no driver for volumes",
                "Kubernetes knows EBS volumes through this driver only",
            )
            .hint("remove it; `managed: false` leaves the installation to you"),
        );
    }
    Addons {
        load_balancer_controller: (controller.enabled == Some(true)).then_some(LoadBalancerController {
            waf: controller.enable_waf,
            wafv2: controller.enable_wafv2,
            shield: controller.enable_shield,
        }),
        cluster_autoscaler: spec.cluster_autoscaler.enabled == Some(true),
        autoscaler_static_instance_list: spec.cluster_autoscaler.aws_use_static_instance_list,
        snapshot_controller: spec.snapshot_controller.is_on(),
        external_dns,
        karpenter: spec.karpenter.is_on(),
        cert_manager_zones: if spec.cert_manager.enabled == Some(true) {
            spec.cert_manager.hosted_zone_ids.clone()
        } else {
            Vec::new()
        },
        nlb_security_group_managed,
    }
}
