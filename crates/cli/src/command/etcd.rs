//! `kedge etcd`.

use clap::{Args, Subcommand};
use jiff::SignedDuration;
use kedge_etcd::restore::{self, Request};
use kedge_etcd::snapshots::Meta;
use kedge_ops::etcd::{self, Entry, Shown, size, span};
use kedge_render::{Line, Role, Text, table};
use kedge_resource::ClusterName;

use crate::approval;
use crate::args::Output;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge etcd snapshots --name prod.example.com
  kedge etcd restore 2026-11-27T06:45:00Z --name prod.example.com
  kedge etcd restore latest --name prod.example.com --yes
  kedge etcd restore --cancel --name prod.example.com";

/// Show the snapshots of a cluster's etcd, and go back to one
///
/// The leader of etcd writes a snapshot to the state store every 15 minutes. All of the last day are kept, one of each hour of
/// the last week, and one of each day for as long as the manifest says (manager.backupRetentionDays, 90 days unless set).
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct EtcdArgs {
    #[command(subcommand)]
    what: What,

    /// The etcd cluster
    #[arg(long, value_name = "NAME", default_value = "main", global = true, value_parser = etcd_cluster)]
    etcd_cluster: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the snapshots, the newest first
    ///
    /// Shows their age, size and revision, and how far a restore is that was asked for.
    #[command(after_help = EXAMPLES)]
    Snapshots {
        /// How many at the most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,

        /// Form of the answer
        #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
        output: Output,
    },
    /// Go back to a snapshot
    ///
    /// Asks the control planes to do it, and returns: they look for such a request every half minute. etcd stops on all of
    /// them, one begins anew from the snapshot, and the others join it. Until then the API does not answer; what runs on nodes
    /// runs on. The data before stays on the volumes, beside the new.
    ///
    /// Where control planes and their volumes are all lost, new ones begin from the snapshot.
    #[command(after_help = EXAMPLES)]
    Restore {
        /// The snapshot, as `kedge etcd snapshots` calls it, or latest
        #[arg(value_name = "SNAPSHOT", required_unless_present = "cancel")]
        snapshot: Option<String>,

        /// Restore without asking
        #[arg(long)]
        yes: bool,

        /// Take the place of a restore that was asked for before and is not done
        #[arg(long)]
        replace: bool,

        /// Take back a restore that no control plane has taken up yet
        #[arg(long, conflicts_with_all = ["snapshot", "replace", "yes"])]
        cancel: bool,

        /// Form of the answer
        #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
        output: Output,
    },
}

/// Does it.
pub(crate) fn run(args: &EtcdArgs, session: &Session) -> Result<ExitCode, CliError> {
    let (cluster, _) = session.cluster()?;
    let ui = &session.ui;
    block_on(async {
        let store = state::needed(session, &cluster).await?;
        let backups = etcd::backups(&store, &args.etcd_cluster);
        match &args.what {
            What::Snapshots { limit, output } => {
                let shown = etcd::show(&backups, *limit, state::now()).await?;
                match output {
                    Output::Json => ui.data_json(&shown)?,
                    Output::Text if shown.snapshots.is_empty() => {
                        let sentence = format!(
                            "No snapshots: {} has none of etcd {} of {cluster}.",
                            store.place(),
                            shown.etcd_cluster
                        );
                        ui.say_line(Line::plain(sentence));
                    }
                    Output::Text => {
                        let rows: Vec<Vec<String>> = shown.snapshots.iter().map(row).collect();
                        ui.data(&table::render(&["SNAPSHOT", "AGE", "SIZE", "REVISION", "ETCD", "NODE"], &rows))?;
                    }
                }
                remarks(&shown).iter().for_each(|line| ui.say_line(Line::plain(line.clone())));
            }
            What::Restore { snapshot: None, output, .. } => {
                let who = state::who(session);
                let request = restore::cancel(&backups, &format!("{}@{}", who.user, who.host)).await?;
                match (output, &request) {
                    (Output::Json, _) => ui.data_json(&request)?,
                    (Output::Text, Some(Request { snapshot, .. })) => {
                        ui.say_line(Line::plain(format!("Taken back: {cluster} does not go back to {snapshot}.")));
                        // One before it, for which etcd was stopped.
                        if let Some(other) = restore::current(&backups).await?.filter(Request::is_open) {
                            let sentence = format!("It goes back to {} instead: {}.", other.snapshot, other.shown());
                            ui.say_line(Line::plain(sentence));
                        }
                    }
                    (Output::Text, None) => ui.say_line(Line::plain(format!("{cluster} goes back to no snapshot."))),
                }
            }
            What::Restore { snapshot: Some(snapshot), yes, replace, output, .. } => {
                let (name, meta) = etcd::find(&backups, snapshot).await?;
                let (now, who) = (state::now(), state::who(session));
                let age = now.duration_since(meta.taken);
                approval::restore(session, &cluster, &lost(&cluster, &name, &meta, age), *yes)?;
                let by = format!("{}@{}", who.user, who.host);
                let request = restore::ask(&backups, &name, &by, now, *replace).await?;
                match output {
                    Output::Json => ui.data_json(&request)?,
                    Output::Text => ui.data(&asked(&cluster, &request))?,
                }
            }
        }
        Ok(ExitCode::Done)
    })
}

fn row(entry: &Entry) -> Vec<String> {
    let age = span(SignedDuration::from_secs(entry.age_seconds));
    let dash = || "-".to_owned();
    match &entry.meta {
        Some(meta) => vec![
            entry.name.clone(),
            age,
            size(meta.size),
            meta.revision.to_string(),
            meta.etcd_version.clone(),
            meta.node.clone(),
        ],
        None => vec![entry.name.clone(), age, dash(), dash(), dash(), dash()],
    }
}

/// What has to be said beside the list.
fn remarks(shown: &Shown) -> Vec<String> {
    let mut remarks = Vec::new();
    if shown.count > shown.snapshots.len() {
        remarks.push(format!("{} of {} snapshots; --limit shows more.", shown.snapshots.len(), shown.count));
    }
    for entry in &shown.snapshots {
        if let Some(problem) = &entry.problem {
            remarks.push(format!("{} cannot be used: {problem}", entry.name));
        }
    }
    if let Some(request) = &shown.restore {
        let Request { snapshot, by, requested, .. } = request;
        remarks.push(format!("Restore of {snapshot}, asked for by {by} at {requested}:"));
        remarks.push(format!("  {}.", request.shown()));
    }
    remarks
}

/// What is lost.
fn lost(cluster: &ClusterName, name: &str, meta: &Meta, age: SignedDuration) -> Text {
    let mut text = Text::new();
    text.push(Line::of(Role::Error, format!("{cluster} goes back to {name}, {} ago:", span(age))));
    for sentence in [
        format!("Everything that was written to its API after revision {} is lost.", meta.revision),
        "What was made since is stopped on nodes; what was deleted since comes back.".to_owned(),
        "Volumes and load balancers that were made since stay in AWS, without an owner.".to_owned(),
        "The API does not answer until the restored etcd serves.".to_owned(),
    ] {
        text.push(Line::plain(format!("  {sentence}")));
    }
    text
}

/// What happens now.
fn asked(cluster: &ClusterName, request: &Request) -> Text {
    let lines = [
        format!("Asked the control planes of {cluster} to go back to {}.", request.snapshot),
        "They begin within half a minute; `kedge etcd snapshots` says how far they are.".to_owned(),
    ];
    Text { lines: lines.into_iter().map(Line::plain).collect() }
}

fn etcd_cluster(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err("it is called main, events or cilium, as in the manifest".to_owned());
    }
    Ok(text.to_owned())
}
