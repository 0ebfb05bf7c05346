//! Rules between the instances of a cluster.

use kedge_spec::resolved::NetworkPlugin;

use super::groups::Roles;
use super::rule::{Peer, Traffic, allow, allow_egress};
use crate::lowering::Lowering;

/// Ports of the etcd members behind the API, of the control plane only: peers and clients of `main` and `events`.
const ETCD_PORTS: [u16; 4] = [2380, 2381, 4001, 4002];
/// Port of the peers of the etcd cluster of Cilium.
const CILIUM_ETCD_PEER_PORT: u16 = 2382;
/// Ports of the etcd cluster `leases`: peers and clients.
const LEASES_ETCD_PORTS: [u16; 2] = [2383, 4004];

/// Makes the rules.
pub(super) fn lower(lowering: &mut Lowering<'_>, roles: &Roles) {
    let Roles { control_plane, nodes, .. } = roles;
    for group in control_plane.iter().chain(nodes) {
        allow_egress(lowering, group);
    }
    for source in control_plane {
        for destination in control_plane.iter().chain(nodes) {
            allow(lowering, destination, Traffic::All, Peer::Group(source));
        }
    }
    let traffic = node_to_control_plane(lowering);
    for source in nodes {
        for destination in nodes {
            allow(lowering, destination, Traffic::All, Peer::Group(source));
        }
        for destination in control_plane {
            for &traffic in &traffic {
                allow(lowering, destination, traffic, Peer::Group(source));
            }
        }
    }
}

/// What nodes may send to the control plane: everything but what etcd hears.
fn node_to_control_plane(lowering: &Lowering<'_>) -> Vec<Traffic> {
    let plugin = &lowering.cluster.network.plugin;
    let mut blocked = ETCD_PORTS.to_vec();
    if matches!(plugin, NetworkPlugin::Cilium { etcd_managed: true, .. }) {
        blocked.push(CILIUM_ETCD_PEER_PORT);
    }
    if lowering.cluster.etcd_clusters.iter().any(|etcd| etcd.name == "leases") {
        blocked.extend(LEASES_ETCD_PORTS);
    }
    let mut traffic: Vec<Traffic> = open_ranges(blocked).map(|(first, last)| Traffic::Tcp(first, last)).collect();
    traffic.push(Traffic::Udp(1, u16::MAX));
    match plugin {
        NetworkPlugin::Calico { .. } | NetworkPlugin::KubeRouter => traffic.push(Traffic::IpInIp),
        // Pods have addresses of the VPC: what they send comes from any port and protocol.
        NetworkPlugin::AmazonVpc => traffic.push(Traffic::All),
        _ => {}
    }
    traffic
}

/// The ranges between blocked ports.
fn open_ranges(mut blocked: Vec<u16>) -> impl Iterator<Item = (u16, u16)> {
    blocked.sort_unstable();
    let mut first = 1;
    let mut ranges = Vec::new();
    for port in blocked {
        if first < port {
            ranges.push((first, port - 1));
        }
        first = port.saturating_add(1);
    }
    ranges.push((first, u16::MAX));
    ranges.into_iter()
}

#[cfg(test)]
mod tests {
    use super::open_ranges;

    #[test]
    fn ranges_leave_out_blocked_ports() {
        let ranges: Vec<_> = open_ranges(vec![4002, 2380, 2381, 4001]).collect();
        assert_eq!(ranges, [(1, 2379), (2382, 4000), (4003, 65535)]);
        let ranges: Vec<_> = open_ranges(vec![2380, 2381, 2382, 2383, 4001, 4002, 4004]).collect();
        assert_eq!(ranges, [(1, 2379), (2384, 4000), (4003, 4003), (4005, 65535)]);
    }
}
