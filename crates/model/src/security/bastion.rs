//! Rules of bastions and of their load balancer: SSH goes from outside to the load balancer, to a bastion, to the others.

use ipnet::IpNet;
use kedge_spec::resolved::{AccessSource, Role};

use super::groups::{Roles, load_balancer_group};
use super::rule::{Peer, Traffic, allow, allow_egress, allow_path_mtu};
use crate::load_balancers;
use crate::lowering::Lowering;

const SSH: Traffic = Traffic::Tcp(22, 22);

/// Makes the rules, if there is a bastion.
pub(super) fn lower(lowering: &mut Lowering<'_>, roles: &Roles) {
    if !lowering.has(Role::Bastion) {
        return;
    }
    let cluster = lowering.cluster;
    let entrance = load_balancer_group("bastion", &cluster.name, None);
    allow_egress(lowering, &entrance);
    for source in sources(lowering) {
        allow(lowering, &entrance, SSH, Peer::Source(&source));
        allow_path_mtu(lowering, &entrance, &source);
    }
    for bastion in &roles.bastions {
        allow_egress(lowering, bastion);
        allow(lowering, bastion, SSH, Peer::Group(&entrance));
        allow(lowering, bastion, Traffic::PathMtu, Peer::Group(&entrance));
        allow(lowering, &entrance, Traffic::PathMtu, Peer::Group(bastion));
        for group in roles.control_plane.iter().chain(&roles.nodes) {
            allow(lowering, group, SSH, Peer::Group(bastion));
        }
    }
}

/// Who may connect: the subnets that the load balancer could stand in, and whom the manifest names.
fn sources(lowering: &Lowering<'_>) -> Vec<AccessSource> {
    let internal = lowering.cluster.bastion.internal;
    load_balancers::candidate_subnets(lowering, internal)
        .filter_map(|subnet| subnet.cidr)
        .map(|range| AccessSource::Cidr(IpNet::V4(range)))
        .chain(lowering.cluster.ssh_access.iter().cloned())
        .collect()
}
