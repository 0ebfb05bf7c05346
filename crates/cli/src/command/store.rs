//! `kedge store`.

use std::hash::{BuildHasher, RandomState};

use clap::{Args, Subcommand};
use kedge_render::{Line, Role, Text};
use kedge_store::Checkup;
use serde::Serialize;

use crate::args::Output;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge store check --name prod.example.com --store s3://example-state
  kedge store repair --name prod.example.com --store s3://example-state";

/// Check what the state store has of a cluster, and repair it
///
/// The store is not the truth about resources: those are found in AWS. It has the manifests, the operations and the lease.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Read every object and compare it with what the others say
    ///
    /// Exits with 1 if something is wrong. Also says what about the place itself is worth mending: public access, missing
    /// versions, missing encryption.
    #[command(after_help = EXAMPLES)]
    Check {
        /// Form of the answer
        #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
        output: Output,
    },
    /// Rebuild head.json from the other objects
    ///
    /// For a head.json that is lost, damaged, or was put back to an earlier state. The newest manifests and operations that
    /// can be read become current, and there is no lease: make sure that nobody is changing the cluster. Resources in AWS are
    /// not affected.
    #[command(after_help = EXAMPLES)]
    Repair,
}

/// What `check -o json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    store: String,
    /// Sets of manifests that are in order.
    manifests: usize,
    /// Operations that are in order.
    operations: usize,
    /// Secrets and private keys that are in order.
    sealed: usize,
    /// Objects that instances boot with and that are in order.
    delivered: usize,
    /// What is wrong.
    faults: Vec<String>,
    /// What about the place is worth mending.
    worries: Vec<String>,
}

/// Does it.
pub(crate) fn run(args: &StoreArgs, session: &Session) -> Result<ExitCode, CliError> {
    let (cluster, _) = session.cluster()?;
    let ui = &session.ui;
    block_on(async {
        let store = state::needed(session, &cluster).await?;
        match args.what {
            What::Check { output } => {
                let worries = store.objects().worries().await?;
                if output == Output::Text {
                    worries.iter().for_each(|worry| ui.warn(worry));
                }
                let checkup = ui.patiently("reading the store", store.check()).await?;
                let code = if checkup.faults.is_empty() { ExitCode::Done } else { ExitCode::Failed };
                if output == Output::Json {
                    let Checkup { manifests, operations, sealed, delivered, faults } = checkup;
                    ui.data_json(&Checked {
                        store: store.place(),
                        manifests,
                        operations,
                        sealed,
                        delivered,
                        faults,
                        worries,
                    })?;
                    return Ok(code);
                }
                let mut text = Text::new();
                for fault in &checkup.faults {
                    text.push(Line::of(Role::Error, "wrong:").with(Role::Plain, format!(" {fault}")));
                }
                text.push(Line::plain(format!(
                    "{} has of {cluster}: {} sets of manifests and {} operations, {} secrets and private keys, and {} objects \
                     that instances boot with in order, {} faults.",
                    store.place(),
                    checkup.manifests,
                    checkup.operations,
                    checkup.sealed,
                    checkup.delivered,
                    checkup.faults.len()
                )));
                ui.data(&text)?;
                Ok(code)
            }
            What::Repair => {
                let repaired = store.repair(RandomState::new().hash_one("kedge")).await?;
                let sentence = match repaired {
                    None => "head.json is in order: nothing was written.".to_owned(),
                    Some(head) => format!(
                        "head.json is written anew: manifests {} are current, {} operations are known, nobody has the lease.",
                        head.serial, head.operations
                    ),
                };
                ui.data(&Text { lines: vec![Line::plain(sentence)] })?;
                Ok(ExitCode::Done)
            }
        }
    })
}
