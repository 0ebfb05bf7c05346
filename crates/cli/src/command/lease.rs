//! `kedge lease`.

use clap::{Args, Subcommand};
use kedge_render::{Line, Role, Text};
use kedge_store::{LeaseRecord, Standing};
use serde::Serialize;

use crate::args::Output;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge lease show --name prod.example.com
  kedge lease break 12-5f3a09c1 --name prod.example.com --reason 'the runner was deleted'";

/// Show who is changing a cluster, and end that if need be
///
/// Only who has the lease of a cluster changes it. Whoever has it renews it while it works; a lease that is not renewed ends
/// by itself after KEDGE_LEASE_DURATION, 60 s unless set.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct LeaseArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show who has the lease
    ///
    /// Says who is changing the cluster with which command, since when, and how far it is.
    #[command(after_help = EXAMPLES)]
    Show {
        /// Form of the answer
        #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
        output: Output,
    },
    /// End the lease of somebody else
    ///
    /// Whoever has it stops before the next write. What it has changed stays changed; applying again goes on from there.
    #[command(after_help = EXAMPLES)]
    Break {
        /// The lease, as `kedge lease show` calls it
        #[arg(value_name = "ID")]
        id: String,

        /// Why: whoever had the lease is told
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// What `show -o json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    held: bool,
    seconds_left: Option<u64>,
    lease: Option<&'a LeaseRecord>,
}

/// Does it.
pub(crate) fn run(args: &LeaseArgs, session: &Session) -> Result<ExitCode, CliError> {
    let (cluster, _) = session.cluster()?;
    let ui = &session.ui;
    block_on(async {
        let store = state::needed(session, &cluster).await?;
        match &args.what {
            What::Show { output } => {
                let snapshot = store.snapshot().await?;
                let lease = snapshot.head.as_ref().and_then(|head| head.lease.as_ref());
                let left = match snapshot.standing {
                    Some(Standing::Held { left }) => Some(left.as_secs()),
                    _ => None,
                };
                match output {
                    Output::Json => ui.data_json(&Shown { held: left.is_some(), seconds_left: left, lease })?,
                    Output::Text => ui.data(&shown(&cluster, lease, snapshot.standing))?,
                }
            }
            What::Break { id, reason } => {
                let who = state::who(session);
                let by = format!("{}@{}", who.user, who.host);
                let lease = store.break_lease(id, &by, reason, jiff::Timestamp::now()).await?;
                let text = format!("The lease {id} is ended: it was of {}.", lease.describe());
                ui.data(&Text { lines: vec![Line::plain(text)] })?;
            }
        }
        Ok(ExitCode::Done)
    })
}

fn shown(cluster: &kedge_resource::ClusterName, lease: Option<&LeaseRecord>, standing: Option<Standing>) -> Text {
    let mut text = Text::new();
    let (Some(lease), Some(standing)) = (lease, standing) else {
        text.push(Line::plain(format!("Nobody is changing {cluster}.")));
        return text;
    };
    text.push(Line::of(Role::Heading, format!("Lease {}", lease.id)));
    let mut row =
        |name: &str, value: String| text.push(Line::of(Role::Dim, format!("  {name:<9} ")).with(Role::Plain, value));
    row("cluster", cluster.to_string());
    row("operation", lease.operation.to_string());
    row("command", lease.command.clone());
    row("who", lease.who.describe());
    row("since", lease.taken.to_string());
    row("progress", lease.progress.describe());
    if !lease.progress.running.is_empty() {
        row("works on", lease.progress.running.join(", "));
    }
    row(
        "state",
        match standing {
            Standing::Held { left } => format!("held; ends in {} s unless it is renewed", left.as_secs()),
            Standing::Expired => "interrupted: it was not renewed in time; the next apply goes on".to_owned(),
            Standing::Dead => "interrupted: its process has ended; the next apply goes on".to_owned(),
        },
    );
    text
}
