//! `kedge plan`.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use kedge_ops::keypairs;
use kedge_ops::plan::{PlanOptions, plan_offline};
use kedge_ops::saved::{self, SavedBase, SavedPlan};
use kedge_ops::{Proposal, load};
use kedge_render::plan::{self as plan_text, PlanTextOptions};
use kedge_render::{Line, Text};
use kedge_resource::{Facts, Plan, ResourceKey};

use super::running::refuse_blind;
use crate::args::{DestroyArgs, Output, SpecArgs};
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Manifests, Session, block_on};
use crate::state;
use crate::ui::Ui;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge plan -f cluster.yaml
  kedge plan -f manifests/ --name prod.example.com -o json
  kedge plan -f cluster.yaml --detailed-exitcode
  kedge plan -f cluster.yaml --facts facts.json
  kedge plan -f cluster.yaml --out plan.json && kedge apply plan.json
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

    /// Save the plan in this file, for `kedge apply FILE`
    ///
    /// It is applied exactly as it was saved, or refused if something has moved meanwhile. It holds the manifests and what the
    /// account offered, and no secrets.
    #[arg(long, value_name = "FILE", conflicts_with = "facts")]
    out: Option<Utf8PathBuf>,

    #[command(flatten)]
    spec: SpecArgs,

    #[command(flatten)]
    destroy: DestroyArgs,
}

/// Does it.
pub(crate) fn run(args: &PlanArgs, session: &Session) -> Result<ExitCode, CliError> {
    let source = session.manifests(&args.spec)?;
    let facts = args.facts.as_deref().map(load::facts).transpose()?;
    let allow_destroy: BTreeSet<_> = args.destroy.allow_destroy.iter().cloned().collect();
    let proposal = match (facts, source) {
        (Some(facts), Manifests::Given(specification)) if !state::is_sandbox(session) => {
            plan_offline(&specification, PlanOptions { facts: None, allow_destroy }, &facts)?
        }
        (facts, source) => block_on(look(args, session, source, facts, allow_destroy))?,
    };
    match args.output {
        Output::Text => session.ui.data(&text(&proposal, &session.ui))?,
        Output::Json => session.ui.data_json(&plan_text::json::view(proposal.plan()))?,
    }
    refuse_blind(&proposal)?;
    Ok(exit_code(proposal.plan(), args.detailed_exitcode))
}

/// Plans against the account, and looks at the state store at the same time.
async fn look(
    args: &PlanArgs,
    session: &Session,
    source: Manifests,
    facts: Option<Facts>,
    allow_destroy: BTreeSet<ResourceKey>,
) -> Result<Proposal, CliError> {
    let specification = session.read(source).await?;
    let backend = session.open(Some(&specification)).await?;
    let work = async {
        let planned = async { Ok::<_, CliError>(saved::plan(&backend, &specification, facts, allow_destroy).await?) };
        let stored = async {
            let guard = state::look(session, &backend, specification.cluster()).await?;
            let worries = match &guard {
                Some(guard) => keypairs::worries(&guard.store().keysets().await?, state::now()),
                None => Vec::new(),
            };
            Ok((guard, worries))
        };
        tokio::try_join!(planned, stored)
    };
    let (planned, (guard, key_worries)) = session.ui.patiently("reading the account", work).await?;
    if let Some((lease, _)) = guard.as_ref().and_then(|guard| guard.base().held()) {
        session.ui.warn(&format!("the cluster is being changed by somebody else: {}", lease.describe()));
    }
    state::remark(session, guard.as_ref(), false);
    state::worries(session, guard.as_ref()).await?;
    key_worries.iter().for_each(|worry| session.ui.warn(worry));
    if let Some(path) = &args.out {
        let base = guard.map(|guard| SavedBase::of(guard.store().place(), guard.base()));
        let plan = SavedPlan::new(&planned, &specification, base, env!("CARGO_PKG_VERSION"));
        save(session, path, &plan)?;
    }
    Ok(planned.proposal)
}

fn save(session: &Session, path: &Utf8Path, plan: &SavedPlan) -> Result<(), CliError> {
    let json = plan.to_json().map_err(std::io::Error::from)?;
    fs_err::write(path, json)?;
    session.ui.say_line(Line::plain(format!("saved in {path}; `kedge apply {path}` applies just this plan")));
    Ok(())
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
