//! The volume of the member of etcd: found by tags, attached, mounted.

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::host::Host;
use crate::ports::EtcdVolume;
use crate::step::filesystem::{self, Disk};
use crate::step::kubernetes;

/// The etcd cluster that holds everything.
const MAIN: &str = "main";
/// Where the volume is mounted, which is where etcd has its data.
pub(crate) const VOLUME: &str = "/var/lib/etcd";

pub(super) async fn ensure(agent: &Agent, found: &mut Found) -> Result<String, StepError> {
    let identity = found.identity()?.clone();
    let members: Vec<&str> =
        agent.config.etcd_members.iter().filter(|(etcd, _)| etcd == MAIN).map(|(_, member)| member.as_str()).collect();
    if members.is_empty() {
        return Err(StepError::refused(format!(
            "no member of the etcd cluster {MAIN} is meant for the group {}: name the group in `etcdClusters`",
            agent.config.group
        )));
    }
    let cluster = agent.config.cluster.as_str();
    let mut volumes = agent.ports.volumes.of_etcd(&identity, cluster, MAIN).await?;
    volumes.retain(|volume| members.contains(&volume.member.as_str()));
    let rank = |volume: &EtcdVolume| match &volume.attached {
        Some(to) if to.instance == identity.instance => 0,
        None => 1,
        Some(_) => 2,
    };
    volumes.sort_by_key(|volume| (rank(volume), volume.member.clone(), volume.id.clone()));
    let Some(volume) = volumes.into_iter().next() else {
        return Err(StepError::wait(format!(
            "there is no volume of the etcd members {} in {} with the tag kubernetes.io/cluster/{cluster}; `kedge apply` makes it",
            members.join(", "),
            identity.zone
        )));
    };
    let id = volume.id.clone();
    match &volume.attached {
        Some(to) if to.instance != identity.instance => Err(StepError::wait(format!(
            "{id} of the etcd member {} is attached to {}, which has to end first",
            volume.member, to.instance
        ))),
        Some(to) => {
            let Some(device) = device(agent.host(), &id, &to.device).await? else {
                return Err(StepError::wait(format!(
                    "{id} is attached as {} but not among the disks of the instance yet",
                    to.device
                )));
            };
            let disk = Disk {
                device: &device,
                name: &id,
                path: VOLUME,
                filesystem: "ext4",
                takes_others: true,
                format_options: &[],
                mount_options: &[],
            };
            if kubernetes::is_made(agent.host()).await? && !filesystem::is_mounted(agent.host(), VOLUME).await? {
                // This may be another disk than before, and the kubelet starts whatever has a manifest.
                agent.ports.etcd.expect_data().await?;
            }
            let done = filesystem::ensure(agent.host(), &disk).await?;
            found.volume = Some(volume);
            Ok(done)
        }
        None => {
            let name = free_name(agent).await?;
            agent.ports.volumes.attach(&identity, &id, &name).await?;
            Err(StepError::wait(format!("{id} is being attached as {name}")))
        }
    }
}

/// The disk that a volume is. Instances on Nitro call it otherwise than AWS was told, and have its id as serial number.
async fn device(host: &dyn Host, volume: &str, attached_as: &str) -> Result<Option<String>, StepError> {
    let serial = volume.replace('-', "");
    for disk in host.list("/sys/block").await? {
        let found = host.read(&format!("/sys/block/{disk}/device/serial")).await?.unwrap_or_default();
        if String::from_utf8_lossy(&found).trim() == serial {
            return Ok(Some(format!("/dev/{disk}")));
        }
    }
    for name in [attached_as.to_owned(), attached_as.replacen("/dev/sd", "/dev/xvd", 1)] {
        if host.start_of(&name, 1).await?.is_some() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// A name for a device that nothing has. Those of the end of the alphabet are rarely in block device mappings.
async fn free_name(agent: &Agent) -> Result<String, StepError> {
    for letter in 'u'..='z' {
        let name = format!("/dev/xvd{letter}");
        let short = format!("/dev/sd{letter}");
        let meant = agent.config.mounts.iter().any(|mount| mount.device == name || mount.device == short);
        if !meant && agent.host().start_of(&name, 1).await?.is_none() {
            return Ok(name);
        }
    }
    Err(StepError::refused("all names of devices from /dev/xvdu to /dev/xvdz are taken"))
}
