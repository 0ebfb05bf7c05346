//! `kedge completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::Session;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge completions bash > ~/.local/share/bash-completion/completions/kedge
  kedge completions zsh > ~/.zfunc/_kedge
  kedge completions fish > ~/.config/fish/completions/kedge.fish";

/// Print a completion script for a shell
///
/// The script completes commands, options and their values.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Does it.
pub(crate) fn run(args: &CompletionsArgs, session: &Session) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kedge", &mut script);
    session.ui.data_text(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Done)
}
