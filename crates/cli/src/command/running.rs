//! Applying a plan in front of somebody: shared by `apply` and `delete`.

use std::collections::BTreeSet;
use std::pin::pin;

use kedge_engine::{RunResult, stop_signal};
use kedge_ops::{Proposal, apply};
use kedge_render::Text;
use kedge_render::events::{outcome_line, unfinished};

use super::plan::text;
use crate::args::RunOutput;
use crate::backend::Backend;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupts;
use crate::progress::RunProgress;
use crate::session::Session;

/// Shows the plan: on standard output, unless that is taken by events.
pub(super) fn show(session: &Session, proposal: &Proposal, output: RunOutput) -> Result<(), CliError> {
    let text = text(proposal, &session.ui);
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

/// Applies the plan, shows what happens, and says how it ended.
pub(super) async fn run(
    session: &Session,
    backend: &Backend,
    proposal: &Proposal,
    output: RunOutput,
) -> Result<ExitCode, CliError> {
    let progress = RunProgress::new(&session.ui, output);
    let (stop, signal) = stop_signal();
    let mut interrupts = Interrupts::listen()?;
    let options = backend.run_options();
    let mut work = pin!(apply::apply(proposal, backend, &options, |event| progress.take(&event), signal));
    let mut asked = false;
    let result = loop {
        tokio::select! {
            result = &mut work => break result?,
            () = interrupts.next() => {
                if asked {
                    return Err(CliError::interrupted("abandoned; calls that were running may have been done")
                        .hint("run the same command again: it looks at what there is and goes on"));
                }
                asked = true;
                stop.stop();
            }
        }
    };
    conclude(session, output, &result)
}

fn conclude(session: &Session, output: RunOutput, result: &RunResult) -> Result<ExitCode, CliError> {
    let outcome = &result.outcome;
    if outcome.complete() {
        if output == RunOutput::Text {
            session.ui.data(&Text { lines: vec![outcome_line(outcome)] })?;
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
