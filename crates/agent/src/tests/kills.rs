//! A process that is killed at every single thing that it does, and started again: the same result.

use std::collections::BTreeMap;

use super::machine::{Machine, Moment};
use super::world::{CLUSTER, Volume, World};

/// What is left in the end, without what is another one each time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Left {
    files: BTreeMap<String, (String, u32)>,
    packages: BTreeMap<String, String>,
    sets: [Vec<String>; 4],
    volumes: BTreeMap<String, Volume>,
    nodes: BTreeMap<String, BTreeMap<String, String>>,
    members: Vec<String>,
    made: u32,
    records: BTreeMap<String, Vec<std::net::IpAddr>>,
    keys: Vec<String>,
    holder: String,
}

impl Left {
    fn compare(&self, wanted: &Self, what: &str) {
        for (path, file) in &wanted.files {
            assert_eq!(self.files.get(path), Some(file), "{what}: {path}");
        }
        for path in self.files.keys() {
            assert!(wanted.files.contains_key(path), "{what}: {path} is left");
        }
        assert_eq!(
            Self { files: BTreeMap::new(), ..self.clone() },
            Self { files: BTreeMap::new(), ..wanted.clone() },
            "{what}"
        );
    }
}

async fn left(machine: &Machine) -> Left {
    let world = &machine.world;
    let store = world.store();
    let lock = store.init_lock().await.unwrap().lock.unwrap();
    assert!(lock.done.is_some());
    let api = world.state().api.clone().unwrap();
    for group in store.node_groups().await.unwrap() {
        let info = store.join_info(&group).await.unwrap().unwrap();
        assert_eq!(api.tokens.get(info.token.expose()), Some(&info.expires), "{group}");
    }
    let keys = kedge_store::Objects::list(&world.memory, CLUSTER).await.unwrap();
    let (volumes, made, records) = {
        let state = world.state();
        (state.volumes.clone(), state.made, state.records.clone())
    };
    let disk = machine.disk();
    assert!(disk.broken.is_empty());
    let list = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
    // Keys are made anew for each world.
    let shown = |path: &str, content: &[u8]| {
        let folders = ["/etc/kubernetes/pki/", "/var/lib/kubelet/pki/"];
        let secret = folders.iter().any(|folder| path.starts_with(folder)) || path == "/var/lib/kedge/authorities";
        // Whoever starts again expects data, which changes nothing where there is some.
        let etcd = path == "/etc/kubernetes/manifests/etcd.yaml";
        if secret || etcd { "made".to_owned() } else { String::from_utf8_lossy(content).into_owned() }
    };
    Left {
        files: disk
            .files
            .iter()
            .filter(|(path, _)| *path != "/run/kedge/status.json")
            .map(|(path, (content, mode))| (path.clone(), (shown(path, content), *mode)))
            .collect(),
        packages: disk.packages.clone(),
        sets: [list(&disk.enabled), list(&disk.active), list(&disk.held), list(&disk.modules)],
        volumes,
        nodes: api.nodes,
        members: api.etcd_members.into_iter().collect(),
        made,
        records,
        keys: keys.into_iter().filter(|key| !key.contains("/pki/")).collect(),
        holder: lock.holder,
    }
}

/// The machine that is looked at, in a world that is ready for it.
async fn prepared(kind: &str) -> Machine {
    match kind {
        "first" => Machine::new(&World::new(&["a"]).await, "i-a", "control-plane"),
        "further" => {
            let world = World::new(&["a", "b", "c"]).await;
            Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
            Machine::new(&world, "i-b", "control-plane")
        }
        "replaced" => {
            let world = World::new(&["a", "b", "c"]).await;
            Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
            let gone = Machine::new(&world, "i-b", "control-plane");
            gone.becomes_a_node().await;
            gone.terminate();
            Machine::new(&world, "i-2b", "control-plane")
        }
        "back" => {
            // All control planes are gone at once, and the member of one new instance runs already.
            let world = World::new(&["a", "b", "c"]).await;
            for id in ["i-a", "i-b", "i-c"] {
                let gone = Machine::new(&world, id, "control-plane");
                gone.becomes_a_node().await;
                gone.terminate();
            }
            world.state().api.as_mut().unwrap().up = false;
            world.state().gathered.insert("a".to_owned());
            Machine::new(&world, "i-2b", "control-plane")
        }
        _ => {
            let world = World::new(&["a"]).await;
            Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
            Machine::new(&world, "i-w", "nodes")
        }
    }
}

async fn every_kill(kind: &str, reboot: bool) {
    let undisturbed = prepared(kind).await;
    undisturbed.becomes_a_node().await;
    let wanted = left(&undisturbed).await;
    let deeds = undisturbed.disk().deeds;
    assert!(deeds > 30, "{deeds}");
    for number in 1..=deeds {
        for moment in [Moment::Before, Moment::Middle, Moment::After] {
            let machine = prepared(kind).await;
            machine.disk().die = Some((number, moment));
            let what = format!("{kind}, killed {moment:?} {number}: {}", undisturbed.disk().log[number - 1]);
            assert!(machine.boot().await.is_none(), "{what}: lived");
            machine.disk().die = None;
            if reboot {
                machine.reboot();
            }
            let result = machine.boot().await.unwrap();
            assert!(result.is_ok(), "{what}: {result:?}\n{:#?}", machine.disk().said);
            let found = left(&machine).await;
            found.compare(&wanted, &what);
        }
    }
}

#[tokio::test]
async fn of_a_first_control_plane() {
    every_kill("first", false).await;
}

#[tokio::test]
async fn of_a_first_control_plane_with_a_reboot() {
    every_kill("first", true).await;
}

#[tokio::test]
async fn of_a_further_control_plane() {
    every_kill("further", false).await;
}

#[tokio::test]
async fn of_a_replaced_control_plane() {
    every_kill("replaced", false).await;
}

#[tokio::test]
async fn of_a_control_plane_that_finds_no_other() {
    every_kill("back", false).await;
}

#[tokio::test]
async fn of_a_control_plane_that_finds_no_other_with_a_reboot() {
    every_kill("back", true).await;
}

#[tokio::test]
async fn of_a_worker() {
    every_kill("worker", false).await;
}

#[tokio::test]
async fn of_a_worker_with_a_reboot() {
    every_kill("worker", true).await;
}
