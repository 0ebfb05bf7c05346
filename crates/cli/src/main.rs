//! The kedge command: grammar, environment, prompts, colours, exit codes, wiring.
//!
//! `args.rs` is the grammar, `command/` has one file for each command, `ui.rs` is the one thing that writes, `error.rs`
//! decides how errors look. Everything else is a call to `kedge-ops`.

mod approval;
mod args;
mod backend;
mod boot;
mod command;
mod env;
mod error;
mod exit_code;
mod interrupt;
mod logging;
mod outer_key;
mod policies;
mod private_file;
mod progress;
mod session;
mod state;
mod ui;
mod usage;
mod views;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::env::Environment;
use crate::exit_code::ExitCode;
use crate::session::Session;
use crate::ui::Ui;

fn main() -> std::process::ExitCode {
    run().into()
}

fn run() -> ExitCode {
    let Cli { command, globals } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(mut error) => {
            usage::explain(&mut error);
            // Nothing is left to be done where nobody reads.
            let _printed = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Done,
                // clap would exit with 2, which means that changes are pending.
                _ => ExitCode::Failed,
            };
        }
    };
    let environment = Environment::read();
    logging::start(globals.verbose, environment.log.as_deref());
    let ui = Ui::new(&globals, &environment);
    let session = Session { globals, environment, ui };
    match command::run(command, &session) {
        Ok(code) => code,
        Err(error) => {
            error.report(&session.ui);
            error.exit_code()
        }
    }
}
