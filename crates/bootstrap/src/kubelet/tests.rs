use kedge_spec::resolved::Role;

use super::*;
use crate::testing::{group, spec};

fn patch_of(cluster: &str, group_settings: &str) -> (Value, Option<Value>) {
    let spec = spec(&[
        ("spec:\n", &format!("spec:\n  kubelet: {cluster}\n")),
        ("  role: Node\n", &format!("  role: Node\n  kubelet: {group_settings}\n")),
    ]);
    let mut problems = Vec::new();
    let patch = patch(&spec, &group(&spec, Role::Node), &mut problems);
    assert_eq!(problems, []);
    (document(&spec, "cluster.local", "100.64.0.10"), patch)
}

#[test]
fn a_group_that_says_the_same_has_no_patch() {
    assert_eq!(patch_of("{maxPods: 50}", "{maxPods: 50}").1, None);
}

#[test]
fn a_patch_takes_away_what_a_group_does_not_have() {
    let (_, patch) = patch_of(
        "{evictionHard: 'memory.available<1Gi,nodefs.available<10%', maxPods: 50}",
        "{evictionHard: 'memory.available<100Mi'}",
    );
    let hard = json!({ "memory.available": "100Mi", "nodefs.available": null });
    assert_eq!(patch, Some(json!({ "evictionHard": hard })));
}

#[test]
fn critical_pods_end_within_the_shutdown() {
    let (document, patch) = patch_of("{shutdownGracePeriod: 5s}", "{shutdownGracePeriod: 1m}");
    assert_eq!(document["shutdownGracePeriodCriticalPods"], "5s");
    assert_eq!(patch, Some(json!({ "shutdownGracePeriod": "1m", "shutdownGracePeriodCriticalPods": "10s" })));
    let (document, _) = patch_of("{shutdownGracePeriod: 0s}", "{}");
    assert_eq!(document["shutdownGracePeriodCriticalPods"], "0s");
}
