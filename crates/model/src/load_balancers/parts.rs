//! What the load balancers of a cluster have in common.

use std::collections::BTreeMap;

use kedge_resource::Ref;
use kedge_resource::kind::{Listener, LoadBalancer, SecurityGroup, TargetGroup};
use kedge_resource::names::hashed_name;

use super::mappings::Mappings;
use crate::lowering::Lowering;
use crate::{names, tags};

/// What distinguishes one load balancer from the other.
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    pub(super) internal: bool,
    pub(super) mappings: Mappings,
    pub(super) security_groups: Vec<Ref<SecurityGroup>>,
    pub(super) attributes: BTreeMap<String, String>,
}

/// Makes a load balancer.
pub(super) fn add_load_balancer(lowering: &mut Lowering<'_>, shape: Shape) {
    let name = names::load_balancer(shape.prefix, lowering.name());
    let load_balancer = LoadBalancer {
        name: hashed_name(shape.prefix, lowering.name()),
        scheme: if shape.internal { "internal" } else { "internet-facing" }.to_owned(),
        type_: "network".to_owned(),
        ip_address_type: shape.mappings.ip_address_type().to_owned(),
        security_groups: shape.security_groups,
        subnet_mappings: shape.mappings.subnets,
        load_balancer_attributes: shape.attributes,
        tags: tags::standard_named(lowering.cluster, &name),
    };
    lowering.add(name, load_balancer);
}

/// Attributes of a load balancer without access log.
pub(super) fn attributes(cross_zone: bool) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("access_logs.s3.enabled".to_owned(), "false".to_owned()),
        ("load_balancing.cross_zone.enabled".to_owned(), cross_zone.to_string()),
    ])
}

/// What a target group is for.
pub(super) struct Targets {
    pub(super) prefix: &'static str,
    pub(super) port: u16,
    pub(super) protocol: &'static str,
    /// Path of an HTTPS check; without one a connection is enough.
    pub(super) health_path: Option<&'static str>,
}

/// Makes a target group.
pub(super) fn add_target_group(lowering: &mut Lowering<'_>, targets: &Targets) {
    let name = hashed_name(targets.prefix, lowering.name());
    let target_group = TargetGroup {
        vpc: lowering.vpc(),
        port: targets.port.into(),
        protocol: targets.protocol.to_owned(),
        health_check_protocol: if targets.health_path.is_some() { "HTTPS" } else { "TCP" }.to_owned(),
        health_check_path: targets.health_path.map(str::to_owned),
        health_check_interval_seconds: 10,
        healthy_threshold_count: 2,
        unhealthy_threshold_count: 2,
        // Connections to an instance that leaves are cut after half a minute: clients of the API open new ones.
        target_group_attributes: BTreeMap::from([
            ("deregistration_delay.connection_termination.enabled".to_owned(), "true".to_owned()),
            ("deregistration_delay.timeout_seconds".to_owned(), "30".to_owned()),
        ]),
        tags: tags::standard_named(lowering.cluster, &name),
    };
    lowering.add(name, target_group);
}

/// Makes a plain listener of a load balancer, which passes TCP on to a target group.
pub(super) fn add_tcp_listener(lowering: &mut Lowering<'_>, prefix: &str, port: u16, targets: &str) {
    let listener = listener(lowering, prefix, port, targets);
    add_listener(lowering, listener);
}

/// A plain listener, to be made or changed.
pub(super) fn listener(lowering: &Lowering<'_>, prefix: &str, port: u16, targets: &str) -> Listener {
    Listener {
        load_balancer: Ref::managed(names::load_balancer(prefix, lowering.name())),
        port: port.into(),
        protocol: "TCP".to_owned(),
        target_group: Ref::managed(hashed_name(targets, lowering.name())),
        certificate_arn: None,
        ssl_policy: None,
    }
}

/// Makes a listener.
pub(super) fn add_listener(lowering: &mut Lowering<'_>, listener: Listener) {
    lowering.add(format!("{} {}", listener.load_balancer.bare(), listener.port), listener);
}
