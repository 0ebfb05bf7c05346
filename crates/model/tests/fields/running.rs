//! What instances and add-ons follow, and what they need so that they can.

use kedge_spec::FieldEntry;

use super::samples::{IRSA, ISSUER};

/// What add-ons and instances need so that the fields of a block can act on them.
pub(crate) const RUNNING: &[(&str, &[(&str, &str)])] = &[
    ("spec.awsLoadBalancerController.", &[("cluster spec.awsLoadBalancerController", r#"{"enabled": true}"#)]),
    ("spec.certManager.", &[("cluster spec.certManager", r#"{"enabled": true}"#)]),
    ("spec.cloudConfig.awsEBSCSIDriver.", &[("cluster spec.snapshotController", r#"{"enabled": true}"#)]),
    ("spec.clusterAutoscaler.", AUTOSCALER),
    ("spec.autoscale", AUTOSCALER),
    ("spec.externalDns.", &[("cluster spec.externalDns", r#"{"provider": "external-dns"}"#), IRSA[0], IRSA[1]]),
    ("spec.kubeDNS.", &[("cluster spec.kubeDNS", r#"{"nodeLocalDNS": {"enabled": true}}"#)]),
    ("spec.metricsServer.", &[("cluster spec.metricsServer", r#"{"enabled": true}"#)]),
    ("spec.networking.calico.", &[("cluster spec.networking", r#"{"calico": {"encapsulationMode": "vxlan"}}"#)]),
    ("spec.networking.cilium.", &[("cluster spec.networking", CILIUM)]),
    ("spec.nodeProblemDetector.", &[("cluster spec.nodeProblemDetector", r#"{"enabled": true}"#)]),
    (
        "spec.podIdentityWebhook.",
        &[
            ("cluster spec.podIdentityWebhook", r#"{"enabled": true}"#),
            ("cluster spec.serviceAccountIssuerDiscovery", ISSUER),
        ],
    ),
    ("spec.snapshotController.", &[("cluster spec.snapshotController", r#"{"enabled": true}"#)]),
];

/// Blocks whose fields instances and add-ons follow, also where they act on resources.
pub(crate) const SOFTWARE: &[&str] = &[
    "spec.awsLoadBalancerController.",
    "spec.certManager.",
    "spec.cloudConfig.",
    "spec.clusterAutoscaler.",
    "spec.containerd.",
    "spec.externalDns.",
    "spec.karpenter.",
    "spec.kubeAPIServer.",
    "spec.kubelet.",
    "spec.masterKubelet.",
    "spec.networking.calico.",
    "spec.networking.cilium.",
    "spec.nodeTerminationHandler.",
    "spec.snapshotController.",
];

/// Whether instances or add-ons have to follow a field.
pub(crate) fn is_of_software(field: &FieldEntry) -> bool {
    SOFTWARE.iter().any(|block| field.path.starts_with(block))
}

const AUTOSCALER: &[(&str, &str)] =
    &[("cluster spec.clusterAutoscaler", r#"{"enabled": true, "expander": "priority"}"#), ("nodes spec.maxSize", "5")];

const CILIUM: &str = r#"{"cilium": {
    "enableEncryption": true, "encryptionType": "wireguard", "enablePrometheusMetrics": true,
    "hubble": {"enabled": true}, "ingress": {"enabled": true}}}"#;
