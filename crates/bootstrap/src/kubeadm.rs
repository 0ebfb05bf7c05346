//! The documents of kubeadm: `kubeadm.k8s.io/v1beta4`.

use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{InstanceGroup, Role};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::Arg;
use crate::components::Component;
use crate::containerd;
use crate::endpoint::{ApiEndpoint, PORT};
use crate::etcd::Etcd;
use crate::problem::BootProblem;

/// Group and version of the documents.
pub(crate) const API_VERSION: &str = "kubeadm.k8s.io/v1beta4";
/// Where an instance writes what lets it find the cluster when it joins.
const DISCOVERY: &str = "/etc/kubernetes/discovery.conf";
/// Where patches are of what kubeadm writes.
pub(crate) const PATCHES: &str = "/etc/kubernetes/patches";
/// Key of the taint of GPU nodes.
const GPU_TAINT: &str = "nvidia.com/gpu";
/// Where kubelets, kubeadm and crictl find containerd.
pub const CRI_SOCKET: &str = "unix:///run/containerd/containerd.sock";

/// `ClusterConfiguration`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterConfiguration {
    api_version: &'static str,
    kind: &'static str,
    cluster_name: String,
    kubernetes_version: String,
    control_plane_endpoint: String,
    encryption_algorithm: &'static str,
    networking: Networking,
    api_server: ApiServer,
    controller_manager: Component,
    scheduler: Component,
    etcd: LocalEtcd,
    dns: Disabled,
    #[serde(skip_serializing_if = "Disabled::is_default")]
    proxy: Disabled,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_repository: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ApiServer {
    #[serde(flatten)]
    component: Component,
    #[serde(rename = "certSANs")]
    cert_sans: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LocalEtcd {
    local: Etcd,
}

#[derive(Debug, Serialize)]
struct Disabled {
    disabled: bool,
}

impl Disabled {
    fn is_default(&self) -> bool {
        !self.disabled
    }
}

/// Ranges of addresses within the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Networking {
    pub(crate) service_subnet: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_subnet: Option<String>,
    pub(crate) dns_domain: String,
}

/// The parts of a control plane.
pub(crate) struct Parts {
    pub(crate) networking: Networking,
    pub(crate) api_server: Component,
    pub(crate) controller_manager: Component,
    pub(crate) scheduler: Component,
    pub(crate) etcd: Etcd,
    pub(crate) proxy: bool,
}

/// `ClusterConfiguration` of a cluster.
pub(crate) fn cluster(spec: &ResolvedSpec, endpoint: &ApiEndpoint, parts: Parts) -> ClusterConfiguration {
    let Parts { networking, api_server, controller_manager, scheduler, etcd, proxy } = parts;
    let cluster = &spec.cluster;
    let mut cert_sans = Vec::new();
    let own =
        [cluster.api.public_name.as_str(), &crate::endpoint::internal_name(spec), &endpoint.host].map(str::to_owned);
    for name in own.into_iter().chain(cluster.settings.texts("additionalSans").into_iter().map(str::to_owned)) {
        if !cert_sans.contains(&name) {
            cert_sans.push(name);
        }
    }
    ClusterConfiguration {
        api_version: API_VERSION,
        kind: "ClusterConfiguration",
        cluster_name: cluster.name.to_string(),
        kubernetes_version: format!("v{}", cluster.kubernetes_version),
        control_plane_endpoint: format!("{}:{PORT}", endpoint.host),
        encryption_algorithm: "ECDSA-P256",
        networking,
        api_server: ApiServer { component: api_server, cert_sans },
        controller_manager,
        scheduler,
        etcd: LocalEtcd { local: etcd },
        // An add-on of kedge brings it, with an image that need not be where `imageRepository` says.
        dns: Disabled { disabled: true },
        proxy: Disabled { disabled: !proxy },
        image_repository: containerd::registry(&cluster.settings),
    }
}

/// `InitConfiguration`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitConfiguration {
    api_version: &'static str,
    kind: &'static str,
    node_registration: NodeRegistration,
    #[serde(rename = "localAPIEndpoint")]
    local_api_endpoint: LocalEndpoint,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skip_phases: Vec<&'static str>,
    patches: Patches,
}

/// `JoinConfiguration`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinConfiguration {
    api_version: &'static str,
    kind: &'static str,
    node_registration: NodeRegistration,
    discovery: Discovery,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_plane: Option<ControlPlane>,
    patches: Patches,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeRegistration {
    cri_socket: &'static str,
    taints: Vec<Value>,
    kubelet_extra_args: Vec<Arg>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LocalEndpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    advertise_address: Option<&'static str>,
    bind_port: u16,
}

impl LocalEndpoint {
    /// kubeadm takes the address of the default route: the IPv4 one, if it is not told to take that of IPv6.
    fn of(registration: &Registration) -> Self {
        Self { advertise_address: registration.ipv6.then_some("::"), bind_port: PORT }
    }
}

#[derive(Debug, Serialize)]
struct Discovery {
    file: DiscoveryFile,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DiscoveryFile {
    kube_config_path: &'static str,
}

#[derive(Debug, Serialize)]
struct ControlPlane {
    #[serde(rename = "localAPIEndpoint")]
    local_api_endpoint: LocalEndpoint,
}

#[derive(Clone, Debug, Serialize)]
struct Patches {
    directory: &'static str,
}

/// What a node of a group is registered with.
pub(crate) struct Registration {
    pub(crate) taints: Vec<Value>,
    pub(crate) kubelet_args: Vec<Arg>,
    /// Whether it has GPUs.
    pub(crate) gpu: bool,
    /// Whether its cluster has IPv6 addresses only.
    pub(crate) ipv6: bool,
}

/// `InitConfiguration` of the first control plane.
pub(crate) fn init(group: &InstanceGroup, registration: &Registration, proxy: bool) -> InitConfiguration {
    InitConfiguration {
        api_version: API_VERSION,
        kind: "InitConfiguration",
        node_registration: node_registration(group, registration),
        local_api_endpoint: LocalEndpoint::of(registration),
        skip_phases: if proxy { Vec::new() } else { vec!["addon/kube-proxy"] },
        patches: Patches { directory: PATCHES },
    }
}

/// `JoinConfiguration` of every other node. A file lets it find the cluster: so no token stands here.
pub(crate) fn join(group: &InstanceGroup, registration: &Registration) -> JoinConfiguration {
    let control_plane = group.role == Role::ControlPlane;
    JoinConfiguration {
        api_version: API_VERSION,
        kind: "JoinConfiguration",
        node_registration: node_registration(group, registration),
        discovery: Discovery { file: DiscoveryFile { kube_config_path: DISCOVERY } },
        control_plane: control_plane.then(|| ControlPlane { local_api_endpoint: LocalEndpoint::of(registration) }),
        patches: Patches { directory: PATCHES },
    }
}

fn node_registration(group: &InstanceGroup, registration: &Registration) -> NodeRegistration {
    let mut taints = registration.taints.clone();
    // An empty list means none, so that the usual one of control planes has to be written too.
    if group.role == Role::ControlPlane && taints.is_empty() {
        taints.push(taint("node-role.kubernetes.io/control-plane", "", "NoSchedule"));
    }
    // As tags promise it to the autoscaler: pods that ask for no GPU stay away.
    let is_gpu = |one: &Value| one.get("key").and_then(Value::as_str).is_some_and(|key| key.starts_with(GPU_TAINT));
    if registration.gpu && !taints.iter().any(is_gpu) {
        taints.push(taint(GPU_TAINT, "", "NoSchedule"));
    }
    NodeRegistration { cri_socket: CRI_SOCKET, taints, kubelet_extra_args: registration.kubelet_args.clone() }
}

/// The taints of the nodes of a group: those of the group, and those of its kubelets as `key=value:effect`.
pub(crate) fn taints(group: &InstanceGroup, written: &[&str], problems: &mut Vec<BootProblem>) -> Vec<Value> {
    let mut taints: Vec<Value> =
        group.taints.iter().map(|known| taint(&known.key, &known.value, &known.effect)).collect();
    for text in written {
        let parts = text.rsplit_once(':').map(|(front, effect)| (front.split_once('=').unwrap_or((front, "")), effect));
        match parts {
            Some(((key, value), effect)) if !key.is_empty() && EFFECTS.contains(&effect) => {
                let one = taint(key, value, effect);
                if !taints.contains(&one) {
                    taints.push(one);
                }
            }
            _ => problems.push(BootProblem::new(
                "kubelet.taints",
                format!("`{text}` is no taint"),
                "write `key=value:NoSchedule`, with NoSchedule, PreferNoSchedule or NoExecute",
            )),
        }
    }
    taints
}

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

fn taint(key: &str, value: &str, effect: &str) -> Value {
    if value.is_empty() {
        json!({ "key": key, "effect": effect })
    } else {
        json!({ "key": key, "value": value, "effect": effect })
    }
}
