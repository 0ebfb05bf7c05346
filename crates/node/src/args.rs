//! The grammar of the command line.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand};

/// Makes the instance that it runs on a node of a Kubernetes cluster, and keeps it one.
///
/// User data of kedge starts it; nobody has to call it by hand. Each step looks at what is there and does what is missing, so
/// that it can be ended and started again at any time.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  kedge-node boot --config /etc/kedge/group.json   goes through the steps once, as user data does
  kedge-node status                                says which step the instance is at, and what it waits for
  journalctl -u kedge-node                         shows every step, one line each";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Goes through all steps to the end
    ///
    /// Ends with 1 if a step was not done before its deadline; the unit kedge-node.service begins again then.
    Boot(Place),
    /// Goes through all steps, and stays to renew tokens, certificates and records
    ///
    /// This is what the unit kedge-node.service runs.
    Run(Place),
    /// Says how far the instance is; ends with 0 if it is a node
    Status {
        /// As JSON, as the state store has it
        #[arg(long)]
        json: bool,
        #[arg(long, hide = true, default_value = "/")]
        root: Utf8PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The configuration of the group, which user data has fetched
    #[arg(long, default_value = "/etc/kedge/group.json")]
    pub(crate) config: Utf8PathBuf,
    /// A folder that stands for the whole file system, for tests
    #[arg(long, hide = true, default_value = "/")]
    pub(crate) root: Utf8PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_user_data_runs_is_understood() {
        let arguments = Arguments::parse_from(["kedge-node", "boot", "--config", "/etc/kedge/group.json"]);
        assert!(matches!(arguments.command, Command::Boot(Place { root, .. }) if root == "/"));
    }
}
