//! `kedge init`.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use kedge_ops::load;
use kedge_render::{Line, Role, Text};
use kedge_spec::init::{self, InitOptions};

use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::Session;

const EXAMPLES: &str = "\
EXAMPLES:
  Write a manifest and see what it would make:
    kedge init --name prod.example.com --zones eu-west-1a > cluster.yaml
    kedge plan -f cluster.yaml

  The same without an AWS account:
    kedge init --name a.example.com --zones us-east-1a > cluster.yaml
    kedge plan -f cluster.yaml --sandbox

  Three zones on ARM, a bastion, and closed to others:
    kedge init --name prod.example.com --zones eu-west-1a,eu-west-1b,eu-west-1c
      --node-count 6 --node-size m7g.large --bastion
      --admin-access 203.0.113.0/24 --ssh-public-key id_ed25519.pub";

/// Write a manifest for a new cluster
///
/// Prints manifests that kedge and kops both take. What is not chosen gets the usual default; three zones or more get three
/// control planes, so that the cluster outlives one of them. Nothing is created: that is what apply is for.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InitArgs {
    /// Zones of the nodes
    #[arg(long, value_name = "ZONES", value_delimiter = ',', required = true)]
    zones: Vec<String>,

    /// Number of nodes in all zones together [default: one in each zone]
    #[arg(long, value_name = "NUMBER")]
    node_count: Option<usize>,

    /// Machine type of nodes
    #[arg(long, value_name = "TYPE", default_value = InitOptions::MACHINE_TYPE, visible_alias = "machine-type")]
    node_size: String,

    /// Machine type of control planes
    #[arg(long, value_name = "TYPE", default_value = InitOptions::MACHINE_TYPE)]
    control_plane_size: String,

    /// Zones of control planes [default: those of the nodes]
    #[arg(long, value_name = "ZONES", value_delimiter = ',')]
    control_plane_zones: Vec<String>,

    /// Number of control planes, odd [default: 3 with three zones or more, otherwise 1]
    #[arg(long, value_name = "NUMBER")]
    control_plane_count: Option<usize>,

    /// Where instances live: public subnets, or private ones behind NAT gateways
    #[arg(long, value_name = "KIND", default_value = "private")]
    topology: Topology,

    /// Network plugin
    #[arg(long, value_name = "PLUGIN", default_value = "cilium")]
    networking: Networking,

    /// Give pods and nodes IPv6 addresses
    #[arg(long)]
    ipv6: bool,

    /// Version of Kubernetes
    #[arg(long, value_name = "VERSION", default_value = InitOptions::KUBERNETES_VERSION)]
    kubernetes_version: String,

    /// Machine image, as an id, owner/name or ssm:parameter [default: Ubuntu 24.04 for the machine type]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// Range of the VPC, which is cut into subnets
    #[arg(long, value_name = "RANGE", default_value = InitOptions::NETWORK_CIDR)]
    network_cidr: String,

    /// Use this VPC instead of a new one; --network-cidr is its range
    #[arg(long, value_name = "VPC")]
    network_id: Option<String>,

    /// How names are found
    #[arg(long, value_name = "KIND", default_value = "public")]
    dns: Dns,

    /// Hosted zone, by name or id [default: the nearest above the cluster's name]
    #[arg(long, value_name = "ZONE")]
    dns_zone: Option<String>,

    /// Put a load balancer before the API [default: public where one is needed]
    #[arg(long, value_name = "KIND")]
    api_loadbalancer_type: Option<LoadBalancer>,

    /// Add a bastion, through which SSH reaches private instances
    #[arg(long)]
    bastion: bool,

    /// Ranges that may use the API and SSH [default: everybody]
    #[arg(long, value_name = "RANGES", value_delimiter = ',')]
    admin_access: Vec<String>,

    /// SSH public key for the instances
    #[arg(long, value_name = "FILE")]
    ssh_public_key: Option<Utf8PathBuf>,

    /// Where the cluster's state is kept, such as s3://bucket
    #[arg(long, value_name = "URL")]
    state: Option<String>,

    /// Tags of every resource, such as team=platform
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    cloud_labels: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Topology {
    Public,
    Private,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Dns {
    Public,
    Private,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LoadBalancer {
    Public,
    Internal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Networking {
    #[value(alias = "amazon-vpc", alias = "amazon-vpc-routed-eni")]
    Amazonvpc,
    Calico,
    Cilium,
    CiliumEni,
    CiliumEtcd,
    Cni,
    Flannel,
    Kindnet,
    #[value(alias = "kuberouter")]
    KubeRouter,
}

/// Does it.
pub(crate) fn run(args: &InitArgs, session: &Session) -> Result<ExitCode, CliError> {
    let Some(name) = &session.globals.name else {
        return Err(
            CliError::user("the new cluster has no name").hint("add `--name`, such as `--name prod.example.com`")
        );
    };
    let key = args.ssh_public_key.as_deref().map(load::ssh_public_key).transpose()?;
    let text = init::init(&options(args, name.as_str(), key))?;
    session.ui.data_text(&text)?;
    if args.admin_access.is_empty() {
        let mut text = Text::new();
        text.push(Line::of(Role::Note, "note:").with(Role::Plain, " everybody may use the API and try SSH"));
        text.push(Line::of(Role::Hint, "hint:").with(Role::Plain, " --admin-access RANGES names those who may"));
        session.ui.say(&text);
    }
    Ok(ExitCode::Done)
}

fn options(args: &InitArgs, name: &str, ssh_public_key: Option<String>) -> InitOptions {
    InitOptions {
        control_plane_zones: args.control_plane_zones.clone(),
        control_plane_count: args.control_plane_count,
        control_plane_size: args.control_plane_size.clone(),
        node_count: args.node_count,
        node_size: args.node_size.clone(),
        image: args.image.clone(),
        kubernetes_version: args.kubernetes_version.clone(),
        topology: match args.topology {
            Topology::Public => init::TopologyChoice::Public,
            Topology::Private => init::TopologyChoice::Private,
        },
        networking: match args.networking {
            Networking::Amazonvpc => init::NetworkChoice::AmazonVpc,
            Networking::Calico => init::NetworkChoice::Calico,
            Networking::Cilium => init::NetworkChoice::Cilium,
            Networking::CiliumEni => init::NetworkChoice::CiliumEni,
            Networking::CiliumEtcd => init::NetworkChoice::CiliumEtcd,
            Networking::Cni => init::NetworkChoice::Cni,
            Networking::Flannel => init::NetworkChoice::Flannel,
            Networking::Kindnet => init::NetworkChoice::Kindnet,
            Networking::KubeRouter => init::NetworkChoice::KubeRouter,
        },
        ipv6: args.ipv6,
        network_cidr: args.network_cidr.clone(),
        network_id: args.network_id.clone(),
        dns: match args.dns {
            Dns::Public => init::DnsChoice::Public,
            Dns::Private => init::DnsChoice::Private,
            Dns::None => init::DnsChoice::None,
        },
        dns_zone: args.dns_zone.clone(),
        load_balancer: args.api_loadbalancer_type.map(|kind| match kind {
            LoadBalancer::Public => init::LoadBalancerChoice::Public,
            LoadBalancer::Internal => init::LoadBalancerChoice::Internal,
        }),
        bastion: args.bastion,
        admin_access: args.admin_access.clone(),
        ssh_public_key,
        state_store: args.state.clone(),
        cloud_labels: args.cloud_labels.iter().cloned().collect::<BTreeMap<_, _>>(),
        ..InitOptions::new(name, args.zones.clone())
    }
}

/// `KEY=VALUE`.
fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}
