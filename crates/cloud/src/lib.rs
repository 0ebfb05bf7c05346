//! The ports to a cloud.
//!
//! [`Observe`] has every read and [`Realize`] every write, so that planning code cannot write by accident and a dry run
//! needs no flag. The AWS executor and the sandbox implement both; the engine and the operations see nothing else. Errors
//! are classified once, by the adapter: above it nobody looks at an AWS error code.

pub mod error;
pub mod fence;
pub mod observe;
pub mod realize;

pub use error::{CloudError, ErrorClass};
pub use fence::Fence;
pub use observe::{ClusterSummary, Identity, Observe, Scope};
pub use realize::{Handles, Progress, Realize, Step, StepChange, StepOutcome, Verb};
