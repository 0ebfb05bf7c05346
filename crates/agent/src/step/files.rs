//! Files, and the kernel settings that are among them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kedge_bootstrap::File;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::host::{Command, ensure as ensure_file};
use crate::settled;
use crate::step::etcd_volume::VOLUME;
use crate::step::pods;

const MODULES: &str = "/etc/modules-load.d/kedge.conf";
const SYSCTLS: &str = "/etc/sysctl.d/99-kedge.conf";
const TIME: &str = "/etc/systemd/timesyncd.conf.d/kedge.conf";

pub(super) async fn ensure(agent: &Agent, found: &Found) -> Result<String, StepError> {
    let host = agent.host();
    let mut changed = 0;
    let mut notes = Vec::new();
    for file in &agent.config.files {
        let (content, mode) = read(file)?;
        changed += usize::from(ensure_file(host, &file.path, &content, mode).await?);
        let text = String::from_utf8_lossy(&content).into_owned();
        let digest = settled::digest_of([(file.path.as_str(), content.as_slice())]);
        match file.path.as_str() {
            MODULES => {
                let modules = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                let commands = modules.map(|module| Command::new("modprobe", [module]));
                settled::once(host, "modules", &digest, commands).await?;
            }
            // A setting that this kernel does not know keeps no node from joining, but is told.
            SYSCTLS => {
                let output = host.run(&Command::new("sysctl", ["--quiet", "--load", SYSCTLS])).await?;
                if !output.is_ok() {
                    notes.push(format!("; of the kernel settings not all were taken: {}", output.last_line()));
                }
            }
            TIME => {
                let restart = Command::new("systemctl", ["try-restart", "systemd-timesyncd.service"]);
                settled::once(host, "time", &digest, [restart]).await?;
            }
            _ => {}
        }
    }
    for (path, text) in drop_ins(agent) {
        changed += usize::from(ensure_file(host, &path, text.as_bytes(), 0o644).await?);
    }
    if let Some(pods) = pods::ensure(agent, found).await? {
        notes.push(format!("; the machine has addresses for {pods} pods"));
    }
    Ok(format!("{} files, {changed} of them written{}", agent.config.files.len(), notes.concat()))
}

fn read(file: &File) -> Result<(Vec<u8>, u32), StepError> {
    let wrong = |what: &str| StepError::refused(format!("{} of {} cannot be read", what, file.path));
    let content = STANDARD.decode(&file.content).map_err(|_| wrong("the content"))?;
    let mode = u32::from_str_radix(&file.mode, 8).map_err(|_| wrong("the mode"))?;
    if !file.path.starts_with('/') || file.path.split('/').any(|part| part == "..") {
        return Err(StepError::refused(format!("{} is no absolute path", file.path)));
    }
    Ok((content, mode & 0o7777))
}

/// Neither the kubelet nor the runtime starts before what they write to is mounted: etcd would begin anew in an empty folder.
fn drop_ins(agent: &Agent) -> Vec<(String, String)> {
    let own = agent.config.mounts.iter().map(|mount| mount.path.as_str());
    let paths: Vec<&str> = agent.config.control_plane.then_some(VOLUME).into_iter().chain(own).collect();
    if paths.is_empty() {
        return Vec::new();
    }
    let quoted: Vec<String> = paths.iter().map(|path| format!("\"{}\"", path.replace('%', "%%"))).collect();
    let text = format!("[Unit]\nRequiresMountsFor={}\n", quoted.join(" "));
    ["containerd", "kubelet"]
        .map(|unit| (format!("/etc/systemd/system/{unit}.service.d/kedge-mounts.conf"), text.clone()))
        .into()
}
