//! `kedge resources`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use kedge_ops::load;
use kedge_ops::resources::{resources, resources_in};
use kedge_render::table;
use serde_json::Value;

use crate::args::SpecArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};

const EXAMPLES: &str = "\
EXAMPLES:
  kedge resources -f cluster.yaml
  kedge resources -f cluster.yaml --facts facts.json --ssh-public-key id_ed25519.pub
  kedge resources -f cluster.yaml --facts facts.json -o text";

/// Print every AWS resource that the manifests ask for
///
/// The JSON list has the type of each resource under CloudFormation's name, its name, and its properties, with references as
/// names. It says what AWS shall hold; what AWS holds now does not matter.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ResourcesArgs {
    /// Form of the list; text is a table of types and names
    #[arg(short = 'o', long, value_name = "FORM", default_value = "json")]
    output: Form,

    /// Take the account's facts from this file instead of asking for them
    #[arg(long, value_name = "FILE")]
    facts: Option<Utf8PathBuf>,

    #[command(flatten)]
    spec: SpecArgs,
}

/// Form of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Text,
}

/// Does it.
pub(crate) fn run(args: &ResourcesArgs, session: &Session) -> Result<ExitCode, CliError> {
    let specification = session.specification(&args.spec)?;
    let list = match args.facts.as_deref() {
        Some(path) => resources(&specification, &load::facts(path)?)?,
        None => block_on(async {
            let backend = session.open(Some(&specification)).await?;
            let work = resources_in(&backend, &specification);
            Ok(session.ui.patiently("reading the account", work).await?)
        })?,
    };
    match args.output {
        Form::Json => session.ui.data_json(&list)?,
        Form::Text => session.ui.data(&table::render(&["TYPE", "NAME"], &rows(&list)))?,
    }
    Ok(ExitCode::Done)
}

fn rows(list: &Value) -> Vec<Vec<String>> {
    let word = |resource: &Value, key: &str| resource.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    list.as_array()
        .map(|list| list.iter().map(|resource| vec![word(resource, "type"), word(resource, "name")]).collect())
        .unwrap_or_default()
}
