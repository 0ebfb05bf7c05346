//! What kubeadm, where there is one on the PATH, makes of the authorities of a cluster, and of its certificates.
//!
//! It has to take the keys as they are written, to issue what [`Leaf`] says, and to leave alone what was issued here.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this test asks another program, now")]
#![expect(clippy::unwrap_used, reason = "a test may panic about what it reads")]

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use kedge_pki::{Authority, Certificate, Item, KeyPair, Leaf, Made, Purpose};
use ring::rand::SystemRandom;

const CONFIG: &str = r#"apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: {name: node-1, criSocket: "unix:///run/containerd/containerd.sock"}
localAPIEndpoint: {advertiseAddress: 10.0.0.1, bindPort: 443}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: c.example.com
controlPlaneEndpoint: api.internal.c.example.com:443
encryptionAlgorithm: ECDSA-P256
networking: {serviceSubnet: 100.64.0.0/13, dnsDomain: cluster.local}
apiServer: {certSANs: [api.c.example.com]}
"#;

/// A folder as `/etc/kubernetes` is.
struct Host {
    folder: camino_tempfile::Utf8TempDir,
    version: String,
}

impl Host {
    /// With the keys of a cluster; none where there is no kubeadm.
    fn new(authorities: &[(Purpose, Made)]) -> Option<Self> {
        let version = Command::new("kubeadm").args(["version", "-o", "short"]).output().ok()?;
        let version = String::from_utf8(version.stdout).unwrap().trim().to_owned();
        let host = Self { folder: camino_tempfile::tempdir().unwrap(), version };
        for (purpose, made) in authorities {
            let (ending, public) = match &made.item.certificate {
                Some(certificate) => ("crt", certificate),
                None => ("pub", &made.item.public_key),
            };
            host.write(&format!("pki/{}.{ending}", purpose.file()), public);
            host.write(&format!("pki/{}.key", purpose.file()), made.private.expose());
        }
        Some(host)
    }

    fn path(&self, path: &str) -> String {
        self.folder.path().join(path).into_string()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs_err::read_to_string(self.path(path)).unwrap()
    }

    /// Runs phases of `kubeadm init`; what it says.
    fn init(&self, phases: &[&str]) -> String {
        let config = format!("{CONFIG}kubernetesVersion: {}\ncertificatesDir: {}\n", self.version, self.path("pki"));
        self.write("config.yaml", &config);
        let config = self.path("config.yaml");
        let mut command = Command::new("kubeadm");
        let answer = command.args(["init", "phase"]).args(phases).args(["--config", &config]).output().unwrap();
        assert!(answer.status.success(), "{phases:?}: {}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).unwrap()
    }

    /// The certificate of a kubeconfig, and the key beside it.
    fn user(&self, file: &str) -> Certificate {
        let text = self.read(file);
        let value = |field: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(field)).unwrap();
            let text = STANDARD.decode(line.trim()).unwrap();
            String::from_utf8(text).unwrap()
        };
        let certificate = Certificate::from_pem(&value("client-certificate-data:")).unwrap();
        let key = KeyPair::from_pem(&value("client-key-data:"), &SystemRandom::new()).unwrap();
        assert_eq!(*key.public(), certificate.public_key, "{file}");
        certificate
    }
}

fn authorities(now: Timestamp) -> Vec<(Purpose, Made)> {
    let make = |purpose| (purpose, Made::generate(purpose, now, &SystemRandom::new()).unwrap());
    Purpose::ALL.into_iter().map(make).collect()
}

/// What is the same in two certificates for the same thing.
fn told(certificate: &Certificate) -> impl PartialEq + std::fmt::Debug + use<> {
    let Certificate { common_name, organizations, issuer, is_ca, server_auth, client_auth, .. } = certificate.clone();
    let names: BTreeSet<String> = certificate.dns_names.iter().cloned().collect();
    let addresses: BTreeSet<_> = certificate.addresses.iter().copied().collect();
    (common_name, organizations, issuer, is_ca, server_auth, client_auth, names, addresses)
}

#[test]
fn kubeadm_and_kedge_issue_the_same() {
    let (random, now) = (SystemRandom::new(), Timestamp::now());
    let authorities = authorities(now);
    let Some(host) = Host::new(&authorities) else {
        println!("skipped: no kubeadm on the PATH");
        return;
    };
    let issue = |leaf: &Leaf| {
        let (_, made) = authorities.iter().find(|(purpose, _)| *purpose == leaf.issuer()).unwrap();
        let certificate = made.item.certificate.as_deref().unwrap();
        let authority = Authority::from_pem(certificate, made.private.expose(), &random).unwrap();
        authority.issue(leaf, SignedDuration::from_hours(24 * 365), now, &random).unwrap()
    };
    let said = host.init(&["certs", "all"]);
    for known in ["ca", "etcd/ca", "front-proxy-ca", "sa"] {
        assert!(
            said.contains(&format!("existing {known} ")) || said.contains(&format!("existing \"{known}\" ")),
            "{said}"
        );
    }
    for (purpose, made) in &authorities {
        let Item { certificate, public_key, .. } = &made.item;
        assert_eq!(host.read(&format!("pki/{}.key", purpose.file())), made.private.expose());
        match certificate {
            Some(certificate) => assert_eq!(host.read(&format!("pki/{}.crt", purpose.file())), *certificate),
            None => assert_eq!(host.read("pki/sa.pub"), *public_key),
        }
    }
    let (node, own) = ("node-1".to_owned(), vec!["10.0.0.1".to_owned()]);
    let further = ["node-1", "10.0.0.1", "api.internal.c.example.com", "api.c.example.com"].map(str::to_owned);
    let files = [
        Leaf::api_server("cluster.local", "100.64.0.1".parse().unwrap(), further),
        Leaf::ApiServerKubeletClient,
        Leaf::ApiServerEtcdClient,
        Leaf::FrontProxyClient,
        Leaf::EtcdServer { node: node.clone(), names: own.clone() },
        Leaf::EtcdPeer { node: node.clone(), names: own },
        Leaf::EtcdHealthcheckClient,
    ];
    let issued = files.each_ref().map(|leaf| (leaf.file().unwrap(), issue(leaf)));
    for (file, ours) in &issued {
        let mut theirs = Certificate::from_pem(&host.read(&format!("{file}.crt"))).unwrap();
        // Since 1.36.1 kubeadm binds this user itself; the group does the same with every version.
        if file.ends_with("kubelet-client") && theirs.organizations.is_empty() {
            theirs.organizations.clone_from(&ours.certificate.organizations);
        }
        assert_eq!(told(&theirs), told(&ours.certificate), "{file}");
        host.write(&format!("{file}.crt"), &ours.certificate.pem());
        host.write(&format!("{file}.key"), ours.key.pem().expose());
    }
    // What is there already is looked at, and stays.
    let said = host.init(&["certs", "all"]);
    assert!(!said.contains("Generating"), "{said}");
    for (file, ours) in &issued {
        assert_eq!(host.read(&format!("{file}.crt")), ours.certificate.pem());
    }
    host.init(&["kubeconfig", "all", "--kubeconfig-dir", host.folder.path().as_str()]);
    for (file, leaf) in [
        ("super-admin.conf", Leaf::Admin { user: "kubernetes-super-admin".to_owned() }),
        ("controller-manager.conf", Leaf::ControllerManager),
        ("scheduler.conf", Leaf::Scheduler),
        ("kubelet.conf", Leaf::Kubelet { node }),
    ] {
        assert_eq!(told(&host.user(file)), told(&issue(&leaf).certificate), "{file}");
    }
}
