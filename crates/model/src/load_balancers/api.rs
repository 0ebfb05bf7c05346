//! The load balancer of the API.

use kedge_resource::Ref;
use kedge_resource::kind::Listener;
use kedge_spec::resolved::{DnsType, NetworkPlugin};

use super::mappings;
use super::parts::{
    Shape, Targets, add_listener, add_load_balancer, add_target_group, add_tcp_listener, attributes, listener,
};
use super::{CILIUM_ETCD_PORT, CONTROLLER_PORT, SECOND_API_PORT};
use crate::lowering::Lowering;
use crate::security::load_balancer_group;

/// Security policy of a TLS listener of which the manifest says nothing.
const DEFAULT_SSL_POLICY: &str = "ELBSecurityPolicy-2016-08";

/// Makes it, if the manifest asks for one.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    let cluster = lowering.cluster;
    let Some(spec) = &cluster.api.load_balancer else {
        return;
    };
    // Without DNS records, nodes find the control plane at the load balancer.
    let serves_controller = cluster.dns.dns_type == DnsType::None;

    let mappings = if spec.subnets.is_empty() {
        mappings::best(lowering, spec.internal, "spec.api.loadBalancer.type")
    } else {
        mappings::named(lowering, &spec.subnets)
    };
    let group = load_balancer_group("api", &cluster.name, spec.security_group_override.as_deref());
    let mut security_groups = vec![group.reference];
    security_groups.extend(spec.additional_security_groups.iter().map(Ref::existing));
    let mut attributes = attributes(serves_controller || spec.cross_zone.unwrap_or(false));
    if let Some(log) = &spec.access_log {
        attributes.insert("access_logs.s3.enabled".to_owned(), "true".to_owned());
        attributes.insert("access_logs.s3.bucket".to_owned(), log.bucket.clone());
        if let Some(prefix) = &log.prefix {
            attributes.insert("access_logs.s3.prefix".to_owned(), prefix.clone());
        }
    }
    let shape = Shape { prefix: "api", internal: spec.internal, mappings, security_groups, attributes };
    add_load_balancer(lowering, shape);

    add_target_group(lowering, &Targets { prefix: "tcp", port: 443, protocol: "TCP", health_path: None });
    match &spec.certificate {
        None => add_tcp_listener(lowering, "api", 443, "tcp"),
        Some(certificate) => {
            add_target_group(lowering, &Targets { prefix: "tls", port: 443, protocol: "TLS", health_path: None });
            add_tcp_listener(lowering, "api", SECOND_API_PORT, "tcp");
            let policy = spec.ssl_policy.clone().unwrap_or_else(|| DEFAULT_SSL_POLICY.to_owned());
            let tls = Listener {
                protocol: "TLS".to_owned(),
                certificate_arn: Some(certificate.clone()),
                ssl_policy: Some(policy),
                ..listener(lowering, "api", 443, "tls")
            };
            add_listener(lowering, tls);
        }
    }
    if serves_controller {
        let targets = Targets {
            prefix: "kops-controller",
            port: CONTROLLER_PORT,
            protocol: "TCP",
            health_path: Some("/healthz"),
        };
        add_target_group(lowering, &targets);
        add_tcp_listener(lowering, "api", CONTROLLER_PORT, targets.prefix);
        if matches!(cluster.network.plugin, NetworkPlugin::Cilium { etcd_managed: true, .. }) {
            let targets = Targets { prefix: "etcd-cilium", port: CILIUM_ETCD_PORT, protocol: "TCP", health_path: None };
            add_target_group(lowering, &targets);
            add_tcp_listener(lowering, "api", CILIUM_ETCD_PORT, targets.prefix);
        }
    }
}
