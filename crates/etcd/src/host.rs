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

/// How long a pod may take to end: the kubelet looks at its folder every 20 s, and gives pods 30 s.
const ENDING: Duration = Duration::from_secs(120);
/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(500);

/// etcd as a static pod of the kubelet, which runs whatever manifests are in a folder. A manifest beside that folder does not
/// run, and is not lost.
#[derive(Clone, Debug)]
pub struct StaticPods {
    manifests: Utf8PathBuf,
    parked: Utf8PathBuf,
    etcd_port: u16,
    /// Pods that remember what etcd held, with the ports that they listen on.
    clients: [(&'static str, u16); 3],
}

impl StaticPods {
    /// With the folder of manifests (`/etc/kubernetes/manifests`), another one on the same file system for what shall not run,
    /// and the port of the API server.
    #[must_use]
    pub fn new(manifests: &Utf8Path, parked: &Utf8Path, api_port: u16) -> Self {
        let clients = [("kube-apiserver", api_port), ("kube-controller-manager", 10257), ("kube-scheduler", 10259)];
        Self { manifests: manifests.to_owned(), parked: parked.to_owned(), etcd_port: 2379, clients }
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
        self.ended("etcd", self.etcd_port).await
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
        for (pod, _) in self.clients {
            self.park(pod)?;
        }
        for (pod, port) in self.clients {
            self.ended(pod, port).await?;
            self.unpark(pod)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const ETCD: &str =
        "spec:\n  containers:\n  - command:\n    - etcd\n    - --initial-cluster=i-1=https://10.0.0.1:2380\n";

    /// Folders with manifests; ports that nobody listens on.
    fn pods() -> (camino_tempfile::Utf8TempDir, StaticPods) {
        let folder = camino_tempfile::tempdir().unwrap();
        let manifests = folder.path().join("manifests");
        fs_err::create_dir(&manifests).unwrap();
        for pod in ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
            fs_err::write(manifests.join(format!("{pod}.yaml")), pod).unwrap();
        }
        fs_err::write(manifests.join("etcd.yaml"), ETCD).unwrap();
        let mut pods = StaticPods::new(&manifests, &folder.path().join("parked"), 443);
        // Port 1 is that of a service that nobody runs.
        pods.etcd_port = 1;
        pods.clients = pods.clients.map(|(pod, _)| (pod, 1));
        (folder, pods)
    }

    fn running(pods: &StaticPods) -> Vec<String> {
        let entries = pods.manifests.read_dir_utf8().unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().to_owned()).collect();
        names.sort();
        names
    }

    const ALL: [&str; 4] = ["etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml"];

    #[tokio::test]
    async fn what_is_stopped_is_kept_and_starts_again() {
        let (_folder, pods) = pods();
        pods.stop().await.unwrap();
        pods.stop().await.unwrap();
        assert_eq!(running(&pods), ALL[1..]);
        assert_eq!(pods.etcd().unwrap().as_deref(), Some(ETCD));
        pods.resume().await.unwrap();
        pods.resume().await.unwrap();
        assert_eq!(running(&pods), ALL);
        assert_eq!(pods.etcd().unwrap().as_deref(), Some(ETCD));
    }

    #[tokio::test]
    async fn starting_names_the_cluster_and_leaves_what_runs_so_already() {
        let (_folder, pods) = pods();
        pods.stop().await.unwrap();
        let cluster = InitialCluster { members: "i-2=https://10.0.0.2:2380".to_owned(), existing: true };
        pods.start(&cluster).await.unwrap();
        assert_eq!(running(&pods), ALL);
        let text = pods.etcd().unwrap().unwrap();
        assert!(text.contains("--initial-cluster=i-2=") && text.contains("--initial-cluster-state=existing"), "{text}");
        let written = fs_err::metadata(pods.running("etcd")).unwrap().modified().unwrap();
        pods.start(&cluster).await.unwrap();
        assert_eq!(fs_err::metadata(pods.running("etcd")).unwrap().modified().unwrap(), written);
        assert!(pods.parked.read_dir_utf8().unwrap().next().is_none());
    }

    #[tokio::test]
    async fn without_a_manifest_nothing_starts() {
        let (_folder, pods) = pods();
        fs_err::remove_file(pods.running("etcd")).unwrap();
        let error = pods.start(&InitialCluster { members: String::new(), existing: true }).await.unwrap_err();
        assert!(error.to_string().contains("kubeadm init phase etcd local"), "{error}");
    }

    #[tokio::test]
    async fn clients_come_back_when_they_have_ended_even_after_a_kill() {
        let (_folder, mut pods) = pods();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        pods.clients[0].1 = listener.local_addr().unwrap().port();
        // The API server still listens: the restart waits, and is cut short.
        let cut = timeout(Duration::from_millis(50), pods.restart_clients()).await;
        assert!(cut.is_err());
        assert_eq!(running(&pods), ALL[..1]);
        drop(listener);
        pods.restart_clients().await.unwrap();
        assert_eq!(running(&pods), ALL);
    }
}
