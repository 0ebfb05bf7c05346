use serde_json::json;

use super::*;

fn found(fields: Value, minor: u32) -> Vec<String> {
    let mut problems = Vec::new();
    check(fields.as_object().unwrap(), minor, &mut problems);
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_kubelets_take_is_taken() {
    for fields in [
        json!({}),
        json!({ "hairpinMode": "hairpin-veth", "cgroupDriver": "cgroupfs", "memorySwap": { "swapBehavior": "LimitedSwap" } }),
        json!({ "imageGCHighThresholdPercent": 90, "imageGCLowThresholdPercent": 70, "imageMaximumGCAge": "3m" }),
        json!({ "imageMaximumGCAge": "0s", "maxParallelImagePulls": 5, "serializeImagePulls": false }),
        json!({ "shutdownGracePeriod": "0s", "shutdownGracePeriodCriticalPods": "0s", "cpuCFSQuotaPeriod": "100ms" }),
        json!({ "systemCgroups": "/system", "cgroupRoot": "/", "staticPodPath": "/etc/kubernetes/manifests/" }),
        json!({ "enforceNodeAllocatable": ["pods", "kube-reserved"], "kubeReservedCgroup": "/kube" }),
        json!({ "crashLoopBackOff": { "maxContainerRestartPeriod": "1m" }, "featureGates": { "KubeletCrashLoopBackOffMax": true } }),
    ] {
        assert_eq!(found(fields.clone(), 32), [""; 0], "{fields}");
    }
    let newer = json!({ "crashLoopBackOff": { "maxContainerRestartPeriod": "1m" }, "cpuCFSQuotaPeriod": "50ms" });
    assert_eq!(found(newer, 36), [""; 0]);
}

#[test]
fn what_kubelets_refuse_is_told() {
    for (fields, told) in [
        (
            json!({ "memorySwap": { "swapBehavior": "UnlimitedSwap" } }),
            "spec.kubelet.memorySwapBehavior: kubelets do not know",
        ),
        (json!({ "authorization": { "mode": "RBAC" } }), "spec.kubelet.authorizationMode: kubelets do not know `RBAC`"),
        (json!({ "readOnlyPort": 70000 }), "kubelets do not take 70000; write 0 to 65535"),
        (json!({ "containerLogMaxFiles": 1 }), "kubelets do not take 1; write 2 or more"),
        (
            json!({ "imageGCHighThresholdPercent": 70 }),
            "spec.kubelet.imageGCHighThresholdPercent: images are removed down to 80",
        ),
        (json!({ "imageGCLowThresholdPercent": 85 }), "spec.kubelet.imageGCLowThresholdPercent"),
        (json!({ "imageMaximumGCAge": "1m" }), "images would have to go before they may"),
        (json!({ "maxParallelImagePulls": 2 }), "images are pulled one by one"),
        (
            json!({ "shutdownGracePeriod": "5s", "shutdownGracePeriodCriticalPods": "10s" }),
            "it is longer than the whole shutdown",
        ),
        (
            json!({ "shutdownGracePeriod": "30s", "shutdownGracePeriodCriticalPods": "10ms" }),
            "kubelets do not take less than a second",
        ),
        (
            json!({ "crashLoopBackOff": { "maxContainerRestartPeriod": "1m" } }),
            "the feature gate KubeletCrashLoopBackOffMax only",
        ),
        (
            json!({ "crashLoopBackOff": { "maxContainerRestartPeriod": "6m" }, "featureGates": { "KubeletCrashLoopBackOffMax": true } }),
            "one second to five minutes",
        ),
        (json!({ "cpuCFSQuotaPeriod": "50ms" }), "the feature gate CustomCPUCFSQuotaPeriod only"),
        (
            json!({ "cpuCFSQuotaPeriod": "2s", "featureGates": { "CustomCPUCFSQuotaPeriod": true } }),
            "one millisecond to one second",
        ),
        (json!({ "systemCgroups": "/system" }), "together with `cgroupRoot` only"),
        (json!({ "enforceNodeAllocatable": ["everything"] }), "kubelets do not know `everything`"),
        (json!({ "enforceNodeAllocatable": ["system-reserved"] }), "name it in `systemReservedCgroup`"),
        (
            json!({ "enforceNodeAllocatable": ["kube-reserved", "kube-reserved-compressible"], "kubeReservedCgroup": "/k" }),
            "in both of its forms",
        ),
        (json!({ "enforceNodeAllocatable": ["none", "pods"] }), "`none` stands with others"),
        (json!({ "staticPodPath": "/srv/pods" }), "spec.kubelet.podManifestPath: `/srv/pods` is not where kubeadm"),
    ] {
        let problems = found(fields.clone(), 34);
        assert_eq!(problems.len(), 1, "{fields}: {problems:?}");
        assert!(problems[0].contains(told), "{fields}: {problems:?}");
    }
}
