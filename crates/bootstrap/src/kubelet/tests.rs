use kedge_spec::resolved::Role;

use super::*;
use crate::testing::{group, spec};

fn patch_of(cluster: &str, group_settings: &str) -> Value {
    let spec = spec(&[
        ("spec:\n", &format!("spec:\n  kubelet: {cluster}\n")),
        ("  role: Node\n", &format!("  role: Node\n  kubelet: {group_settings}\n")),
    ]);
    let mut problems = Vec::new();
    let patch = patch(&spec, &group(&spec, Role::Node), "cluster.local", "100.64.0.10", &mut problems);
    assert_eq!(problems, []);
    patch
}

#[test]
fn a_group_has_all_of_it_wherever_it_is_written() {
    let wanted = patch_of("{maxPods: 50, evictionHard: 'memory.available<1Gi'}", "{}");
    assert_eq!(wanted["maxPods"], 50);
    assert_eq!(wanted["evictionHard"], json!({ "memory.available": "1Gi" }));
    assert_eq!((&wanted["clusterDNS"], &wanted["clusterDomain"]), (&json!(["100.64.0.10"]), &json!("cluster.local")));
    assert_eq!(patch_of("{}", "{maxPods: 50, evictionHard: 'memory.available<1Gi'}"), wanted);
    assert_eq!(patch_of("{maxPods: 50}", "{evictionHard: 'memory.available<1Gi'}"), wanted);
}

#[test]
fn thresholds_of_a_group_take_the_place_of_all_of_the_cluster() {
    let patch = patch_of(
        "{evictionHard: 'memory.available<1Gi,nodefs.available<10%'}",
        "{evictionHard: 'memory.available<100Mi'}",
    );
    assert_eq!(patch["evictionHard"], json!({ "memory.available": "100Mi" }));
}

#[test]
fn addresses_of_interfaces_are_counted_unless_somebody_says_how_many() {
    let counts = |plugin: &str, kubelet: &str| {
        let spec = spec(&[
            ("networking: {cni: {}}", &format!("networking: {plugin}")),
            ("  role: Node\n", &format!("  role: Node\n  kubelet: {kubelet}\n")),
        ]);
        counts_addresses(&spec, &group(&spec, Role::Node))
    };
    assert!(counts("{amazonvpc: {}}", "{}") && counts("{cilium: {ipam: eni}}", "{}"));
    assert!(!counts("{amazonvpc: {}}", "{maxPods: 50}") && !counts("{cilium: {}}", "{}") && !counts("{cni: {}}", "{}"));
}

#[test]
fn critical_pods_end_within_the_shutdown() {
    let patch = patch_of("{shutdownGracePeriod: 5s}", "{shutdownGracePeriod: 1m}");
    assert_eq!(
        (&patch["shutdownGracePeriod"], &patch["shutdownGracePeriodCriticalPods"]),
        (&json!("1m"), &json!("10s"))
    );
    for short in ["5s", "0s"] {
        let patch = patch_of(&format!("{{shutdownGracePeriod: {short}}}"), "{}");
        assert_eq!(patch["shutdownGracePeriodCriticalPods"], short);
    }
}
