//! Applying a plan in front of somebody: shared by `apply` and `delete`.

use std::collections::BTreeSet;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use kedge_engine::{RunResult, stop_signal};
use kedge_ops::boot::{BootSource, Booting};
use kedge_ops::{Proposal, apply};
use kedge_render::events::{outcome_line, unfinished};
use kedge_render::{Role, Text};
use kedge_resource::event::Outcome;
use kedge_resource::{Event, Finding, Plan};
use kedge_store::{Ending, Keeper, StoreError};

use super::plan::text;
use crate::args::RunOutput;
use crate::backend::Backend;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupts;
use crate::progress::RunProgress;
use crate::session::Session;

/// Shows the plan: on standard output, unless that is taken by events.
pub(super) fn show(
    session: &Session,
    proposal: &Proposal,
    findings: &[Finding],
    output: RunOutput,
) -> Result<(), CliError> {
    let text = text(proposal, findings, &session.ui);
    match output {
        RunOutput::Text => session.ui.data(&text)?,
        RunOutput::Jsonl => session.ui.say(&text),
    }
    Ok(())
}

/// Refuses a plan that could not be made from all that it is about.
pub(super) fn refuse_blind(proposal: &Proposal) -> Result<(), CliError> {
    if !proposal.is_blind() {
        return Ok(());
    }
    let parts = &proposal.plan().report.unreadable;
    let causes: BTreeSet<String> = parts.iter().map(|part| format!("{}: {}", part.call, part.why)).collect();
    let error = CliError::incomplete("the plan is not complete: a part of the account could not be read");
    let error = causes.into_iter().fold(error, CliError::because);
    Err(error.hint("nothing was changed: allow what was denied to the caller, then run the same command again"))
}

/// Applies the plan under the lease, shows what happens, records it, and says how it ended.
pub(super) async fn run(
    session: &Session,
    backend: &Backend,
    source: Option<&BootSource>,
    proposal: Proposal,
    output: RunOutput,
    keeper: Option<Keeper>,
) -> Result<ExitCode, CliError> {
    let proposal = proposal.without_desired();
    let progress = RunProgress::new(&session.ui, output);
    let (stop, signal) = stop_signal();
    let mut interrupts = Interrupts::listen()?;
    let mut options = backend.run_options();
    if let Some(keeper) = &keeper {
        options.fence = keeper.fence();
        backend.set_fence(keeper.fence());
    }
    let tally = Tally::default();
    let take = |event: Event| {
        tally.take(&event);
        progress.take(&event);
        if let Some(keeper) = &keeper {
            keeper.take(&event);
        }
    };
    let mut lost = None;
    let result = {
        let account = Booting::new(backend, source);
        let mut work = pin!(apply::apply(&proposal, &account, &options, take, signal));
        let mut asked = false;
        loop {
            tokio::select! {
                result = &mut work => break Some(result?),
                () = interrupts.next() => {
                    if asked {
                        break None;
                    }
                    asked = true;
                    stop.stop();
                }
                why = lease_lost(keeper.as_ref()), if lost.is_none() => {
                    session.ui.warn(&format!("the lease was lost ({why}): nothing new is begun"));
                    lost = Some(why);
                    stop.stop();
                }
            }
        }
    };
    let outcome = result.as_ref().map_or_else(|| tally.outcome(), |result| result.outcome);
    if let Some(keeper) = keeper {
        record(session, keeper, proposal.into_plan(), outcome).await?;
    }
    let again = "run the same command again: it looks at what there is and goes on";
    let Some(result) = result else {
        return Err(CliError::interrupted("abandoned; calls that were running may have been done").hint(again));
    };
    match lost {
        Some(why) => Err(CliError::from(StoreError::Lost { why })),
        None => conclude(session, output, &result),
    }
}

/// Waits until the lease is lost; for ever without one.
async fn lease_lost(keeper: Option<&Keeper>) -> String {
    match keeper {
        Some(keeper) => keeper.lost().await,
        None => std::future::pending().await,
    }
}

/// Records the end in the store, or in a file where the store does not take it.
async fn record(session: &Session, keeper: Keeper, plan: Plan, outcome: Outcome) -> Result<(), CliError> {
    let ending = Ending { kedge: env!("CARGO_PKG_VERSION").to_owned(), outcome, plan };
    let Err(unrecorded) = keeper.finish(ending).await else { return Ok(()) };
    let record = &unrecorded.record;
    let path = format!("kedge-{}-operation-{}.json", record.cluster, record.number);
    let json = serde_json::to_string_pretty(record).map_err(io::Error::from)?;
    fs_err::write(&path, json + "\n")?;
    session.ui.warn(&format!(
        "{unrecorded}: {}; it is in {path} instead, and `kedge op push {path}` writes it into the store when that answers",
        unrecorded.error
    ));
    Ok(())
}

/// What is done so far, for a run that is abandoned.
#[derive(Default)]
struct Tally {
    done: AtomicUsize,
    failed: AtomicUsize,
    changes: AtomicUsize,
}

impl Tally {
    fn take(&self, event: &Event) {
        let add = |counter: &AtomicUsize, count: usize| {
            counter.fetch_add(count, Ordering::Relaxed);
        };
        match event {
            Event::RunStarted { totals, .. } => {
                add(&self.changes, totals.create + totals.update + totals.replace + totals.delete);
            }
            Event::StepFinished { results, .. } => add(&self.done, results.len()),
            Event::StepFailed { keys, .. } => add(&self.failed, keys.len()),
            _ => {}
        }
    }

    fn outcome(&self) -> Outcome {
        let (done, failed) = (self.done.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        let skipped = self.changes.load(Ordering::Relaxed).saturating_sub(done + failed);
        Outcome { done, failed, skipped, stopped: true }
    }
}

fn conclude(session: &Session, output: RunOutput, result: &RunResult) -> Result<ExitCode, CliError> {
    let outcome = &result.outcome;
    if outcome.complete() {
        if output == RunOutput::Text {
            let mut line = outcome_line(outcome);
            if let Some(directory) = session.ui.sandbox() {
                line = line.with(Role::Dim, format!(" (sandbox {directory})"));
            }
            session.ui.data(&Text { lines: vec![line] })?;
        }
        return Ok(ExitCode::Done);
    }
    let sentence = unfinished(outcome);
    let again = "run the same command again: it looks at what there is and goes on";
    Err(if outcome.stopped && outcome.failed == 0 {
        CliError::interrupted(sentence).hint(again)
    } else {
        CliError::incomplete(format!("not complete: {sentence}"))
            .hint(format!("mend what failed (see above), then {again}"))
    })
}
