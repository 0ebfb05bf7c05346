//! `kedge schema`.

use clap::{Args, ValueEnum};
use kedge_ops::snapshot::AccountSnapshot;
use kedge_render::view::json::{PlanView, PlansView};
use kedge_resource::{Difference, Event, Facts};

use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::Session;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge schema manifest > manifest.schema.json
  kedge schema plan";

/// Print the JSON Schema of a document
///
/// Editors complete and check manifests with the first; programs that read plans, facts or events are built against the others.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SchemaArgs {
    /// The document
    document: Document,
}

/// A document of kedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Document {
    /// Cluster, InstanceGroup and SSHCredential manifests
    Manifest,
    /// What `plan -o json` prints
    Plan,
    /// What `plan -o json` prints for several clusters
    Plans,
    /// What `facts` prints and --facts reads
    Facts,
    /// A line of `apply -o jsonl`
    Event,
    /// What `diff -o json` prints
    Difference,
    /// What `snapshot` writes and plan --snapshot reads
    Snapshot,
    /// Not a schema but a page in Markdown: what each field of a manifest does
    Fields,
}

/// Does it.
pub(crate) fn run(args: &SchemaArgs, session: &Session) -> Result<ExitCode, CliError> {
    let schema = match args.document {
        Document::Manifest => kedge_spec::schema(),
        Document::Plan => schemars::schema_for!(PlanView).to_value(),
        Document::Plans => schemars::schema_for!(PlansView).to_value(),
        Document::Facts => schemars::schema_for!(Facts).to_value(),
        Document::Event => schemars::schema_for!(Event).to_value(),
        Document::Snapshot => schemars::schema_for!(AccountSnapshot).to_value(),
        Document::Difference => schemars::schema_for!(Difference).to_value(),
        Document::Fields => {
            session.ui.data_text(&kedge_spec::fields_page())?;
            return Ok(ExitCode::Done);
        }
    };
    session.ui.data_json(&schema)?;
    Ok(ExitCode::Done)
}
