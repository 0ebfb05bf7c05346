//! Every setting of the software on instances does something there, or is on the list of those that cannot.
//!
//! The settings come from the table of manifest fields: a field that is added there and forgotten here fails this test.

#![expect(clippy::unwrap_used, reason = "a test may panic about what it reads")]

mod common;

use kedge_spec::{FieldEntry, fields};

use common::{Manifests, setup, values};

/// Blocks that belong to the software on instances, and what has no counterpart there.
const BLOCKS: &[(&str, &str, &[&str])] = &[
    (
        "Cluster",
        "kubeAPIServer",
        &[
            // kubeadm decides them: files it makes, images it knows, ports that security groups open
            "image",
            "cloudProvider",
            "securePort",
            "etcdServers",
            "etcdCaFile",
            "etcdCertFile",
            "etcdKeyFile",
            "clientCAFile",
            "tlsCertFile",
            "tlsPrivateKeyFile",
            "kubeletClientCertificate",
            "kubeletCertificateAuthority",
            "kubeletClientKey",
            "proxyClientCertFile",
            "proxyClientKeyFile",
            "requestheaderClientCAFile",
            "serviceAccountKeyFile",
            "serviceAccountSigningKeyFile",
            "encryptionProviderConfig",
            // Kubernetes dropped them
            "disableBasicAuth",
            "insecurePort",
            "address",
            "insecureBindAddress",
            "basicAuthFile",
            "apiServerCount",
            "authorizationRbacSuperUser",
            "experimentalEncryptionProviderConfig",
            "etcdQuorumRead",
            "auditDynamicConfiguration",
            // kubeadm gives components no such settings
            "cpuRequest",
            "cpuLimit",
            "memoryRequest",
            "memoryLimit",
        ],
    ),
    (
        "Cluster",
        "kubeControllerManager",
        &[
            "master",
            "serviceAccountPrivateKeyFile",
            "image",
            "cloudProvider",
            "rootCAFile",
            "tlsCertFile",
            "tlsPrivateKeyFile",
            "authenticationKubeconfig",
            "authorizationKubeconfig",
            "horizontalPodAutoscalerUseRestClients",
            // Kubernetes dropped them, which is told
            "horizontalPodAutoscalerDownscaleDelay",
            "horizontalPodAutoscalerUpscaleDelay",
            "podEvictionTimeout",
            // kubeadm gives components no such settings
            "cpuRequest",
            "cpuLimit",
            "memoryRequest",
            "memoryLimit",
        ],
    ),
    (
        "Cluster",
        "kubeScheduler",
        &[
            "master",
            "image",
            "usePolicyConfigMap",
            "burst",
            "authenticationKubeconfig",
            "authorizationKubeconfig",
            "tlsCertFile",
            "tlsPrivateKeyFile",
            "cpuRequest",
            "cpuLimit",
            "memoryRequest",
            "memoryLimit",
        ],
    ),
    // every kube-proxy has the same configuration, and kubeadm tells it the name of its node
    (
        "Cluster",
        "kubeProxy",
        &["image", "cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit", "master", "hostnameOverride"],
    ),
    ("Cluster", "kubelet", KUBELET),
    ("Cluster", "masterKubelet", KUBELET),
    ("InstanceGroup", "kubelet", KUBELET),
    ("Cluster", "containerd", CONTAINERD),
    ("InstanceGroup", "containerd", GROUP_CONTAINERD),
    ("Cluster", "ntp", &[]),
    ("Cluster", "egressProxy", &[]),
    ("InstanceGroup", "volumeMounts[]", &[]),
    ("Cluster", "hooks[]", &[]),
    ("Cluster", "fileAssets[]", &[]),
    ("InstanceGroup", "hooks[]", &[]),
    ("InstanceGroup", "fileAssets[]", &[]),
];

const KUBELET: &[&str] = &[
    // kubeadm and the instance decide them
    "apiServers",
    "bootstrapKubeconfig",
    "kubeconfigPath",
    "requireKubeconfig",
    "hostnameOverride",
    "cloudProvider",
    "podInfraContainerImage",
    // kubelets dropped them
    "seccompProfileRoot",
    "allowPrivileged",
    "networkPluginName",
    "configureCbr0",
    "babysitDaemons",
    "nvidiaGPUs",
    "reconcileCIDR",
    "registerSchedulable",
    "nonMasqueradeCIDR",
    "enableCustomMetrics",
    "networkPluginMTU",
    "imagePullProgressDeadline",
    "dockerDisableSharedPID",
    "enableCadvisorJsonEndpoints",
    "experimentalAllocatableIgnoreEviction",
];

const CONTAINERD: &[&str] = &[
    // packages of the image bring them
    "runc.version",
    "installCriCtl",
    "installNerdCtl",
    // add-ons, not instances
    "nvidiaGPU.package",
    "nvidiaGPU.image",
    "nvidiaGPU.dcgmExporter.enabled",
    "gvisor.platform",
];

const GROUP_CONTAINERD: &[&str] = &[
    "runc.version",
    "installCriCtl",
    "installNerdCtl",
    "nvidiaGPU.package",
    "nvidiaGPU.image",
    "nvidiaGPU.dcgmExporter.enabled",
    "gvisor.platform",
    // permissions are those of the cluster
    "useECRCredentialsForMirrors",
];

#[test]
fn every_setting_acts_or_is_known_not_to() {
    let mut wrong = Vec::new();
    let mut acting = 0;
    for (kind, block, idle) in BLOCKS {
        let prefix = format!("spec.{block}.");
        let fields: Vec<FieldEntry> = fields()
            .into_iter()
            .filter(|field| field.kind == *kind && field.path.starts_with(&prefix))
            .filter(|field| !matches!(field.effect, kedge_spec::FieldEffect::Refused(_)) && field.shape != "block")
            .collect();
        assert!(!fields.is_empty(), "{kind} {block}");
        for name in *idle {
            let path = format!("{prefix}{name}");
            let known = |field: &FieldEntry| field.path.trim_end_matches("[]") == path || field.path == path;
            assert!(fields.iter().any(known), "{kind} {path} is no field");
        }
        for field in &fields {
            let mut before = Manifests::new();
            for (place, value) in setup(&field.path) {
                before.set(kind, place, &value);
            }
            let base = before.configs();
            let acts = values(field).iter().any(|value| {
                let mut after = before.clone();
                after.set(kind, &field.path, value);
                let found = after.configs();
                found.is_ok() && found != base
            });
            let rest = field.path.strip_prefix(&prefix).unwrap().trim_end_matches("[]");
            let idle = idle.iter().any(|name| name.trim_end_matches("[]") == rest);
            acting += usize::from(acts);
            if acts == idle {
                wrong.push(format!("{kind} {} {}", field.path, if acts { "acts after all" } else { "does nothing" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of the settings:\n{}", wrong.len(), wrong.join("\n"));
    assert!(acting > 250, "{acting}");
}
