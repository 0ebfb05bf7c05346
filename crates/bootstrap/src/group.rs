//! The configuration of an instance group: everything that its instances boot with, as one document.

use std::collections::BTreeMap;
use std::net::IpAddr;

use kedge_resource::ClusterName;
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{InstanceGroup, Role};
use kedge_spec::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::authentication::minor;
use crate::components::{self, Component};
use crate::endpoint::ApiEndpoint;
use crate::files::{self, File};
use crate::hooks::{self, Unit};
use crate::kubeadm::{self, Networking, PATCHES, Parts, Registration};
use crate::problem::BootProblem;
use crate::{containerd, kubelet, labels, proxy, system};

/// Version of the document. It grows when a field is added that an older `kedge-node` must not overlook.
pub const FORMAT_VERSION: u32 = 1;

/// Oldest minor version of Kubernetes 1 that instances can run: `kubeadm.k8s.io/v1beta4` came with 1.31, and API servers that
/// let in nobody but probes without a certificate with 1.32.
const OLDEST: u32 = 32;

/// Everything that the instances of a group boot with. Nothing in it is secret or of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupConfig {
    /// Version of the format.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// The group.
    pub group: String,
    /// Whether its instances are control planes.
    pub control_plane: bool,
    /// Version of Kubernetes without the `v`: of the packages as well.
    pub kubernetes_version: String,
    /// Host and port of the API within the VPC.
    pub endpoint: String,
    /// How nodes are called.
    pub node_name: NodeName,
    /// Documents for `kubeadm init`; control planes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// Document for `kubeadm join`.
    pub join: String,
    /// Files.
    pub files: Vec<File>,
    /// Units of systemd, which are started before the kubelet is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<Unit>,
    /// Packages of the image's package manager.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// Whether the image brings containerd with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brings_containerd: bool,
    /// Version of containerd; that of the image's packages where none is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containerd_version: Option<String>,
    /// Programs that are not packaged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub downloads: Vec<Download>,
    /// Labels that only a control plane may give the nodes of the group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub control_plane_labels: BTreeMap<String, String>,
    /// Members of etcd that live on instances of the group: cluster and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub etcd_members: Vec<(String, String)>,
}

/// How a node is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeName {
    /// By the id of the instance.
    InstanceId,
    /// By the private DNS name, which has the address in it.
    PrivateDnsName,
}

/// An architecture, as Kubernetes calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// 64-bit Arm.
    Arm64,
}

/// A program of the manifest that is no package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// What it is.
    pub name: String,
    /// For which instances.
    pub arch: Arch,
    /// Where it is.
    pub url: String,
    /// SHA-256 as hexadecimal digits.
    pub sha256: String,
}

impl GroupConfig {
    /// The document as it is stored.
    ///
    /// # Errors
    /// Never: every key is a text.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }

    /// SHA-256 of the document as hexadecimal digits: what it is stored under, and what user data holds.
    ///
    /// # Errors
    /// As for [`Self::to_json`].
    pub fn digest(&self) -> serde_json::Result<String> {
        Ok(digest(self.to_json()?.as_bytes()))
    }
}

/// SHA-256 as hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The configuration of a group; none for bastions, which are no nodes.
///
/// # Errors
/// Everything that the manifest asks of the instances and that cannot be done.
pub fn configure(
    spec: &ResolvedSpec,
    group: &InstanceGroup,
    endpoint: &ApiEndpoint,
) -> Result<Option<GroupConfig>, Vec<BootProblem>> {
    let mut problems = Vec::new();
    let control_plane = match group.role {
        Role::Bastion => return Ok(None),
        Role::ApiServer => {
            return Err(vec![BootProblem::new(
                "role",
                "kubeadm makes no API servers without etcd",
                "use control planes instead of groups of the role `APIServer`",
            )]);
        }
        Role::ControlPlane => true,
        Role::Node => false,
    };
    let cluster = &spec.cluster;
    if minor(&cluster.kubernetes_version) < OLDEST {
        problems.push(BootProblem::new(
            "kubernetesVersion",
            format!(
                "instances of kedge run Kubernetes 1.{OLDEST} or later, and this is {}",
                cluster.kubernetes_version
            ),
            "upgrade the cluster first, with what made it",
        ));
    }
    let (settings, own) = (&cluster.settings, &group.settings);
    let assets = files::assets(settings, own, group.role, &mut problems);
    let labels = labels::labels(spec, group);
    let patch = kubelet::patch(spec, group, &mut problems);
    let kubelet_args = kubelet::flags(spec, group, &labels).0;
    let taints = kubeadm::taints(group, &kubelet::of_group(spec, group).texts("taints"), &mut problems);
    let registration = Registration { taints, kubelet_args, patched: patch.is_some() };
    let runtime = settings.block("containerd").overlaid(&own.block("containerd"));
    let gpu = group.nvidia_gpu.unwrap_or(cluster.nvidia_gpu);

    let mut made = system::sysctls(settings, own, &mut problems);
    made.extend(system::time(settings));
    if runtime.boolean("skipInstall") != Some(true) {
        made.extend(containerd::files(&runtime, gpu, &mut problems));
    }
    if kubelet::uses_ecr(spec) {
        made.push(system::credential_provider());
    }
    if let Some(patch) = patch {
        made.push(File::text(format!("{PATCHES}/kubeletconfiguration+merge.yaml"), &text::write(&[patch])));
    }
    let mut init = None;
    if control_plane {
        let (documents, files) = documents(spec, group, endpoint, &registration, &assets, &mut problems);
        made.extend(files);
        init = Some(text::write(&documents));
    }
    let join = value(&kubeadm::join(group, &registration));
    made.extend(assets);
    let config = GroupConfig {
        format_version: FORMAT_VERSION,
        cluster: cluster.name.clone(),
        group: group.name.clone(),
        control_plane,
        kubernetes_version: cluster.kubernetes_version.clone(),
        endpoint: format!("{}:{}", endpoint.host, crate::endpoint::PORT),
        node_name: if cluster.ip_based_node_names { NodeName::PrivateDnsName } else { NodeName::InstanceId },
        init,
        join: text::write(&[join]),
        files: made,
        units: hooks::units(settings, own, group.role, &mut problems),
        packages: system::packages(settings, own, &mut problems),
        brings_containerd: runtime.boolean("skipInstall") == Some(true),
        containerd_version: runtime.text("version").map(str::to_owned),
        downloads: downloads(&runtime, &mut problems),
        control_plane_labels: labels.control_plane,
        etcd_members: cluster
            .etcd_clusters
            .iter()
            .flat_map(|etcd| etcd.members.iter().map(move |member| (etcd, member)))
            .filter(|(_, member)| member.instance_group == group.name)
            .map(|(etcd, member)| (etcd.name.clone(), member.name.clone()))
            .collect(),
    };
    if problems.is_empty() { Ok(Some(config)) } else { Err(problems) }
}

/// The documents for `kubeadm init`, and the files that they name.
fn documents(
    spec: &ResolvedSpec,
    group: &InstanceGroup,
    endpoint: &ApiEndpoint,
    registration: &Registration,
    assets: &[File],
    problems: &mut Vec<BootProblem>,
) -> (Vec<Value>, Vec<File>) {
    let ranges = Ranges::of(spec, problems);
    let (api_server, files) = components::api_server(spec, assets, problems);
    let mut controller_manager = components::controller_manager(spec);
    ranges.tell(&mut controller_manager);
    let proxies = proxy::runs(spec);
    let domain = spec.cluster.settings.text("clusterDNSDomain").unwrap_or("cluster.local");
    let parts = Parts {
        networking: Networking {
            service_subnet: ranges.services.clone(),
            pod_subnet: (!ranges.ipv6).then(|| ranges.pods.clone()),
            dns_domain: domain.to_owned(),
        },
        api_server,
        controller_manager,
        scheduler: components::scheduler(spec),
        etcd: components::etcd(spec, problems),
        proxy: proxies,
    };
    let mut documents = vec![
        value(&kubeadm::cluster(spec, endpoint, parts)),
        value(&kubeadm::init(group, registration, proxies)),
        kubelet::document(spec, domain, &ranges.dns, problems),
    ];
    if proxies {
        documents.push(proxy::document(spec, &ranges.pods, problems));
    }
    (documents, files)
}

/// Ranges of addresses within the cluster, as kops divides them.
struct Ranges {
    services: String,
    pods: String,
    dns: String,
    ipv6: bool,
}

impl Ranges {
    fn of(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Self {
        let settings = &spec.cluster.settings;
        let ipv6 = spec.cluster.network.ipv6_only();
        let (services, pods) = match spec.cluster.network.non_masquerade_cidr {
            // A first eighth is for services, the second half for pods.
            ipnet::IpNet::V4(range) => {
                let (part, half) = ((range.prefix_len() + 3).min(32), (range.prefix_len() + 1).min(32));
                let upper = u32::from(range.network()) | 1_u32.checked_shl(32 - u32::from(half)).unwrap_or_default();
                (format!("{}/{part}", range.network()), format!("{}/{half}", std::net::Ipv4Addr::from(upper)))
            }
            ipnet::IpNet::V6(_) => ("fd00:5e4f:ce::/108".to_owned(), "::/0".to_owned()),
        };
        let api = settings.block("kubeAPIServer");
        let written = settings.text("serviceClusterIPRange").or_else(|| api.text("serviceClusterIPRange"));
        let services = written.map_or(services, str::to_owned);
        let pods = settings.text("podCIDR").map_or(pods, str::to_owned);
        let dns = match services.split(',').next().and_then(|range| range.parse::<ipnet::IpNet>().ok()) {
            Some(range) => tenth(range.network()),
            None => {
                problems.push(BootProblem::new(
                    "serviceClusterIPRange",
                    format!("`{services}` is no range of addresses"),
                    "write a range such as `100.64.0.0/13`",
                ));
                String::new()
            }
        };
        let dns = settings.block("kubeDNS").text("serverIP").map_or(dns, str::to_owned);
        Self { services, pods, dns, ipv6 }
    }

    /// Pods with IPv6 addresses get them from AWS, not from the controller manager.
    fn tell(&self, controller_manager: &mut Component) {
        if self.ipv6 {
            let mut args = crate::args::Args(std::mem::take(&mut controller_manager.extra_args));
            args.usual("allocate-node-cidrs", "false");
            args.usual("cluster-cidr", self.pods.clone());
            controller_manager.extra_args = args.0;
        }
    }
}

/// The tenth address of a range, which is that of DNS.
fn tenth(network: IpAddr) -> String {
    match network {
        IpAddr::V4(address) => std::net::Ipv4Addr::from(u32::from(address).saturating_add(10)).to_string(),
        IpAddr::V6(address) => std::net::Ipv6Addr::from(u128::from(address).saturating_add(10)).to_string(),
    }
}

/// Programs that the manifest names by URL and digest.
fn downloads(runtime: &kedge_spec::Settings, problems: &mut Vec<BootProblem>) -> Vec<Download> {
    let mut found = Vec::new();
    for (name, packages) in
        [("containerd", runtime.block("packages")), ("runc", runtime.block("runc").block("packages"))]
    {
        for (arch, url, hash) in [(Arch::Amd64, "urlAmd64", "hashAmd64"), (Arch::Arm64, "urlArm64", "hashArm64")] {
            match (packages.text(url), packages.text(hash)) {
                (Some(url), Some(sha256)) if sha256.len() == 64 && sha256.chars().all(|c| c.is_ascii_hexdigit()) => {
                    let (name, url, sha256) = (name.to_owned(), url.to_owned(), sha256.to_lowercase());
                    found.push(Download { name, arch, url, sha256 });
                }
                (None, None) => {}
                _ => problems.push(BootProblem::new(
                    "containerd.packages",
                    format!("`{url}` and `{hash}` of {name} do not belong together"),
                    "write the URL and its SHA-256 as 64 hexadecimal digits",
                )),
            }
        }
    }
    found
}

/// A document as a value; its keys are texts, so that it always is one.
fn value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

#[cfg(test)]
mod tests;
