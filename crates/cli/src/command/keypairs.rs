//! `kedge get keypairs`.

use kedge_ops::keypairs::{self, KeypairSummary, day};
use kedge_render::{Line, table};
use kedge_resource::ClusterName;

use crate::args::Output;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::Session;
use crate::state;

/// Lists the keys and authorities of a cluster.
pub(super) async fn list(output: Output, session: &Session, cluster: &ClusterName) -> Result<ExitCode, CliError> {
    let ui = &session.ui;
    let store = state::needed(session, cluster).await?;
    state::remark_deleted(session, &store).await?;
    let keysets = store.keysets().await?;
    let found = keypairs::list(&keysets)?;
    match output {
        Output::Json => ui.data_json(&found)?,
        Output::Text if found.is_empty() => {
            ui.say_line(Line::plain(format!("No keypairs: {} has none of {cluster}.", store.place())));
            ui.say_line(Line::plain("`kedge apply` makes them when a key that encrypts them is named."));
        }
        Output::Text => {
            let rows: Vec<Vec<String>> = found.iter().map(row).collect();
            ui.data(&table::render(&["NAME", "ID", "STATE", "EXPIRES", "FINGERPRINT"], &rows))?;
        }
    }
    keypairs::worries(&keysets, state::now()).iter().for_each(|worry| ui.warn(worry));
    Ok(ExitCode::Done)
}

fn row(keypair: &KeypairSummary) -> Vec<String> {
    vec![
        keypair.name.to_string(),
        keypair.id.clone(),
        keypair.state.as_str().to_owned(),
        keypair.expires.map_or_else(|| "-".to_owned(), day),
        keypair.fingerprint.chars().take(16).collect(),
    ]
}
