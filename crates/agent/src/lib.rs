//! What an instance does to become a node, and to stay one.
//!
//! ```text
//! GroupConfig ─▶ Agent::boot: identity, clock, volumes, files, packages, runtime, keys, kubeadm, labels ─▶ a node
//!                Agent::upkeep: tokens, certificates, records, add-ons, etcd ─▶ still a node
//! ```
//!
//! Everything outside is behind a port: the machine ([`Host`]), the metadata service ([`Metadata`]), the state store
//! ([`kedge_store::ClusterStore`]), what AWS is asked for ([`Volumes`], [`Records`], [`Instances`]), the Kubernetes API
//! ([`Cluster`]), etcd ([`Etcd`]) and add-ons ([`AddOns`]). A step looks at what is there and does what is missing; nothing is
//! remembered but what it leaves. So a process that is killed anywhere is gone on with by the next one.

mod agent;
mod config;
mod error;
mod host;
mod identity;
mod imds;
mod kubeconfig;
mod lock;
mod openpgp;
mod ports;
mod settled;
mod step;
mod system;
#[cfg(test)]
mod tests;
mod upkeep;

pub use agent::{Agent, Ports, STATUS, Stopped};
pub use config::{read_config, with_load_balancer};
pub use error::{HostError, PortError, StepError};
pub use host::{Command, Host, Output};
pub use identity::Identity;
pub use imds::Imds;
pub use ports::{
    AddOns, Address, ApiNode, AttachedTo, Cluster, Etcd, EtcdVolume, Instance, Instances, Interfaces, Member,
    MemberRequest, Metadata, Records, Volumes,
};
pub use step::Step;
pub use system::System;
