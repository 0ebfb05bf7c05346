//! Walks a plan over an executor: concurrency, retries, cancellation, events.
mod options;
mod stop;

use kedge_cloud::{CloudError, Realize};
use kedge_planner::CycleError;
use kedge_resource::event::Outcome;
use kedge_resource::{Event, Plan, ResourceKey};

pub use options::{RetryPolicy, RunOptions, Sleeper, TokioSleeper};
pub use stop::{StopHandle, StopSignal, stop_signal};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// Numbers.
    pub outcome: Outcome,
    /// What failed, in the order of keys.
    pub errors: Vec<(ResourceKey, CloudError)>,
}

/// Applies a plan.
///
/// # Errors
/// The changes of the plan need each other: nothing was begun.
pub async fn run<R: Realize>(
    plan: &Plan,
    realize: &R,
    options: &RunOptions,
    events: impl Fn(Event) + Send + Sync,
    stop: StopSignal,
) -> Result<RunResult, CycleError> {
    let _unused = (plan, realize, options, stop);
    events(Event::Stopping);
    unimplemented!()
}
