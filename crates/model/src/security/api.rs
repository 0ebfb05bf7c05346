//! Rules of the API's load balancer.

use kedge_spec::resolved::{DnsType, NetworkPlugin};

use super::groups::{Roles, load_balancer_group};
use super::rule::{Peer, Traffic, allow, allow_egress, allow_path_mtu};
use crate::load_balancers::{CILIUM_ETCD_PORT, CONTROLLER_PORT, SECOND_API_PORT};
use crate::lowering::Lowering;

/// Makes the rules, if there is a load balancer.
pub(super) fn lower(lowering: &mut Lowering<'_>, roles: &Roles) {
    let cluster = lowering.cluster;
    let Some(load_balancer) = &cluster.api.load_balancer else {
        return;
    };
    let api = load_balancer_group("api", &cluster.name, load_balancer.security_group_override.as_deref());
    let second_port = load_balancer.certificate.is_some();
    let serves_controller = cluster.dns.dns_type == DnsType::None;

    allow_egress(lowering, &api);
    for source in &cluster.api.access {
        allow(lowering, &api, Traffic::Tcp(443, 443), Peer::Source(source));
        if second_port {
            allow(lowering, &api, Traffic::Tcp(SECOND_API_PORT, SECOND_API_PORT), Peer::Source(source));
        }
        allow_path_mtu(lowering, &api, source);
    }
    if serves_controller {
        for nodes in &roles.nodes {
            allow(lowering, &api, Traffic::All, Peer::Group(nodes));
        }
    }
    let mut ports = vec![443];
    if second_port {
        ports.push(SECOND_API_PORT);
    }
    if serves_controller {
        ports.push(CONTROLLER_PORT);
        if matches!(cluster.network.plugin, NetworkPlugin::Cilium { etcd_managed: true, .. }) {
            ports.push(CILIUM_ETCD_PORT);
        }
    }
    for control_plane in &roles.control_plane {
        for &port in &ports {
            allow(lowering, control_plane, Traffic::Tcp(port, port), Peer::Group(&api));
        }
        allow(lowering, control_plane, Traffic::PathMtu, Peer::Group(&api));
        allow(lowering, &api, Traffic::PathMtu, Peer::Group(control_plane));
    }
}
