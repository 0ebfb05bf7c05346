//! One file for each software that runs in clusters.

use crate::addon::Addon;
use crate::context::Context;
use crate::problem::Problem;

mod autoscaler;
mod calico;
mod cert_manager;
mod cilium;
mod cloud_controller;
mod coredns;
mod ebs_csi;
mod external_dns;
mod ingress_nginx;
mod kube_proxy;
mod load_balancer_controller;
mod metrics_server;
mod monitoring;
mod network;
mod node_local_dns;
mod node_problem_detector;
mod nvidia;
mod pod_identity;
mod snapshot_controller;
mod storage_classes;
mod termination_handler;
mod user;

pub use user::missing_files;

/// What makes an add-on, if it is wanted.
type Make = fn(&Context<'_>, &mut Vec<Problem>) -> Option<Addon>;

/// All of them.
const SOFTWARE: [Make; 20] = [
    cloud_controller::make,
    network::make,
    kube_proxy::make,
    coredns::make,
    node_local_dns::make,
    ebs_csi::make,
    storage_classes::make,
    metrics_server::make,
    snapshot_controller::make,
    cert_manager::make,
    autoscaler::make,
    termination_handler::make,
    load_balancer_controller::make,
    external_dns::make,
    pod_identity::make,
    node_problem_detector::make,
    nvidia::make,
    ingress_nginx::make,
    monitoring::make,
    refused,
];

/// The add-ons that are wanted, in no order.
pub(crate) fn all(context: &Context<'_>, problems: &mut Vec<Problem>) -> Vec<Addon> {
    let mut addons: Vec<Addon> = SOFTWARE.iter().filter_map(|make| make(context, problems)).collect();
    addons.extend(user::make(context, problems));
    addons
}

/// What a manifest can ask for and kedge does not run.
fn refused(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    if context.spec.cluster.addons.karpenter {
        problems.push(Problem::new(
            "spec.karpenter.enabled",
            "kedge has no manifests of Karpenter",
            "install it by `spec.addons`, or use groups with auto scaling",
        ));
    }
    None
}

#[cfg(test)]
mod tests;
