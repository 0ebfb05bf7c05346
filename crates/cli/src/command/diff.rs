//! `kedge diff`.

use camino::Utf8PathBuf;
use clap::Args;
use kedge_ops::diff::{Compared, diff};
use kedge_ops::load;
use kedge_ops::version::versions;
use kedge_render::difference;
use kedge_render::plan::PlanTextOptions;

use crate::args::{Output, SpecArgs};
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::policies::{self, PolicyArgs};
use crate::session::Session;

const EXAMPLES: &str = "\
EXAMPLES:
  What the working tree changes:
    kedge diff HEAD -f clusters/

  What a branch changes since it left main:
    kedge diff main...feature -f clusters/prod.yaml

  Two files, and two revisions of one:
    kedge diff old.yaml new.yaml
    kedge diff v1.2:clusters/prod.yaml v1.3:clusters/prod.yaml";

/// Show what two versions of the manifests differ in
///
/// Compares the resources that both ask for; no account is asked, and no credentials are needed. A version is a file, a
/// directory, REVISION:PATH, or a git revision of which the files that -f names are read. What AWS cannot change in place shows
/// as a replacement, as in a plan.
///
/// Where the manifests of one version are not valid, the errors are shown with what the other version asks for, and the exit
/// code is 1.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// Old version; A..B names both, and A...B compares B with the commit at which it left A
    base: String,

    /// New version; without it, the files that -f names as they are now
    head: Option<String>,

    /// Form of the difference
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
    output: Output,

    /// Exit with 2 if there are differences, with 0 if there are none
    #[arg(long)]
    detailed_exitcode: bool,

    /// Take what the account offers from this facts document; without it images, machine types and existing networks stand for
    /// themselves
    #[arg(long, value_name = "FILE")]
    facts: Option<Utf8PathBuf>,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    spec: SpecArgs,
}

/// Does it.
pub(crate) fn run(args: &DiffArgs, session: &Session) -> Result<ExitCode, CliError> {
    let paths: Vec<Utf8PathBuf> = session.globals.filename.iter().map(Utf8PathBuf::from).collect();
    let policies = args.policy.compile()?;
    let options = session.manifest_options(&args.spec)?;
    let facts = args.facts.as_deref().map(load::facts).transpose()?;
    let (base, head) = versions(&args.base, args.head.as_deref(), &paths)?;
    let compared = diff(&base, &head, &options, facts.as_ref(), policies.as_ref())?;
    show(args, session, &compared)
}

fn show(args: &DiffArgs, session: &Session, compared: &Compared) -> Result<ExitCode, CliError> {
    let ui = &session.ui;
    ui.diagnostics(&compared.base);
    ui.diagnostics(&compared.head);
    match args.output {
        Output::Text if ui.is_quiet() => ui.data(&difference::conclusion(&compared.difference))?,
        Output::Text => {
            let options = PlanTextOptions { width: ui.width(), verbose: ui.is_verbose() };
            ui.data(&difference::render(&compared.difference, &options))?;
        }
        Output::Json => ui.data_json(&compared.difference)?,
    }
    if !compared.complete() {
        return Err(CliError::incomplete("the difference is not complete: manifests are not valid")
            .hint("mend what is shown above"));
    }
    policies::refuse(compared.difference.clusters.iter().flat_map(|cluster| &cluster.findings))?;
    Ok(match args.detailed_exitcode && !compared.difference.is_empty() {
        true => ExitCode::ChangesPending,
        false => ExitCode::Done,
    })
}
