//! One module for each thing that a user can ask for, over the ports of `kedge-cloud`.
//!
//! Everything here returns values and prints nothing; what happens while a plan is applied goes to whoever listens as events.
//! Whether a person agrees to a plan is asked outside, between [`plan`] and [`apply`].

pub mod apply;
pub mod beginning;
pub mod boot;
pub mod delete_cluster;
pub mod diff;
pub mod discovery;
pub mod drift;
pub mod error;
pub mod etcd;
pub mod facts;
pub mod fleet;
pub mod get;
pub mod guard;
pub mod history;
pub mod keypairs;
pub mod kops_store;
pub mod kubeconfig;
pub mod load;
pub mod manifests;
pub mod places;
pub mod plan;
pub mod policies;
pub mod proposal;
pub mod purge;
pub mod region;
pub mod resources;
pub mod saved;
pub mod snapshot;
pub mod validate;
pub mod version;

pub use error::OpError;
pub use guard::{Caller, Guard};
pub use manifests::Specification;
pub use proposal::Proposal;
