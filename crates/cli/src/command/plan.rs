//! `kedge plan`.

use camino::Utf8PathBuf;
use clap::Args;
use kedge_ops::plan::{PlanOptions, plan, plan_offline};
use kedge_ops::{Proposal, load};
use kedge_render::Text;
use kedge_render::plan::{self as plan_text, PlanTextOptions};
use kedge_resource::Plan;

use super::running::refuse_blind;
use crate::args::{DestroyArgs, Output, SpecArgs};
use crate::backend::Backend;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::ui::Ui;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge plan -f cluster.yaml
  kedge plan -f manifests/ --name prod.example.com -o json
  kedge plan -f cluster.yaml --detailed-exitcode
  kedge plan -f cluster.yaml --facts facts.json
  kedge plan -f specs/private.yaml --sandbox";

/// Show what applying the manifests would change
///
/// Compares what the manifests ask for with what the account holds, and prints the difference with the reason for each
/// change. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PlanArgs {
    /// Form of the plan
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
    output: Output,

    /// Exit with 2 if there are changes, with 0 if there are none
    #[arg(long)]
    detailed_exitcode: bool,

    /// Take the account's facts from this file instead of asking for them
    ///
    /// Without --sandbox no account is asked at all and no credentials are needed: the plan is made as if the account held
    /// nothing of the cluster.
    #[arg(long, value_name = "FILE")]
    facts: Option<Utf8PathBuf>,

    #[command(flatten)]
    spec: SpecArgs,

    #[command(flatten)]
    destroy: DestroyArgs,
}

/// Does it.
pub(crate) fn run(args: &PlanArgs, session: &Session) -> Result<ExitCode, CliError> {
    let specification = session.specification(&args.spec)?;
    let facts = args.facts.as_deref().map(load::facts).transpose()?;
    let options = PlanOptions { facts: None, allow_destroy: args.destroy.allow_destroy.iter().cloned().collect() };
    let proposal = match facts {
        Some(facts) if !Backend::is_sandbox(&session.globals, &session.environment) => {
            plan_offline(&specification, options, &facts)?
        }
        facts => block_on(async {
            let backend = session.open(Some(&specification)).await?;
            let work = plan(&backend, &specification, PlanOptions { facts, ..options });
            Ok(session.ui.patiently("reading the account", work).await?)
        })?,
    };
    match args.output {
        Output::Text => session.ui.data(&text(&proposal, &session.ui))?,
        Output::Json => session.ui.data_json(&plan_text::json::view(proposal.plan()))?,
    }
    refuse_blind(&proposal)?;
    Ok(exit_code(proposal.plan(), args.detailed_exitcode))
}

/// The plan as this terminal shows it.
pub(super) fn text(proposal: &Proposal, ui: &Ui) -> Text {
    if ui.is_quiet() {
        return plan_text::conclusion(proposal.plan(), ui.width());
    }
    plan_text::render(proposal.plan(), &PlanTextOptions { width: ui.width(), verbose: ui.is_verbose() })
}

fn exit_code(plan: &Plan, detailed: bool) -> ExitCode {
    if detailed && !plan.is_empty() { ExitCode::ChangesPending } else { ExitCode::Done }
}
