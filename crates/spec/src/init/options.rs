//! What a person chooses, and which choices contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use kedge_diag::{Diagnostic, Diagnostics};
use kedge_resource::ClusterName;
use serde_json::{Value, json};

use crate::resolve::version::{self, Wrong};

/// Choices that cannot be met; each names the option.
#[derive(Clone, Debug)]
pub struct InitError(pub Diagnostics);

/// Where instances live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TopologyChoice {
    /// In subnets that the internet reaches.
    Public,
    /// In subnets that it does not reach, behind NAT gateways.
    #[default]
    Private,
}

/// How names are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DnsChoice {
    /// In a public hosted zone.
    #[default]
    Public,
    /// In a private hosted zone.
    Private,
    /// Not at all.
    None,
}

/// A load balancer before the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadBalancerChoice {
    /// Reached from the internet.
    Public,
    /// Reached within the VPC.
    Internal,
}

/// A network plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say which")]
pub enum NetworkChoice {
    AmazonVpc,
    Calico,
    #[default]
    Cilium,
    CiliumEni,
    CiliumEtcd,
    Cni,
    Flannel,
    Kindnet,
    KubeRouter,
}

/// What a person chooses.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// Name of the cluster.
    pub name: String,
    /// Zones of nodes, such as `us-east-1a`.
    pub zones: Vec<String>,
    /// Zones of control planes; those of the nodes if there are none.
    pub control_plane_zones: Vec<String>,
    /// Number of control planes, odd.
    pub control_plane_count: Option<usize>,
    /// Machine type of control planes.
    pub control_plane_size: String,
    /// Number of nodes over all zones; one in each zone if not said.
    pub node_count: Option<usize>,
    /// Machine type of nodes.
    pub node_size: String,
    /// Machine image; an Ubuntu that fits each machine type if not said.
    pub image: Option<String>,
    /// Version such as `1.34.0`.
    pub kubernetes_version: String,
    /// Where instances live.
    pub topology: TopologyChoice,
    /// Network plugin.
    pub networking: NetworkChoice,
    /// Pods have IPv6 addresses.
    pub ipv6: bool,
    /// Range of the VPC, cut into subnets.
    pub network_cidr: String,
    /// An existing VPC.
    pub network_id: Option<String>,
    /// How names are found.
    pub dns: DnsChoice,
    /// Hosted zone, by name or id.
    pub dns_zone: Option<String>,
    /// Load balancer before the API; where one is needed if not said.
    pub load_balancer: Option<LoadBalancerChoice>,
    /// A bastion for SSH.
    pub bastion: bool,
    /// Who may use the API and SSH; everybody if not said.
    pub admin_access: Vec<String>,
    /// SSH public key.
    pub ssh_public_key: Option<String>,
    /// Where the cluster's state is kept, such as `s3://bucket`.
    pub state_store: Option<String>,
    /// Tags of every resource.
    pub cloud_labels: BTreeMap<String, String>,
}

impl InitOptions {
    /// The defaults for a cluster of this name in these zones.
    #[must_use]
    pub fn new(name: impl Into<String>, zones: Vec<String>) -> Self {
        Self {
            name: name.into(),
            zones,
            control_plane_zones: Vec::new(),
            control_plane_count: None,
            control_plane_size: Self::MACHINE_TYPE.to_owned(),
            node_count: None,
            node_size: Self::MACHINE_TYPE.to_owned(),
            image: None,
            kubernetes_version: Self::KUBERNETES_VERSION.to_owned(),
            topology: TopologyChoice::default(),
            networking: NetworkChoice::default(),
            ipv6: false,
            network_cidr: Self::NETWORK_CIDR.to_owned(),
            network_id: None,
            dns: DnsChoice::default(),
            dns_zone: None,
            load_balancer: None,
            bastion: false,
            admin_access: Vec::new(),
            ssh_public_key: None,
            state_store: None,
            cloud_labels: BTreeMap::new(),
        }
    }

    /// Machine type where none is chosen.
    pub const MACHINE_TYPE: &str = "t3.medium";
    /// Version where none is chosen.
    pub const KUBERNETES_VERSION: &str = "1.34.0";
    /// Range where none is chosen.
    pub const NETWORK_CIDR: &str = "172.20.0.0/16";
}

/// Choices that go together.
pub(super) struct Checked<'a> {
    pub(super) options: &'a InitOptions,
    pub(super) network_cidr: Ipv4Net,
    /// Zone of each control plane.
    pub(super) control_planes: Vec<&'a str>,
}

impl<'a> Checked<'a> {
    pub(super) fn new(options: &'a InitOptions) -> Result<Self, InitError> {
        let mut problems = Problems::default();
        if let Err(error) = ClusterName::parse(&options.name) {
            let hint = "choose a name such as `prod.example.com`";
            problems.push("--name", format!("`{}` is no DNS name: {error}", options.name), hint);
        }
        zones(&mut problems, options);
        state_store(&mut problems, options);
        let control_planes = control_planes(&mut problems, options);
        if options.node_count == Some(0) {
            problems.push("--node-count", "a cluster without nodes runs nothing", "give at least 1");
        }
        let network_cidr = network_cidr(&mut problems, options);
        kubernetes_version(&mut problems, &options.kubernetes_version);
        contradictions(&mut problems, options);
        problems.finish()?;
        Ok(Self { options, network_cidr, control_planes })
    }

    pub(super) fn private(&self) -> bool {
        self.options.topology == TopologyChoice::Private
    }

    /// All zones, those of nodes first.
    pub(super) fn zones(&self) -> Vec<&'a str> {
        let mut zones: Vec<&str> = Vec::new();
        let wanted = self.options.zones.iter().map(String::as_str).chain(self.control_planes.iter().copied());
        for zone in wanted {
            if !zones.contains(&zone) {
                zones.push(zone);
            }
        }
        zones
    }

    /// The load balancer: one is needed where instances are not reached, where there are several, or where nothing else
    /// leads to them.
    pub(super) fn load_balancer(&self) -> Option<LoadBalancerChoice> {
        let needed = self.private() || self.control_planes.len() > 1 || self.options.dns == DnsChoice::None;
        self.options.load_balancer.or(needed.then_some(LoadBalancerChoice::Public))
    }

    pub(super) fn admin_access(&self) -> Vec<&str> {
        if self.options.admin_access.is_empty() {
            return vec!["0.0.0.0/0", "::/0"];
        }
        self.options.admin_access.iter().map(String::as_str).collect()
    }

    /// Whether the plugin does what kube-proxy does.
    pub(super) fn replaces_kube_proxy(&self) -> bool {
        use NetworkChoice::{Cilium, CiliumEni, CiliumEtcd, KubeRouter};
        matches!(self.options.networking, Cilium | CiliumEni | CiliumEtcd | KubeRouter)
    }

    pub(super) fn networking(&self) -> Value {
        match self.options.networking {
            NetworkChoice::AmazonVpc => json!({"amazonvpc": {}}),
            NetworkChoice::Calico => json!({"calico": {}}),
            NetworkChoice::Cilium => json!({"cilium": {"enableNodePort": true}}),
            NetworkChoice::CiliumEni => {
                json!({"cilium": {"disableMasquerade": true, "enableNodePort": true, "ipam": "eni"}})
            }
            NetworkChoice::CiliumEtcd => json!({"cilium": {"enableNodePort": true, "etcdManaged": true}}),
            NetworkChoice::Cni => json!({"cni": {}}),
            NetworkChoice::Flannel => json!({"flannel": {"backend": "vxlan"}}),
            NetworkChoice::Kindnet => json!({"kindnet": {}}),
            NetworkChoice::KubeRouter => json!({"kuberouter": {}}),
        }
    }

    /// The range of pods: that of the VPC where pods have its addresses.
    pub(super) fn non_masquerade_cidr(&self) -> String {
        match self.options.networking {
            _ if self.options.ipv6 => "::/0".to_owned(),
            NetworkChoice::AmazonVpc | NetworkChoice::CiliumEni => self.network_cidr.to_string(),
            _ => "100.64.0.0/10".to_owned(),
        }
    }
}

/// Reports, each under its option.
#[derive(Default)]
struct Problems(Diagnostics);

impl Problems {
    fn push(&mut self, option: &str, detail: impl Into<String>, hint: impl Into<String>) {
        let diagnostic = Diagnostic::error("option", "option cannot be met", detail).hint(hint);
        self.0.push(diagnostic.at(option, None));
    }

    fn finish(self) -> Result<(), InitError> {
        if self.0.is_empty() { Ok(()) } else { Err(InitError(self.0)) }
    }
}

fn zones(problems: &mut Problems, options: &InitOptions) {
    if options.zones.is_empty() {
        problems.push("--zones", "a cluster stands in at least one zone", "give zones such as `us-east-1a,us-east-1b`");
    }
    for (option, zones) in [("--zones", &options.zones), ("--control-plane-zones", &options.control_plane_zones)] {
        let mut seen = BTreeSet::new();
        for zone in zones {
            if !is_zone(zone) {
                problems.push(option, format!("`{zone}` is no zone"), "zones are called like `us-east-1a`");
            } else if !seen.insert(zone) {
                problems.push(option, format!("`{zone}` stands twice"), "name each zone once");
            }
        }
    }
    let regions: BTreeSet<&str> = options
        .zones
        .iter()
        .chain(&options.control_plane_zones)
        .map(|zone| zone.trim_end_matches(|c: char| c.is_ascii_lowercase()))
        .collect();
    if regions.len() > 1 {
        let regions: Vec<&str> = regions.into_iter().collect();
        let detail = format!("the zones are in {}, and a cluster stands in one region", regions.join(" and "));
        problems.push("--zones", detail, "choose zones of one region");
    }
}

/// Whether something is called like a zone: words, a number with a letter behind it, as in `us-east-1a`, `us-gov-west-1b` or
/// `us-west-2-lax-1a`.
fn is_zone(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let (Some(last), Some([first, second])) = (parts.last(), parts.get(..2)) else { return false };
    let number = last.trim_end_matches(|c: char| c.is_ascii_lowercase());
    parts.len() >= 3
        && is_word(first)
        && is_word(second)
        && last.len() == number.len() + 1
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where the state of a cluster on AWS can be.
fn state_store(problems: &mut Problems, options: &InitOptions) {
    let Some(written) = &options.state_store else { return };
    let bucket = written.strip_prefix("s3://").and_then(|rest| rest.split('/').next());
    if bucket.is_none_or(str::is_empty) {
        problems.push(
            "--state",
            format!("`{written}` is no place in S3"),
            "write `s3://bucket` or `s3://bucket/prefix`",
        );
    }
}

/// Zone of each control plane.
fn control_planes<'a>(problems: &mut Problems, options: &'a InitOptions) -> Vec<&'a str> {
    let chosen = if options.control_plane_zones.is_empty() { &options.zones } else { &options.control_plane_zones };
    let count = match (options.control_plane_count, options.control_plane_zones.len()) {
        (Some(count), _) => count,
        (None, 0) => {
            if options.zones.len() >= 3 {
                3
            } else {
                1
            }
        }
        (None, zones) => zones,
    };
    if count % 2 == 0 {
        let option =
            if options.control_plane_count.is_some() { "--control-plane-count" } else { "--control-plane-zones" };
        let detail =
            format!("{count} control planes survive no more failures than one fewer would, and etcd wants a majority");
        problems.push(option, detail, "choose 1, 3 or 5");
    } else if count > 7 {
        problems.push("--control-plane-count", format!("{count} members slow etcd down"), "choose 1, 3 or 5");
    }
    chosen.iter().cycle().take(if chosen.is_empty() { 0 } else { count }).map(String::as_str).collect()
}

fn network_cidr(problems: &mut Problems, options: &InitOptions) -> Ipv4Net {
    let fallback = Ipv4Net::new_assert(std::net::Ipv4Addr::new(172, 20, 0, 0), 16);
    let option = "--network-cidr";
    let Ok(cidr) = options.network_cidr.parse::<Ipv4Net>() else {
        problems.push(option, format!("`{}` is no IPv4 range", options.network_cidr), "write `10.0.0.0/16`");
        return fallback;
    };
    let smallest = super::network::smallest_vpc(options.topology);
    if cidr.trunc() != cidr {
        problems.push(option, format!("`{cidr}` is an address within a range"), format!("write `{}`", cidr.trunc()));
    } else if !(16..=smallest).contains(&cidr.prefix_len()) {
        let detail = format!("`{cidr}` cannot be cut into subnets that AWS takes");
        problems.push(option, detail, format!("choose a prefix of 16 to {smallest} bits"));
    }
    cidr
}

/// A new cluster has no reason to be one whose instances cannot boot.
fn kubernetes_version(problems: &mut Problems, written: &str) {
    let detail = match version::check(written) {
        Ok(()) => return,
        Err(Wrong::NoVersion) => format!("`{written}` is no release"),
        Err(Wrong::NoPatch) => format!("`{written}` names no release: it has no patch number"),
        Err(Wrong::OutOfRange(age)) => format!("`{written}` is {age} than what instances can boot with"),
    };
    let hint = format!("choose a release of {}, such as `{}`", version::range(), InitOptions::KUBERNETES_VERSION);
    problems.push("--kubernetes-version", detail, hint);
}

fn contradictions(problems: &mut Problems, options: &InitOptions) {
    use NetworkChoice::{AmazonVpc, CiliumEni, Flannel, KubeRouter};
    if options.zones.len() > super::network::MOST_ZONES {
        let most = super::network::MOST_ZONES;
        problems.push(
            "--zones",
            format!("the VPC is cut into {most} large subnets"),
            format!("choose {most} zones at most"),
        );
    }
    if options.bastion && options.topology == TopologyChoice::Public {
        problems.push(
            "--bastion",
            "instances of a public topology are reached without one",
            "add `--topology private`",
        );
    }
    if options.load_balancer == Some(LoadBalancerChoice::Internal) && options.topology == TopologyChoice::Public {
        let detail = "an internal load balancer stands in private subnets, and a public topology has none";
        problems.push("--api-loadbalancer-type", detail, "add `--topology private`");
    }
    if options.ipv6 && matches!(options.networking, AmazonVpc | CiliumEni | Flannel | KubeRouter) {
        problems.push("--ipv6", "the network plugin knows IPv4 only", "add `--networking cilium`, calico or kindnet");
    }
    if options.dns == DnsChoice::None && options.dns_zone.is_some() {
        problems.push("--dns-zone", "`--dns none` makes no records", "remove one of the two");
    }
}
