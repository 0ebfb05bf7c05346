//! The unit that goes on after a reboot, and stays.

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, done, ensure as ensure_file, succeeds};

/// Its name.
pub(crate) const UNIT: &str = "kedge-node.service";
/// It runs the steps again and stays. It never gives up, and waits half a minute before it begins anew. A reload of kedge
/// ends what it has started: two kubeadms at once would be in each other's way.
const TEXT: &str = "\
[Unit]
Description=kedge-node: makes this instance a node and keeps it one
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=/opt/kedge/kedge-node run --config /etc/kedge/group.json
Restart=always
RestartSec=30
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
";

/// Installs the unit, switches it on and starts it. `kedge-node run` waits while `kedge-node boot` is at it.
pub(super) async fn ensure(agent: &Agent) -> Result<String, StepError> {
    let host = agent.host();
    let changed = ensure_file(host, &format!("/etc/systemd/system/{UNIT}"), TEXT.as_bytes(), 0o644).await?;
    let enabled = succeeds(host, Command::new("systemctl", ["is-enabled", "--quiet", UNIT])).await?;
    if changed || !enabled {
        done(host, Command::new("systemctl", ["daemon-reload"])).await?;
    }
    if !succeeds(host, Command::new("systemctl", ["is-active", "--quiet", UNIT])).await? {
        // Not waited for: the unit waits for this very process.
        done(host, Command::new("systemctl", ["start", "--no-block", UNIT])).await?;
    }
    // Last, as the unit of user data, which begins again whatever fails before, stops when this one is switched on.
    if changed || !enabled {
        done(host, Command::new("systemctl", ["enable", "--quiet", UNIT])).await?;
    }
    Ok(format!("{UNIT} goes on after a reboot"))
}
