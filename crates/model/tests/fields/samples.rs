//! A value for each field that acts on resources, and what has to be there so that fields can act.

use kedge_spec::{FieldEffect, FieldEntry};
use serde_json::{Value, json};

use super::cluster::Manifests;
use super::running::{RUNNING, SOFTWARE};

/// How a field is tried.
pub(crate) struct Sample {
    /// Its value, with the lists and mappings that the end of its path stands for.
    pub(crate) value: Value,
    /// What is set before, in both clusters.
    pub(crate) setup: Vec<(&'static str, Value)>,
    /// The field decides whether a manifest is sound, and nothing else.
    pub(crate) only_checked: bool,
}

type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Cluster: field, value, setup. Values are JSON.
const CLUSTER: &[Row] = &[
    ("spec.configBase", r#""s3://other/path""#, &[]),
    (
        "spec.subnets[].name",
        r#""renamed""#,
        &[("control-plane spec.subnets", r#"["other"]"#), ("nodes spec.subnets", r#"["other"]"#)],
    ),
    ("spec.subnets[].zone", r#""us-east-1b""#, &[("cluster spec.subnets[].egress", r#""tgw-1""#)]),
    ("spec.subnets[].cidr", r#""10.0.9.0/24""#, &[]),
    ("spec.subnets[].ipv6CIDR", r#""/64#1""#, &[]),
    ("spec.subnets[].id", r#""subnet-1""#, &[("cluster spec.networkID", r#""vpc-1""#)]),
    ("spec.subnets[].egress", r#""nat-1""#, &[]),
    ("spec.subnets[].type", r#""Public""#, &[]),
    (
        "spec.subnets[].additionalRoutes[].cidr",
        r#""192.168.0.0/24""#,
        &[("cluster spec.subnets[].additionalRoutes", r#"[{"cidr": "192.168.1.0/24", "target": "tgw-1"}]"#)],
    ),
    (
        "spec.subnets[].additionalRoutes[].target",
        r#""pcx-1""#,
        &[("cluster spec.subnets[].additionalRoutes", r#"[{"cidr": "192.168.1.0/24", "target": "tgw-1"}]"#)],
    ),
    ("spec.masterPublicName", r#""kube.example.com""#, &[]),
    ("spec.networkCIDR", r#""10.0.0.0/17""#, &[]),
    ("spec.additionalNetworkCIDRs[]", r#"["10.1.0.0/16"]"#, &[]),
    ("spec.networkID", r#""vpc-1""#, &[]),
    ("spec.topology.bastion.bastionPublicName", r#""bastion.example.com""#, &[]),
    ("spec.topology.bastion.loadBalancer.additionalSecurityGroups[]", r#"["sg-1"]"#, &[]),
    ("spec.topology.bastion.loadBalancer.type", r#""Internal""#, &[]),
    ("spec.topology.dns.type", r#""Private""#, &[]),
    ("spec.dnsZone", r#""example.org""#, &[]),
    ("spec.nonMasqueradeCIDR", r#""::/0""#, &[("cluster spec.subnets[].ipv6CIDR", r#""/64#1""#)]),
    ("spec.sshAccess[]", r#"["192.0.2.0/24"]"#, &[]),
    ("spec.nodePortAccess[]", r#"["192.0.2.0/24"]"#, &[]),
    ("spec.sshKeyName", r#""mine""#, &[]),
    ("spec.kubernetesApiAccess[]", r#"["pl-1"]"#, &[]),
    ("spec.externalPolicies.<key>[]", r#"{"node": ["arn:aws:iam::123456789012:policy/p"]}"#, &[]),
    (
        "spec.additionalPolicies.<key>",
        r#"{"node": "[{\"Effect\": \"Allow\", \"Action\": \"s3:Get*\", \"Resource\": \"*\"}]"}"#,
        &[],
    ),
    ("spec.etcdClusters[].name", r#""leases""#, &[("cluster spec.etcdClusters", ETCD)]),
    ("spec.etcdClusters[].etcdMembers[].name", r#""b""#, &[]),
    ("spec.etcdClusters[].etcdMembers[].volumeType", r#""gp2""#, &[]),
    ("spec.etcdClusters[].etcdMembers[].volumeIops", "4000", &[]),
    ("spec.etcdClusters[].etcdMembers[].volumeThroughput", "200", &[]),
    ("spec.etcdClusters[].etcdMembers[].volumeSize", "30", &[]),
    (
        "spec.etcdClusters[].etcdMembers[].kmsKeyId",
        r#""arn:aws:kms:us-east-1:123456789012:key/1""#,
        &[("cluster spec.etcdClusters[].etcdMembers[].encryptedVolume", "true")],
    ),
    ("spec.etcdClusters[].etcdMembers[].encryptedVolume", "true", &[]),
    ("spec.containerd.nvidiaGPU.enabled", "true", &[("nodes spec.machineType", r#""g4dn.xlarge""#)]),
    (
        "spec.kubeAPIServer.serviceNodePortRange",
        r#""30000-30010""#,
        &[("cluster spec.nodePortAccess", r#"["192.0.2.0/24"]"#)],
    ),
    ("spec.kubeAPIServer.serviceAccountIssuer", r#""https://issuer.example.com""#, IRSA),
    ("spec.kubelet.nodeLabels.<key>", r#"{"a": "b"}"#, &[]),
    ("spec.masterKubelet.nodeLabels.<key>", r#"{"a": "b"}"#, &[]),
    ("spec.cloudConfig.nlbSecurityGroupMode", r#""Managed""#, &[]),
    ("spec.externalDns.provider", r#""external-dns""#, IRSA),
    ("spec.nodeTerminationHandler.enabled", "false", &[]),
    ("spec.nodeTerminationHandler.enableSQSTerminationDraining", "false", &[]),
    ("spec.nodeTerminationHandler.managedASGTag", r#""mine""#, &[]),
    ("spec.certManager.enabled", "true", &[("cluster spec.certManager.hostedZoneIDs", r#"["Z1"]"#)]),
    ("spec.certManager.hostedZoneIDs[]", r#"["Z1"]"#, &[("cluster spec.certManager.enabled", "true")]),
    ("spec.awsLoadBalancerController.enableWAF", "true", &[("cluster spec.awsLoadBalancerController.enabled", "true")]),
    (
        "spec.awsLoadBalancerController.enableWAFv2",
        "true",
        &[("cluster spec.awsLoadBalancerController.enabled", "true")],
    ),
    (
        "spec.awsLoadBalancerController.enableShield",
        "true",
        &[("cluster spec.awsLoadBalancerController.enabled", "true")],
    ),
    ("spec.networking.calico.awsSrcDstCheck", r#""DoNothing""#, &[("cluster spec.networking", r#"{"calico": {}}"#)]),
    ("spec.networking.cilium.ipam", r#""eni""#, &[("cluster spec.networking", r#"{"cilium": {}}"#)]),
    (
        "spec.networking.cilium.etcdManaged",
        "true",
        &[("cluster spec.networking", r#"{"cilium": {}}"#), ("cluster spec.etcdClusters", WITH_CILIUM)],
    ),
    ("spec.api.loadBalancer.type", r#""Internal""#, &[]),
    ("spec.api.loadBalancer.securityGroupOverride", r#""sg-1""#, &[]),
    ("spec.api.loadBalancer.additionalSecurityGroups[]", r#"["sg-1"]"#, &[]),
    ("spec.api.loadBalancer.sslCertificate", r#""arn:aws:acm:us-east-1:123456789012:certificate/1""#, &[]),
    (
        "spec.api.loadBalancer.sslPolicy",
        r#""ELBSecurityPolicy-TLS13-1-2-2021-06""#,
        &[("cluster spec.api.loadBalancer.sslCertificate", r#""arn:aws:acm:us-east-1:123456789012:certificate/1""#)],
    ),
    (
        "spec.api.loadBalancer.subnets[].name",
        r#""public""#,
        &[("cluster spec.subnets", WITH_PUBLIC), ("cluster spec.api.loadBalancer.subnets", r#"[{"name": "utility"}]"#)],
    ),
    (
        "spec.api.loadBalancer.subnets[].privateIPv4Address",
        r#""10.0.1.10""#,
        &[(
            "cluster spec.api.loadBalancer",
            r#"{"class": "Network", "type": "Internal", "subnets": [{"name": "private"}]}"#,
        )],
    ),
    (
        "spec.api.loadBalancer.subnets[].allocationId",
        r#""eipalloc-1""#,
        &[("cluster spec.api.loadBalancer.subnets", r#"[{"name": "utility"}]"#)],
    ),
    ("spec.api.loadBalancer.accessLog.bucket", r#""other""#, &[]),
    (
        "spec.api.loadBalancer.accessLog.bucketPrefix",
        r#""api""#,
        &[("cluster spec.api.loadBalancer.accessLog.bucket", r#""logs""#)],
    ),
    ("spec.cloudLabels.<key>", r#"{"team": "platform"}"#, &[]),
    ("spec.iam.permissionsBoundary", r#""arn:aws:iam::123456789012:policy/p""#, &[]),
    (
        "spec.iam.useServiceAccountExternalPermissions",
        "true",
        &[("cluster spec.serviceAccountIssuerDiscovery", ISSUER)],
    ),
    ("spec.iam.serviceAccountExternalPermissions[].name", r#""other""#, ACCOUNT),
    ("spec.iam.serviceAccountExternalPermissions[].namespace", r#""other""#, ACCOUNT),
    (
        "spec.iam.serviceAccountExternalPermissions[].aws.policyARNs[]",
        r#"["arn:aws:iam::123456789012:policy/q"]"#,
        ACCOUNT,
    ),
    (
        "spec.iam.serviceAccountExternalPermissions[].aws.inlinePolicy",
        r#""[{\"Effect\": \"Allow\", \"Action\": \"s3:Get*\", \"Resource\": \"*\"}]""#,
        INLINE_ACCOUNT,
    ),
    ("spec.clusterAutoscaler.enabled", "true", IRSA),
    (
        "spec.clusterAutoscaler.awsUseStaticInstanceList",
        "true",
        &[("cluster spec.clusterAutoscaler.enabled", "true"), IRSA[0], IRSA[1]],
    ),
    ("spec.warmPool.minSize", "1", &[]),
    ("spec.warmPool.maxSize", "2", &[]),
    ("spec.warmPool.lifecycleHookTimeout", "900", &[("cluster spec.warmPool", r#"{"enableLifecycleHook": true}"#)]),
    ("spec.serviceAccountIssuerDiscovery.discoveryStore", r#""s3://keys/other""#, IRSA),
    (
        "spec.serviceAccountIssuerDiscovery.discoveryService.url",
        r#""https://other.example.com""#,
        &[(
            "cluster spec.serviceAccountIssuerDiscovery",
            r#"{"discoveryService": {"url": "https://keys.example.com"}, "enableAWSOIDCProvider": true}"#,
        )],
    ),
    (
        "spec.serviceAccountIssuerDiscovery.enableAWSOIDCProvider",
        "true",
        &[("cluster spec.serviceAccountIssuerDiscovery", r#"{"discoveryStore": "s3://keys/test"}"#)],
    ),
    ("spec.serviceAccountIssuerDiscovery.additionalAudiences[]", r#"["sts.amazonaws.com"]"#, IRSA),
    ("spec.karpenter.enabled", "true", IRSA),
];

pub(crate) const IRSA: &[(&str, &str)] = &[
    ("cluster spec.serviceAccountIssuerDiscovery", ISSUER),
    ("cluster spec.iam.useServiceAccountExternalPermissions", "true"),
];

pub(crate) const ISSUER: &str = r#"{"discoveryStore": "s3://keys/test", "enableAWSOIDCProvider": true}"#;

const ACCOUNT: &[(&str, &str)] = &[(
    "cluster spec.iam.serviceAccountExternalPermissions",
    r#"[{"name": "a", "namespace": "b", "aws": {"policyARNs": ["arn:aws:iam::123456789012:policy/p"]}}]"#,
)];

const INLINE_ACCOUNT: &[(&str, &str)] = &[(
    "cluster spec.iam.serviceAccountExternalPermissions",
    r#"[{"name": "a", "namespace": "b", "aws": {"inlinePolicy": "[{\"Effect\": \"Allow\", \"Action\": \"ec2:*\", \"Resource\": \"*\"}]"}}]"#,
)];

/// Three etcd clusters, so that the first may have another name.
const ETCD: &str = r#"[
    {"name": "cilium", "etcdMembers": [{"name": "a", "instanceGroup": "control-plane"}]},
    {"name": "main", "etcdMembers": [{"name": "a", "instanceGroup": "control-plane"}]},
    {"name": "events", "etcdMembers": [{"name": "a", "instanceGroup": "control-plane"}]}]"#;
const WITH_CILIUM: &str = ETCD;

const WITH_PUBLIC: &str = r#"[
    {"name": "private", "type": "Private", "zone": "us-east-1a", "cidr": "10.0.1.0/24"},
    {"name": "utility", "type": "Utility", "zone": "us-east-1a", "cidr": "10.0.2.0/24"},
    {"name": "public", "type": "Public", "zone": "us-east-1a", "cidr": "10.0.3.0/24"}]"#;

/// InstanceGroup: field of the nodes, value, setup.
const GROUP: &[Row] = &[
    ("metadata.annotations.<key>", r#"{"kedge.dev/prevent-destroy": "true"}"#, &[]),
    ("metadata.name", r#""workers""#, &[]),
    ("spec.manager", r#""Karpenter""#, &[]),
    ("spec.role", r#""APIServer""#, &[]),
    ("spec.image", r#""owner/other""#, &[]),
    ("spec.minSize", "0", &[]),
    ("spec.maxSize", "5", &[]),
    ("spec.machineType", r#""m5.large""#, &[]),
    ("spec.rootVolumeSize", "50", &[]),
    ("spec.rootVolumeType", r#""gp2""#, &[]),
    ("spec.rootVolumeIops", "4000", &[]),
    ("spec.rootVolumeThroughput", "200", &[]),
    ("spec.rootVolumeEncryption", "false", &[]),
    (
        "spec.rootVolumeEncryptionKey",
        r#""arn:aws:kms:us-east-1:123456789012:key/1""#,
        &[("nodes spec.rootVolumeEncryption", "true")],
    ),
    ("spec.volumes[].deleteOnTermination", "false", VOLUME),
    ("spec.volumes[].device", r#""/dev/xvde""#, VOLUME),
    ("spec.volumes[].encrypted", "false", VOLUME),
    ("spec.volumes[].iops", "4000", VOLUME),
    ("spec.volumes[].throughput", "200", VOLUME),
    ("spec.volumes[].key", r#""arn:aws:kms:us-east-1:123456789012:key/1""#, VOLUME),
    ("spec.volumes[].size", "6", VOLUME),
    ("spec.volumes[].type", r#""gp2""#, VOLUME),
    ("spec.subnets[]", r#"["other"]"#, &[]),
    ("spec.maxPrice", r#""0.1""#, &[]),
    ("spec.spotDurationInMinutes", "60", &[("nodes spec.maxPrice", r#""0.1""#)]),
    ("spec.instanceInterruptionBehavior", r#""stop""#, &[("nodes spec.maxPrice", r#""0.1""#)]),
    ("spec.cpuCredits", r#""unlimited""#, &[]),
    ("spec.associatePublicIp", "false", &[("nodes spec.subnets", r#"["utility"]"#)]),
    ("spec.additionalSecurityGroups[]", r#"["sg-1"]"#, &[]),
    ("spec.cloudLabels.<key>", r#"{"team": "platform"}"#, &[]),
    ("spec.nodeLabels.<key>", r#"{"a": "b"}"#, &[]),
    ("spec.tenancy", r#""dedicated""#, &[]),
    ("spec.kubelet.nodeLabels.<key>", r#"{"a": "b"}"#, &[]),
    ("spec.taints[]", r#"["a=b:NoSchedule"]"#, &[]),
    ("spec.mixedInstancesPolicy.instances[]", r#"["m5.large", "t3.medium"]"#, MIXED),
    ("spec.mixedInstancesPolicy.instanceRequirements.cpu.max", r#""16""#, REQUIREMENTS),
    ("spec.mixedInstancesPolicy.instanceRequirements.cpu.min", r#""4""#, REQUIREMENTS),
    ("spec.mixedInstancesPolicy.instanceRequirements.memory.max", r#""64G""#, REQUIREMENTS),
    ("spec.mixedInstancesPolicy.instanceRequirements.memory.min", r#""8G""#, REQUIREMENTS),
    ("spec.mixedInstancesPolicy.instanceRequirements.excludedInstanceTypes[]", r#"["t2.*"]"#, REQUIREMENTS),
    ("spec.mixedInstancesPolicy.onDemandAllocationStrategy", r#""prioritized""#, MIXED),
    ("spec.mixedInstancesPolicy.onDemandBase", "1", MIXED),
    ("spec.mixedInstancesPolicy.onDemandAboveBase", "10", MIXED),
    ("spec.mixedInstancesPolicy.spotAllocationStrategy", r#""capacity-optimized""#, MIXED),
    ("spec.mixedInstancesPolicy.spotInstancePools", "3", MIXED),
    ("spec.additionalUserData[].name", r#""b.sh""#, PARTS),
    ("spec.additionalUserData[].type", r#""text/cloud-config""#, PARTS),
    ("spec.additionalUserData[].content", r##""#!/bin/sh\ntrue\n""##, PARTS),
    ("spec.suspendProcesses[]", r#"["AZRebalance"]"#, &[]),
    ("spec.externalLoadBalancers[].loadBalancerName", r#""lb""#, &[]),
    (
        "spec.externalLoadBalancers[].targetGroupArn",
        r#""arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/mine/1""#,
        &[],
    ),
    ("spec.iam.profile", r#""arn:aws:iam::123456789012:instance-profile/mine""#, &[]),
    ("spec.securityGroupOverride", r#""sg-1""#, &[]),
    ("spec.instanceMetadata.httpPutResponseHopLimit", "3", &[]),
    ("spec.instanceMetadata.httpTokens", r#""optional""#, &[]),
    ("spec.warmPool.minSize", "1", &[]),
    ("spec.warmPool.maxSize", "2", &[]),
    ("spec.warmPool.lifecycleHookTimeout", "900", &[("nodes spec.warmPool", r#"{"enableLifecycleHook": true}"#)]),
    ("spec.containerd.nvidiaGPU.enabled", "true", &[("nodes spec.machineType", r#""g4dn.xlarge""#)]),
    ("spec.maxInstanceLifetime", r#""48h""#, &[]),
];

const VOLUME: &[(&str, &str)] = &[("nodes spec.volumes", r#"[{"device": "/dev/xvdd", "size": 5}]"#)];
const MIXED: &[(&str, &str)] = &[("nodes spec.mixedInstancesPolicy", r#"{"instances": ["t3.medium"]}"#)];
const REQUIREMENTS: &[(&str, &str)] = &[(
    "nodes spec.mixedInstancesPolicy",
    r#"{"instanceRequirements": {"cpu": {"min": "2"}, "memory": {"min": "2G"}}}"#,
)];
const PARTS: &[(&str, &str)] = &[(
    "nodes spec.additionalUserData",
    r##"[{"name": "a.sh", "type": "text/x-shellscript", "content": "#!/bin/sh\n"},
        {"name": "z.sh", "type": "text/x-shellscript", "content": "#!/bin/sh\n"}]"##,
)];

const CREDENTIAL: &[Row] = &[(
    "spec.publicKey",
    r#""ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA other@example.com""#,
    &[],
)];

/// Fields that decide whether manifests are sound, with a value that is not.
const ONLY_CHECKED: &[(&str, &str, &str)] = &[
    ("Cluster", "apiVersion", r#""kops.k8s.io/v9""#),
    ("Cluster", "kind", r#""Custer""#),
    ("Cluster", "metadata.name", r#""nodots""#),
    ("Cluster", "metadata.labels.<key>", "7"),
    ("Cluster", "metadata.annotations.<key>", "7"),
    ("Cluster", "spec.cloudProvider", r#""gce""#),
    ("Cluster", "spec.kubernetesVersion", r#""latest""#),
    ("Cluster", "spec.cloudConfig.awsEBSCSIDriver.enabled", "false"),
    ("Cluster", "spec.etcdClusters[].etcdMembers[].instanceGroup", r#""nodes""#),
    ("Cluster", "spec.api.loadBalancer.class", r#""Classic""#),
    ("Cluster", "spec.iam.legacy", "true"),
    ("InstanceGroup", "apiVersion", r#""kops.k8s.io/v9""#),
    ("InstanceGroup", "kind", r#""Group""#),
    ("InstanceGroup", "metadata.labels.<key>", r#"{"kops.k8s.io/cluster": "other.example.com"}"#),
    ("InstanceGroup", "spec.zones[]", r#"["us-east-1z"]"#),
    ("SSHCredential", "apiVersion", r#""kops.k8s.io/v9""#),
    ("SSHCredential", "kind", r#""Credential""#),
    ("SSHCredential", "metadata.name", r#""""#),
    ("SSHCredential", "metadata.labels.<key>", "7"),
    ("SSHCredential", "metadata.annotations.<key>", "7"),
];

/// What a block needs around it. The longest path that fits counts.
const AROUND: &[(&str, &[(&str, &str)])] = &[
    ("spec.api.loadBalancer.accessLog", &[("cluster spec.api.loadBalancer.accessLog.bucket", r#""logs""#)]),
    ("spec.warmPool", &[("cluster spec.warmPool", "{}"), ("nodes spec.warmPool", "{}")]),
];

fn rows(kind: &str) -> &'static [Row] {
    match kind {
        "Cluster" => CLUSTER,
        "InstanceGroup" => GROUP,
        _ => CREDENTIAL,
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The sample of a field. A switch without one is switched on.
pub(crate) fn of(field: &FieldEntry) -> Sample {
    if let Some((_, _, value)) = ONLY_CHECKED.iter().find(|(kind, path, _)| *kind == field.kind && *path == field.path)
    {
        return Sample { value: json(value), setup: Vec::new(), only_checked: true };
    }
    match rows(field.kind).iter().find(|(path, _, _)| *path == field.path) {
        Some((_, value, setup)) => Sample {
            value: json(value),
            setup: setup.iter().map(|(place, value)| (*place, json(value))).collect(),
            only_checked: false,
        },
        None if field.shape == "boolean" => Sample { value: json!(true), setup: Vec::new(), only_checked: false },
        None => panic!("{} {} needs a sample", field.kind, field.path),
    }
}

/// The small cluster with what the field needs around it.
pub(crate) fn prepared(field: &FieldEntry) -> Manifests {
    let mut manifests = Manifests::new();
    // Of the network plugins there is one.
    if let Some(plugin) = field.path.strip_prefix("spec.networking.").and_then(|rest| rest.split('.').next()) {
        let plugin = plugin.trim_end_matches("[]");
        manifests.put("cluster spec.networking", json!({plugin: {}}));
    }
    for (_, setup) in AROUND.iter().filter(|(path, _)| field.path.starts_with(path)) {
        for (place, value) in *setup {
            if place.starts_with("cluster") == (field.kind == "Cluster") {
                manifests.put(place, json(value));
            }
        }
    }
    if field.effect != FieldEffect::Acts {
        for (_, setup) in RUNNING.iter().filter(|(path, _)| field.path.starts_with(path)) {
            for (place, value) in *setup {
                manifests.put(place, json(value));
            }
        }
        let document = if field.kind == "Cluster" { "cluster" } else { "nodes" };
        for (path, value) in super::values::setup(&field.path) {
            manifests.put(&format!("{document} {path}"), value);
        }
    }
    manifests
}

/// Beginnings of the paths of fields that need something around them.
pub(crate) fn prefixes() -> impl Iterator<Item = &'static str> {
    AROUND.iter().chain(RUNNING).map(|(path, _)| *path).chain(SOFTWARE.iter().copied())
}

/// Kind and path of every sample.
pub(crate) fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_kind = |kind: &'static str| rows(kind).iter().map(move |(path, _, _)| (kind, *path));
    let checked = ONLY_CHECKED.iter().map(|(kind, path, _)| (*kind, *path));
    of_kind("Cluster").chain(of_kind("InstanceGroup")).chain(of_kind("SSHCredential")).chain(checked)
}
