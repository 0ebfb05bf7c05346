//! Counts what became of the changes of a plan.

use kedge_planner::Schedule;
use kedge_resource::Plan;
use kedge_resource::event::Outcome;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has not begun.
    Waiting,
    /// It runs.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It was not begun, because of something else.
    Skipped,
}

/// The numbers of changes, not of steps: a replacement, which is two steps, is done when both are, and failed when one of
/// them is.
pub(crate) fn outcome(plan: &Plan, schedule: &Schedule, states: &[State], stopped: bool) -> Outcome {
    let mut done = vec![true; plan.changes.len()];
    let mut failed = vec![false; plan.changes.len()];
    for (step, state) in schedule.steps.iter().zip(states) {
        for &change in &step.changes {
            if let (Some(done), Some(failed)) = (done.get_mut(change), failed.get_mut(change)) {
                *done &= *state == State::Done;
                *failed |= *state == State::Failed;
            }
        }
    }
    let mut outcome = Outcome { done: 0, failed: 0, skipped: 0, stopped };
    for (done, failed) in done.into_iter().zip(failed) {
        match (done, failed) {
            (_, true) => outcome.failed += 1,
            (true, false) => outcome.done += 1,
            (false, false) => outcome.skipped += 1,
        }
    }
    outcome
}
