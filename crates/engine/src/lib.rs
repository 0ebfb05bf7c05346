//! Walks a plan over an executor: concurrency, retries, cancellation, events.
//!
//! Every decision is in the plan. The engine begins each step as soon as what it needs is done, tries again what may pass,
//! goes on with independent work after a failure and stops when it is asked to. It prints nothing and stores nothing:
//! whoever listens to the [`Event`](kedge_resource::Event)s does. Time is a [`Sleeper`], so that tests and the sandbox do
//! not wait.

mod backoff;
mod options;
mod run;
mod step;
mod stop;
mod tally;

#[cfg(test)]
mod tests;

use kedge_cloud::CloudError;
use kedge_resource::ResourceKey;
use kedge_resource::event::Outcome;

pub use options::{RetryPolicy, RunOptions, SimulatedSleeper, Sleeper, TokioSleeper};
pub use run::run;
pub use stop::{StopHandle, StopSignal, stop_signal};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// Numbers of changes.
    pub outcome: Outcome,
    /// What failed, by key; of a step with several changes the first.
    pub errors: Vec<(ResourceKey, CloudError)>,
}
