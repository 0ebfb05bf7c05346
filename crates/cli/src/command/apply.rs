//! `kedge apply`.

use camino::Utf8PathBuf;
use clap::Args;
use kedge_kube::Curl;
use kedge_ops::boot::{BootSource, Booting, deliver_upstream};
use kedge_ops::discovery::{Published, publish};
use kedge_ops::keypairs;
use kedge_ops::plan::{PlanOptions, plan};
use kedge_ops::saved::{SavedBase, SavedPlan, SavedPlanError};
use kedge_ops::{Guard, Proposal, Specification};
use kedge_policy::Policies;
use kedge_render::Line;
use kedge_store::Location;
use ring::rand::SystemRandom;

use super::running;
use crate::approval;
use crate::args::{DestroyArgs, RunOutput, SpecArgs};
use crate::backend::Backend;
use crate::boot;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::outer_key::KeyArgs;
use crate::policies::{self, PolicyArgs};
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge apply -f cluster.yaml
  kedge apply -f manifests/ --yes --kms-key alias/kedge
  kedge apply plan.json --yes
  kedge apply -f cluster.yaml --yes -o jsonl
  kedge apply -f specs/minimal.yaml --sandbox --yes";

/// Make the account hold what the manifests say
///
/// Shows the plan, asks, and makes the changes, independent ones at the same time. Interrupting it with Ctrl-C lets calls that
/// run come to their end; applying again goes on where it stopped.
///
/// With a state store only one apply of a cluster runs at a time; the others say who holds the lease. The manifests and
/// everything that happened are recorded there. The keys and authorities of the cluster are made there if they are missing
/// and --kms-key or --passphrase-file names the key that encrypts them.
///
/// What holds state (etcd volumes, the VPC) is deleted or replaced only with --allow-destroy, or after the name of the
/// cluster was typed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ApplyArgs {
    /// Plan that `kedge plan --out` saved: just this is applied, or nothing if something has moved since
    #[arg(value_name = "PLAN", conflicts_with_all = ["ssh_public_key", "feature_flags", "move_store"])]
    plan: Option<Utf8PathBuf>,

    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,

    /// How to tell what happens; jsonl prints one JSON object for each event on standard output
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
    output: RunOutput,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    spec: SpecArgs,

    #[command(flatten)]
    destroy: DestroyArgs,

    #[command(flatten)]
    key: KeyArgs,
}

/// Does it.
pub(crate) fn run(args: &ApplyArgs, session: &Session) -> Result<ExitCode, CliError> {
    let policies = args.policy.compile()?;
    let policies = policies.as_ref();
    match &args.plan {
        Some(path) => {
            let saved = SavedPlan::read(path)?;
            let specification = saved_specification(session, &saved)?;
            block_on(apply(args, session, specification, Some(&saved), policies))
        }
        None => {
            let manifests = session.manifests(&args.spec)?;
            block_on(async {
                let specification = session.read(manifests).await?;
                Box::pin(apply(args, session, specification, None, policies)).await
            })
        }
    }
}

async fn apply(
    args: &ApplyArgs,
    session: &Session,
    specification: Specification,
    saved: Option<&SavedPlan>,
    policies: Option<&Policies>,
) -> Result<ExitCode, CliError> {
    state::lease(session)?;
    let backend = session.open(Some(&specification)).await?;
    let source = boot::source(session, &backend, specification.cluster()).await?;
    let account = Booting::new(&backend, source.as_ref());
    let work = look(session, &backend, &account, &specification, saved, args.destroy.options(None));
    let (mut proposal, guard) = session.ui.patiently("reading the account", work).await?;
    let changes = !proposal.plan().is_empty();
    state::remark(session, guard.as_ref(), changes);
    let findings = policies::check(policies, &proposal, &specification)?;
    running::show(session, &proposal, &findings, args.output)?;
    running::refuse_blind(&proposal)?;
    policies::refuse(&findings)?;
    if !changes {
        if let Some(guard) = guard {
            let caller = state::caller(session, &backend).await?;
            make_keypairs(&args.key, session, &guard).await?;
            publish_keys(session, &backend, &specification, &guard).await?;
            guard.settle(&caller, proposal.plan(), specification.text()).await?;
        }
        return Ok(ExitCode::Done);
    }
    approval::apply(session, &mut proposal, args.yes)?;
    let keeper = match guard {
        Some(guard) => {
            let caller = state::caller(session, &backend).await?;
            // Before the lease: a key that does not open shall leave no lease behind, and each write is conditional.
            make_keypairs(&args.key, session, &guard).await?;
            publish_keys(session, &backend, &specification, &guard).await?;
            Some(guard.begin(&caller, proposal.plan(), Some(specification.text())).await?)
        }
        None => None,
    };
    let code = running::run(session, &backend, source.as_ref(), &proposal, args.output, keeper).await?;
    if let Some(source) = source.filter(|_| code == ExitCode::Done) {
        deliver_files(session, &source).await?;
    }
    Ok(code)
}

/// Puts upstream files of add-ons into the store. Nothing fails without them: control planes fetch them where they can.
async fn deliver_files(session: &Session, source: &BootSource) -> Result<(), CliError> {
    if state::is_sandbox(session) || session.environment.own_aws {
        return Ok(());
    }
    let work = deliver_upstream(source, &Curl);
    let delivered = session.ui.patiently("fetching upstream files of add-ons", work).await?;
    if let Some(why) = delivered.failures.first() {
        session.ui.warn(&format!(
            "the store lacks upstream files of add-ons, so that control planes fetch them themselves: {why}; the next apply that \
             changes something tries again"
        ));
    }
    Ok(())
}

/// Makes the keys and authorities that are missing in the store, where a key is named that encrypts them; says what about
/// the others should worry their owner. Without such a key the store is not asked about them.
async fn make_keypairs(key: &KeyArgs, session: &Session, guard: &Guard) -> Result<(), CliError> {
    let ui = &session.ui;
    if !key.is_given() {
        let sentence = "the cluster has no keys and authorities of its own yet; they are made when --kms-key or \
                        --passphrase-file names the key that encrypts them";
        match guard.is_new() {
            true if state::is_sandbox(session) => ui.detail(sentence),
            true => ui.warn(sentence),
            false => {}
        }
        return Ok(());
    }
    let store = guard.store();
    let keysets = store.keysets().await?;
    if !keysets.missing().is_empty() {
        let outer = key.open(session).await?;
        let made = keypairs::ensure(store, keysets.clone(), &*outer, state::now(), &SystemRandom::new()).await?;
        let names: Vec<&str> = made.iter().map(|purpose| purpose.as_str()).collect();
        ui.say_line(Line::plain(format!("made in {}: {}", store.place(), names.join(", "))));
    }
    // What was made just now is no worry.
    keypairs::worries(&keysets, state::now()).iter().for_each(|worry| ui.warn(worry));
    Ok(())
}

/// Publishes the keys that verify tokens of service accounts, where the manifest says so.
async fn publish_keys(
    session: &Session,
    backend: &Backend,
    specification: &Specification,
    guard: &Guard,
) -> Result<(), CliError> {
    let Some(issuer) = &specification.resolved.cluster.issuer else { return Ok(()) };
    // What kops keeps in memory for its tests is no place.
    let Some(place) = issuer.discovery_store.as_deref().filter(|store| store.starts_with("s3://")) else {
        return Ok(());
    };
    if state::is_sandbox(session) {
        return Ok(());
    }
    let objects = state::open(session, Some(backend), &Location::parse(place)?).await?;
    match publish(&*objects, &issuer.url, &guard.store().keysets().await?).await? {
        Published::Written => session.ui.say_line(Line::plain(format!("published in {place}: keys of service accounts"))),
        Published::Foreign => session.ui.warn(&format!(
            "{place} has keys of service accounts that are not those of this cluster: nothing was published, so that what they \
             sign is trusted still; remove {place}/{} to publish those of kedge",
            kedge_ops::discovery::KEYS
        )),
        Published::NoKeys | Published::Unchanged => {}
    }
    Ok(())
}

/// Looks at the store and, if nobody is changing the cluster, at the account.
async fn look(
    session: &Session,
    backend: &Backend,
    account: &Booting<'_, Backend>,
    specification: &Specification,
    saved: Option<&SavedPlan>,
    options: PlanOptions,
) -> Result<(Proposal, Option<Guard>), CliError> {
    let guard = state::look(session, backend, specification.cluster()).await?;
    if let Some(guard) = &guard {
        guard.free()?;
    }
    let Some(saved) = saved else {
        let proposal = plan(account, specification, options).await?;
        return Ok((proposal, guard));
    };
    if let Some(guard) = &guard {
        saved.fits(&SavedBase::of(guard.store().place(), guard.base()))?;
    }
    let proposal = saved.confirm(account, specification, options.allow_destroy).await?;
    Ok((proposal, guard))
}

/// The specification of a saved plan; options that name something else are a mistake.
fn saved_specification(session: &Session, saved: &SavedPlan) -> Result<Specification, CliError> {
    let cluster = &saved.content.plan.cluster;
    if let Some(name) = session.globals.name.as_ref().filter(|name| *name != cluster) {
        let (wanted, found) = (format!("the cluster {cluster}"), format!("the cluster {name} (--name)"));
        return Err(SavedPlanError::Elsewhere { wanted, found }.into());
    }
    if !session.globals.filename.is_empty() {
        return Err(CliError::user("a saved plan brings its manifests with it").hint("leave -f out"));
    }
    Ok(saved.specification()?)
}
