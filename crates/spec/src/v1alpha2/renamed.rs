//! Names that later kops API versions use for fields of `v1alpha2`, for hints.

/// New name, the name in `v1alpha2`, and whether the value is inverted.
const RENAMED: &[(&str, &str, bool)] = &[
    ("access", "kubernetesApiAccess", false),
    ("additionalSANs", "additionalSans", false),
    ("allocationID", "allocationId", false),
    ("amazonVPC", "amazonvpc", false),
    ("clientCAFile", "clientCaFile", false),
    ("configStore", "configBase", false),
    ("controlPlaneKubelet", "masterKubelet", false),
    ("ebsCSIDriver", "cloudConfig.awsEBSCSIDriver", false),
    ("externalDNS", "externalDns", false),
    ("installIptablesRules", "IPTablesRulesNoinstall", true),
    ("isolateControlPlane", "isolateMasters", false),
    ("kmsKeyID", "kmsKeyId", false),
    ("kubeRouter", "kuberouter", false),
    ("loadBalancerController", "awsLoadBalancerController", false),
    ("masquerade", "disableMasquerade", true),
    ("tagSubnets", "DisableSubnetTags", true),
    ("useForInternalAPI", "useForInternalApi", false),
    ("volumeIOPS", "volumeIops", false),
];

/// The `v1alpha2` name of a field that is written under its newer name, and whether its value is inverted.
pub(crate) fn older_name(newer: &str) -> Option<(&'static str, bool)> {
    RENAMED.iter().find(|(name, _, _)| *name == newer).map(|(_, old, inverted)| (*old, *inverted))
}
