//! The container runtime, and what the manifest starts before the kubelet.

use crate::agent::Agent;
use crate::error::{HostError, StepError};
use crate::host::{Command, done, ensure as ensure_file, ensure_active};
use crate::settled;

pub(super) async fn ensure(agent: &Agent) -> Result<String, StepError> {
    let host = agent.host();
    let paths = [
        "/etc/containerd/config.toml",
        "/etc/systemd/system/containerd.service",
        "/etc/systemd/system/containerd.service.d/egress-proxy.conf",
        "/etc/systemd/system/containerd.service.d/kedge-mounts.conf",
    ];
    let mut contents = Vec::new();
    for path in paths {
        contents.push((path, host.read(path).await?.unwrap_or_default()));
    }
    let digest = settled::digest_of(contents.iter().map(|(path, content)| (*path, content.as_slice())));
    let commands = [
        Command::new("systemctl", ["daemon-reload"]),
        Command::new("systemctl", ["enable", "--quiet", "containerd.service"]),
        Command::new("systemctl", ["restart", "containerd.service"]),
    ];
    let restarted = settled::once(host, "containerd", &digest, commands).await?;
    ensure_active(host, "containerd.service").await?;
    // It serves a moment after it has started.
    done(host, Command::new("ctr", ["--connect-timeout", "5s", "version"])).await?;
    let failed = hooks(agent).await?;
    let how = if restarted { "containerd runs with its present configuration" } else { "containerd runs" };
    Ok(match failed.as_slice() {
        [] => how.to_owned(),
        // As with kops, a hook that fails keeps no instance from becoming a node.
        failed => format!("{how}; of the units of the manifest these failed: {}", failed.join("; ")),
    })
}

/// Units of the manifest. Their start is waited for: the kubelet comes after them. What comes back are those that failed.
async fn hooks(agent: &Agent) -> Result<Vec<String>, StepError> {
    let host = agent.host();
    let mut failed = Vec::new();
    for unit in &agent.config.units {
        let path = format!("/etc/systemd/system/{}", unit.name);
        ensure_file(host, &path, unit.text.as_bytes(), 0o644).await?;
        let digest = settled::digest_of([(unit.name.as_str(), unit.text.as_bytes())]);
        let mut commands = vec![Command::new("systemctl", ["daemon-reload"])];
        // A unit that nothing wants is started by what the manifest says, or by hand.
        if unit.text.contains("[Install]") {
            commands.push(Command::new("systemctl", ["enable", "--quiet", &unit.name]));
        }
        commands.push(Command::new("systemctl", ["restart", &unit.name]));
        match settled::once(host, &unit.name, &digest, commands).await {
            Err(error @ HostError::Failed { .. }) => failed.push(error.to_string()),
            other => drop(other?),
        }
    }
    Ok(failed)
}
