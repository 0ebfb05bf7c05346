//! What the programs of a machine do.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use kedge_pki::{Authority, Leaf, Made, Purpose};
use ring::rand::SystemRandom;

use super::machine::Machine;
use super::world::{Api, Content, start};
use crate::error::HostError;
use crate::host::{Command, Output};
use crate::upkeep::kubelet::CLIENT;

fn good(text: impl Into<Vec<u8>>) -> Output {
    Output { code: Some(0), stdout: text.into(), stderr: Vec::new() }
}

fn bad(code: i32, text: &str) -> Output {
    Output { code: Some(code), stdout: Vec::new(), stderr: text.as_bytes().to_vec() }
}

impl Machine {
    pub(super) async fn program(&self, command: &Command) -> Result<Output, HostError> {
        let what = command.to_string();
        let arguments: Vec<&str> = command.arguments.iter().map(String::as_str).collect();
        Ok(match (command.program.as_str(), arguments.as_slice()) {
            ("systemctl", ["is-enabled", "--quiet", unit]) => yes(self.disk().enabled.contains(*unit)),
            ("systemctl", ["is-active", "--quiet", unit]) => yes(self.disk().active.contains(*unit)),
            ("dpkg-query", [_, _, _, names @ ..]) => self.installed(names, "\tinstalled"),
            ("rpm", [_, _, _, names @ ..]) => self.installed(names, ""),
            ("dnf", ["--version"]) => good(""),
            ("apt-mark", ["showhold"]) => {
                good(self.disk().held.iter().map(|name| format!("{name}\n")).collect::<String>())
            }
            ("blkid", [.., _]) => self.blkid(),
            ("ctr", _) => yes(self.disk().active.contains("containerd.service")),
            ("sysctl", _) | ("crictl", [_, _, "ps", ..]) => good("0123\n"),
            ("curl", [.., "--head", "--max-time", _, _]) => {
                let date = self.world.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT");
                good(format!("HTTP/1.1 403 Forbidden\r\nDate: {date}\r\n\r\n"))
            }
            // What a disk says of itself: the name that AWS was told.
            ("nvme", ["id-ctrl", "--raw-binary", device]) => {
                let state = self.world.state();
                let mut attached = state.volumes.values().filter_map(|volume| volume.attached.as_ref());
                let name =
                    attached.find(|(id, _)| *id == self.id && *device == "/dev/nvme1n1").map(|(_, name)| name.as_str());
                let mut identity = vec![0; 4096];
                let name = name.unwrap_or_default().trim_start_matches("/dev/").as_bytes();
                identity[3072..3072 + name.len()].copy_from_slice(name);
                good(identity)
            }
            ("kubeadm", ["init", "--config", path, ..]) => {
                let (path, kubelet) = ((*path).to_owned(), self.kubelet_certificate().await);
                self.deed(&what, || self.half_init(), || self.init(&path, &kubelet)).await
            }
            ("kubeadm", ["join", "--config", path, rest @ ..]) => {
                let without = rest.iter().any(|argument| argument.starts_with("--skip-phases="));
                let (path, kubelet) = ((*path).to_owned(), self.kubelet_certificate().await);
                // kubeadm waits for the API server, which has nothing of a member without a vote.
                for _ in 0..100 {
                    if without && self.world.state().learns {
                        tokio::task::yield_now().await;
                    }
                }
                if without && self.world.state().learns {
                    return Ok(bad(1, "timed out waiting for the condition"));
                }
                self.deed(&what, || drop(self.join(&path, without, None)), || self.join(&path, without, Some(&kubelet)))
                    .await
            }
            ("mkfs.ext4" | "mkfs.xfs", [.., device]) => {
                let (kind, device) = (command.program.trim_start_matches("mkfs."), (*device).to_owned());
                self.deed(
                    &what,
                    || self.format(&device, Content::Bytes),
                    || {
                        self.format(&device, Content::Filesystem(kind.to_owned()));
                        good("")
                    },
                )
                .await
            }
            ("apt-get" | "dnf", _) => {
                let names: Vec<String> = command.arguments.clone();
                self.deed(
                    &what,
                    || self.install(&names, true),
                    || {
                        self.install(&names, false);
                        good("")
                    },
                )
                .await
            }
            _ => self.deed(&what, || {}, || self.simple(&command.program, &arguments)).await,
        })
    }

    /// Programs of which the middle is nothing.
    fn simple(&self, program: &str, arguments: &[&str]) -> Output {
        match (program, arguments) {
            ("systemctl", ["daemon-reload"]) | ("crictl", [_, _, "stop", ..]) => {}
            ("systemctl", ["enable", .., unit]) => drop(self.disk().enabled.insert((*unit).to_owned())),
            ("systemctl", ["start" | "restart", .., unit]) if unit.starts_with("broken") => {
                return bad(1, "Job failed");
            }
            ("systemctl", ["start" | "restart", .., unit]) => {
                if unit.ends_with(".mount") && !self.mountable(unit) {
                    return bad(1, "Dependency failed for the mount");
                }
                self.disk().active.insert((*unit).to_owned());
                let id = self.cluster_id();
                if *unit == "kubelet.service"
                    && let Some(api) = self.world.state().api.as_mut().filter(|api| api.id == id)
                {
                    api.up = true;
                }
            }
            ("systemctl", ["stop", unit]) => drop(self.disk().active.remove(*unit)),
            ("systemctl", ["try-restart", _]) => {}
            ("kubeadm", ["init", "phase", "certs", "all", ..]) => {
                for name in ["etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client"] {
                    self.issue(name);
                }
            }
            ("kubeadm", ["init", "phase", "certs", name, ..]) => {
                self.issue(name);
            }
            ("kubeadm", ["init", "phase", "kubeconfig", "kubelet", "--config", _]) => self.made("kubelet.conf"),
            ("kubeadm", ["init", "phase", "kubelet-start", "--config", _]) => {
                assert!(self.file("/etc/kubernetes/kubelet.conf").is_some(), "the kubelet has nothing to show");
                assert!(self.file("/etc/kubernetes/manifests/etcd.yaml").is_some(), "it has nothing to run");
                self.disk().active.insert("kubelet.service".to_owned());
            }
            ("kubeadm", ["init", "phase", "kubeconfig", "admin", .., "--kubeconfig-dir", folder]) => {
                self.write_file(&format!("{folder}/admin.conf"), b"x", 0o600);
            }
            ("kubeadm", ["init", "phase", "upload-config", what, .., "--kubeconfig", path]) => {
                let own_api = *path == "/etc/kubernetes/admin.conf";
                assert!(own_api || self.file(path).is_some());
                if own_api && self.file("/etc/kubernetes/manifests/kube-apiserver.yaml").is_none() {
                    return bad(1, "the API server of this instance does not run");
                }
                let mut state = self.world.state();
                let Some(api) = state.api.as_mut().filter(|api| api.up) else {
                    return bad(1, "the API does not answer");
                };
                match *what {
                    "kubeadm" => api.configured.clone_from(&self.config.kubernetes_version),
                    _ if !api.nodes.contains_key(&self.id) => return bad(1, "the node is not there yet"),
                    _ => {}
                }
            }
            ("kubeadm", ["certs", "renew", ..]) => {
                self.write_file("/etc/kubernetes/renewed", b"", 0o600);
            }
            ("kubeadm", ["init", "phase", "etcd", "local", ..]) => {
                self.write_file("/etc/kubernetes/manifests/etcd.yaml", b"x", 0o600);
            }
            ("modprobe", [module]) => drop(self.disk().modules.insert((*module).to_owned())),
            ("dpkg", _) => self.disk().broken.clear(),
            ("apt-mark", ["hold", names @ ..]) => self.disk().held.extend(names.iter().map(|name| (*name).to_owned())),
            ("chronyc" | "timedatectl", _) => {
                let mut disk = self.disk();
                if disk.clock_can_be_set {
                    disk.skew = jiff::SignedDuration::ZERO;
                }
            }
            ("tar", [.., archive, "--directory", to]) => {
                self.write_file(&format!("{to}/bin/containerd"), &self.file(archive).unwrap(), 0o755);
            }
            ("install", [.., from, to]) => {
                let content = self.file(from).unwrap();
                self.write_file(to, &content, 0o755);
            }
            ("curl", [.., "--output", path, url]) => {
                let host = url.split('/').nth(2).unwrap().to_owned();
                let state = self.world.state();
                if let Some(why) = state.unreachable.get(&host) {
                    return bad(6, why);
                }
                let Some(content) = state.web.get(*url).cloned() else {
                    return bad(22, "The requested URL returned error: 404");
                };
                drop(state);
                self.write_file(path, &content, 0o600);
            }
            _ => panic!("{program} {arguments:?}"),
        }
        good("")
    }

    fn installed(&self, names: &[&str], ending: &str) -> Output {
        let disk = self.disk();
        let lines = names
            .iter()
            .filter(|name| !disk.broken.contains(**name))
            .filter_map(|name| disk.packages.get(*name).map(|version| format!("{name}\t{version}{ending}\n")));
        Output { code: Some(1), ..good(lines.collect::<String>()) }
    }

    fn install(&self, arguments: &[String], half: bool) {
        let Some(start) = arguments.iter().position(|argument| argument == "install") else { return };
        let mut disk = self.disk();
        assert!(disk.broken.is_empty(), "dpkg was interrupted, you must manually run 'dpkg --configure -a'");
        let repository =
            disk.files.keys().any(|path| path.ends_with("kedge-kubernetes.list") || path.ends_with("kubernetes.repo"));
        assert!(repository, "nobody knows the repository");
        for (number, name) in arguments[start + 1..].iter().enumerate() {
            let rpm = name.rsplit_once('-').filter(|(_, version)| version.starts_with(char::is_numeric));
            let (name, version) = name.split_once('=').or(rpm).unwrap_or((name, "1"));
            disk.packages.insert(name.to_owned(), version.replace('*', "1.1"));
            if half && number == 1 {
                disk.broken.insert(name.to_owned());
                return;
            }
        }
    }

    fn content(&self) -> Option<Content> {
        let state = self.world.state();
        let mut volumes = state.volumes.values();
        volumes.find(|v| v.attached.as_ref().is_some_and(|(id, _)| *id == self.id)).map(|volume| volume.content.clone())
    }

    fn blkid(&self) -> Output {
        match self.content() {
            Some(Content::Filesystem(kind)) => good(format!("UUID=1-2-{}\nTYPE={kind}\nUSAGE=filesystem\n", self.zone)),
            Some(Content::Table) => good("PTTYPE=gpt\n"),
            _ => bad(2, ""),
        }
    }

    fn format(&self, device: &str, content: Content) {
        assert_eq!(device, "/dev/nvme1n1");
        let mut state = self.world.state();
        let volume =
            state.volumes.values_mut().find(|v| v.attached.as_ref().is_some_and(|(id, _)| *id == self.id)).unwrap();
        assert!(!matches!(volume.content, Content::Filesystem(_) | Content::Table), "data was formatted away");
        volume.formatted += u32::from(content != Content::Bytes);
        volume.content = content;
    }

    fn mountable(&self, unit: &str) -> bool {
        let text = self.text(&format!("/etc/systemd/system/{unit}"));
        text.contains(&format!("What=/dev/disk/by-uuid/1-2-{}\n", self.zone))
            && matches!(self.content(), Some(Content::Filesystem(_)))
    }

    /// The cluster that the data of etcd is of.
    fn cluster_id(&self) -> String {
        self.text("/var/lib/etcd/member/cluster")
    }

    fn half_init(&self) {
        for part in ["kube-apiserver", "etcd"] {
            self.write_file(&format!("/etc/kubernetes/manifests/{part}.yaml"), b"x", 0o600);
        }
        self.write_file("/etc/kubernetes/kubelet.conf", b"half", 0o600);
        self.disk().active.insert("kubelet.service".to_owned());
    }

    /// What the kubelet of this machine is given.
    async fn kubelet_certificate(&self) -> String {
        super::upkeep::issued(&self.world, &super::upkeep::authority(&self.world).await)
    }

    fn init(&self, path: &str, kubelet: &str) -> Output {
        let config = self.text(path);
        assert!(config.contains(&format!("advertiseAddress: {}\n", self.address)), "{config}");
        assert!(config.contains(&format!("name: {}\n", self.id)), "{config}");
        for file in ["ca.key", "etcd/ca.key", "front-proxy-ca.key", "sa.key"] {
            assert!(self.text(&format!("/etc/kubernetes/pki/{file}")).contains("PRIVATE KEY"));
        }
        assert!(self.disk().packages.contains_key("kubeadm") && self.disk().active.contains("containerd.service"));
        assert!(self.etcd_volume().is_some(), "etcd would write to the root volume");
        self.half_init();
        let mut id = self.cluster_id();
        let mut state = self.world.state();
        if id.is_empty() {
            state.made += 1;
            id = format!("cluster-{}", state.made);
            state.api = Some(Api { id: id.clone(), ..Api::default() });
        }
        let api = state.api.as_mut().filter(|api| api.id == id);
        let Some(api) = api else { return bad(1, "etcd has the data of another cluster") };
        api.up = true;
        api.configured.clone_from(&self.config.kubernetes_version);
        api.nodes.insert(self.id.clone(), BTreeMap::new());
        api.etcd_members.insert(self.id.clone());
        drop(state);
        self.write_file("/var/lib/etcd/member/cluster", id.as_bytes(), 0o600);
        self.disk().joined += 1;
        self.made("kubelet.conf");
        self.write_file(CLIENT, kubelet.as_bytes(), 0o600);
        good("")
    }

    /// Without a certificate for the kubelet it is killed before somebody has signed one.
    fn join(&self, path: &str, without_etcd: bool, kubelet: Option<&str>) -> Output {
        let config = self.text(path);
        let discovery: serde_json::Value =
            serde_json::from_slice(&self.file("/etc/kubernetes/discovery.conf").unwrap()).unwrap();
        let token = discovery["users"][0]["user"]["token"].as_str().unwrap().to_owned();
        assert!(config.contains(&format!("name: {}\n", self.id)), "{config}");
        assert!(!self.text("/etc/hosts").contains("kedge"), "it would join itself");
        let now = self.world.now();
        let mut state = self.world.state();
        let Some(api) = state.api.as_mut().filter(|api| api.up) else { return bad(1, "the API does not answer") };
        if api.tokens.get(&token).is_none_or(|end: &Timestamp| *end <= now) {
            return bad(1, "Unauthorized");
        }
        if self.disk().active.contains("kubelet.service")
            && self.config.control_plane
            && api.nodes.contains_key(&self.id)
        {
            return bad(1, "a Node with that name and status Ready already exists in the cluster");
        }
        let id = api.id.clone();
        if self.config.control_plane {
            self.disk().version.clone_from(&api.configured);
            assert!(config.contains(&format!("advertiseAddress: {}\n", self.address)), "{config}");
            if !without_etcd {
                api.etcd_members.insert(self.id.clone());
            }
        }
        self.made("kubelet.conf");
        self.disk().active.insert("kubelet.service".to_owned());
        let Some(kubelet) = kubelet else { return bad(1, "killed") };
        api.nodes.insert(self.id.clone(), BTreeMap::new());
        drop(state);
        self.write_file(CLIENT, kubelet.as_bytes(), 0o600);
        if self.config.control_plane {
            for part in ["kube-apiserver", "etcd"] {
                self.write_file(&format!("/etc/kubernetes/manifests/{part}.yaml"), b"x", 0o600);
            }
            self.write_file("/var/lib/etcd/member/cluster", id.as_bytes(), 0o600);
        }
        self.disk().joined += 1;
        good("")
    }

    fn issue(&self, name: &str) {
        let name = match name.strip_prefix("etcd-") {
            Some(name) => format!("etcd/{name}"),
            None => (*name).to_owned(),
        };
        self.write_file(&format!("/etc/kubernetes/pki/{name}.crt"), certificate().as_bytes(), 0o644);
    }

    fn made(&self, name: &str) {
        if self.config.control_plane {
            for name in ["etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client"] {
                self.issue(name);
            }
        }
        let text = "clusters:\n- cluster:\n    certificate-authority-data: T0xE\n";
        self.write_file(&format!("/etc/kubernetes/{name}"), text.as_bytes(), 0o600);
    }
}

/// A certificate that is good for a year.
fn certificate() -> &'static str {
    static ONE: OnceLock<String> = OnceLock::new();
    ONE.get_or_init(|| {
        let random = SystemRandom::new();
        let made = Made::generate(Purpose::EtcdCa, start(), &random).unwrap();
        let authority = Authority::from_pem(&made.item.certificate.unwrap(), made.private.expose(), &random).unwrap();
        let year = SignedDuration::from_hours(24 * 365);
        authority.issue(&Leaf::EtcdHealthcheckClient, year, start(), &random).unwrap().certificate.pem()
    })
}

fn yes(answer: bool) -> Output {
    Output { code: Some(i32::from(!answer)), ..Output::default() }
}
