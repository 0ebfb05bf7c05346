//! The configuration of an instance group: everything that its instances boot with, as one document.

use std::collections::BTreeMap;

use kedge_resource::ClusterName;
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{InstanceGroup, Role};
use kedge_spec::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::authentication::minor;
use crate::components;
use crate::dns_cache::DnsCache;
use crate::egress::Proxy;
use crate::endpoint::ApiEndpoint;
use crate::files::{self, File};
use crate::hooks::{self, Unit};
use crate::kubeadm::{self, Networking, PATCHES, Parts, Registration};
use crate::problem::BootProblem;
use crate::ranges::Ranges;
use crate::records::{self, ApiRecord};
use crate::{containerd, etcd, kubelet, labels, proxy, static_pods, system};

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
    /// Where the store keeps what is of the cluster.
    pub store: StorePlace,
    /// How nodes are called.
    pub node_name: NodeName,
    /// Documents for `kubeadm init`; control planes only.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::lines::optional")]
    pub init: Option<String>,
    /// Document for `kubeadm join`.
    #[serde(with = "crate::lines")]
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
    /// Whether kubelets ask the program `ecr-credential-provider` for credentials, so that it has to be there before them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ecr_credentials: bool,
    /// Whether pods have addresses of the machine's network interfaces, so that it takes as many as those have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pods_by_interfaces: bool,
    /// The proxy by which instances reach the internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Secrets of the store that the instance writes to files before kubeadm runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretFile>,
    /// Volumes of the group that are mounted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Labels that only a control plane may give the nodes of the group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub control_plane_labels: BTreeMap<String, String>,
    /// Members of etcd that live on instances of the group: cluster and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub etcd_members: Vec<(String, String)>,
    /// For how many days snapshots of etcd are kept, where the manifest says so; control planes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etcd_retention_days: Option<u32>,
    /// How many seconds lie between snapshots of etcd, where the manifest says so; control planes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etcd_snapshot_seconds: Option<u32>,
    /// Names of the API that control planes keep records of, because no load balancer stands before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<ApiRecord>,
}

/// Where the store keeps what is of a cluster, for instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorePlace {
    /// Region of the bucket.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What keys of the cluster begin with, without a slash at its end.
    pub prefix: String,
    /// URL of S3, where it is not that of AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
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

/// A secret of the store and its place on the instance, where only root reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretFile {
    /// Its name in the store.
    pub secret: String,
    /// Where it goes.
    pub path: String,
}

/// A volume that is mounted; it is formatted if it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// The device.
    pub device: String,
    /// Its filesystem.
    pub filesystem: String,
    /// Where it goes.
    pub path: String,
    /// Options of `mkfs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub format_options: Vec<String>,
    /// Options of `mount`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mount_options: Vec<String>,
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

/// The configuration of a group; none for bastions, which are no nodes. `gpu` says whether its nodes are GPU nodes.
///
/// # Errors
/// Everything that the manifest asks of the instances and that cannot be done.
pub fn configure(
    spec: &ResolvedSpec,
    group: &InstanceGroup,
    gpu: bool,
    endpoint: &ApiEndpoint,
    store: &StorePlace,
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
    system::image(group, &mut problems);
    let (settings, own) = (&cluster.settings, &group.settings);
    let assets = files::assets(settings, own, group.role, &mut problems);
    let labels = labels::labels(spec, group, gpu);
    let ranges = Ranges::of(spec, &mut problems);
    let cache = DnsCache::of(spec, &ranges).filter(|cache| !cache.takes_service);
    let dns = cache.as_ref().map_or(&ranges.dns, |cache| &cache.address);
    let patch = kubelet::patch(spec, group, domain(spec), dns, &mut problems);
    let kubelet_args = kubelet::flags(spec, group, &labels).0;
    let taints = kubeadm::taints(group, &kubelet::of_group(spec, group).texts("taints"), &mut problems);
    let ipv6 = cluster.network.ipv6_only();
    let pods = if control_plane { static_pods::patches(spec, &mut problems) } else { Vec::new() };
    let registration = Registration { taints, kubelet_args, gpu, ipv6 };
    let runtime = settings.block("containerd").overlaid(&own.block("containerd"));

    let mut made = system::sysctls(settings, own, &mut problems);
    made.extend(system::time(settings));
    let proxy = Proxy::of(spec, endpoint, &ranges);
    made.extend(proxy.iter().flat_map(Proxy::files));
    containerd::check(&runtime, &mut problems);
    if runtime.boolean("skipInstall") != Some(true) {
        let systemd = kubelet::of_group(spec, group).text("cgroupDriver") != Some("cgroupfs");
        let sandbox = containerd::sandbox(settings, minor(&cluster.kubernetes_version));
        made.extend(containerd::files(&runtime, &containerd::Purpose { gpu, systemd, sandbox }, &mut problems));
    }
    if kubelet::uses_ecr(spec) {
        let mirrored = if cluster.ecr_credentials_for_mirrors { containerd::mirrored(&runtime) } else { Vec::new() };
        made.push(system::credential_provider(&mirrored, cluster.network.region().as_deref().unwrap_or(&store.region)));
    }
    made.push(File::text(format!("{PATCHES}/kubeletconfiguration+merge.yaml"), &text::write(&[patch])));
    made.extend(pods);
    let mut init = None;
    if control_plane {
        let (documents, files) = documents(spec, group, endpoint, &registration, &assets, &ranges, &mut problems);
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
        store: store.clone(),
        node_name: if cluster.ip_based_node_names { NodeName::PrivateDnsName } else { NodeName::InstanceId },
        init,
        join: text::write(&[join]),
        files: made,
        units: hooks::units(settings, own, group.role, &mut problems),
        packages: system::packages(settings, own, &mut problems),
        brings_containerd: runtime.boolean("skipInstall") == Some(true),
        containerd_version: runtime.text("version").map(str::to_owned),
        downloads: downloads(&runtime, &mut problems),
        ecr_credentials: kubelet::uses_ecr(spec),
        pods_by_interfaces: kubelet::counts_addresses(spec, group),
        proxy,
        secrets: secrets(spec, control_plane),
        mounts: mounts(own, &mut problems),
        control_plane_labels: labels.control_plane,
        etcd_members: cluster
            .etcd_clusters
            .iter()
            .flat_map(|etcd| etcd.members.iter().map(move |member| (etcd, member)))
            .filter(|(_, member)| member.instance_group == group.name)
            .map(|(etcd, member)| (etcd.name.clone(), member.name.clone()))
            .collect(),
        records: if control_plane { records::of(spec) } else { Vec::new() },
        etcd_retention_days: if control_plane { etcd::retention_days(spec, &mut problems) } else { None },
        etcd_snapshot_seconds: if control_plane { etcd::snapshot_seconds(spec, &mut problems) } else { None },
    };
    if problems.is_empty() { Ok(Some(config)) } else { Err(problems) }
}

/// The domain of names within the cluster.
fn domain(spec: &ResolvedSpec) -> &str {
    spec.cluster.settings.text("clusterDNSDomain").unwrap_or("cluster.local")
}

/// The documents for `kubeadm init`, and the files that they name. None of them is of kubelets: see [`kubelet::patch`].
fn documents(
    spec: &ResolvedSpec,
    group: &InstanceGroup,
    endpoint: &ApiEndpoint,
    registration: &Registration,
    assets: &[File],
    ranges: &Ranges,
    problems: &mut Vec<BootProblem>,
) -> (Vec<Value>, Vec<File>) {
    let (api_server, files) = components::api_server(spec, assets, problems);
    let mut controller_manager = components::controller_manager(spec, problems);
    ranges.tell(&mut controller_manager);
    let proxies = proxy::runs(spec);
    let parts = Parts {
        networking: Networking {
            service_subnet: ranges.services.clone(),
            pod_subnet: (!ranges.ipv6).then(|| ranges.pods.clone()),
            dns_domain: domain(spec).to_owned(),
        },
        api_server,
        controller_manager,
        scheduler: components::scheduler(spec, problems),
        etcd: etcd::etcd(spec, problems),
        proxy: proxies,
    };
    let mut documents =
        vec![value(&kubeadm::cluster(spec, endpoint, parts)), value(&kubeadm::init(group, registration, proxies))];
    if proxies {
        documents.push(proxy::document(spec, &ranges.pods, problems));
    }
    (documents, files)
}

/// What encrypts API objects at rest, which kops calls `encryptionconfig` too.
fn secrets(spec: &ResolvedSpec, control_plane: bool) -> Vec<SecretFile> {
    let wanted = control_plane && spec.cluster.encryption_config;
    let file = || SecretFile { secret: "encryptionconfig".to_owned(), path: components::ENCRYPTION.to_owned() };
    wanted.then(file).into_iter().collect()
}

/// Volumes that the group mounts.
fn mounts(group: &kedge_spec::Settings, problems: &mut Vec<BootProblem>) -> Vec<Mount> {
    let mut mounts = Vec::new();
    let texts = |mount: &kedge_spec::Settings, name: &str| mount.texts(name).into_iter().map(str::to_owned).collect();
    for mount in group.blocks("volumeMounts") {
        match (mount.text("device"), mount.text("path")) {
            (Some(device), Some(path)) if device.starts_with("/dev/") && path.starts_with('/') => mounts.push(Mount {
                device: device.to_owned(),
                filesystem: mount.text("filesystem").unwrap_or("ext4").to_owned(),
                path: path.to_owned(),
                format_options: texts(&mount, "formatOptions"),
                mount_options: texts(&mount, "mountOptions"),
            }),
            _ => problems.push(BootProblem::new(
                "volumeMounts",
                "a mount without a device or a place",
                "give it a `device` below `/dev/` and a `path` that begins with `/`",
            )),
        }
    }
    mounts
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
