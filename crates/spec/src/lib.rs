//! kops and kedge manifests: parsing with positions, defaults, validation.

mod manifests;
pub mod resolved;

pub use manifests::{Manifests, ParseOptions, ResolveOptions, parse};
pub use resolved::ResolvedSpec;
