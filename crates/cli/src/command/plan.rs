//! `kedge plan`.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use kedge_ops::plan::{PlanOptions, plan_offline};
use kedge_ops::saved::{self, SavedBase, SavedPlan};
use kedge_ops::{Proposal, Specification, load};
use kedge_policy::Policies;
use kedge_render::findings;
use kedge_render::plan::{self as plan_text, PlanTextOptions};
use kedge_render::{Line, Text};
use kedge_resource::{Facts, Finding, Plan, ResourceKey};
use serde::Serialize;

use super::running::refuse_blind;
use crate::args::{DestroyArgs, Output, SpecArgs};
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::policies::{self, PolicyArgs};
use crate::session::{Manifests, Session, block_on};
use crate::state;
use crate::ui::Ui;

mod drift;
mod recorded;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge plan -f cluster.yaml
  kedge plan -f manifests/ --name prod.example.com -o json
  kedge plan -f cluster.yaml --detailed-exitcode
  kedge plan -f cluster.yaml --policy policies/
  kedge plan -f cluster.yaml --facts facts.json
  kedge plan -f cluster.yaml --snapshot account.json --max-age 24h
  kedge plan --drift --name prod.example.com --detailed-exitcode
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

    /// Show what somebody else changed: compare the account with the manifests in the state store, which were applied last
    ///
    /// The cluster is that of --name, or of the manifests. The plan is the way back to what was applied; an apply goes it.
    #[arg(long, conflicts_with_all = ["facts", "out", "snapshot", "policy", "allow_destroy"])]
    drift: bool,

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
    policy: PolicyArgs,

    #[command(flatten)]
    recorded: recorded::SnapshotArgs,

    #[command(flatten)]
    spec: SpecArgs,

    #[command(flatten)]
    destroy: DestroyArgs,
}

/// Does it.
pub(crate) fn run(args: &PlanArgs, session: &Session) -> Result<ExitCode, CliError> {
    if args.drift {
        return drift::run(args, session);
    }
    let source = match args.recorded.is_wanted() {
        true => Manifests::Given(Box::new(session.specification(&args.spec)?)),
        false => session.manifests(&args.spec)?,
    };
    let facts = args.facts.as_deref().map(load::facts).transpose()?;
    let allow_destroy: BTreeSet<_> = args.destroy.allow_destroy.iter().cloned().collect();
    let policies = args.policy.compile()?;
    let (proposal, findings) = match (facts, source) {
        (_, Manifests::Given(specification)) if args.recorded.is_wanted() => {
            checked(policies.as_ref(), &specification, recorded::plan(&args.recorded, &specification, allow_destroy)?)?
        }
        (Some(facts), Manifests::Given(specification)) if !state::is_sandbox(session) => {
            let proposal = plan_offline(&specification, PlanOptions { facts: None, allow_destroy }, &facts)?;
            checked(policies.as_ref(), &specification, proposal)?
        }
        (facts, source) => block_on(look(args, session, source, facts, allow_destroy, policies.as_ref()))?,
    };
    match args.output {
        Output::Text => session.ui.data(&text(&proposal, &findings, &session.ui))?,
        Output::Json => session.ui.data_json(&json(&proposal, &findings))?,
    }
    refuse_blind(&proposal)?;
    policies::refuse(&findings)?;
    Ok(exit_code(proposal.plan(), args.detailed_exitcode))
}

/// Plans against the account, and looks at the state store at the same time.
async fn look(
    args: &PlanArgs,
    session: &Session,
    source: Manifests,
    facts: Option<Facts>,
    allow_destroy: BTreeSet<ResourceKey>,
    policies: Option<&Policies>,
) -> Result<(Proposal, Vec<Finding>), CliError> {
    let specification = session.read(source).await?;
    let backend = session.open(Some(&specification)).await?;
    let work = async {
        let planned = async { Ok::<_, CliError>(saved::plan(&backend, &specification, facts, allow_destroy).await?) };
        tokio::try_join!(planned, state::look(session, &backend, specification.cluster()))
    };
    let (planned, guard) = session.ui.patiently("reading the account", work).await?;
    if let Some((lease, _)) = guard.as_ref().and_then(|guard| guard.base().held()) {
        session.ui.warn(&format!("the cluster is being changed by somebody else: {}", lease.describe()));
    }
    state::remark(session, guard.as_ref(), false);
    state::worries(session, guard.as_ref()).await?;
    let findings = policies::check(policies, &planned.proposal, &specification)?;
    // What is denied is not there to be applied.
    if let Some(path) = args.out.as_ref().filter(|_| policies::refuse(&findings).is_ok()) {
        let base = guard.map(|guard| SavedBase::of(guard.store().place(), guard.base()));
        let plan = SavedPlan::new(&planned, &specification, base, env!("CARGO_PKG_VERSION"));
        save(session, path, &plan)?;
    }
    Ok((planned.proposal, findings))
}

/// A plan with what the policies find in it.
fn checked(
    policies: Option<&Policies>,
    specification: &Specification,
    proposal: Proposal,
) -> Result<(Proposal, Vec<Finding>), CliError> {
    let findings = policies::check(policies, &proposal, specification)?;
    Ok((proposal, findings))
}

/// The plan document, with the findings if there are any.
fn json<'a>(proposal: &'a Proposal, findings: &'a [Finding]) -> impl Serialize + use<'a> {
    #[derive(Serialize)]
    struct View<'a> {
        #[serde(flatten)]
        plan: plan_text::json::PlanView<'a>,
        #[serde(skip_serializing_if = "<[Finding]>::is_empty")]
        findings: &'a [Finding],
    }
    View { plan: plan_text::json::view(proposal.plan()), findings }
}

fn save(session: &Session, path: &Utf8Path, plan: &SavedPlan) -> Result<(), CliError> {
    let json = plan.to_json().map_err(std::io::Error::from)?;
    fs_err::write(path, json)?;
    session.ui.say_line(Line::plain(format!("saved in {path}; `kedge apply {path}` applies just this plan")));
    Ok(())
}

/// The plan as this terminal shows it.
pub(super) fn text(proposal: &Proposal, findings: &[Finding], ui: &Ui) -> Text {
    let mut text = if ui.is_quiet() {
        plan_text::conclusion(proposal.plan(), ui.width())
    } else {
        plan_text::render(proposal.plan(), &PlanTextOptions { width: ui.width(), verbose: ui.is_verbose() })
    };
    if !findings.is_empty() {
        text.gap();
        text.extend(findings::render(findings, ui.width()));
    }
    text
}

fn exit_code(plan: &Plan, detailed: bool) -> ExitCode {
    if detailed && !plan.is_empty() { ExitCode::ChangesPending } else { ExitCode::Done }
}
