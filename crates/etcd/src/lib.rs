//! The member of etcd that lives on an instance: membership, snapshots, restoring.
//!
//! The data of a member lives on an EBS volume that outlives instances. An instance attaches the volume of its zone, calls
//! [`prepare`] until it says how etcd starts, lets kubeadm do the rest, calls [`settle`] until the member serves, and [`tend`]
//! for ever after: that keeps it right, writes snapshots to the state store ([`take_if_due`]), and goes back to one when
//! somebody asks for it ([`restore`]). All of them look at what is there and do what is missing: they can be killed anywhere
//! and called again.
//!
//! | module | what |
//! |---|---|
//! | `client`, `wire`, `tls` | asks members over their JSON gateway |
//! | `data`, `identity` | what is on the volume, read without running etcd |
//! | `look`, `decide` | what the others say, and what follows from all of it: a pure function |
//! | `moved` | members that have all left the addresses that they know of each other |
//! | `prepare`, `settle`, `tend`, `host`, `manifest` | carries it out, together with kubeadm and the kubelet |
//! | `snapshots`, `restore`, `tools` | to the state store and back |

mod backups;
mod client;
mod data;
mod decide;
mod error;
mod host;
mod id;
mod identity;
mod look;
pub mod manifest;
mod moved;
mod place;
mod prepare;
pub mod restore;
mod settle;
pub mod snapshots;
mod tend;
mod tls;
mod tools;
mod wire;

pub use backups::Backups;
pub use client::{EtcdClient, initial_cluster};
pub use data::{Data, Volume};
pub use decide::{Aside, Decision, Found, Instance, Join, Live, Seen, Start, Us, decide};
pub use error::EtcdError;
pub use host::{Host, InitialCluster, StaticPods};
pub use id::{EtcdClusterId, MemberId};
pub use identity::{Identity, KnownMember};
pub use look::Look;
pub use moved::{Addresses, Moved, Ways};
pub use place::{Place, Records, client_url, peer_url};
pub use prepare::{Prepared, Say, join, prepare};
pub use settle::{Health, Settled, settle};
pub use snapshots::{Taken, take_if_due};
pub use tend::{Tended, tend};
pub use tls::ClientTls;
pub use tools::{NewCluster, Tool};
pub use wire::{Member, MemberList, Status};
