//! The port to the process of etcd on this host, and its form on control planes: a static pod.

use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::error::EtcdError;
use crate::manifest;

/// With which cluster a member without data begins; one with data does not look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialCluster {
    /// `--initial-cluster`: every member with its address.
    pub members: String,
    /// Whether it joins members that are there (`--initial-cluster-state`).
    pub existing: bool,
}

/// The process of etcd on this host.
#[async_trait]
pub trait Host: Send + Sync {
    /// Ends etcd and returns when it has ended. No error if it does not run.
    async fn stop(&self) -> Result<(), EtcdError>;

    /// Lets etcd run, and does not wait until it answers. Nothing happens if it runs with the same arguments.
    async fn start(&self, cluster: &InitialCluster) -> Result<(), EtcdError>;

    /// Lets etcd run again as before, where [`Host::stop`] has ended it; nothing otherwise.
    async fn resume(&self) -> Result<(), EtcdError>;

    /// Lets everything begin anew that remembers what etcd held: API server, controller manager and scheduler.
    async fn restart_clients(&self) -> Result<(), EtcdError>;
}

/// Pods that remember what etcd held, with the ports that they listen on.
const CLIENTS: [(&str, Port); 3] =
    [("kube-apiserver", Port::Api), ("kube-controller-manager", Port::Is(10257)), ("kube-scheduler", Port::Is(10259))];
/// How long a pod may take to end: the kubelet looks at its folder every 20 s, and gives pods 30 s.
const ENDING: Duration = Duration::from_secs(120);
/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(500);

/// A port that a pod listens on.
#[derive(Clone, Copy)]
enum Port {
    /// That of API servers in this cluster.
    Api,
    /// This one.
    Is(u16),
}

/// etcd as a static pod of the kubelet, which runs whatever manifests are in a folder. A manifest beside that folder does not
/// run, and is not lost.
#[derive(Clone, Debug)]
pub struct StaticPods {
    manifests: Utf8PathBuf,
    parked: Utf8PathBuf,
    api_port: u16,
}

impl StaticPods {
    /// With the folder of manifests (`/etc/kubernetes/manifests`), another one on the same file system for what shall not run,
    /// and the port of the API server.
    #[must_use]
    pub fn new(manifests: &Utf8Path, parked: &Utf8Path, api_port: u16) -> Self {
        Self { manifests: manifests.to_owned(), parked: parked.to_owned(), api_port }
    }

    fn running(&self, pod: &str) -> Utf8PathBuf {
        self.manifests.join(format!("{pod}.yaml"))
    }

    fn parked(&self, pod: &str) -> Utf8PathBuf {
        self.parked.join(format!("{pod}.yaml"))
    }

    /// The manifest of etcd, wherever it is; none before kubeadm has written it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn etcd(&self) -> Result<Option<String>, EtcdError> {
        for path in [self.running("etcd"), self.parked("etcd")] {
            match fs_err::read_to_string(&path) {
                Ok(text) => return Ok(Some(text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(EtcdError::io("read", &path)(error)),
            }
        }
        Ok(None)
    }

    fn park(&self, pod: &str) -> Result<(), EtcdError> {
        let from = self.running(pod);
        if !from.exists() {
            return Ok(());
        }
        fs_err::create_dir_all(&self.parked).map_err(EtcdError::io("make", &self.parked))?;
        fs_err::rename(&from, self.parked(pod)).map_err(EtcdError::io("move", &from))
    }

    fn unpark(&self, pod: &str) -> Result<(), EtcdError> {
        let from = self.parked(pod);
        if !from.exists() {
            return Ok(());
        }
        fs_err::rename(&from, self.running(pod)).map_err(EtcdError::io("move", &from))
    }

    async fn ended(&self, pod: &str, port: u16) -> Result<(), EtcdError> {
        let closed = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_ok()
                || TcpStream::connect(("::1", port)).await.is_ok()
            {
                sleep(LOOK).await;
            }
        };
        timeout(ENDING, closed).await.map_err(|_late| EtcdError::Host {
            doing: "stop",
            why: format!(
                "{pod} still listens on port {port} after {} s without its manifest; `crictl ps` shows it, and `journalctl -u \
                 kubelet` why it runs on",
                ENDING.as_secs()
            ),
        })
    }
}

#[async_trait]
impl Host for StaticPods {
    async fn stop(&self) -> Result<(), EtcdError> {
        self.park("etcd")?;
        self.ended("etcd", 2379).await
    }

    async fn start(&self, cluster: &InitialCluster) -> Result<(), EtcdError> {
        let Some(text) = self.etcd()? else {
            return Err(EtcdError::Host {
                doing: "start",
                why: format!("{} is missing; `kubeadm init phase etcd local` writes it", self.running("etcd")),
            });
        };
        let text = manifest::with_cluster(&text, cluster)?;
        fs_err::create_dir_all(&self.parked).map_err(EtcdError::io("make", &self.parked))?;
        let (parked, running) = (self.parked("etcd"), self.running("etcd"));
        if fs_err::read_to_string(&running).is_ok_and(|now| now == text) {
            return Ok(());
        }
        // Written beside the folder and moved into it: the kubelet never sees half of it.
        let new = self.parked.join("etcd.yaml.new");
        fs_err::write(&new, text).map_err(EtcdError::io("write", &new))?;
        fs_err::rename(&new, &running).map_err(EtcdError::io("move", &new))?;
        match fs_err::remove_file(&parked) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(EtcdError::io("remove", &parked)(error)),
            _ => Ok(()),
        }
    }

    async fn resume(&self) -> Result<(), EtcdError> {
        self.unpark("etcd")
    }

    async fn restart_clients(&self) -> Result<(), EtcdError> {
        for (pod, _) in CLIENTS {
            self.park(pod)?;
        }
        for (pod, port) in CLIENTS {
            let port = match port {
                Port::Api => self.api_port,
                Port::Is(port) => port,
            };
            self.ended(pod, port).await?;
            self.unpark(pod)?;
        }
        Ok(())
    }
}
