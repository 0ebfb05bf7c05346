//! A cluster to try things with.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use camino_tempfile::Utf8TempDir;
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use kedge_etcd::{
    Addresses, Backups, ClientTls, EtcdClient, EtcdError, Health, Host, InitialCluster, Place, Prepared, Settled,
    Tended, Tool, Volume, Ways, client_url, join, peer_url, prepare, restore, restore::Followed, settle, tend,
};
use kedge_pki::{Authority, Leaf};
use kedge_store::{Directory, Objects};
use ring::rand::SystemRandom;

/// How often something that takes a moment is looked at, and how often at the most.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: usize = 1200;

/// Where the programs are.
#[derive(Clone)]
pub(crate) struct Programs {
    etcd: Utf8PathBuf,
    pub(crate) tool: Tool,
}

/// The programs; none if they are not on this machine.
pub(crate) fn programs() -> Option<Programs> {
    let path = std::env::var("KEDGE_TEST_ETCD").or_else(|_| std::env::var("PATH")).unwrap_or_default();
    let etcd = path.split(':').map(|folder| Utf8Path::new(folder).join("etcd")).find(|etcd| etcd.is_file());
    let found = etcd.zip(Tool::find(&path)).map(|(etcd, tool)| Programs { etcd, tool });
    if found.is_none() {
        println!("skipped: no etcd and etcdctl on the PATH (etcd-server and etcd-client of Debian)");
    }
    found
}

/// A cluster: its authority, its store and its network.
pub(crate) struct Lab {
    programs: Programs,
    folder: Utf8TempDir,
    authority: Authority,
    network: [u8; 2],
    next: AtomicU8,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) tls: ClientTls,
    pub(crate) expected: usize,
    /// Whether etcd refuses changes until all members have been connected for five seconds, as it does unless told otherwise.
    strict: bool,
    quota: u64,
}

impl Lab {
    pub(crate) fn new(programs: Programs, expected: usize) -> Arc<Self> {
        Arc::new(Self::with(programs, expected, true, 0))
    }

    /// For tests that go through the same thing many times.
    pub(crate) fn hasty(programs: Programs, expected: usize) -> Arc<Self> {
        Arc::new(Self::with(programs, expected, false, 0))
    }

    /// With members that take this many bytes and no more.
    pub(crate) fn small(programs: Programs, expected: usize, quota: u64) -> Arc<Self> {
        Arc::new(Self::with(programs, expected, true, quota))
    }

    fn with(programs: Programs, expected: usize, strict: bool, quota: u64) -> Self {
        static LABS: AtomicU8 = AtomicU8::new(0);
        let folder = camino_tempfile::tempdir().unwrap();
        let authority = Authority::generate("etcd-ca", 1, Timestamp::now(), &SystemRandom::new()).unwrap();
        let client = issue(&authority, &Leaf::EtcdHealthcheckClient);
        let tls = ClientTls::from_pem(&authority.certificate().pem(), &client.0, &client.1).unwrap();
        // Tests that run at the same time have networks of their own: /24s of the loopback network.
        let process = std::process::id();
        let lab = LABS.fetch_add(1, Ordering::Relaxed);
        let network =
            [u8::try_from(process % 250).unwrap() + 1, u8::try_from(process / 250 % 25).unwrap() * 10 + lab % 10];
        let objects = Arc::new(Directory::new(&folder.path().join("store")));
        Self { programs, folder, authority, network, next: AtomicU8::new(1), objects, tls, expected, strict, quota }
    }

    pub(crate) fn backups(&self) -> Backups {
        Backups::new(self.objects.clone(), "prod.example.com", "main")
    }

    /// A volume that nobody has used yet.
    pub(crate) fn volume(&self) -> Utf8PathBuf {
        let volume = self.folder.path().join(format!("volume-{}", self.next.fetch_add(1, Ordering::Relaxed)));
        fs_err::create_dir_all(volume.join("lost+found")).unwrap();
        volume
    }

    /// An instance with an address of its own, and the volume of a place.
    pub(crate) fn instance(self: &Arc<Self>, place: &str, volume: &Utf8Path) -> Instance {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let address = IpAddr::V4(Ipv4Addr::new(127, self.network[0], self.network[1], number));
        self.instance_at(place, volume, address)
    }

    pub(crate) fn instance_at(self: &Arc<Self>, place: &str, volume: &Utf8Path, address: IpAddr) -> Instance {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let node = format!("i-{number}");
        let pki = self.folder.path().join(&node);
        fs_err::create_dir_all(&pki).unwrap();
        fs_err::write(pki.join("ca.crt"), self.authority.certificate().pem()).unwrap();
        let server = Leaf::EtcdServer { node: node.clone(), names: vec![address.to_string()] };
        // Others may dial it where it was.
        let known = Volume::new(volume).identity().unwrap().and_then(|identity| identity.member);
        let before =
            known.map(|member| member.peer_url.trim_start_matches("https://").trim_end_matches(":2380").to_owned());
        let names = before.into_iter().chain([address.to_string()]).collect();
        let peer = Leaf::EtcdPeer { node: node.clone(), names };
        for (name, leaf) in [("server", server), ("peer", peer)] {
            let (certificate, key) = issue(&self.authority, &leaf);
            fs_err::write(pki.join(format!("{name}.crt")), certificate).unwrap();
            fs_err::write(pki.join(format!("{name}.key")), key).unwrap();
        }
        let place = Place {
            cluster: "prod.example.com".to_owned(),
            place: place.to_owned(),
            node,
            address,
            expected: self.expected,
            volume: Volume::new(volume),
            backups: self.backups(),
            tls: self.tls.clone(),
            instances: None,
            initialised: true,
        };
        let log = self.folder.path().join(format!("{}.log", place.node));
        Instance {
            lab: self.clone(),
            place,
            pki,
            log,
            process: Mutex::new(None),
            stopped: Mutex::default(),
            last: Mutex::default(),
            restarts: AtomicUsize::new(0),
            ways: Ways::default(),
        }
    }

    /// A healthy cluster with members at these places.
    pub(crate) async fn cluster(self: &Arc<Self>, places: &[&str]) -> BTreeMap<String, Instance> {
        let mut instances = BTreeMap::new();
        for (number, place) in places.iter().enumerate() {
            let mut instance = self.instance(place, &self.volume());
            instance.place.initialised = number > 0;
            instance.boot().await;
            instance.place.initialised = true;
            instances.insert((*place).to_owned(), instance);
        }
        instances
    }
}

fn issue(authority: &Authority, leaf: &Leaf) -> (String, String) {
    let day = SignedDuration::from_hours(24);
    let issued = authority.issue(leaf, day, Timestamp::now(), &SystemRandom::new()).unwrap();
    (issued.certificate.pem(), issued.key.pem().expose().to_owned())
}

/// An instance: its address, its volume, and the process of etcd.
pub(crate) struct Instance {
    lab: Arc<Lab>,
    pub(crate) place: Place,
    pki: Utf8PathBuf,
    log: Utf8PathBuf,
    process: Mutex<Option<Child>>,
    stopped: Mutex<Option<InitialCluster>>,
    last: Mutex<Option<InitialCluster>>,
    pub(crate) restarts: AtomicUsize,
    pub(crate) ways: Ways,
}

/// What a kill is told from other panics by.
struct Killed;

/// Ends a procedure at its step number `.0`, as a kill would.
pub(crate) struct Killer {
    left: AtomicUsize,
    until: Option<&'static str>,
    pub(crate) steps: Mutex<Vec<String>>,
}

impl Killer {
    pub(crate) fn at(step: usize) -> Self {
        Self { left: AtomicUsize::new(step), until: None, steps: Mutex::default() }
    }

    /// At the step that is called so.
    pub(crate) fn until(line: &'static str) -> Self {
        Self { until: Some(line), ..Self::at(usize::MAX) }
    }

    fn step(&self, line: &str) {
        let mut steps = self.steps.lock().unwrap();
        // A step that cannot be taken yet is tried again.
        if steps.last().is_some_and(|last| last == line) {
            return;
        }
        steps.push(line.to_owned());
        drop(steps);
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 || self.until.is_some_and(|until| line.starts_with(until)) {
            // Not a panic of the test: it is caught where the procedure is run.
            std::panic::resume_unwind(Box::new(Killed));
        }
        self.left.store(left - 1, Ordering::SeqCst);
    }
}

/// Runs a procedure until it is done or killed; none if it was killed.
pub(crate) async fn mortal<T>(procedure: impl Future<Output = T>) -> Option<T> {
    match AssertUnwindSafe(procedure).catch_unwind().await {
        Ok(done) => Some(done),
        Err(payload) if payload.is::<Killed>() => None,
        Err(failure) => std::panic::resume_unwind(failure),
    }
}

impl Instance {
    /// What the agent does until the member serves.
    pub(crate) async fn boot(&self) -> Health {
        self.boot_saying(&Killer::at(usize::MAX)).await
    }

    pub(crate) async fn boot_saying(&self, killer: &Killer) -> Health {
        let say = |line: &str| killer.step(line);
        let tool = Some(&self.lab.programs.tool);
        for _ in 0..LOOKS {
            match prepare(&self.place, self, tool, &say).await.unwrap() {
                Prepared::Bootstrap => {
                    let members = format!("{}={}", self.place.node, self.place.peer_url());
                    self.start(&InitialCluster { members, existing: false }).await.unwrap();
                }
                Prepared::Start { cluster, .. } => self.start(&cluster).await.unwrap(),
                Prepared::Join { added } => match join(&self.place, self, added, &say).await {
                    Err(error) if error.is_passing() => {
                        tokio::time::sleep(LOOK).await;
                        continue;
                    }
                    joined => joined.unwrap(),
                },
                Prepared::Wait { .. } => {
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                Prepared::Refuse { why } => panic!("{why}"),
            }
            return self.settled(&say).await;
        }
        panic!("{} never starts", self.place.node)
    }

    pub(crate) async fn settled(&self, say: &(dyn Fn(&str) + Send + Sync)) -> Health {
        let mut last = String::new();
        for _ in 0..LOOKS {
            let settled = settle(&self.place, say).await.unwrap();
            self.ways.follow(&self.place, self, matches!(settled, Settled::Wait { .. })).await.unwrap();
            match settled {
                Settled::Healthy(health) => return health,
                Settled::Wait { why } => last = why,
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{} is not healthy: {last}\n{}", self.place.node, self.log())
    }

    /// What the agent does again and again; why not, where the member does not serve.
    pub(crate) async fn tend(&self) -> Result<Tended, String> {
        let (tool, now) = (Some(&self.lab.programs.tool), Timestamp::UNIX_EPOCH);
        match tend(&self.place, self, tool, now, SignedDuration::from_hours(1), 90, &|_| {}).await.unwrap() {
            Tended::Wait { why } | Tended::Restoring { why } => Err(why),
            tended => Ok(tended),
        }
    }

    /// The same, until the member serves.
    pub(crate) async fn tended(&self) {
        let mut last = String::new();
        for _ in 0..LOOKS {
            match self.tend().await {
                Ok(_) => return,
                Err(why) => last = why,
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{} does not serve: {last}\n{}", self.place.node, self.log())
    }

    /// What the agent does about a restore, until it is done here.
    pub(crate) async fn restore(&self, killer: &Killer) {
        let say = |line: &str| killer.step(line);
        let mut last = String::new();
        for _ in 0..LOOKS {
            match restore::follow(&self.place, self, Some(&self.lab.programs.tool), &say).await {
                Ok(Followed::Nothing | Followed::Done) => return,
                Ok(Followed::Wait { why }) => last = why,
                Err(error) => panic!("{error:?}\n{}", self.log()),
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{} does not go back: {last}\n{}", self.place.node, self.log())
    }

    pub(crate) fn client(&self) -> EtcdClient {
        EtcdClient::new(&self.place.tls, [client_url(self.place.address)])
    }

    /// The last words of etcd.
    fn log(&self) -> String {
        let log = fs_err::read_to_string(&self.log).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }

    /// The instance and its process are gone at once.
    pub(crate) fn die(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// The instance starts again, and the kubelet with it what it ran.
    pub(crate) async fn reboot(&self) {
        let stopped = self.stopped.lock().unwrap().is_some();
        self.die();
        let last = self.last.lock().unwrap().clone();
        if let Some(last) = last.filter(|_| !stopped) {
            self.start(&last).await.unwrap();
        }
    }

    /// Whether etcd runs.
    pub(crate) fn runs(&self) -> bool {
        self.process.lock().unwrap().as_mut().is_some_and(|process| process.try_wait().unwrap().is_none())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.die();
    }
}

/// All addresses of the loopback network are this host's.
#[async_trait]
impl Addresses for Instance {
    async fn answer_at(&self, _: &BTreeSet<IpAddr>) -> Result<(), EtcdError> {
        Ok(())
    }
}

#[async_trait]
impl Host for Instance {
    async fn stop(&self) -> Result<(), EtcdError> {
        if self.runs() {
            *self.stopped.lock().unwrap() = self.last.lock().unwrap().clone();
        }
        self.die();
        Ok(())
    }

    async fn resume(&self) -> Result<(), EtcdError> {
        let stopped = self.stopped.lock().unwrap().take();
        match stopped {
            Some(cluster) => self.start(&cluster).await,
            None => Ok(()),
        }
    }

    async fn start(&self, cluster: &InitialCluster) -> Result<(), EtcdError> {
        if self.runs() {
            return Ok(());
        }
        *self.last.lock().unwrap() = Some(cluster.clone());
        *self.stopped.lock().unwrap() = None;
        let (client, peer) = (client_url(self.place.address), peer_url(self.place.address));
        let pki = |file: &str| self.pki.join(file).into_string();
        let state = if cluster.existing { "existing" } else { "new" };
        let log = fs_err::File::options().create(true).append(true).open(&self.log).unwrap();
        let arguments = [
            ("name", self.place.node.clone()),
            ("data-dir", self.place.volume.root().to_string()),
            ("listen-client-urls", client.clone()),
            ("advertise-client-urls", client),
            ("listen-peer-urls", peer.clone()),
            ("initial-advertise-peer-urls", peer),
            ("initial-cluster", cluster.members.clone()),
            ("initial-cluster-state", state.to_owned()),
            ("cert-file", pki("server.crt")),
            ("key-file", pki("server.key")),
            ("trusted-ca-file", pki("ca.crt")),
            ("client-cert-auth", "true".to_owned()),
            ("peer-cert-file", pki("peer.crt")),
            ("peer-key-file", pki("peer.key")),
            ("peer-trusted-ca-file", pki("ca.crt")),
            ("peer-client-cert-auth", "true".to_owned()),
            // Elections of tests need not wait for a network.
            ("heartbeat-interval", "50".to_owned()),
            ("election-timeout", "500".to_owned()),
            ("logger", "zap".to_owned()),
            ("strict-reconfig-check", self.lab.strict.to_string()),
            // 0 is what etcd takes without this.
            ("quota-backend-bytes", self.lab.quota.to_string()),
        ];
        let process = Command::new(&self.lab.programs.etcd)
            .args(arguments.into_iter().map(|(name, value)| format!("--{name}={value}")))
            .stdin(Stdio::null())
            .stdout(Stdio::from(log.file().try_clone().unwrap()))
            .stderr(Stdio::from(log.into_parts().0))
            .spawn()
            .unwrap();
        *self.process.lock().unwrap() = Some(process);
        Ok(())
    }

    async fn restart_clients(&self) -> Result<(), EtcdError> {
        self.restarts.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
