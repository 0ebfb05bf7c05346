//! Rules that let people and programs outside in: SSH, node ports, the API without a load balancer.

use kedge_spec::resolved::Role;

use super::groups::Roles;
use super::rule::{Peer, Traffic, allow};
use crate::lowering::Lowering;

/// Makes the rules.
pub(super) fn lower(lowering: &mut Lowering<'_>, roles: &Roles) {
    let cluster = lowering.cluster;
    // With a bastion, SSH to the others goes through it and nowhere else.
    if !lowering.has(Role::Bastion) {
        for source in &cluster.ssh_access {
            for group in roles.control_plane.iter().chain(&roles.nodes) {
                allow(lowering, group, Traffic::Tcp(22, 22), Peer::Source(source));
            }
        }
    }
    let (first, last) = cluster.node_port_range;
    for source in &cluster.node_port_access {
        for group in &roles.nodes {
            allow(lowering, group, Traffic::Tcp(first, last), Peer::Source(source));
            allow(lowering, group, Traffic::Udp(first, last), Peer::Source(source));
        }
    }
    if cluster.api.load_balancer.is_none() {
        for source in &cluster.api.access {
            for group in &roles.control_plane {
                allow(lowering, group, Traffic::Tcp(443, 443), Peer::Source(source));
            }
        }
    }
}
