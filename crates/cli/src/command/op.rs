//! `kedge op`.

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};
use kedge_ops::history::{self, Entry, Operation};
use kedge_ops::load;
use kedge_render::events::EventLog;
use kedge_render::plan as plan_text;
use kedge_render::{Line, Role, Text, table, unified};
use kedge_store::head::Who;
use kedge_store::{ClusterStore, OperationRecord};
use serde::Serialize;

use crate::args::Output;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;
use crate::ui::Ui;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge op log --name prod.example.com
  kedge op show 12 --name prod.example.com
  kedge op diff 11 12 --name prod.example.com
  kedge op push kedge-prod.example.com-operation-12.json";

/// Show what was done to a cluster, and by whom
///
/// Every apply and delete with a state store is an operation: its command, plan, events and outcome are recorded. Who changed
/// keys and secrets, and when, is written down as well; such changes have no number.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct OpArgs {
    #[command(subcommand)]
    what: What,

    /// Form of the answer
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text", global = true)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the operations, the newest first
    ///
    /// Shows when, who, how it ended, and the command.
    #[command(after_help = EXAMPLES)]
    Log {
        /// How many at the most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Show one operation
    ///
    /// Shows its plan, everything that happened with its time, and how it ended.
    #[command(after_help = EXAMPLES)]
    Show {
        /// Number of the operation
        #[arg(value_name = "ID")]
        number: u64,
    },
    /// Compare the manifests after two operations
    ///
    /// Prints a unified diff; nothing if they are the same. As JSON it has the numbers of the manifests and that diff.
    #[command(after_help = EXAMPLES)]
    Diff {
        /// Number of the earlier operation
        #[arg(value_name = "A")]
        a: u64,
        /// Number of the later operation
        #[arg(value_name = "B")]
        b: u64,
    },
    /// Write the record of an operation into the store
    ///
    /// For a record that an apply left in a file because the store did not answer.
    #[command(after_help = EXAMPLES)]
    Push {
        /// The file
        #[arg(value_name = "FILE")]
        file: Utf8PathBuf,
    },
}

/// What `diff -o json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    before: u64,
    after: u64,
    diff: String,
}

/// What `push -o json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pushed {
    operation: u64,
    store: String,
}

/// Does it.
pub(crate) fn run(args: &OpArgs, session: &Session) -> Result<ExitCode, CliError> {
    let ui = &session.ui;
    if let What::Push { file } = &args.what {
        let record: OperationRecord = load::json(file, "the record of an operation")?;
        return block_on(async {
            let store = state::needed(session, &record.cluster).await?;
            store.push(&record).await?;
            match args.output {
                Output::Json => ui.data_json(&Pushed { operation: record.number, store: store.place() })?,
                Output::Text => {
                    let (number, cluster) = (record.number, &record.cluster);
                    let sentence = format!("Operation {number} of {cluster} is recorded in {}.", store.place());
                    ui.data(&Text { lines: vec![Line::plain(sentence)] })?;
                }
            }
            Ok(ExitCode::Done)
        });
    }
    let (cluster, _) = session.cluster()?;
    block_on(async {
        let store = state::needed(session, &cluster).await?;
        match args.what {
            What::Log { limit } => log(ui, args.output, &store, limit).await,
            What::Show { number } => {
                let operation = history::show(&store, number).await?;
                match args.output {
                    Output::Json => ui.data_json(&operation)?,
                    Output::Text => ui.data(&shown(&operation, ui))?,
                }
                Ok(ExitCode::Done)
            }
            What::Diff { a, b } => {
                let ((a, before), (b, after)) =
                    tokio::try_join!(history::manifests_of(&store, a), history::manifests_of(&store, b))?;
                let diff = unified::diff(&before, &after, &format!("manifests {a}"), &format!("manifests {b}"));
                match args.output {
                    Output::Json => ui.data_json(&Difference { before: a, after: b, diff: diff.to_string() })?,
                    Output::Text => ui.data(&diff)?,
                }
                Ok(ExitCode::Done)
            }
            What::Push { .. } => Ok(ExitCode::Done),
        }
    })
}

async fn log(ui: &Ui, output: Output, store: &ClusterStore, limit: usize) -> Result<ExitCode, CliError> {
    let entries = history::log(store, limit).await?;
    match output {
        Output::Json => ui.data_json(&entries)?,
        Output::Text if entries.is_empty() => {
            ui.say_line(Line::plain(format!("No operations: {} knows of none of {}.", store.place(), store.cluster())));
        }
        Output::Text => {
            let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
            ui.data(&table::render(&["ID", "STARTED", "WHO", "SERIAL", "OUTCOME", "COMMAND"], &rows))?;
        }
    }
    Ok(ExitCode::Done)
}

fn row(entry: &Entry) -> Vec<String> {
    let of = |number: u64, rest: [String; 5]| std::iter::once(number.to_string()).chain(rest).collect();
    let dash = || "-".to_owned();
    let person = |who: &Who| format!("{}@{}", who.user, who.host);
    match entry {
        Entry::Ended { operation } => of(
            operation.number,
            [
                operation.started.to_string(),
                person(&operation.who),
                operation.serial.to_string(),
                history::ending(&operation.ending),
                operation.command.clone(),
            ],
        ),
        Entry::Running { lease } | Entry::Interrupted { lease } => of(
            lease.operation,
            [
                lease.taken.to_string(),
                person(&lease.who),
                lease.serial.map_or_else(dash, |serial| serial.to_string()),
                format!(
                    "{}, {}",
                    if matches!(entry, Entry::Running { .. }) { "running" } else { "interrupted" },
                    lease.progress.describe()
                ),
                lease.command.clone(),
            ],
        ),
        Entry::Unreadable { number, why } => of(*number, [dash(), dash(), dash(), why.clone(), dash()]),
        Entry::Change { change } => vec![
            dash(),
            change.at.to_string(),
            person(&change.who),
            dash(),
            change.what.clone(),
            change.command.clone(),
        ],
        Entry::UnreadableChange { why, .. } => vec![dash(), dash(), dash(), dash(), why.clone(), dash()],
    }
}

fn shown(operation: &Operation, ui: &Ui) -> Text {
    let mut text = Text::new();
    text.push(Line::of(Role::Heading, format!("Operation {}", operation.number)));
    let mut row =
        |name: &str, value: String| text.push(Line::of(Role::Dim, format!("  {name:<9} ")).with(Role::Plain, value));
    if let Some(record) = &operation.record {
        row("command", record.command.clone());
        row("who", record.who.describe());
        if let Some(identity) = &record.who.caller {
            row("identity", identity.clone());
        }
        row("started", record.started.to_string());
        row("finished", record.finished.map_or_else(|| "nobody saw it".to_owned(), |time| time.to_string()));
        row("manifests", record.serial.to_string());
        row("plan", record.plan_digest.clone());
        row("outcome", history::ending(&record.ending));
    }
    if let Some(lease) = &operation.lease {
        row("command", lease.command.clone());
        row("who", lease.who.describe());
        row("started", lease.taken.to_string());
        row("progress", lease.progress.describe());
    }
    if let Some(plan) = operation.record.as_ref().and_then(|record| record.plan.as_ref()) {
        text.gap();
        let options = ui.plan_options();
        text.lines.extend(plan_text::render(plan, &options).lines);
    }
    if !operation.events.is_empty() {
        text.gap();
        text.push(Line::of(Role::Heading, "Events"));
        let mut log = EventLog::new(true);
        for stamped in &operation.events {
            for line in log.lines(&stamped.event) {
                let mut whole = Line::of(Role::Dim, format!("  {} ", stamped.at));
                whole.segments.extend(line.segments);
                text.push(whole);
            }
        }
    }
    text
}
