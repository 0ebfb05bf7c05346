//! The load balancer in front of the bastions.

use kedge_resource::Ref;
use kedge_spec::resolved::Role;

use super::mappings;
use super::parts::{Shape, Targets, add_load_balancer, add_target_group, add_tcp_listener, attributes};
use crate::lowering::Lowering;
use crate::security::load_balancer_group;

/// Makes it, if there is a bastion.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    if !lowering.has(Role::Bastion) {
        return;
    }
    let settings = &lowering.cluster.bastion;
    let mappings = mappings::best(lowering, settings.internal, "spec.topology.bastion.loadBalancer.type");
    let mut security_groups = vec![load_balancer_group("bastion", lowering.name(), None).reference];
    security_groups.extend(settings.additional_security_groups.iter().map(Ref::existing));
    let shape = Shape {
        prefix: "bastion",
        internal: settings.internal,
        mappings,
        security_groups,
        attributes: attributes(false),
    };
    add_load_balancer(lowering, shape);
    add_target_group(lowering, &Targets { prefix: "bastion", port: 22, protocol: "TCP", health_path: None });
    add_tcp_listener(lowering, "bastion", 22, "bastion");
}
