//! The AWS executor: observes and realises over the AWS APIs.
//!
//! [`Aws`] implements both ports of `kedge-cloud` with the official SDK. No type of the SDK appears in a public signature.
//! One module for each service, one file for each kind of resource: how it is read into [`kedge_resource::Properties`], and
//! how it is made, changed and removed. Around them stand the things that every call goes through: the HTTP client
//! ([`mod@http`]), the rate budget, the classification of errors, retries and waiting.

mod autoscaling;
mod budget;
mod call;
mod client;
mod clusters;
mod dns;
mod ec2;
mod elb;
mod error;
mod events;
mod facts;
mod http;
mod iam;
mod identity;
mod instance;
mod kms;
mod observe;
pub mod permissions;
mod realize;
mod resolver;
mod s3;
mod shared;
#[cfg(test)]
mod testing;
mod wait;

pub use client::{Aws, AwsOptions};
pub use instance::{MemberVolume, RunningInstance};
pub use kms::KmsKey;
pub use resolver::resolve_names_without_libc;
pub use s3::Bucket;
