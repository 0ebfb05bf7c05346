//! `kedge snapshot`.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use clap::Args;
use kedge_ops::Specification;
use kedge_ops::boot::Booting;
use kedge_ops::snapshot::{AccountSnapshot, RecordedCluster, SNAPSHOT_FORMAT_VERSION, record};
use kedge_render::Line;

use crate::args::SpecArgs;
use crate::boot;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge snapshot -f clusters/ --out account.json
  kedge plan -f clusters/prod.yaml --snapshot account.json --max-age 24h";

/// Record what the account offers and holds, for plans without credentials
///
/// The file has the facts that the manifests need and what AWS holds of their clusters, as describe calls answer it. `kedge plan
/// --snapshot FILE` plans from it, for example in a CI job of a fork, which must not have credentials. There is no secret of
/// kedge's in it, but whoever reads it knows the account's resources.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SnapshotArgs {
    /// File to write; without it the snapshot goes to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,

    #[command(flatten)]
    spec: SpecArgs,
}

/// Does it.
pub(crate) fn run(args: &SnapshotArgs, session: &Session) -> Result<ExitCode, CliError> {
    let specifications = session.specifications(&args.spec)?;
    let snapshot = block_on(async {
        let mut recorded = Vec::new();
        for specification in &specifications {
            recorded.push(one(session, specification).await?);
        }
        whole(recorded)
    })?;
    let Some(path) = &args.out else {
        session.ui.data_json(&snapshot)?;
        return Ok(ExitCode::Done);
    };
    let json = serde_json::to_string_pretty(&snapshot).map_err(std::io::Error::from)?;
    fs_err::write(path, json + "\n")?;
    session.ui.say_line(Line::plain(format!("saved in {path}; `kedge plan --snapshot {path}` plans from it")));
    Ok(ExitCode::Done)
}

/// The account and what it has of a cluster.
async fn one(session: &Session, specification: &Specification) -> Result<(String, RecordedCluster), CliError> {
    let backend = session.open(Some(specification)).await?;
    let source = boot::delivered(session, &backend, specification.cluster()).await?;
    let account = Booting::new(&backend, source.as_ref());
    Ok(session.ui.patiently("reading the account", record(&account, specification)).await?)
}

fn whole(recorded: Vec<(String, RecordedCluster)>) -> Result<AccountSnapshot, CliError> {
    let accounts: BTreeSet<&String> = recorded.iter().map(|(account, _)| account).collect();
    if accounts.len() > 1 {
        return Err(CliError::user("the clusters are in several accounts").hint("take a snapshot of each account"));
    }
    let account_id = accounts.first().map(|account| (*account).clone()).unwrap_or_default();
    Ok(AccountSnapshot {
        format_version: SNAPSHOT_FORMAT_VERSION,
        kedge: env!("CARGO_PKG_VERSION").to_owned(),
        taken: state::now(),
        account_id,
        clusters: recorded.into_iter().map(|(_, recorded)| recorded).collect(),
    })
}
