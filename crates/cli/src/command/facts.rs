//! `kedge facts`.

use clap::Args;
use kedge_ops::facts::facts;

use crate::args::SpecArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};

const EXAMPLES: &str = "\
EXAMPLES:
  kedge facts -f cluster.yaml > facts.json
  kedge plan -f cluster.yaml --facts facts.json";

/// Print what the account offers, as JSON
///
/// With manifests the document holds everything that a plan for them needs to know of the account (zones, hosted zones, images,
/// machine types, existing networks), so that plan and resources can be computed with --facts where there are no credentials.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FactsArgs {
    #[command(flatten)]
    spec: SpecArgs,
}

/// Does it.
pub(crate) fn run(args: &FactsArgs, session: &Session) -> Result<ExitCode, CliError> {
    let specification =
        if session.globals.filename.is_empty() { None } else { Some(session.specification(&args.spec)?) };
    block_on(async {
        let backend = session.open(specification.as_ref()).await?;
        let work = facts(&backend, specification.as_ref());
        let facts = session.ui.patiently("reading the account", work).await?;
        session.ui.data_json(&facts)?;
        Ok(ExitCode::Done)
    })
}
