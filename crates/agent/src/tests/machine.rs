//! A machine: files, disks, units and packages that stay when a process is killed, and things that go wrong on request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use kedge_bootstrap::{Arch, GroupConfig};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use super::ports::{Outside, TestKey};
use super::world::{Content, World, config};
use crate::error::HostError;
use crate::host::{Command, Host, Output};
use crate::settled::hex;
use crate::{Agent, Ports, Stopped};

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    Middle,
    After,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) files: BTreeMap<String, (Vec<u8>, u32)>,
    /// Name of the package and version.
    pub(super) packages: BTreeMap<String, String>,
    /// Packages whose installation was interrupted.
    pub(super) broken: BTreeSet<String>,
    pub(super) held: BTreeSet<String>,
    pub(super) enabled: BTreeSet<String>,
    pub(super) active: BTreeSet<String>,
    pub(super) modules: BTreeSet<String>,
    /// By how much the clock is off.
    pub(super) skew: SignedDuration,
    /// Whether setting the clock works.
    pub(super) clock_can_be_set: bool,
    /// Paths that no longer fit onto the disk.
    pub(super) full_at: Option<String>,
    /// Programs that fail, with what they say.
    /// Programs that were told of a proxy.
    pub(super) by_proxy: BTreeSet<String>,
    pub(super) failing: BTreeMap<String, String>,
    pub(super) said: Vec<String>,
    /// Things done to the world.
    pub(super) deeds: usize,
    pub(super) log: Vec<String>,
    pub(super) die: Option<(usize, Moment)>,
    pub(super) metadata_answers: bool,
    /// How often kubeadm made the kubelet a node.
    pub(super) joined: u32,
    /// The version that kubeadm made its control plane of when it joined.
    pub(super) version: String,
}

/// A machine. Cheap to clone.
#[derive(Clone)]
pub(super) struct Machine {
    pub(super) world: World,
    pub(super) id: String,
    pub(super) zone: String,
    pub(super) address: IpAddr,
    pub(super) config: GroupConfig,
    disk: Arc<Mutex<Disk>>,
    killed: Arc<Notify>,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl Machine {
    /// A new instance of a group; a control plane is of the member that the last letter of its id names.
    pub(super) fn new(world: &World, id: &str, group: &str) -> Self {
        let letter = id.chars().last().unwrap();
        let mut config = config(group);
        if config.control_plane {
            config.etcd_members = vec![("main".to_owned(), letter.to_string())];
        }
        let number = u8::try_from(world.state().instances.len() + 1).unwrap();
        let address = IpAddr::from([10, 0, 0, number]);
        world.state().instances.insert(id.to_owned(), (group.to_owned(), config.control_plane, address));
        let disk = Disk { metadata_answers: true, clock_can_be_set: true, ..Disk::default() };
        let machine = Self {
            world: world.clone(),
            id: id.to_owned(),
            zone: format!("eu-west-1{letter}"),
            address,
            config,
            disk: Arc::new(Mutex::new(disk)),
            killed: Arc::default(),
        };
        let release = "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n";
        machine.disk().files.insert("/etc/os-release".to_owned(), (release.as_bytes().to_vec(), 0o644));
        machine.disk().files.insert("/etc/hosts".to_owned(), (b"127.0.0.1 localhost\n".to_vec(), 0o644));
        machine
    }

    pub(super) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    /// A process on the machine.
    pub(super) fn agent(&self) -> Agent {
        let outside = Arc::new(Outside(self.clone()));
        let store = kedge_store::ClusterStore::new(outside.clone(), self.config.cluster.clone());
        let ports = Ports {
            host: Arc::new(self.clone()),
            metadata: outside.clone(),
            store,
            outer: Arc::new(TestKey),
            volumes: outside.clone(),
            instances: outside.clone(),
            records: outside.clone(),
            cluster: outside.clone(),
            etcd: outside.clone(),
            addons: outside,
        };
        Agent::new(self.config.clone(), &self.config.digest().unwrap(), Arch::Amd64, ports)
    }

    /// Boots until it is done, stops, or is killed: then none.
    pub(super) async fn boot(&self) -> Option<Result<(), Stopped>> {
        let agent = self.agent();
        tokio::select! {
            biased;
            () = self.killed.notified() => None,
            result = agent.boot() => Some(result),
        }
    }

    /// Boots, and has to become a node.
    pub(super) async fn becomes_a_node(&self) {
        self.boot().await.unwrap().unwrap_or_else(|error| panic!("{self:?}: {error}\n{:#?}", self.disk().said));
    }

    /// The power goes: what is not on a disk is gone.
    pub(super) fn reboot(&self) {
        let mut disk = self.disk();
        disk.files.retain(|path, _| !path.starts_with("/run/"));
        disk.modules.clear();
        disk.active = disk.enabled.iter().filter(|unit| *unit != "kubelet.service").cloned().collect();
    }

    /// The instance ends; its volumes are free again, its node does not answer any more.
    pub(super) fn terminate(&self) {
        let mut state = self.world.state();
        state.instances.remove(&self.id);
        for volume in state.volumes.values_mut() {
            if volume.attached.as_ref().is_some_and(|(instance, _)| *instance == self.id) {
                volume.attached = None;
            }
        }
        if let Some(api) = &mut state.api {
            api.nodes.remove(&self.id);
        }
    }

    /// Something is done to the world: whoever is to be killed at it is.
    pub(super) async fn deed<T>(&self, what: &str, middle: impl FnOnce(), act: impl FnOnce() -> T) -> T {
        let (number, die) = {
            let mut disk = self.disk();
            disk.deeds += 1;
            disk.log.push(what.to_owned());
            (disk.deeds, disk.die)
        };
        let dies = |moment| die == Some((number, moment));
        if dies(Moment::Before) {
            self.perish().await;
        }
        if dies(Moment::Middle) {
            middle();
            self.perish().await;
        }
        let result = act();
        if dies(Moment::After) {
            self.perish().await;
        }
        // So that others have a turn.
        tokio::task::yield_now().await;
        result
    }

    async fn perish(&self) {
        self.killed.notify_one();
        std::future::pending::<()>().await;
    }

    /// The volume that is mounted where etcd has its data.
    pub(super) fn etcd_volume(&self) -> Option<String> {
        if !self.disk().active.contains("var-lib-etcd.mount") {
            return None;
        }
        let state = self.world.state();
        let mut volumes = state.volumes.iter();
        volumes
            .find(|(_, volume)| volume.attached.as_ref().is_some_and(|(id, _)| *id == self.id))
            .map(|(id, _)| id.clone())
    }

    pub(super) fn write_file(&self, path: &str, content: &[u8], mode: u32) {
        if let Some(inner) = path.strip_prefix("/var/lib/etcd/")
            && let Some(volume) = self.etcd_volume()
        {
            self.world.state().volumes.get_mut(&volume).unwrap().files.insert(inner.to_owned(), content.to_vec());
            return;
        }
        self.disk().files.insert(path.to_owned(), (content.to_vec(), mode));
    }

    pub(super) fn file(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(inner) = path.strip_prefix("/var/lib/etcd/")
            && let Some(volume) = self.etcd_volume()
        {
            return self.world.state().volumes[&volume].files.get(inner).cloned();
        }
        if let Some(device) = path.strip_prefix("/dev/") {
            let state = self.world.state();
            let (_, volume) = state.volumes.iter().find(|(_, volume)| on(volume, &self.id) && device == "nvme1n1")?;
            return Some(if volume.content == Content::Blank { vec![0; 4096] } else { vec![1; 4096] });
        }
        if path == "/sys/block/nvme1n1/device/serial" {
            let state = self.world.state();
            let (id, _) = state.volumes.iter().find(|(_, volume)| on(volume, &self.id))?;
            return Some(format!("{}      \n", id.replace('-', "")).into_bytes());
        }
        self.disk().files.get(path).map(|(content, _)| content.clone())
    }

    pub(super) fn text(&self, path: &str) -> String {
        String::from_utf8(self.file(path).unwrap_or_default()).unwrap()
    }
}

fn on(volume: &super::world::Volume, id: &str) -> bool {
    volume.attached.as_ref().is_some_and(|(instance, _)| instance == id)
}

#[async_trait]
impl Host for Machine {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.file(path))
    }

    async fn start_of(&self, path: &str, bytes: usize) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.file(path).map(|mut content| {
            content.truncate(bytes);
            content
        }))
    }

    async fn digest(&self, path: &str) -> Result<Option<String>, HostError> {
        Ok(self.file(path).map(|content| hex(&Sha256::digest(content))))
    }

    async fn mode(&self, path: &str) -> Result<Option<u32>, HostError> {
        Ok(self.disk().files.get(path).map(|(_, mode)| *mode))
    }

    async fn write(&self, path: &str, content: &[u8], mode: u32) -> Result<(), HostError> {
        if self.disk().full_at.as_ref().is_some_and(|full| path.starts_with(full.as_str())) {
            let source = io::Error::from_raw_os_error(28);
            return Err(HostError::Io { doing: "write", path: path.to_owned(), source });
        }
        // A write is whole or nothing: the middle of it is nothing.
        self.deed(&format!("write {path}"), || {}, || self.write_file(path, content, mode)).await;
        Ok(())
    }

    async fn place(&self, from: &str, to: &str, mode: u32) -> Result<(), HostError> {
        self.deed(
            &format!("place {to}"),
            || {},
            || {
                let content = self.disk().files.remove(from).unwrap().0;
                self.write_file(to, &content, mode);
            },
        )
        .await;
        Ok(())
    }

    async fn remove(&self, path: &str) -> Result<(), HostError> {
        self.deed(&format!("remove {path}"), || {}, || self.disk().files.remove(path)).await;
        Ok(())
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, HostError> {
        if folder == "/sys/block" {
            let attached = self.world.state().volumes.values().any(|volume| on(volume, &self.id));
            return Ok(if attached {
                vec!["nvme0n1".to_owned(), "nvme1n1".to_owned()]
            } else {
                vec!["nvme0n1".to_owned()]
            });
        }
        let name = |path: &str, top: &str| Some(path.strip_prefix(top)?.split('/').next()?.to_owned());
        if let (Some(inner), Some(volume)) = (folder.strip_prefix("/var/lib/etcd/"), self.etcd_volume()) {
            let state = self.world.state();
            let top = format!("{inner}/");
            return Ok(state.volumes[&volume].files.keys().filter_map(|path| name(path, &top)).collect());
        }
        let top = format!("{folder}/");
        let names: BTreeSet<String> = self.disk().files.keys().filter_map(|path| name(path, &top)).collect();
        Ok(names.into_iter().collect())
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        if command.environment.iter().any(|(name, _)| *name == "https_proxy") {
            self.disk().by_proxy.insert(command.program.clone());
        }
        if let Some(said) = self.disk().failing.get(&command.program).cloned() {
            return Ok(Output { code: Some(1), stderr: said.into_bytes(), ..Output::default() });
        }
        self.program(command).await
    }

    async fn sleep(&self, time: Duration) {
        let end = self.elapsed() + time;
        tokio::task::yield_now().await;
        self.world.reach(end);
    }

    fn now(&self) -> Timestamp {
        self.world.now() + self.disk().skew
    }

    fn elapsed(&self) -> Duration {
        self.world.state().elapsed
    }

    fn say(&self, line: &str) {
        self.disk().said.push(line.to_owned());
    }
}
