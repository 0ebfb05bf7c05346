//! kedge-node: the program that an instance runs to become a node, and to stay one.
//!
//! `args.rs` is the grammar, `environment.rs` reads the environment, `wiring.rs` puts what is outside behind the ports of
//! `kedge-agent`: `cloud.rs` AWS, `api.rs` the Kubernetes API, `addons.rs` add-ons, `member.rs` etcd. What is done is in
//! `kedge-agent`.

mod addons;
mod addresses;
mod api;
mod args;
mod cloud;
mod environment;
mod fetch;
mod member;
mod turn;
mod wiring;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use camino::Utf8Path;
use clap::Parser as _;
use kedge_agent::STATUS;
use kedge_store::{NodePhase, NodeStatus};

use crate::args::{Arguments, Command, Place};
use crate::environment::Environment;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Lines go to the journal, which adds the time.
    tracing_subscriber::fmt().without_time().with_target(false).with_ansi(false).with_writer(std::io::stderr).init();
    // Only the linker of this very crate is told to link statically, so that no other one knows.
    if cfg!(all(target_env = "gnu", target_feature = "crt-static")) {
        kedge_aws::resolve_names_without_libc();
    }
    match perform(&arguments.command) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Status { root, json } => status(root, *json),
        Command::Boot(place) => serve(place, false),
        Command::Run(place) => serve(place, true),
    }
}

/// Goes through the steps, and stays if it shall.
fn serve(place: &Place, stays: bool) -> Result<ExitCode> {
    let path = place.root.join(place.config.as_str().trim_start_matches('/'));
    let document = fs_err::read(&path)?;
    let (config, digest) = kedge_agent::read_config(&document)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("{path} is no configuration of a group"))?;
    let environment = Environment::read();
    if let Some(failure) = environment.with(config.store.endpoint.as_deref(), config.proxy.as_ref()) {
        return Err(failure)
            .context("cannot begin again with the endpoint of the store or the proxy in the environment");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let _turn = turn::take(&place.root).await?;
        let agent = Box::pin(wiring::agent(config, &digest, &place.root, &environment)).await?;
        if let Err(stopped) = Box::pin(agent.boot()).await {
            // What it was is on the console and in the store; systemd begins again.
            anyhow::bail!("{stopped}");
        }
        if stays {
            Box::pin(agent.upkeep()).await;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Says how far the instance is; ends well if it is a node.
fn status(root: &Utf8Path, json: bool) -> Result<ExitCode> {
    let path = root.join(STATUS.trim_start_matches('/'));
    let text = match fs_err::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            anyhow::bail!(
                "nothing was done since the instance started; `journalctl -u kedge-node` and `cloud-init status` say more"
            )
        }
        text => text?,
    };
    let status: NodeStatus = serde_json::from_str(&text).with_context(|| format!("{path} is no status"))?;
    let line = if json {
        text
    } else {
        let NodeStatus { cluster, group, instance, node, step, reason, since, .. } = &status;
        format!("{instance} of {group} in {cluster}, node {node}\n{step}: {reason}\nsince {since}")
    };
    writeln!(std::io::stdout(), "{}", line.trim_end())?;
    Ok(if status.phase == NodePhase::Ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
