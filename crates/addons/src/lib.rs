//! What runs in a cluster beside the workloads: manifests of add-ons, versions and digests.
//!
//! ```text
//! ResolvedSpec ─wanted─▶ [Addon] ─Index::of─▶ Index, which names them
//!                           │ Addon::to_yaml ─▶ the state store, under its SHA-256
//!                           ▼
//!                 upstream files ─Addon::render─▶ objects, which `kedge-kube` applies
//! ```
//!
//! An add-on is a recipe: objects of kedge's own, upstream files that are known by their SHA-256, and changes of those. So a
//! plan needs no network, and what is applied is what was planned. Nothing here is secret: certificates of services are made
//! where an add-on is applied ([`ServingCertificate`]).

mod addon;
mod context;
mod index;
mod objects;
mod patch;
mod problem;
mod reference;
mod releases;
mod render;
mod software;
#[cfg(test)]
mod testing;
mod version;
mod wanted;

pub use addon::{
    Addon, AddonError, FORMAT_VERSION, Registry, ServingCertificate, TrustedBy, UpstreamFile, Wave, sha256,
};
pub use context::Surroundings;
pub use index::{Entry, Index};
pub use patch::{Change, Container, Patch};
pub use problem::Problem;
pub use reference::reference_page;
pub use releases::{RELEASES, Release};
pub use render::{RenderError, is_cluster_wide};
pub use software::missing_files;
pub use version::older;
pub use wanted::wanted;
