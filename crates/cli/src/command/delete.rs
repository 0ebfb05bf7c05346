//! `kedge delete`.

use clap::{Args, Subcommand};
use kedge_ops::boot::Booting;
use kedge_ops::{Guard, delete_cluster, purge};
use kedge_render::{Line, Role, Text};
use kedge_resource::{ClusterName, Plan};

use super::running;
use crate::approval;
use crate::args::RunOutput;
use crate::backend::Backend;
use crate::boot;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge delete cluster --name prod.example.com
  kedge delete cluster --name test.example.com --region us-east-1 --yes
  kedge delete cluster -f cluster.yaml
  kedge delete cluster --name test.example.com --yes --purge=test.example.com";

/// Delete a cluster
///
/// See kedge delete cluster --help.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct DeleteArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Cluster(ClusterArgs),
}

/// Delete a cluster with everything that it owns
///
/// Finds everything that carries the ownership tag of the cluster, also what controllers in the cluster made (load balancers,
/// volumes, security groups), shows it, asks for the name of the cluster, and deletes it in the order of dependencies. Nothing
/// without that tag is touched.
///
/// The state store keeps the keys, secrets, snapshots of etcd, manifests and operations of the cluster: one that is made again
/// under the same name has them. --purge removes them too.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct ClusterArgs {
    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,

    /// Leave what control planes wrote into a state store that is lost or not named; a cluster of the same name cannot start from
    /// there
    #[arg(long)]
    leave_store: bool,

    /// Remove for good what the state store keeps, once nothing of the cluster is left in the account
    ///
    /// Asks for the name of the cluster again; where nobody can be asked, and with --yes, it has to be given. Only what kedge
    /// wrote below the name of the cluster is removed. Old versions of objects stay where the bucket keeps them.
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
    )]
    purge: Option<String>,

    /// How to tell what happens; jsonl prints one JSON object for each event on standard output
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
    output: RunOutput,
}

/// Does it.
pub(crate) fn run(args: &DeleteArgs, session: &Session) -> Result<ExitCode, CliError> {
    let What::Cluster(args) = &args.what;
    let (cluster, specification) = session.cluster()?;
    state::lease(session)?;
    let purge = args.purge.as_deref().map(|name| Purge::wanted(session, &cluster, name, args.yes)).transpose()?;
    block_on(async {
        let backend = session.open(specification.as_ref()).await?;
        let source = boot::delivered(session, &backend, &cluster).await?;
        let account = Booting::new(&backend, source.as_ref());
        let work = async {
            let guard = state::look(session, &backend, &cluster).await?;
            if let Some(guard) = &guard {
                guard.free()?;
            }
            Ok::<_, CliError>((
                delete_cluster::plan(&account, &cluster, source.as_ref(), args.leave_store).await?,
                guard,
            ))
        };
        let (proposal, guard) = session.ui.patiently("reading the account", work).await?;
        let changes = !proposal.plan().is_empty();
        state::remark(session, guard.as_ref(), changes);
        running::show(session, &proposal, &[], args.output)?;
        running::refuse_blind(&proposal)?;
        if !changes {
            return left(args, session, &backend, &Whose::of(proposal.plan()), purge).await;
        }
        approval::delete(session, &proposal, args.yes)?;
        let keeper = match guard {
            Some(guard) => {
                let caller = state::caller(session, &backend).await?;
                Some(guard.begin(&caller, proposal.plan(), None).await?)
            }
            None => None,
        };
        let whose = Whose::of(proposal.plan());
        match running::run(session, &backend, source.as_ref(), proposal, args.output, keeper).await? {
            ExitCode::Done => left(args, session, &backend, &whose, purge).await,
            other => Ok(other),
        }
    })
}

/// That what the store keeps is removed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purge {
    /// Somebody has given the name of the cluster.
    Agreed,
    /// Somebody has to be asked for it.
    Ask,
}

impl Purge {
    /// What was asked for; before anything is deleted, so that it is not found out afterwards that it cannot be.
    fn wanted(session: &Session, cluster: &ClusterName, name: &str, yes: bool) -> Result<Self, CliError> {
        if state::location(session)?.is_none() {
            return Err(CliError::user("no state store is named, of which something could be removed")
                .hint("name it with --store, or leave --purge out"));
        }
        if name == cluster.as_str() {
            return Ok(Self::Agreed);
        }
        if !name.is_empty() {
            return Err(CliError::user(format!(
                "--purge names {name}, and the cluster is {cluster}; nothing was changed"
            ))
            .hint("nothing brings back what it removes: check the name"));
        }
        if yes || !session.ui.can_ask() || session.reads_stdin() {
            return Err(CliError::user(
                "nobody is asked for the name of the cluster whose keys are removed; nothing was changed",
            )
            .hint(format!("give it: --purge={cluster}")));
        }
        Ok(Self::Ask)
    }
}

/// The cluster that is gone, and where it was.
struct Whose {
    cluster: ClusterName,
    account_id: String,
    region: String,
}

impl Whose {
    fn of(plan: &Plan) -> Self {
        Self { cluster: plan.cluster.clone(), account_id: plan.account_id.clone(), region: plan.region.clone() }
    }
}

/// Says what the store keeps of a cluster that is gone, or removes it.
async fn left(
    args: &ClusterArgs,
    session: &Session,
    backend: &Backend,
    whose: &Whose,
    purge: Option<Purge>,
) -> Result<ExitCode, CliError> {
    let (ui, cluster) = (&session.ui, &whose.cluster);
    let Some(store) = state::of_cluster(session, Some(backend), cluster).await? else { return Ok(ExitCode::Done) };
    let kept = purge::kept(&store).await?;
    let place = format!("{}/{cluster}", store.place());
    if kept.own.is_empty() {
        return Ok(ExitCode::Done);
    }
    // Before the account is looked at: the lease is only given if nobody has begun anything since.
    let guard = Guard::look(store.clone()).await?;
    let head = guard.base().head.as_ref();
    if let Some(head) = head.filter(|head| head.account_id != whose.account_id || head.region != whose.region) {
        // It may be alive there, and needs all of this.
        let known = format!("{place} is of a cluster in account {} and region {}", head.account_id, head.region);
        if purge.is_some() {
            return Err(CliError::user(format!("{known}: it was left as it is"))
                .hint("delete it there: --region and --profile name region and account"));
        }
        ui.warn(&format!("{known}, where it was not looked for"));
        return Ok(ExitCode::Done);
    }
    let Some(wanted) = purge else {
        ui.say_line(Line::plain(format!("Kept in {place}: {}.", kept.describe())));
        ui.say_line(Line::of(
            Role::Dim,
            format!("`kedge delete cluster --name {cluster} --purge={cluster}` removes that for good."),
        ));
        return Ok(ExitCode::Done);
    };
    // What is still there, or was made meanwhile, needs its keys. The store is not asked: what it has goes next.
    let proposal = delete_cluster::plan(backend, cluster, None, true).await?;
    running::refuse_blind(&proposal)?;
    if !proposal.plan().is_empty() {
        return Err(CliError::user(format!(
            "{} things of {cluster} are alive: {place} was left as it is",
            proposal.plan().changes.len()
        ))
        .hint("run the same command again: it deletes them first"));
    }
    if wanted == Purge::Ask {
        approval::purge(session, cluster, &place, &kept)?;
    }
    let caller = state::caller(session, backend).await?;
    let keeper = guard.begin(&caller, proposal.plan(), None).await?;
    let kept = purge::kept(&store).await?;
    let count = purge::purge(&store, &kept, &keeper.fence()).await?;
    // With the head the lease is gone as well: there is nothing to give back.
    drop(keeper);
    let removed = Line::of(Role::Success, format!("Removed from {place}: {count} objects."));
    match args.output {
        RunOutput::Text => ui.data(&Text { lines: vec![removed] })?,
        RunOutput::Jsonl => ui.say_line(removed),
    }
    if kept.others > 0 {
        ui.say_line(Line::plain(format!("{} objects that kedge did not write stay there.", kept.others)));
    }
    Ok(ExitCode::Done)
}
