//! An instance: a folder that stands for its file system, programs that stand for its own, and an account with a state store.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use camino::{Utf8Path, Utf8PathBuf};
use camino_tempfile::Utf8TempDir;
use jiff::{SignedDuration, Timestamp};
use kedge_aws::{Aws, AwsOptions};
use kedge_bootstrap::GroupConfig;
use kedge_pki::{Authority, Issued, KubeConfig, Leaf, Made, Purpose, User};
use kedge_resource::ClusterName;
use kedge_store::{ClusterStore, Secret};
use ring::rand::SystemRandom;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use super::http::{self, Held};

/// The programs of an instance that are called.
const PROGRAMS: [&str; 16] = [
    "apt-get",
    "apt-mark",
    "blkid",
    "chronyc",
    "crictl",
    "ctr",
    "curl",
    "dpkg",
    "dpkg-query",
    "kubeadm",
    "mkfs.ext4",
    "modprobe",
    "nvme",
    "sysctl",
    "systemctl",
    "timedatectl",
];
/// A boot before fakes takes seconds.
const PATIENCE: Duration = Duration::from_secs(150);
const REGION: &str = "us-east-1";
const ZONE: &str = "us-east-1a";

/// An account with a bucket, a key, and the keys of a cluster.
pub(super) struct Account {
    pub(super) store: ClusterStore,
    pub(super) cluster: String,
    bucket: String,
    ec2: aws_sdk_ec2::Client,
    authorities: BTreeMap<Purpose, Authority>,
}

/// An instance of it.
pub(super) struct Instance {
    pub(super) folder: Utf8TempDir,
    pub(super) id: String,
    pub(super) held: Arc<Mutex<Held>>,
    programs: Utf8PathBuf,
    metadata: String,
    pub(super) token: String,
}

impl Account {
    /// A new one for a cluster of this name; each test has its own.
    pub(super) async fn new(cluster: &str) -> Self {
        let options = AwsOptions { region: Some(REGION.to_owned()), profile: None, path_style: true };
        let aws = Aws::connect(&options).await.unwrap();
        let client = aws_smithy_http_client::Builder::new().build_http();
        let version = aws_config::BehaviorVersion::v2026_01_12();
        let config = aws_config::defaults(version).http_client(client).load().await;
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        let bucket = format!("state-{}", cluster.replace('.', "-"));
        aws_sdk_s3::Client::from_conf(s3).create_bucket().bucket(&bucket).send().await.unwrap();
        let key = aws_sdk_kms::Client::new(&config).create_key().send().await.unwrap();
        let key = aws.kms_key(&key.key_metadata.unwrap().arn.unwrap());

        let store = ClusterStore::new(Arc::new(aws.bucket(&bucket, "top")), ClusterName::parse(cluster).unwrap());
        let vault = store.vault_for_writing(&key).await.unwrap();
        let mut keysets = store.keysets().await.unwrap();
        let mut authorities = BTreeMap::new();
        for purpose in Purpose::ALL {
            let made = Made::generate(purpose, Timestamp::now(), &SystemRandom::new()).unwrap();
            store.put_private_key(&vault, purpose, made.item.id, &made.private).await.unwrap();
            if let Some(certificate) = &made.item.certificate {
                let authority = Authority::from_pem(certificate, made.private.expose(), &SystemRandom::new()).unwrap();
                authorities.insert(purpose, authority);
            }
            keysets.set(kedge_pki::Keyset::new(purpose, made.item));
        }
        store.put_keysets(&keysets).await.unwrap();
        store
            .put_secret(&key, "encryptionconfig", &Secret::new(b"kind: EncryptionConfiguration".to_vec()))
            .await
            .unwrap();
        let ec2 = aws_sdk_ec2::Client::new(&config);
        Self { store, cluster: cluster.to_owned(), bucket, ec2, authorities }
    }

    pub(super) fn issue(&self, leaf: &Leaf) -> Issued {
        let authority = &self.authorities[&leaf.issuer()];
        authority.issue(leaf, SignedDuration::from_hours(24 * 365), Timestamp::now(), &SystemRandom::new()).unwrap()
    }

    pub(super) fn authorities(&self) -> String {
        self.authorities[&Purpose::KubernetesCa].certificate().pem()
    }

    fn tags(&self, kind: ResourceType, further: &[(&str, &str)]) -> TagSpecification {
        let own = (format!("kubernetes.io/cluster/{}", self.cluster), "owned".to_owned());
        let further = further.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let tags = std::iter::once(own).chain(further).map(|(key, value)| Tag::builder().key(key).value(value).build());
        TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
    }

    /// Makes an instance of a group in the account, with the volume of a member of etcd if it is a control plane.
    pub(super) async fn instance(&self, group: &str) -> Instance {
        let control_plane = group == "control-plane";
        let images = self.ec2.describe_images().send().await.unwrap();
        let image = images.images()[0].image_id().unwrap().to_owned();
        let mut tags = vec![("kops.k8s.io/instancegroup", group)];
        if control_plane {
            tags.push(("k8s.io/role/control-plane", "1"));
        }
        let run = self.ec2.run_instances().image_id(image).min_count(1).max_count(1);
        let place = aws_sdk_ec2::types::Placement::builder().availability_zone(ZONE).build();
        let run =
            run.placement(place).tag_specifications(self.tags(ResourceType::Instance, &tags)).send().await.unwrap();
        let id = run.instances()[0].instance_id().unwrap().to_owned();
        let folder = camino_tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, content: &[u8]| {
            let path = root.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, content).unwrap();
        };
        write("etc/os-release", b"ID=ubuntu\nVERSION_CODENAME=noble\n");
        write("etc/hosts", b"127.0.0.1 localhost\n");
        write("fake/nothing", b"");

        let held: Arc<Mutex<Held>> = Arc::default();
        let mut port = 443;
        if control_plane {
            let create = self.ec2.create_volume().availability_zone(ZONE).size(1);
            let tags = self.tags(ResourceType::Volume, &[("k8s.io/etcd/main", "a/a")]);
            let volume = create.tag_specifications(tags).send().await.unwrap().volume_id.unwrap();
            write("dev/nvme1n1", &vec![0; 2 << 20]);
            write("sys/block/nvme1n1/device/serial", format!("{}   \n", volume.replace('-', "")).as_bytes());
            let client = self.issue(&Leaf::EtcdHealthcheckClient);
            write("fake/client.crt", client.certificate.pem().as_bytes());
            write("fake/client.key", client.key.pem().expose().as_bytes());
            let server = self.issue(&Leaf::ApiServer { names: vec!["127.0.0.1".to_owned()] });
            port = http::api(tls(&server), &id, root.join("fake/api-is-up"), Arc::clone(&held));
            let admin = self.issue(&Leaf::Admin { user: "admin".to_owned() });
            let kubeconfig = KubeConfig {
                name: self.cluster.clone(),
                server: format!("https://127.0.0.1:{port}"),
                authorities: Some(self.authorities()),
                user: Some(User::from(&admin)),
            };
            write("fake/admin.conf", format!("{:#}", kubeconfig.document()).as_bytes());
        }
        let config = self.config(group, port);
        let document = config.to_json().unwrap();
        let key = self.store.key(&format!("nodes/{group}/config/{}.json", config.digest().unwrap()));
        self.store.objects().put(&key, document.as_bytes(), &kedge_store::Condition::Any).await.unwrap();
        write("etc/kedge/group.json", document.as_bytes());

        let paths = BTreeMap::from([
            ("instance-id", id.clone()),
            ("placement/region", REGION.to_owned()),
            ("placement/availability-zone", ZONE.to_owned()),
            ("local-hostname", "ip-127-0-0-1.ec2.internal".to_owned()),
            ("local-ipv4", "127.0.0.1".to_owned()),
        ]);
        let programs = root.join("fake/bin");
        fs_err::create_dir_all(&programs).unwrap();
        let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/node/programs.py");
        for program in PROGRAMS {
            std::os::unix::fs::symlink(&script, programs.join(program)).unwrap();
        }
        Instance { id, held, programs, metadata: http::metadata(paths), token: String::new(), folder }
    }

    fn config(&self, group: &str, port: u16) -> GroupConfig {
        let control_plane = group == "control-plane";
        let secrets = if control_plane {
            json!([{ "secret": "encryptionconfig", "path": "/etc/kubernetes/encryption-config.yaml" }])
        } else {
            json!([])
        };
        let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
        let init =
            "kind: ClusterConfiguration\nnetworking:\n  serviceSubnet: 100.64.0.0/13\n---\nkind: InitConfiguration\n";
        let join = "kind: JoinConfiguration\n";
        let join = if control_plane { format!("controlPlane: {{}}\n{join}") } else { join.to_owned() };
        let document = json!({
            "formatVersion": 1, "cluster": self.cluster, "group": group, "controlPlane": control_plane,
            "kubernetesVersion": "1.33.2", "endpoint": format!("api.internal.{}:{port}", self.cluster),
            "store": { "region": REGION, "bucket": self.bucket, "prefix": format!("top/{}", self.cluster) },
            "nodeName": "instance-id",
            "init": control_plane.then(|| lines(init)),
            "join": lines(&join),
            "files": [{ "path": "/etc/containerd/config.toml", "mode": "0644", "lines": lines("version = 2\n") }],
            "secrets": secrets,
            "controlPlaneLabels": { "kops.k8s.io/instancegroup": group },
            "etcdMembers": if control_plane { json!([["main", "a"]]) } else { json!([]) },
            "records": if control_plane { json!([{ "name": format!("api.internal.{}", self.cluster) }]) } else { json!([]) },
        });
        serde_json::from_value(document).unwrap()
    }
}

fn tls(server: &Issued) -> rustls::ServerConfig {
    let certificate = CertificateDer::from_pem_slice(server.certificate.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(server.key.pem().expose().as_bytes()).unwrap();
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

impl Instance {
    /// Runs `kedge-node`; a call of a program with this number kills it.
    #[expect(clippy::disallowed_methods, reason = "programs of the machine are found where the tests find them")]
    pub(super) fn run(&self, arguments: &[&str], kill: usize) -> Output {
        let path = std::env::var("PATH").unwrap();
        let key = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/src/tests/pkgs.k8s.io.asc");
        let mut command = Command::new(env!("CARGO_BIN_EXE_kedge-node"));
        command.args(arguments).args(["--root", self.folder.path().as_str()]);
        command.env("PATH", format!("{}:{path}", self.programs));
        command.env("KEDGE_FAKE_ROOT", self.folder.path()).env("KEDGE_FAKE_KEY", key);
        command.env("KEDGE_FAKE_TOKEN", &self.token).env("KEDGE_FAKE_KILL", kill.to_string());
        // Credentials come from the metadata service, as on an instance.
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED", "AWS_REGION"] {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &self.metadata);
        // What waits for something that does not come is ended, so that what it said is seen.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let process = child.id().to_string();
        let (done, ended) = std::sync::mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                Command::new("kill").args(["-KILL", &process]).status().unwrap();
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(done);
        watch.join().unwrap();
        output
    }

    pub(super) fn boot(&self, kill: usize) -> Output {
        self.run(&["boot", "--config", "/etc/kedge/group.json"], kill)
    }

    /// Boots, and has to become a node. What it said.
    pub(super) fn becomes_a_node(&self) -> String {
        let output = self.boot(0);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        fs_err::read_to_string(self.folder.path().join(path.trim_start_matches('/'))).ok()
    }

    pub(super) fn mode(&self, path: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::metadata(self.folder.path().join(path.trim_start_matches('/'))).unwrap().permissions().mode() & 0o777
    }

    pub(super) fn state(&self) -> serde_json::Value {
        serde_json::from_str(&self.text("fake/state.json").unwrap()).unwrap()
    }
}
