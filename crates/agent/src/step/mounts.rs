//! Volumes of the group that the manifest mounts.

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, Host};
use crate::step::filesystem::{self, Disk};

/// Where the name of the device is in what a controller of EBS says of itself, by NVMe's vendor specific bytes.
const NAME_IN_IDENTITY: std::ops::Range<usize> = 3072..3104;

pub(super) async fn ensure(agent: &Agent) -> Result<String, StepError> {
    let mut done = Vec::new();
    for mount in &agent.config.mounts {
        let Some(device) = device(agent.host(), &mount.device).await? else {
            return Err(StepError::wait(format!(
                "there is no disk {}: give the group a volume with that `device`, or write the name that the instance has for \
                 it, such as /dev/nvme1n1",
                mount.device
            )));
        };
        let disk = Disk {
            device: &device,
            name: &mount.device,
            path: &mount.path,
            filesystem: &mount.filesystem,
            takes_others: false,
            format_options: &mount.format_options,
            mount_options: &mount.mount_options,
        };
        done.push(filesystem::ensure(agent.host(), &disk).await?);
    }
    Ok(if done.is_empty() { "the group has none".to_owned() } else { done.join("; ") })
}

/// The disk of a name. Where the image has no links under the names that AWS was told, the disks themselves know them.
async fn device(host: &dyn Host, name: &str) -> Result<Option<String>, StepError> {
    let plain = name.trim_start_matches("/dev/");
    let letter = plain.strip_prefix("sd").or_else(|| plain.strip_prefix("xvd"));
    let mut names = vec![plain.to_owned()];
    if let Some(letter) = letter {
        names.extend([format!("sd{letter}"), format!("xvd{letter}")]);
    }
    for name in &names {
        let path = format!("/dev/{name}");
        if host.start_of(&path, 1).await?.is_some() {
            return Ok(Some(path));
        }
    }
    if letter.is_none() {
        return Ok(None);
    }
    for disk in host.list("/sys/block").await?.into_iter().filter(|disk| disk.starts_with("nvme")) {
        let path = format!("/dev/{disk}");
        let command = Command::new("nvme", ["id-ctrl", "--raw-binary", &path]);
        // An image without the program has links, as a rule.
        let Ok(output) = host.run(&command).await else { return Ok(None) };
        let bytes = output.stdout.get(NAME_IN_IDENTITY).unwrap_or_default();
        let told = String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).trim_start_matches("/dev/").to_owned();
        if output.is_ok() && names.contains(&told) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
