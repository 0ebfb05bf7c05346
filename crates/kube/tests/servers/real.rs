//! A real API server with its etcd, where `KUBEBUILDER_ASSETS` names a folder with both.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use camino_tempfile::Utf8TempDir;
use jiff::{SignedDuration, Timestamp};
use kedge_kube::{Access, Cluster};
use kedge_pki::{Authority, KubeConfig, Leaf, User};
use ring::rand::SystemRandom;

/// Running servers; they end with it.
pub(crate) struct Real {
    pub(crate) folder: Utf8TempDir,
    pub(crate) children: Vec<Child>,
    /// A kubeconfig of an administrator.
    pub(crate) kubeconfig: String,
}

impl Drop for Real {
    fn drop(&mut self) {
        for child in &mut self.children {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Real {
    /// Starts both, if they are there.
    pub(crate) async fn start() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "the folder is the parameter of this test")]
        let Ok(assets) = std::env::var("KUBEBUILDER_ASSETS") else {
            println!("skipped: KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver");
            return None;
        };
        let assets = Utf8PathBuf::from(assets);
        let folder = camino_tempfile::tempdir().unwrap();
        let (api, client, peer) = (free_port(), free_port(), free_port());
        let kubeconfig = certificates(folder.path(), api);
        let at = |name: &str| folder.path().join(name).to_string();
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        let etcd = run(
            &assets.join("etcd"),
            folder.path(),
            &[
                format!("--data-dir={}", at("etcd")),
                format!("--listen-client-urls={}", local(client)),
                format!("--advertise-client-urls={}", local(client)),
                format!("--listen-peer-urls={}", local(peer)),
                format!("--initial-advertise-peer-urls={}", local(peer)),
                format!("--initial-cluster=default={}", local(peer)),
                "--unsafe-no-fsync=true".to_owned(),
            ],
        );
        let server = run(
            &assets.join("kube-apiserver"),
            folder.path(),
            &[
                format!("--etcd-servers={}", local(client)),
                format!("--secure-port={api}"),
                "--bind-address=127.0.0.1".to_owned(),
                "--advertise-address=127.0.0.1".to_owned(),
                "--service-cluster-ip-range=100.64.0.0/13".to_owned(),
                "--authorization-mode=RBAC".to_owned(),
                // As kubeadm has it.
                "--allow-privileged=true".to_owned(),
                "--endpoint-reconciler-type=none".to_owned(),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                format!("--client-ca-file={}", at("ca.crt")),
                format!("--tls-cert-file={}", at("server.crt")),
                format!("--tls-private-key-file={}", at("server.key")),
                format!("--service-account-key-file={}", at("server.crt")),
                format!("--service-account-signing-key-file={}", at("server.key")),
            ],
        );
        let real = Self { folder, children: vec![etcd, server], kubeconfig };
        for _ in 0..240 {
            let cluster = Cluster::connect(&Access::Kubeconfig(&real.kubeconfig)).await.unwrap();
            if cluster.ready().await.is_ok() {
                return Some(real);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let log = fs_err::read_to_string(real.folder.path().join("kube-apiserver.log")).unwrap();
        panic!("kube-apiserver does not start: {}", log.lines().rev().take(20).collect::<Vec<_>>().join("\n"));
    }
}

pub(crate) fn run(program: &Utf8Path, folder: &Utf8Path, arguments: &[String]) -> Child {
    let log = fs_err::File::create(folder.join(format!("{}.log", program.file_name().unwrap()))).unwrap();
    let (log, _) = log.into_parts();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap_or_else(|error| panic!("{program}: {error}"))
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes certificates, and gives a kubeconfig.
fn certificates(folder: &Utf8Path, port: u16) -> String {
    let random = SystemRandom::new();
    let now = Timestamp::now();
    let authority = Authority::generate("kubernetes-ca", 1, now, &random).unwrap();
    let local = IpAddr::from(Ipv4Addr::LOCALHOST);
    let server = Leaf::api_server("cluster.local", local, [local.to_string(), "localhost".to_owned()]);
    let admin = Leaf::Admin { user: "admin".to_owned() };
    let lifetime = SignedDuration::from_hours(24);
    let server = authority.issue(&server, lifetime, now, &random).unwrap();
    let admin = authority.issue(&admin, lifetime, now, &random).unwrap();
    let write = |name: &str, text: &str| fs_err::write(folder.join(name), text).unwrap();
    write("ca.crt", &authority.certificate().pem());
    write("server.crt", &server.certificate.pem());
    write("server.key", server.key.pem().expose());
    let server = format!("https://127.0.0.1:{port}");
    let authorities = Some(authority.certificate().pem());
    KubeConfig { name: "test".to_owned(), server, authorities, user: Some(User::from(&admin)) }.document().to_string()
}
