//! kops and kedge manifests: parsing with positions, defaults, validation.

pub mod resolved;

pub use resolved::ResolvedSpec;
