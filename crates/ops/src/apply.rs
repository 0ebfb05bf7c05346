//! Doing what a plan says, after somebody agreed to it.

use kedge_cloud::Realize;
use kedge_engine::{RunOptions, RunResult, StopSignal};
use kedge_planner::CycleError;
use kedge_resource::Event;
use kedge_resource::plan::Note;
use thiserror::Error;

use crate::proposal::Proposal;

/// Why nothing was begun.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// Remarks of the plan forbid it.
    #[error("the plan is refused")]
    Refused {
        /// Those remarks.
        notes: Vec<Note>,
    },
    /// The changes need each other: a bug.
    #[error("order the changes")]
    Order(#[source] CycleError),
}

/// Applies a plan. What it does is told to `events` as it happens; `stop` ends it early.
///
/// # Errors
/// Nothing was begun. What failed on the way is in the result.
pub async fn apply<R: Realize>(
    proposal: &Proposal,
    cloud: &R,
    options: &RunOptions,
    events: impl Fn(Event) + Send + Sync,
    stop: StopSignal,
) -> Result<RunResult, ApplyError> {
    let fatal = proposal.fatal();
    if !fatal.is_empty() {
        return Err(ApplyError::Refused { notes: fatal.into_iter().cloned().collect() });
    }
    kedge_engine::run(proposal.plan(), cloud, options, events, stop).await.map_err(ApplyError::Order)
}
