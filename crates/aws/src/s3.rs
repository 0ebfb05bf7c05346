//! S3, for the state store.

mod bucket;
mod headers;
mod worries;

pub use bucket::Bucket;
