//! The ports to what is outside the machine.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;
use kedge_store::BootstrapToken;

use crate::error::{PortError, StepError};
use crate::identity::Identity;

/// The metadata service of the instance.
#[async_trait]
pub trait Metadata: fmt::Debug + Send + Sync {
    /// What stands at a path below `/latest/meta-data/`; none if there is nothing.
    async fn get(&self, path: &str) -> Result<Option<String>, PortError>;
}

/// A volume of a member of etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdVolume {
    /// Its id.
    pub id: String,
    /// The member that it belongs to.
    pub member: String,
    /// All members of its etcd cluster.
    pub members: Vec<String>,
    /// What it is attached to.
    pub attached: Option<AttachedTo>,
}

/// What a volume is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedTo {
    /// The instance.
    pub instance: String,
    /// Name of the device, as it was given when it was attached.
    pub device: String,
    /// Whether AWS is done with it.
    pub complete: bool,
}

/// EBS volumes.
#[async_trait]
pub trait Volumes: fmt::Debug + Send + Sync {
    /// The volumes of members of an etcd cluster in the zone of the instance.
    async fn of_etcd(&self, identity: &Identity, cluster: &str, etcd: &str) -> Result<Vec<EtcdVolume>, PortError>;

    /// Attaches a volume to the instance as a device. It is no error if it is attached there already.
    async fn attach(&self, identity: &Identity, volume: &str, device: &str) -> Result<(), PortError>;
}

/// An instance of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// Private DNS name.
    pub private_dns: String,
    /// Addresses within the VPC, of both families.
    pub private: Vec<IpAddr>,
    /// Addresses on the internet, of both families.
    pub public: Vec<IpAddr>,
}

/// The network interfaces that a type of machine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interfaces {
    /// How many.
    pub most: u32,
    /// IPv4 addresses of each.
    pub addresses: u32,
}

/// The instances of the cluster, as AWS has them.
#[async_trait]
pub trait Instances: fmt::Debug + Send + Sync {
    /// Those that run or begin to.
    async fn running(&self, identity: &Identity, cluster: &str) -> Result<Vec<Instance>, PortError>;

    /// The network interfaces of a type of machine.
    async fn interfaces(&self, identity: &Identity, machine: &str) -> Result<Interfaces, PortError>;

    /// The IPv6 prefix of the first network interface of an instance, which is assigned if it has none. Nobody else may do the
    /// same at the same time: see [`Cluster::take_turn`].
    async fn pod_range(&self, identity: &Identity, instance: &str) -> Result<String, PortError>;
}

/// Which addresses a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Those within the VPC.
    Private,
    /// Those on the internet.
    Public,
}

/// Records in Route 53.
#[async_trait]
pub trait Records: fmt::Debug + Send + Sync {
    /// Makes a name lead to these addresses, `A` and `AAAA`, in the closest zone of the account. Says whether something
    /// had to be changed. A record that leads to a load balancer is left alone.
    async fn point(&self, name: &str, private_zone: bool, addresses: &[IpAddr]) -> Result<bool, PortError>;
}

/// A node, as the API has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiNode {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The id of its instance, as soon as it is known.
    pub instance: Option<String>,
    /// The ranges that its pods have their addresses from.
    pub pod_ranges: Vec<String>,
}

/// The Kubernetes API, asked by a control plane.
#[async_trait]
pub trait Cluster: fmt::Debug + Send + Sync {
    /// Whether the API server of this instance answers; why not, if not.
    async fn ready(&self) -> Result<(), PortError>;

    /// Makes a bootstrap token that is good until then.
    async fn make_token(&self, group: &str, expires: Timestamp) -> Result<BootstrapToken, PortError>;

    /// Whether the API knows a bootstrap token, by its public half, that is good still.
    async fn has_token(&self, id: &str) -> Result<bool, PortError>;

    /// The nodes.
    async fn nodes(&self) -> Result<Vec<ApiNode>, PortError>;

    /// Gives a node labels.
    async fn label(&self, node: &str, labels: &BTreeMap<String, String>) -> Result<(), PortError>;

    /// Takes the turn to give nodes their ranges, or keeps it for another minute. Says whether this control plane has it: only
    /// one has at a time.
    async fn take_turn(&self) -> Result<bool, PortError>;

    /// Lets others have the turn.
    async fn end_turn(&self) -> Result<(), PortError>;

    /// Gives a node the range that its pods have their addresses from, once and for all.
    async fn give_range(&self, node: &str, range: &str) -> Result<(), PortError>;
}

/// What is asked about the member of etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRequest {
    /// The member of the manifest whose volume is attached.
    pub member: String,
    /// How many members the manifest has.
    pub expected: usize,
    /// Name of the node, which kubeadm gives the member.
    pub node: String,
    /// Address of the instance.
    pub address: IpAddr,
    /// Where the volume is mounted.
    pub volume: String,
    /// Addresses of the other control planes.
    pub others: Vec<IpAddr>,
    /// Whether the cluster was made before.
    pub made: bool,
}

/// What a member of etcd is, before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// There is no cluster: whoever has the init lock makes it.
    First,
    /// It has no data that counts, and joins the others: kubeadm makes it a new one.
    New,
    /// It starts with its data, which the others count and whose new address they know.
    Known {
        /// Whether a majority serves without it, so that there is an API to join.
        others: bool,
        /// Whether it is the only member of a cluster that a restore begins with: whoever has it brings the cluster back.
        restored: bool,
        /// Where the others dial it still, if that is elsewhere: its certificate has to be good for that address too.
        before: Option<IpAddr>,
    },
}

/// The member of etcd on this instance.
#[async_trait]
pub trait Etcd: fmt::Debug + Send + Sync {
    /// Decides what the member found on the volume is, before it starts, and does what the others have to know: of a member
    /// that comes back its new address, of one that is lost that it is gone.
    async fn prepare(&self, request: &MemberRequest) -> Result<Member, StepError>;

    /// Looks after a member that runs: its address, snapshots, restores that somebody asked for. What was done, in one line, if
    /// anything was.
    async fn look_after(&self, request: &MemberRequest) -> Result<Option<String>, PortError>;

    /// Lets etcd start from data that is there alone: one that finds an empty folder begins no cluster of its own. Nothing where
    /// kubeadm has not written its manifest yet.
    async fn expect_data(&self) -> Result<(), PortError>;
}

/// What runs in the cluster beside the workloads.
#[async_trait]
pub trait AddOns: fmt::Debug + Send + Sync {
    /// Makes the cluster have what the index of the store says. What was done, in one line, if anything was.
    async fn apply(&self) -> Result<Option<String>, PortError>;
}
