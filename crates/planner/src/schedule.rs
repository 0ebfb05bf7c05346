//! The steps of a plan and what each of them waits for.

use std::collections::BTreeSet;

use kedge_resource::Plan;
use thiserror::Error;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Makes resources.
    Create,
    /// Changes resources in place.
    Update,
    /// Removes resources.
    Delete,
}

/// The steps of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The steps, in an order in which they could be done one by one.
    pub steps: Vec<ScheduledStep>,
}

/// One unit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledStep {
    /// What it does.
    pub verb: Verb,
    /// Positions in the changes of the plan, in the order in which the executor gets them; at least one.
    pub changes: Vec<usize>,
    /// Positions of the steps that have to be done before.
    pub needs: BTreeSet<usize>,
    /// Number of steps in the longest chain that waits for this one, itself included. Of the steps that are ready the
    /// one with the longest chain begins first.
    pub chain: usize,
}

/// Steps that need each other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} need each other: {}", cycle.len(), cycle.join(" -> "))]
pub struct CycleError {
    /// The cycle, each needing the next and the last the first.
    pub cycle: Vec<String>,
}

/// Orders the changes of a plan.
///
/// # Errors
/// The changes need each other.
pub fn schedule(plan: &Plan) -> Result<Schedule, CycleError> {
    let _ = plan;
    unimplemented!()
}
