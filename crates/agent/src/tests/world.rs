//! What machines share: a clock, AWS, a store, a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use kedge_bootstrap::{ApiRecord, GroupConfig, NodeName, StorePlace};
use kedge_pki::{Made, Purpose};
use kedge_resource::ClusterName;
use kedge_store::{ClusterStore, Secret};
use ring::rand::SystemRandom;

use super::ports::{Memory, TestKey};

pub(super) const CLUSTER: &str = "c.example.com";

/// What stands on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Blank,
    /// Bytes that are no filesystem.
    Bytes,
    Filesystem(String),
    Table,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) member: String,
    pub(super) members: Vec<String>,
    pub(super) zone: String,
    /// Instance and device.
    pub(super) attached: Option<(String, String)>,
    pub(super) content: Content,
    pub(super) formatted: u32,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Api {
    pub(super) id: String,
    pub(super) up: bool,
    pub(super) nodes: BTreeMap<String, BTreeMap<String, String>>,
    /// Ranges of nodes.
    pub(super) ranges: BTreeMap<String, String>,
    /// Who may give nodes ranges.
    pub(super) turn: Option<String>,
    /// Token and end.
    pub(super) tokens: BTreeMap<String, Timestamp>,
    pub(super) applied: u32,
    /// How many tokens were ever made.
    pub(super) made_tokens: u32,
    pub(super) etcd_members: BTreeSet<String>,
    /// The version that control planes are given when they join.
    pub(super) configured: String,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) elapsed: Duration,
    pub(super) volumes: BTreeMap<String, Volume>,
    pub(super) instances: BTreeMap<String, (String, bool, IpAddr)>,
    pub(super) records: BTreeMap<String, Vec<IpAddr>>,
    pub(super) api: Option<Api>,
    /// How many clusters were made.
    pub(super) made: u32,
    pub(super) web: BTreeMap<String, Vec<u8>>,
    /// Why nothing of a host can be fetched.
    pub(super) unreachable: BTreeMap<String, String>,
    pub(super) attach_fails: bool,
    /// Why add-ons are not applied.
    pub(super) addons_fail: Option<String>,
    /// The instance that leads a restore, when nobody else has anything.
    pub(super) leads: Option<String>,
    /// Whether a member that comes back has no vote until somebody looks after it.
    pub(super) learns: bool,
    /// Members of etcd, by their place, that run although there is no API.
    pub(super) gathered: BTreeSet<String>,
    /// Whether etcd waits for somebody to look after it.
    pub(super) etcd_waits: bool,
    /// Whether writes to the store wait until this is over.
    pub(super) store_hangs: bool,
    /// Whether API servers never say that they are ready.
    pub(super) not_ready: bool,
    /// Network interfaces and addresses of each, by type of machine.
    pub(super) machine_types: BTreeMap<String, (u32, u32)>,
    /// Prefixes of instances, and of which instance none can be had.
    pub(super) prefixes: BTreeMap<String, Vec<String>>,
    pub(super) prefix_fails: Option<String>,
}

/// What machines share.
#[derive(Clone, Debug)]
pub(super) struct World {
    state: Arc<Mutex<State>>,
    pub(super) memory: Memory,
}

impl World {
    /// A world with the keys of a cluster in the store, and a volume for each member.
    pub(super) async fn new(members: &[&str]) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let memory = Memory::new(Arc::clone(&state));
        let world = Self { state, memory };
        let all: Vec<String> = members.iter().map(|member| (*member).to_owned()).collect();
        for member in members {
            world.state().volumes.insert(
                format!("vol-{member}"),
                Volume {
                    member: (*member).to_owned(),
                    members: all.clone(),
                    zone: format!("eu-west-1{member}"),
                    attached: None,
                    content: Content::Blank,
                    formatted: 0,
                    files: BTreeMap::new(),
                },
            );
        }
        let store = world.store();
        let vault = store.vault_for_writing(&TestKey).await.unwrap();
        let mut keysets = store.keysets().await.unwrap();
        for purpose in Purpose::ALL {
            let made = Made::generate(purpose, start(), &SystemRandom::new()).unwrap();
            store.put_private_key(&vault, purpose, made.item.id, &made.private).await.unwrap();
            keysets.set(kedge_pki::Keyset::new(purpose, made.item));
        }
        store.put_keysets(&keysets).await.unwrap();
        store
            .put_secret(&TestKey, "encryptionconfig", &Secret::new(b"kind: EncryptionConfiguration".to_vec()))
            .await
            .unwrap();
        let minor = "https://pkgs.k8s.io/core:/stable:/v1.33";
        world.state().web.insert(format!("{minor}/deb/Release.key"), KEY.as_bytes().to_vec());
        world.state().web.insert(format!("{minor}/rpm/repodata/repomd.xml.key"), KEY.as_bytes().to_vec());
        for group in ["control-plane", "nodes"] {
            let config = config(group);
            let key = format!("{CLUSTER}/nodes/{group}/config/{}.json", config.digest().unwrap());
            world.memory.set(&key, config.to_json().unwrap().as_bytes());
        }
        world
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn store(&self) -> ClusterStore {
        ClusterStore::new(Arc::new(self.memory.clone()), ClusterName::parse(CLUSTER).unwrap())
    }

    /// Lets time pass until a moment, if it has not come yet.
    pub(super) fn reach(&self, moment: Duration) {
        let mut state = self.state();
        state.elapsed = state.elapsed.max(moment);
    }

    pub(super) fn now(&self) -> Timestamp {
        start() + jiff::SignedDuration::try_from(self.state().elapsed).unwrap()
    }
}

pub(super) fn start() -> Timestamp {
    "2026-07-01T12:00:00Z".parse().unwrap()
}

const INIT: &str = "kind: ClusterConfiguration\nnetworking:\n  serviceSubnet: 100.64.0.0/13\n---\nkind: \
                    InitConfiguration\nlocalAPIEndpoint:\n  bindPort: 443\nnodeRegistration: {}\n";

/// The configuration of one of two groups.
pub(crate) fn config(group: &str) -> GroupConfig {
    let control_plane = group == "control-plane";
    let label = if control_plane { "node-role.kubernetes.io/control-plane" } else { "node-role.kubernetes.io/node" };
    let file =
        |path: &str, content: &str| serde_json::json!({ "path": path, "mode": "0644", "content": base64(content) });
    let files = vec![
        file("/etc/modules-load.d/kedge.conf", "overlay\nbr_netfilter\n"),
        file("/etc/sysctl.d/99-kedge.conf", "net.ipv4.ip_forward = 1\n"),
        file("/etc/containerd/config.toml", "version = 2\n"),
    ];
    let secrets =
        serde_json::json!([{ "secret": "encryptionconfig", "path": "/etc/kubernetes/encryption-config.yaml" }]);
    let join = if control_plane { "controlPlane: {}\nkind: JoinConfiguration\n" } else { "kind: JoinConfiguration\n" };
    GroupConfig {
        etcd_retention_days: None,
        etcd_snapshot_seconds: None,
        format_version: 1,
        cluster: ClusterName::parse(CLUSTER).unwrap(),
        group: group.to_owned(),
        control_plane,
        kubernetes_version: "1.33.2".to_owned(),
        endpoint: format!("api.internal.{CLUSTER}:443"),
        store: StorePlace {
            region: "eu-west-1".to_owned(),
            bucket: "state".to_owned(),
            prefix: CLUSTER.to_owned(),
            endpoint: None,
        },
        node_name: NodeName::InstanceId,
        init: control_plane.then(|| INIT.to_owned()),
        join: join.to_owned(),
        files: serde_json::from_value(serde_json::Value::Array(files)).unwrap(),
        units: Vec::new(),
        packages: vec!["jq".to_owned()],
        brings_containerd: false,
        containerd_version: None,
        downloads: Vec::new(),
        ecr_credentials: false,
        pods_by_interfaces: false,
        proxy: None,
        secrets: if control_plane { serde_json::from_value(secrets).unwrap() } else { Vec::new() },
        mounts: Vec::new(),
        control_plane_labels: [(label.to_owned(), String::new())].into(),
        etcd_members: Vec::new(),
        records: if control_plane {
            vec![ApiRecord { name: format!("api.internal.{CLUSTER}"), public: false, private_zone: false }]
        } else {
            Vec::new()
        },
    }
}

pub(super) fn base64(content: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(content)
}

/// The key of pkgs.k8s.io: its packet, without the identities and signatures that stand behind it.
const KEY: &str = include_str!("pkgs.k8s.io.asc");
