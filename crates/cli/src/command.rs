//! One file for each command.

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod delete;
pub(crate) mod diff;
pub(crate) mod etcd;
pub(crate) mod export;
pub(crate) mod facts;
pub(crate) mod get;
pub(crate) mod iam_policy;
pub(crate) mod init;
mod keypairs;
pub(crate) mod lease;
pub(crate) mod op;
pub(crate) mod plan;
pub(crate) mod resources;
pub(crate) mod rotate;
mod running;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod snapshot;
pub(crate) mod store;
pub(crate) mod validate;

use crate::args::Command;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::Session;
use crate::state;

/// Does what was asked.
pub(crate) fn run(command: Command, session: &Session) -> Result<ExitCode, CliError> {
    if is_about_what_exists(&command) {
        state::existing_sandbox(session)?;
    }
    match command {
        Command::Init(args) => init::run(&args, session),
        Command::Plan(args) => plan::run(&args, session),
        Command::Diff(args) => diff::run(&args, session),
        Command::Apply(args) => apply::run(&args, session),
        Command::Delete(args) => delete::run(&args, session),
        Command::Get(args) => get::run(&args, session),
        Command::Export(args) => export::run(&args, session),
        Command::Rotate(args) => rotate::run(&args, session),
        Command::Etcd(args) => etcd::run(&args, session),
        Command::Op(args) => op::run(&args, session),
        Command::Lease(args) => lease::run(&args, session),
        Command::Secret(args) => secret::run(&args, session),
        Command::Store(args) => store::run(&args, session),
        Command::Facts(args) => facts::run(&args, session),
        Command::Snapshot(args) => snapshot::run(&args, session),
        Command::Resources(args) => resources::run(&args, session),
        Command::IamPolicy(args) => iam_policy::run(&args, session),
        Command::Validate(args) => validate::run(&args, session),
        Command::Schema(args) => schema::run(&args, session),
        Command::Completions(args) => completions::run(&args, session),
    }
}

/// Whether a command has nothing to do in a sandbox that nobody has begun.
fn is_about_what_exists(command: &Command) -> bool {
    match command {
        Command::Delete(_)
        | Command::Get(_)
        | Command::Validate(_)
        | Command::Export(_)
        | Command::Etcd(_)
        | Command::Op(_)
        | Command::Lease(_)
        | Command::Store(_)
        | Command::Snapshot(_) => true,
        Command::Plan(args) => args.is_about_what_exists(),
        Command::Secret(args) => args.is_about_what_exists(),
        // They begin one, or ask no account.
        Command::Apply(_)
        | Command::Rotate(_)
        | Command::Facts(_)
        | Command::Resources(_)
        | Command::Init(_)
        | Command::Diff(_)
        | Command::IamPolicy(_)
        | Command::Schema(_)
        | Command::Completions(_) => false,
    }
}
