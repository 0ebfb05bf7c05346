//! `kedge plan`.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use kedge_ops::boot::Booting;
use kedge_ops::keypairs;
use kedge_ops::plan::plan_offline;
use kedge_ops::saved::{self, Planned, SavedBase, SavedPlan};
use kedge_ops::snapshot::AccountSnapshot;
use kedge_ops::{Guard, Proposal, Specification, fleet, load};
use kedge_policy::Policies;
use kedge_render::findings;
use kedge_render::plan as plan_text;
use kedge_render::view::{Failure, Review, Reviewed, Saved};
use kedge_render::{Line, Text};
use kedge_resource::{Facts, Finding, Plan};

use super::running::refuse_blind;
use crate::approval;
use crate::args::{DestroyArgs, SpecArgs};
use crate::backend::Backend;
use crate::boot;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::policies::{self, PolicyArgs};
use crate::session::{Manifests, Session, block_on};
use crate::state;
use crate::ui::Ui;
use crate::views::ViewArgs;

mod drift;
mod entry;
mod many;
mod recorded;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge plan -f cluster.yaml
  kedge plan -f manifests/ --name prod.example.com -o json
  kedge plan -f clusters/ -o markdown=comment.md -o html=plan.html -o github
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
///
/// A plan that an apply would refuse is shown, but not saved, and the exit code is 1.
///
/// Manifests of several clusters are planned at the same time; that one of them cannot be does not hide the others, and the
/// exit code is the worst of all.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    views: ViewArgs,

    /// Exit with 2 if there are changes, with 0 if there are none
    #[arg(long)]
    detailed_exitcode: bool,

    /// Show what somebody else changed: compare the account with the manifests in the state store, which were applied last
    ///
    /// The cluster is that of --name, or of the manifests. The plan is the way back to what was applied; an apply goes it.
    #[arg(long, conflicts_with_all = ["facts", "out", "snapshot", "policy", "allow_destroy", "move_store"])]
    drift: bool,

    /// Take the account's facts from this file instead of asking for them
    ///
    /// Without --sandbox no account is asked at all and no credentials are needed: the plan is made as if the account held
    /// nothing of the cluster.
    #[arg(long, value_name = "FILE")]
    facts: Option<Utf8PathBuf>,

    /// Save the plan in this file, for `kedge apply FILE`; in a directory, a file for each cluster
    ///
    /// It is applied exactly as it was saved, or refused if something has moved meanwhile. It holds the manifests, what the
    /// account offered and what --allow-destroy and --move-store allow, and no secrets. A plan that an apply would refuse is not
    /// saved.
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

impl PlanArgs {
    /// Whether it has nothing to do in a sandbox that nobody has begun.
    pub(crate) fn is_about_what_exists(&self) -> bool {
        self.drift
    }
}

/// Does it.
pub(crate) fn run(args: &PlanArgs, session: &Session) -> Result<ExitCode, CliError> {
    args.views.check()?;
    if args.drift {
        return drift::run(args, session);
    }
    let request = Request {
        policies: args.policy.compile()?,
        snapshot: args.recorded.read()?,
        facts: args.facts.as_deref().map(load::facts).transpose()?,
        destroy: &args.destroy,
        out: args.out.as_deref(),
    };
    if request.snapshot.is_none() && session.takes_stored_manifests()? {
        return one(args, session, &request, Ok(Manifests::Stored(args.spec.clone())));
    }
    let sources = match session.sources() {
        Ok(sources) => sources,
        Err(error) => return one(args, session, &request, Err(error)),
    };
    let members = if session.globals.name.is_some() { Vec::new() } else { fleet::members(&sources) };
    if members.is_empty() {
        let specification = session.specification_of(&sources, &args.spec);
        return one(
            args,
            session,
            &request,
            specification.map(|specification| Manifests::Given(Box::new(specification))),
        );
    }
    many::run(args, session, &request, members)
}

/// What is asked of every plan.
struct Request<'a> {
    policies: Option<Policies>,
    snapshot: Option<AccountSnapshot>,
    facts: Option<Facts>,
    destroy: &'a DestroyArgs,
    out: Option<&'a Utf8Path>,
}

/// A plan and what it was made from.
struct Looked {
    specification: Specification,
    planned: Planned,
    guard: Option<Guard>,
    /// What policies found; absent if none were asked.
    findings: Option<Vec<Finding>>,
    /// What about the cluster's keys should worry their owner.
    worries: Vec<String>,
}

impl Request<'_> {
    /// Whether no account is asked.
    fn is_offline(&self, session: &Session) -> bool {
        self.snapshot.is_some() || self.facts.is_some() && !state::is_sandbox(session)
    }

    /// A plan with what the policies find in it.
    fn looked(&self, specification: Specification, planned: Planned, guard: Option<Guard>) -> Result<Looked, CliError> {
        let findings = policies::check(self.policies.as_ref(), &planned.proposal, &specification)?;
        let findings = self.policies.is_some().then_some(findings);
        Ok(Looked { specification, planned, guard, findings, worries: Vec::new() })
    }
}

impl Looked {
    fn findings(&self) -> &[Finding] {
        self.findings.as_deref().unwrap_or_default()
    }

    /// Refuses a plan that is not the whole truth, that policies deny, or that an apply would refuse.
    fn refuse(&self) -> Result<(), CliError> {
        refuse_blind(&self.planned.proposal)?;
        policies::refuse(self.findings())?;
        approval::possible(&self.planned.proposal)
    }
}

/// Plans one cluster. Views show why there is no plan, if there is none.
fn one(
    args: &PlanArgs,
    session: &Session,
    request: &Request<'_>,
    source: Result<Manifests, CliError>,
) -> Result<ExitCode, CliError> {
    let plan = |source| match source {
        Manifests::Given(specification) if request.is_offline(session) => Ok((offline(request, *specification)?, None)),
        source => block_on(async {
            let specification = session.read(source).await?;
            let backend = session.open(Some(&specification)).await?;
            let work = Box::pin(look(session, &backend, request, specification));
            let looked = session.ui.patiently("reading the account", work).await?;
            let saved = conclude(session, &looked, request.out).await?;
            Ok((looked, saved))
        }),
    };
    let (looked, saved) = match source.and_then(plan) {
        Ok(done) => done,
        Err(error) => {
            if args.views.shows_failures() {
                let failure = error.failure(&named(session));
                args.views.show(session, || failed(failure), Text::new)?;
            }
            return Err(error);
        }
    };
    let proposal = &looked.planned.proposal;
    let review = || Review { clusters: vec![entry::of(&looked, saved).into()] };
    args.views.show(session, review, || text(proposal, looked.findings(), &session.ui))?;
    looked.refuse()?;
    Ok(exit_code(proposal.plan(), args.detailed_exitcode))
}

fn failed(failure: Failure) -> Review {
    Review { clusters: vec![Reviewed::Failed(failure)] }
}

/// What is known of a cluster whose manifests could not be read: its name, or the files.
fn named(session: &Session) -> String {
    match &session.globals.name {
        Some(name) => name.to_string(),
        None => session.globals.filename.join(", "),
    }
}

/// Plans with facts or a snapshot alone.
fn offline(request: &Request<'_>, specification: Specification) -> Result<Looked, CliError> {
    let facts = request.facts.clone().unwrap_or_default();
    let options = request.destroy.options(None);
    let proposal = match &request.snapshot {
        Some(snapshot) => snapshot.plan(&specification, options)?,
        None => plan_offline(&specification, options, &facts)?,
    };
    request.looked(specification, Planned { proposal, facts, move_store: false }, None)
}

/// Plans against the account, and looks at the state store at the same time.
async fn look(
    session: &Session,
    backend: &Backend,
    request: &Request<'_>,
    specification: Specification,
) -> Result<Looked, CliError> {
    let source = boot::source(session, backend, specification.cluster()).await?;
    let account = Booting::new(backend, source.as_ref());
    let planned = async {
        let options = request.destroy.options(request.facts.clone());
        Ok::<_, CliError>(saved::plan(&account, &specification, options).await?)
    };
    let stored = async {
        let guard = state::look(session, backend, specification.cluster()).await?;
        let worries = match &guard {
            Some(guard) => keypairs::worries(&guard.store().keysets().await?, state::now()),
            None => Vec::new(),
        };
        Ok((guard, worries))
    };
    let (planned, (guard, worries)) = tokio::try_join!(planned, stored)?;
    Ok(Looked { worries, ..request.looked(specification, planned, guard)? })
}

/// Says what has to be said of the state store, and saves the plan in `out`.
async fn conclude(session: &Session, looked: &Looked, out: Option<&Utf8Path>) -> Result<Option<Saved>, CliError> {
    let Looked { specification, planned, guard, findings: _, worries } = looked;
    if let Some((lease, _)) = guard.as_ref().and_then(|guard| guard.base().held()) {
        session.ui.warn(&format!("the cluster is being changed by somebody else: {}", lease.describe()));
    }
    state::remark(session, guard.as_ref(), false);
    state::worries(session, guard.as_ref()).await?;
    worries.iter().for_each(|worry| session.ui.warn(worry));
    let Some(path) = out else { return Ok(None) };
    if looked.refuse().is_err() {
        // What is refused is not there to be applied.
        session.ui.say_line(Line::plain(format!("nothing is saved in {path}: this plan is refused")));
        return Ok(None);
    }
    let base = guard.as_ref().map(|guard| SavedBase::of(guard.store().place(), guard.base()));
    let plan = SavedPlan::new(planned, specification, base, env!("CARGO_PKG_VERSION"));
    // A job cannot know how many clusters there are, and names a directory.
    let within = path.join(format!("{}.json", specification.cluster()));
    let path = if path.is_dir() { within.as_path() } else { path };
    save(session, path, &plan)?;
    Ok(Some(Saved { path: path.to_string(), digest: plan.digest }))
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
        plan_text::render(proposal.plan(), &ui.plan_options())
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
