//! `kedge apply`.

use camino::Utf8PathBuf;
use clap::Args;
use kedge_kube::Curl;
use kedge_ops::boot::{BootSource, Booting, deliver_upstream};
use kedge_ops::discovery::{Published, publish};
use kedge_ops::keypairs::{self, Missing};
use kedge_ops::plan::plan;
use kedge_ops::saved::{SavedBase, SavedPlan, SavedPlanError};
use kedge_ops::{Guard, Proposal, Specification};
use kedge_pki::Purpose;
use kedge_policy::Policies;
use kedge_render::Line;
use kedge_resource::Kind;
use kedge_store::{ClusterStore, Keysets, Location};
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
/// and --kms-key names the key of AWS KMS that encrypts them. A passphrase (--passphrase-file) does where instances do not boot
/// from the store and in a sandbox: no instance could open keys that it wraps.
///
/// What holds state (etcd volumes, the VPC) is deleted or replaced only with --allow-destroy, or after the name of the
/// cluster was typed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ApplyArgs {
    /// Plan that `kedge plan --out` saved: just this is applied, or nothing if something has moved since. What was allowed
    /// when it was planned is allowed
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
    let work = look(args, session, &backend, &account, &specification, saved);
    let Seen { mut proposal, guard, keysets } = session.ui.patiently("reading the account", work).await?;
    let changes = !proposal.plan().is_empty();
    state::remark(session, guard.as_ref(), changes);
    let findings = policies::check(policies, &proposal, &specification)?;
    running::show(session, &proposal, &findings, args.output)?;
    running::refuse_blind(&proposal)?;
    policies::refuse(&findings)?;
    refuse_passphrase(&args.key, session, &proposal, keysets.as_ref())?;
    if !changes {
        if let Some(guard) = guard {
            let caller = state::caller(session, &backend).await?;
            let missing = open_keys(&args.key, session, &guard, keysets).await?;
            make_keys(missing, session, &backend, &specification, guard.store()).await?.say(session, guard.store());
            guard.settle(&caller, proposal.plan(), specification.text()).await?;
        }
        return Ok(ExitCode::Done);
    }
    approval::apply(session, &mut proposal, args.yes)?;
    let Some(guard) = guard else {
        return running::run(session, &backend, source.as_ref(), proposal, args.output, None).await;
    };
    let caller = state::caller(session, &backend).await?;
    let store = guard.store().clone();
    // Before the lease: a key that does not open shall leave no lease behind.
    let missing = open_keys(&args.key, session, &guard, keysets).await?;
    let run = async {
        let keeper = guard.begin(&caller, proposal.plan(), Some(specification.text())).await?;
        running::run(session, &backend, source.as_ref(), proposal, args.output, Some(keeper)).await
    };
    // Control planes wait for keys, and nothing else does. Each write of them is conditional, whoever has the lease.
    let (made, ran) = tokio::join!(make_keys(missing, session, &backend, &specification, &store), Box::pin(run));
    // Not earlier: the run shows how far it is.
    let made = made.map(|made| made.say(session, &store));
    let code = ran?;
    made?;
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

/// Refuses to make keys that instances could never open: a passphrase cannot be given to them without standing in the clear
/// somewhere, and control planes would wait for ever. What stands for instances in a sandbox opens nothing.
fn refuse_passphrase(
    key: &KeyArgs,
    session: &Session,
    proposal: &Proposal,
    keysets: Option<&Keysets>,
) -> Result<(), CliError> {
    let boots = proposal.desired().iter().any(|resource| resource.key.kind == Kind::StoreObject);
    if !key.is_passphrase()
        || !boots
        || state::is_sandbox(session)
        || keysets.is_none_or(|keysets| keysets.missing().is_empty())
    {
        return Ok(());
    }
    Err(CliError::user("the keys of the cluster cannot be made with a passphrase; nothing was changed")
        .because(
            "its instances boot from the state store and open the keys there, and no instance can know the passphrase: \
             control planes would wait for ever",
        )
        .hint("name a key of AWS KMS with --kms-key, and leave --passphrase-file and KEDGE_PASSPHRASE_FILE out"))
}

/// Of the keys and authorities of the cluster those that are missing, with what they are going to be encrypted with, where a key
/// is named for that; says what about the others should worry their owner. Without such a key the store is not asked about them.
async fn open_keys(
    key: &KeyArgs,
    session: &Session,
    guard: &Guard,
    keysets: Option<Keysets>,
) -> Result<Option<Missing>, CliError> {
    let ui = &session.ui;
    let Some(keysets) = keysets else {
        let sentence = "the cluster has no keys and authorities of its own yet; they are made when --kms-key names the key that \
                        encrypts them (--passphrase-file where instances do not boot from the store)";
        match guard.is_new() {
            true if state::is_sandbox(session) => ui.detail(sentence),
            true => ui.warn(sentence),
            false => {}
        }
        return Ok(None);
    };
    keypairs::worries(&keysets, state::now()).iter().for_each(|worry| ui.warn(worry));
    let (store, outer) = (guard.store(), key.open(session).await?);
    if keysets.missing().is_empty() {
        // Whoever names a key wants to know that it is the right one, although nothing is made with it.
        store.refuse_another_key(&*outer, &store.vault(&*outer).await?).await?;
        return Ok(None);
    }
    Ok(Missing::of(store, keysets, &*outer).await?)
}

/// What was done about keys.
struct MadeKeys<'a> {
    made: Vec<Purpose>,
    /// What became of those that verify tokens, and the place where the manifest wants them.
    published: Option<(&'a str, Published)>,
}

impl MadeKeys<'_> {
    fn say(&self, session: &Session, store: &ClusterStore) {
        let ui = &session.ui;
        if !self.made.is_empty() {
            let names: Vec<&str> = self.made.iter().map(|purpose| purpose.as_str()).collect();
            ui.say_line(Line::plain(format!("made in {}: {}", store.place(), names.join(", "))));
        }
        match &self.published {
            Some((place, Published::Written)) => {
                ui.say_line(Line::plain(format!("published in {place}: keys of service accounts")));
            }
            Some((place, Published::Foreign)) => ui.warn(&format!(
                "{place} has keys of service accounts that are not those of this cluster: nothing was published, so that what \
                 they sign is trusted still; remove {place}/{} to publish those of kedge",
                kedge_ops::discovery::KEYS
            )),
            Some((_, Published::NoKeys | Published::Unchanged)) | None => {}
        }
    }
}

/// Makes the keys that are missing, and publishes those that verify tokens.
async fn make_keys<'a>(
    missing: Option<Missing>,
    session: &Session,
    backend: &Backend,
    specification: &'a Specification,
    store: &ClusterStore,
) -> Result<MadeKeys<'a>, CliError> {
    let made = match missing {
        Some(missing) => missing.make(store, state::now(), &SystemRandom::new()).await?,
        None => Vec::new(),
    };
    let published = publish_keys(session, backend, specification, store).await?;
    Ok(MadeKeys { made, published })
}

/// Publishes the keys that verify tokens of service accounts, where the manifest says so; with the place.
async fn publish_keys<'a>(
    session: &Session,
    backend: &Backend,
    specification: &'a Specification,
    store: &ClusterStore,
) -> Result<Option<(&'a str, Published)>, CliError> {
    let place = specification.resolved.cluster.issuer.as_ref().and_then(|issuer| {
        // What kops keeps in memory for its tests is no place.
        let place = issuer.discovery_store.as_deref().filter(|store| store.starts_with("s3://"))?;
        Some((place, &issuer.url))
    });
    let Some((place, url)) = place.filter(|_| !state::is_sandbox(session)) else { return Ok(None) };
    let objects = state::open(session, Some(backend), &Location::parse(place)?).await?;
    let published = publish(&*objects, url, &store.keysets().await?).await?;
    Ok(Some((place, published)))
}

/// What an apply has looked at.
struct Seen {
    proposal: Proposal,
    guard: Option<Guard>,
    /// What keys the cluster has, where one is named that encrypts those that are missing.
    keysets: Option<Keysets>,
}

/// Looks at the store and, if nobody is changing the cluster, at the account.
async fn look(
    args: &ApplyArgs,
    session: &Session,
    backend: &Backend,
    account: &Booting<'_, Backend>,
    specification: &Specification,
    saved: Option<&SavedPlan>,
) -> Result<Seen, CliError> {
    let options = args.destroy.options(None);
    let guard = state::look(session, backend, specification.cluster()).await?;
    if let Some(guard) = &guard {
        guard.free()?;
    }
    if let (Some(saved), Some(guard)) = (saved, &guard) {
        saved.fits(&SavedBase::of(guard.store().place(), guard.base()))?;
    }
    let proposal = async {
        Ok::<_, CliError>(match saved {
            Some(saved) => saved.confirm(account, specification, options.allow_destroy).await?,
            None => plan(account, specification, options).await?,
        })
    };
    let keysets = async {
        match guard.as_ref().filter(|_| args.key.is_given()) {
            Some(guard) => Ok(Some(guard.store().keysets().await?)),
            None => Ok(None),
        }
    };
    let (proposal, keysets) = tokio::try_join!(proposal, keysets)?;
    Ok(Seen { proposal, guard, keysets })
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
