//! What instances boot with: user data, and the configuration of their group that the user data fetches.
//!
//! ```text
//! ResolvedSpec ─configure─▶ GroupConfig (kubeadm documents, files, units, packages) ─▶ the state store
//!                               │ SHA-256
//!                               ▼
//!                           UserData ─▶ launch template
//! ```
//!
//! Nothing here is secret, and nothing here knows an instance: name, addresses, tokens and keys are filled in where the
//! instance boots. Settings come from the manifest under kops's names ([`kedge_spec::Settings`]); tables say which flag or
//! field each of them is.

mod args;
mod authentication;
mod components;
mod containerd;
mod dns_cache;
mod duration;
mod egress;
mod endpoint;
mod etcd;
mod files;
mod gates;
mod group;
mod hooks;
mod kubeadm;
mod kubelet;
mod labels;
mod lines;
mod problem;
pub mod proxy;
mod ranges;
mod records;
mod static_pods;
mod system;
#[cfg(test)]
mod testing;
mod toml;
mod user_data;

pub use components::SIGNING_CA;
pub use dns_cache::DnsCache;
pub use egress::Proxy;
pub use endpoint::ApiEndpoint;
pub use files::File;
pub use group::{Arch, Download, FORMAT_VERSION, GroupConfig, Mount, NodeName, SecretFile, StorePlace, configure};
pub use hooks::Unit;
pub use kubeadm::CRI_SOCKET;
pub use problem::BootProblem;
pub use ranges::Ranges;
pub use records::ApiRecord;
pub use user_data::{LIMIT, Payload, UserData, UserDataError};
