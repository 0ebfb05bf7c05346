//! The port to the process of etcd on this host, and its form on control planes: a static pod.

use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use tokio::net::TcpStream;
use tokio::process::Command;
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

    /// Lets etcd run again as before, where [`Host::stop`] has ended it, and what [`Host::restart_clients`] has stopped and not
    /// started again; nothing otherwise.
    async fn resume(&self) -> Result<(), EtcdError>;

    /// Lets everything begin anew that remembers what etcd held: API server, controller manager and scheduler.
    async fn restart_clients(&self) -> Result<(), EtcdError>;
}

/// How long a kubelet may take to end a pod: it looks at its folder every 20 s, and gives pods 30 s.
const KUBELET: Duration = Duration::from_secs(90);
/// How long a container may take after that.
const ENDING: Duration = Duration::from_secs(45);
const SOCKET: &str = "unix:///run/containerd/containerd.sock";
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
        let (from, to) = (self.parked(pod), self.running(pod));
        if !from.exists() {
            return Ok(());
        }
        // kubeadm may have written a newer one meanwhile.
        if to.exists() {
            return fs_err::remove_file(&from).map_err(EtcdError::io("remove", &from));
        }
        fs_err::rename(&from, to).map_err(EtcdError::io("move", &from))
    }

    /// Lets etcd start from data that is there alone, wherever its manifest is; nothing where there is none yet.
    ///
    /// # Errors
    /// The manifest is none of kubeadm's, or cannot be read or written.
    pub fn expect_data(&self) -> Result<(), EtcdError> {
        for path in [self.running("etcd"), self.parked("etcd")] {
            let text = match fs_err::read_to_string(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                text => text.map_err(EtcdError::io("read", &path))?,
            };
            let wanted = manifest::expecting_data(&text)?;
            if wanted != text {
                self.write(&path, &wanted)?;
            }
        }
        Ok(())
    }

    /// Writes a manifest beside the folder and moves it into it: the kubelet never sees half of it.
    fn write(&self, path: &Utf8Path, text: &str) -> Result<(), EtcdError> {
        fs_err::create_dir_all(&self.parked).map_err(EtcdError::io("make", &self.parked))?;
        let new = self.parked.join("etcd.yaml.new");
        fs_err::write(&new, text).map_err(EtcdError::io("write", &new))?;
        fs_err::rename(&new, path).map_err(EtcdError::io("move", &new))
    }

    async fn ended(&self, pod: &str, port: u16) -> Result<(), EtcdError> {
        let closed = || async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_ok()
                || TcpStream::connect(("::1", port)).await.is_ok()
            {
                sleep(LOOK).await;
            }
        };
        if timeout(KUBELET, closed()).await.is_ok() {
            return Ok(());
        }
        // Where no kubelet runs, as in the middle of a join, nobody ends it; without its manifest nobody starts it again.
        end_container(pod).await;
        timeout(ENDING, closed()).await.map_err(|_late| EtcdError::Host {
            doing: "stop",
            why: format!(
                "{pod} still listens on port {port} after {} s without its manifest; `crictl ps` shows it, and `journalctl -u \
                 kubelet` why it runs on",
                (KUBELET + ENDING).as_secs()
            ),
        })
    }
}

/// Ends a container with the means of the runtime. Whether it has ended shows at its port.
async fn end_container(name: &str) {
    let crictl = |arguments: &[&str]| {
        let mut command = Command::new("crictl");
        command.args(["--runtime-endpoint", SOCKET]).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command
    };
    let Ok(found) = crictl(&["ps", "--quiet", "--name", &format!("^{name}$")]).output().await else { return };
    for id in String::from_utf8_lossy(&found.stdout).lines().map(str::trim).filter(|id| !id.is_empty()) {
        let _seen_at_the_port = crictl(&["stop", "--timeout", "30", id]).output().await;
    }
}

#[async_trait]
impl Host for StaticPods {
    async fn stop(&self) -> Result<(), EtcdError> {
        self.park("etcd")?;
        // What starts it again may find the volume empty.
        self.expect_data()?;
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
        let (parked, running) = (self.parked("etcd"), self.running("etcd"));
        if fs_err::read_to_string(&running).is_ok_and(|now| now == text) {
            return Ok(());
        }
        self.write(&running, &text)?;
        match fs_err::remove_file(&parked) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(EtcdError::io("remove", &parked)(error)),
            _ => Ok(()),
        }
    }

    async fn resume(&self) -> Result<(), EtcdError> {
        self.unpark("etcd")?;
        // What was killed while it let them begin anew has left them so.
        self.clients.iter().try_for_each(|(pod, _)| self.unpark(pod))
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

    const ETCD: &str = "spec:\n  containers:\n  - command:\n    - etcd\n    - --initial-advertise-peer-urls=https://10.0.0.1:2380\n    - \
         --initial-cluster=i-1=https://10.0.0.1:2380\n    - --name=i-1\n";

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
        let kept = manifest::expecting_data(ETCD).unwrap();
        assert_eq!(pods.etcd().unwrap().as_ref(), Some(&kept));
        pods.resume().await.unwrap();
        pods.resume().await.unwrap();
        assert_eq!(running(&pods), ALL);
        assert_eq!(pods.etcd().unwrap(), Some(kept));
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
        // Or nobody wants them to begin anew any more.
        pods.park("kube-scheduler").unwrap();
        pods.resume().await.unwrap();
        assert_eq!(running(&pods), ALL);
    }

    #[tokio::test]
    async fn who_expects_data_is_changed_wherever_it_is_and_a_newer_manifest_stays() {
        let (_folder, pods) = pods();
        pods.expect_data().unwrap();
        let expecting = pods.etcd().unwrap().unwrap();
        assert!(expecting.contains("--initial-cluster-state=existing"), "{expecting}");
        pods.stop().await.unwrap();
        pods.expect_data().unwrap();
        assert_eq!(pods.etcd().unwrap().unwrap(), expecting);
        fs_err::write(pods.running("etcd"), ETCD).unwrap();
        pods.resume().await.unwrap();
        assert_eq!(fs_err::read_to_string(pods.running("etcd")).unwrap(), ETCD);
        assert!(!pods.parked("etcd").exists());
        fs_err::remove_file(pods.running("etcd")).unwrap();
        pods.expect_data().unwrap();
    }
}
