//! `kedge delete`.

use clap::{Args, Subcommand};
use kedge_ops::boot::Booting;
use kedge_ops::delete_cluster;

use super::running;
use crate::approval;
use crate::args::RunOutput;
use crate::boot;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge delete cluster --name prod.example.com
  kedge delete cluster --name test.example.com --region us-east-1 --yes
  kedge delete cluster -f cluster.yaml";

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

    /// How to tell what happens; jsonl prints one JSON object for each event on standard output
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
    output: RunOutput,
}

/// Does it.
pub(crate) fn run(args: &DeleteArgs, session: &Session) -> Result<ExitCode, CliError> {
    let What::Cluster(args) = &args.what;
    let (cluster, specification) = session.cluster()?;
    state::lease(session)?;
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
            return Ok(ExitCode::Done);
        }
        approval::delete(session, &proposal, args.yes)?;
        let keeper = match guard {
            Some(guard) => {
                let caller = state::caller(session, &backend).await?;
                Some(guard.begin(&caller, proposal.plan(), None).await?)
            }
            None => None,
        };
        running::run(session, &backend, source.as_ref(), proposal, args.output, keeper).await
    })
}
