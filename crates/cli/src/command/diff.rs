//! `kedge diff`.

use camino::Utf8PathBuf;
use clap::Args;
use kedge_diag::Severity;
use kedge_ops::diff::{Compared, diff};
use kedge_ops::load;
use kedge_ops::version::versions;
use kedge_render::difference;
use kedge_render::view::{Failure, Planned, Problem, Review, Reviewed, withhold};
use kedge_resource::difference::{ClusterDifference, Difference, Side, Standing};

use crate::args::SpecArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::policies::{self, PolicyArgs};
use crate::session::Session;
use crate::views::{ViewArgs, pretty};

const EXAMPLES: &str = "\
EXAMPLES:
  What the working tree changes:
    kedge diff HEAD -f clusters/

  What a branch changes since it left main:
    kedge diff main...feature -f clusters/prod.yaml

  Two files, and two revisions of one:
    kedge diff old.yaml new.yaml
    kedge diff v1.2:clusters/prod.yaml v1.3:clusters/prod.yaml

  A comment for a pull request, where there are no credentials:
    kedge diff origin/main...HEAD -f clusters -o markdown=comment.md -o html=diff.html";

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

    #[command(flatten)]
    views: ViewArgs,

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
    args.views.check()?;
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
    let difference = &compared.difference;
    let text = || {
        if ui.is_quiet() {
            return difference::conclusion(difference);
        }
        difference::render(difference, &ui.plan_options())
    };
    let review = || Review { clusters: difference.clusters.iter().map(|it| reviewed(args, difference, it)).collect() };
    args.views.show_with(session, review, text, |_| pretty(&withheld(difference)))?;
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

/// The document for programs, without what users may have hidden in texts.
fn withheld(difference: &Difference) -> Difference {
    let mut difference = difference.clone();
    for plan in difference.clusters.iter_mut().filter_map(|cluster| cluster.plan.as_mut()) {
        *plan = withhold(plan);
    }
    difference
}

/// A cluster as views get it.
fn reviewed(args: &DiffArgs, difference: &Difference, cluster: &ClusterDifference) -> Reviewed {
    let alone = match cluster.standing {
        Standing::Compared | Standing::Created | Standing::Removed => None,
        Standing::BaseInvalid => Some("the old manifests are not valid: everything that the new ones ask for is shown"),
        Standing::HeadInvalid => Some("the new manifests are not valid: everything that the old ones ask for is shown"),
        Standing::Invalid => Some("the manifests of neither version are valid"),
    };
    let problems = alone.map_or_else(Vec::new, |why| {
        let why = Problem {
            severity: Severity::Error,
            code: "not-compared".to_owned(),
            text: why.to_owned(),
            position: None,
        };
        std::iter::once(why).chain(difference.problems.iter().map(problem)).collect()
    });
    let Some(plan) = &cluster.plan else {
        let name = cluster.cluster.to_string();
        let summary = "the manifests of neither version are valid".to_owned();
        return Reviewed::Failed(Failure { name, summary, problems, ..Failure::default() });
    };
    let mut entry = Planned::new(plan);
    entry.problems = problems;
    entry.manifests = vec![difference.head.clone()];
    entry.findings = args.policy.is_given().then(|| cluster.findings.clone());
    Reviewed::Planned(Box::new(entry))
}

/// An error in one version; only lines of the new one can be pointed at.
fn problem(problem: &kedge_resource::difference::Problem) -> Problem {
    let old = problem.side == Side::Base;
    Problem {
        severity: Severity::Error,
        code: problem.code.clone(),
        text: if old { format!("in the old version: {}", problem.text) } else { problem.text.clone() },
        position: problem.position.clone().filter(|_| !old),
    }
}
