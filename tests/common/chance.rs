//! Manifests by chance.

use proptest::prelude::*;

use crate::manifest::{NodeGroup, Shape};

/// Shapes by chance: every combination of topology, access, plugin and groups that the manifests of small teams have.
pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    let group = (prop::sample::select(vec!["t3.medium", "m5.large", "c5.xlarge"]), 0u32..3, 0u32..3, any::<bool>())
        .prop_map(|(machine_type, min, more, spot)| NodeGroup { machine_type, min, max: min + more, spot });
    (
        1usize..=3,
        any::<[bool; 4]>(),
        prop::sample::select(vec![
            "cni: {}",
            "cilium: {}",
            "calico: {}",
            "amazonvpc: {}",
            "kindnet: {}",
            "flannel: {}",
        ]),
        prop::collection::vec(group, 1..4),
        prop::sample::select(vec!["10.0.0.0/8", "192.0.2.0/24, 2001:db8::/32", "0.0.0.0/0"]),
        prop::option::of(prop::sample::select(vec!["infra", "data"])),
    )
        .prop_map(|(zones, [private, bastion, load_balancer, public_dns], networking, node_groups, ssh, label)| {
            Shape {
                zones,
                private,
                bastion,
                load_balancer: load_balancer || private || !public_dns,
                dns: if public_dns { "Public" } else { "None" },
                networking,
                control_planes: if zones == 3 { 3 } else { 1 },
                node_groups,
                ssh,
                label,
                ..Shape::small("chance.example.com")
            }
        })
}
