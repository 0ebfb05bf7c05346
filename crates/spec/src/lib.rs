//! kops and kedge manifests: parsing with positions, defaults, validation.
//!
//! ```text
//! Source ─documents─▶ Document ─decode (table of fields)─▶ v1alpha2 structs ─resolve─▶ draft ─validate─▶ ResolvedSpec
//! ```
//!
//! Every step reports what it finds and goes on, so that a person sees all problems at once. Fields are declared once, in
//! `v1alpha2/fields/`; reading, the JSON Schema and the reference page follow those tables.

mod decode;
mod document;
mod field;
pub mod init;
mod manifests;
mod resolve;
pub mod resolved;
mod schema;
pub mod settings;
#[cfg(test)]
mod testing;
pub mod text;
mod units;
mod v1alpha2;
mod validate;
mod yaml;

pub use document::{ManifestText, document_spans, manifest_texts};
pub use manifests::{Manifests, ParseOptions, ResolveOptions, parse};
pub use resolve::version::KUBERNETES_MINORS;
pub use resolved::ResolvedSpec;
pub use schema::{FieldEffect, FieldEntry, fields, fields_page, schema};
pub use settings::Settings;
pub use units::quantity;
