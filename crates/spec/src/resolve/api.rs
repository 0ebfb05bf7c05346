//! How the API and the bastion are reached.

use kedge_diag::Diagnostic;
use kedge_resource::ClusterName;

use super::{Report, access, one_of};
use crate::resolved::{
    AccessLog, Api, ApiLoadBalancer, Bastion, Dns, DnsType, InstanceGroup, LoadBalancerSubnet, Network, Role,
    SubnetType,
};
use crate::v1alpha2::cluster::{ClusterSpec, LoadBalancer};

/// Types of load balancers, and whether they are internal.
const TYPES: [(&str, bool); 2] = [("Public", false), ("Internal", true)];

/// DNS of a cluster.
pub(super) fn dns(report: &mut Report<'_>, spec: &ClusterSpec, name: &ClusterName) -> Dns {
    let path = "spec.topology.dns.type";
    let types = [("Public", DnsType::Public), ("Private", DnsType::Private), ("None", DnsType::None)];
    let dns_type = spec.topology.dns.r#type.as_deref().filter(|word| !word.is_empty());
    let dns_type = dns_type.and_then(|word| one_of(report, path, word, &types)).unwrap_or(DnsType::Public);
    if name.as_str().ends_with(".k8s.local") && dns_type != DnsType::None {
        report.push(
            path,
            Diagnostic::error(
                "gossip-dns",
                "gossip DNS is not supported",
                format!(
                    "`{name}` has no hosted zone: clusters of such names once spread their records among the nodes"
                ),
            )
            .hint("set `topology: {dns: {type: None}}`, as kops demands as well"),
        );
    }
    Dns { dns_type, zone: spec.dns_zone.clone().filter(|zone| !zone.is_empty()) }
}

/// Bastion settings.
pub(super) fn bastion(report: &mut Report<'_>, spec: &ClusterSpec) -> Bastion {
    let raw = &spec.topology.bastion;
    let word = raw.load_balancer.r#type.as_deref();
    let internal = word.and_then(|word| one_of(report, "spec.topology.bastion.loadBalancer.type", word, &TYPES));
    Bastion {
        public_name: raw.bastion_public_name.clone().filter(|name| !name.is_empty()),
        internal: internal.unwrap_or(false),
        additional_security_groups: raw.load_balancer.additional_security_groups.clone(),
    }
}

/// The API.
pub(super) fn api(
    report: &mut Report<'_>,
    spec: &ClusterSpec,
    name: &ClusterName,
    network: &Network,
    groups: &[InstanceGroup],
) -> Api {
    if spec.api.dns.is_some() && spec.api.load_balancer.is_some() {
        report.push(
            "spec.api",
            Diagnostic::error(
                "api-access",
                "API access is ambiguous",
                "`api.dns` reaches control planes directly, `api.loadBalancer` does not, and both are given",
            )
            .hint("keep one of the two"),
        );
    }
    let load_balancer = match &spec.api.load_balancer {
        Some(raw) => Some(load_balancer(report, raw)),
        None if spec.api.dns.is_some() => None,
        None => behind_load_balancer(network, groups).then(|| load_balancer(report, &LoadBalancer::default())),
    };
    Api {
        public_name: spec.master_public_name.clone().unwrap_or_else(|| format!("api.{name}")),
        load_balancer,
        access: access::sources(report, "spec.kubernetesApiAccess", &spec.kubernetes_api_access),
    }
}

/// Whether an API about which nothing is said needs a load balancer: its instances cannot be reached from outside.
fn behind_load_balancer(network: &Network, groups: &[InstanceGroup]) -> bool {
    let serving =
        if groups.iter().any(|group| group.role == Role::ApiServer) { Role::ApiServer } else { Role::ControlPlane };
    groups
        .iter()
        .filter(|group| group.role == serving)
        .flat_map(|group| &group.subnets)
        .any(|subnet| network.subnet(subnet).is_some_and(|subnet| subnet.subnet_type == SubnetType::Private))
}

fn load_balancer(report: &mut Report<'_>, raw: &LoadBalancer) -> ApiLoadBalancer {
    let path = "spec.api.loadBalancer";
    match raw.class.as_deref() {
        None | Some("Network") => {}
        Some("Classic") => report.push(
            &format!("{path}.class"),
            Diagnostic::error(
                "classic-load-balancer",
                "classic load balancers are not supported",
                "AWS no longer develops them, and newer versions of kops create none",
            )
            .hint("set `class: Network`; the address of the API behind its DNS name changes then"),
        ),
        Some(other) => {
            one_of(report, &format!("{path}.class"), other, &[("Network", ())]);
        }
    }
    let word = raw.r#type.as_deref().filter(|word| !word.is_empty());
    let internal = word.and_then(|word| one_of(report, &format!("{path}.type"), word, &TYPES)).unwrap_or(false);
    let access_log = raw.access_log.as_ref().and_then(|log| match &log.bucket {
        Some(bucket) => Some(AccessLog { bucket: bucket.clone(), prefix: log.bucket_prefix.clone() }),
        None => {
            report.push(
                &format!("{path}.accessLog.bucket"),
                Diagnostic::error("access-log", "access log has no bucket", "nothing says where the log is written"),
            );
            None
        }
    });
    ApiLoadBalancer {
        internal,
        use_for_internal_api: raw.use_for_internal_api,
        certificate: raw.ssl_certificate.clone().filter(|arn| !arn.is_empty()),
        ssl_policy: raw.ssl_policy.clone(),
        cross_zone: raw.cross_zone_load_balancing,
        access_log,
        security_group_override: raw.security_group_override.clone(),
        additional_security_groups: raw.additional_security_groups.clone(),
        subnets: raw
            .subnets
            .iter()
            .map(|subnet| LoadBalancerSubnet {
                name: subnet.name.clone(),
                allocation_id: subnet.allocation_id.clone(),
                private_ipv4_address: subnet.private_ipv4_address.clone(),
            })
            .collect(),
    }
}
