//! `kedge apply`.

use clap::Args;
use kedge_ops::plan::{PlanOptions, plan};

use super::running;
use crate::approval;
use crate::args::{DestroyArgs, RunOutput, SpecArgs};
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};

const EXAMPLES: &str = "\
EXAMPLES:
  kedge apply -f cluster.yaml
  kedge apply -f manifests/ --yes
  kedge apply -f cluster.yaml --yes -o jsonl
  kedge apply -f specs/minimal.yaml --sandbox --yes";

/// Make the account hold what the manifests say
///
/// Shows the plan, asks, and makes the changes, independent ones at the same time. Interrupting it with Ctrl-C lets calls that
/// run come to their end; applying again goes on where it stopped.
///
/// What holds state (etcd volumes, the VPC) is deleted or replaced only with --allow-destroy, or after the name of the
/// cluster was typed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ApplyArgs {
    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,

    /// How to tell what happens; jsonl prints one JSON object for each event on standard output
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
    output: RunOutput,

    #[command(flatten)]
    spec: SpecArgs,

    #[command(flatten)]
    destroy: DestroyArgs,
}

/// Does it.
pub(crate) fn run(args: &ApplyArgs, session: &Session) -> Result<ExitCode, CliError> {
    let specification = session.specification(&args.spec)?;
    let options = PlanOptions { facts: None, allow_destroy: args.destroy.allow_destroy.iter().cloned().collect() };
    block_on(async {
        let backend = session.open(Some(&specification)).await?;
        let work = plan(&backend, &specification, options);
        let mut proposal = session.ui.patiently("reading the account", work).await?;
        running::show(session, &proposal, args.output)?;
        running::refuse_blind(&proposal)?;
        if proposal.plan().is_empty() {
            return Ok(ExitCode::Done);
        }
        approval::apply(session, &mut proposal, args.yes)?;
        running::run(session, &backend, &proposal, args.output).await
    })
}
