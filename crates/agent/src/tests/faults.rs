//! Bad input: waited for with a deadline, one clear line on the console and in the store, and then the process ends.

use kedge_bootstrap::{Arch, Download};
use kedge_store::{NodePhase, NodeStatus};
use sha2::{Digest as _, Sha256};

use super::machine::Machine;
use super::world::{CLUSTER, Content, World};
use crate::settled::hex;

/// A worker in a world with a cluster.
async fn worker() -> Machine {
    let world = World::new(&["a"]).await;
    Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
    Machine::new(&world, "i-w", "nodes")
}

async fn control_plane() -> Machine {
    Machine::new(&World::new(&["a"]).await, "i-a", "control-plane")
}

/// Boots and has to stop, after so many seconds at least; what it said last.
async fn stops(machine: &Machine, seconds: u64) -> String {
    let begin = machine.world.state().elapsed;
    let stopped = machine.boot().await.unwrap().unwrap_err();
    let took = (machine.world.state().elapsed - begin).as_secs();
    assert!(took >= seconds && took < seconds + 3600, "{took}: {stopped}");
    let said = machine.disk().said.last().unwrap().clone();
    assert!(said.contains(&stopped.why), "{said}");
    if machine.disk().metadata_answers {
        let status: NodeStatus = serde_json::from_str(&status_text(machine)).unwrap();
        assert_eq!(status.phase, NodePhase::Stopped);
        assert_eq!(format!("{}: {}", status.step, status.reason), said);
    }
    said
}

fn status_text(machine: &Machine) -> String {
    let key = format!("{CLUSTER}/nodes/{}/status/{}.json", machine.config.group, machine.id);
    machine.world.memory.text(&key).unwrap()
}

/// How often a line was said.
fn count(machine: &Machine, part: &str) -> usize {
    machine.disk().said.iter().filter(|line| line.contains(part)).count()
}

#[tokio::test]
async fn a_metadata_service_that_does_not_answer() {
    let machine = worker().await;
    machine.disk().metadata_answers = false;
    let said = stops(&machine, 800).await;
    assert_eq!(said, "identity: given up after 900 s, and begun again soon: the metadata service does not answer");
    assert_eq!(count(&machine, "identity: waits"), 1, "the same is said once");
    machine.disk().metadata_answers = true;
    machine.becomes_a_node().await;
}

#[tokio::test]
async fn a_clock_that_is_far_off() {
    let machine = worker().await;
    machine.disk().skew = jiff::SignedDuration::from_hours(-3);
    machine.disk().clock_can_be_set = false;
    let said = stops(&machine, 800).await;
    assert!(said.contains("the clock is far off: 10800 s behind the store"), "{said}");
    machine.disk().clock_can_be_set = true;
    machine.becomes_a_node().await;
    assert_eq!(machine.disk().skew, jiff::SignedDuration::ZERO);
}

#[tokio::test]
async fn a_digest_that_is_another_one() {
    let mut machine = worker().await;
    let url = "https://example.com/runc".to_owned();
    let wanted = hex(&Sha256::digest(b"right"));
    machine.config.downloads =
        vec![Download { name: "runc".to_owned(), arch: Arch::Amd64, url: url.clone(), sha256: wanted.clone() }];
    machine.world.state().web.insert(url.clone(), b"wrong".to_vec());
    let said = stops(&machine, 0).await;
    let found = hex(&Sha256::digest(b"wrong"));
    assert!(said.starts_with("downloads: stopped: ") && said.contains(&found) && said.contains(&wanted), "{said}");
    assert!(
        machine.file("/usr/local/sbin/runc").is_none()
            && machine.disk().files.values().all(|(content, _)| content != b"wrong")
    );
    machine.world.state().web.insert(url, b"right".to_vec());
    machine.becomes_a_node().await;
    assert_eq!(machine.text("/usr/local/sbin/runc"), "right");
}

#[tokio::test]
async fn a_download_for_the_other_architecture_only() {
    let mut machine = worker().await;
    let (name, sha256) = ("containerd".to_owned(), "0".repeat(64));
    machine.config.downloads = vec![Download { name, arch: Arch::Arm64, url: "https://x".to_owned(), sha256 }];
    let said = stops(&machine, 0).await;
    assert!(said.contains("for the other architecture only"), "{said}");
}

#[tokio::test]
async fn a_disk_that_does_not_attach() {
    let machine = control_plane().await;
    machine.world.state().attach_fails = true;
    let said = stops(&machine, 800).await;
    assert!(said.starts_with("etcd-volume: given up after 900 s") && said.contains("in another zone"), "{said}");
    machine.world.state().attach_fails = false;
    let other = ("i-old".to_owned(), "/dev/xvdu".to_owned());
    machine.world.state().volumes.get_mut("vol-a").unwrap().attached = Some(other);
    let said = stops(&machine, 800).await;
    assert!(said.contains("vol-a of the etcd member a is attached to i-old, which has to end first"), "{said}");
    machine.world.state().volumes.clear();
    let said = stops(&machine, 800).await;
    assert!(said.contains("there is no volume of the etcd members a in eu-west-1a"), "{said}");
    let mut machine = machine;
    machine.config.etcd_members.clear();
    let said = stops(&machine, 0).await;
    assert!(said.contains("no member of the etcd cluster main is meant for the group control-plane"), "{said}");
}

#[tokio::test]
async fn a_disk_that_holds_something_else_is_not_formatted() {
    for (content, what) in
        [(Content::Bytes, "bytes that blkid does not know"), (Content::Table, "a partition table of the kind gpt")]
    {
        let machine = control_plane().await;
        machine.world.state().volumes.get_mut("vol-a").unwrap().content = content.clone();
        let said = stops(&machine, 0).await;
        assert!(said.contains(what) && said.contains("nothing was formatted"), "{said}");
        assert_eq!(machine.world.state().volumes["vol-a"].content, content);
    }
    // A filesystem of another kind than kedge would make is mounted as it is.
    let machine = control_plane().await;
    machine.world.state().volumes.get_mut("vol-a").unwrap().content = Content::Filesystem("xfs".to_owned());
    machine.becomes_a_node().await;
    assert!(machine.text("/etc/systemd/system/var-lib-etcd.mount").contains("Type=xfs\n"));
}

#[tokio::test]
async fn a_volume_of_the_group_with_another_filesystem() {
    let mut machine = control_plane().await;
    machine.becomes_a_node().await;
    let mount = serde_json::json!([{ "device": "/dev/nvme1n1", "filesystem": "xfs", "path": "/data" }]);
    machine.config.mounts = serde_json::from_value(mount).unwrap();
    let said = stops(&machine, 0).await;
    assert!(
        said.contains("/dev/nvme1n1 (/dev/nvme1n1) holds a filesystem of the kind ext4, and xfs is wanted"),
        "{said}"
    );
    // Under the name that AWS was told it is the same disk.
    machine.config.mounts[0].device = "/dev/sdu".to_owned();
    let said = stops(&machine, 0).await;
    assert!(said.contains("/dev/sdu (/dev/nvme1n1) holds"), "{said}");
    machine.config.mounts[0].device = "/dev/xvdf".to_owned();
    let said = stops(&machine, 800).await;
    assert!(said.contains("there is no disk /dev/xvdf"), "{said}");
}

#[tokio::test]
async fn a_full_disk() {
    let machine = worker().await;
    machine.disk().full_at = Some("/etc/containerd/".to_owned());
    let said = stops(&machine, 500).await;
    assert!(said.contains("write /etc/containerd/config.toml: the disk is full; make room"), "{said}");
    machine.disk().full_at = None;
    machine.becomes_a_node().await;
}

#[tokio::test]
async fn a_repository_that_cannot_be_reached() {
    let machine = worker().await;
    let why = "curl: (6) Could not resolve host: pkgs.k8s.io";
    machine.world.state().unreachable.insert("pkgs.k8s.io".to_owned(), why.to_owned());
    let said = stops(&machine, 1100).await;
    assert!(said.contains("the repository kubernetes cannot be reached") && said.contains(why), "{said}");
    machine.world.state().unreachable.clear();
    machine.becomes_a_node().await;
}

#[tokio::test]
async fn a_repository_with_another_key() {
    let machine = worker().await;
    let url = "https://pkgs.k8s.io/core:/stable:/v1.33/deb/Release.key";
    let right = machine.world.state().web[url].clone();
    let text = String::from_utf8(right.clone()).unwrap().replacen("mQENBGMHoXcBCADu", "mQENBGMHoXcBCADv", 1);
    machine.world.state().web.insert(url.to_owned(), text.into_bytes());
    let said = stops(&machine, 0).await;
    assert!(said.contains("DE15B14486CD377B9E876E1A234654DA9A296436 is wanted"), "{said}");
    assert!(machine.file("/etc/apt/keyrings/kedge-kubernetes.asc").is_none());
    machine.world.state().web.insert(url.to_owned(), right);
    machine.becomes_a_node().await;
}

#[tokio::test]
async fn an_image_without_packages() {
    let machine = worker().await;
    machine.write_file("/etc/os-release", b"ID=flatcar\n", 0o644);
    let said = stops(&machine, 0).await;
    assert!(said.contains("`flatcar`") && said.contains("set `image` of the group"), "{said}");
}

#[tokio::test]
async fn a_join_that_never_succeeds() {
    let machine = worker().await;
    machine.world.state().api.as_mut().unwrap().up = false;
    let said = stops(&machine, 2300).await;
    assert!(
        said.starts_with("kubernetes: given up after 2400 s") && said.contains("the API does not answer"),
        "{said}"
    );
    machine.world.state().api.as_mut().unwrap().up = true;
    machine.becomes_a_node().await;
}

#[tokio::test]
async fn a_cluster_that_nobody_makes_and_a_token_that_has_ended() {
    let world = World::new(&["a"]).await;
    let machine = Machine::new(&world, "i-w", "nodes");
    let said = stops(&machine, 2300).await;
    assert!(said.contains("no control plane has written how to join"), "{said}");
    Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
    let later = world.state().elapsed + std::time::Duration::from_secs(25 * 3600);
    world.reach(later);
    let said = stops(&machine, 2300).await;
    assert!(said.contains("the token to join with ended at 2026-07-0"), "{said}");
}

#[tokio::test]
async fn keys_that_the_store_does_not_have() {
    let machine = control_plane().await;
    let keysets = format!("{CLUSTER}/pki/keysets.json");
    kedge_store::Objects::delete(&machine.world.memory, &keysets).await.unwrap();
    let said = stops(&machine, 500).await;
    assert!(said.contains("the store has no kubernetes-ca yet"), "{said}");
}

#[tokio::test]
async fn a_program_that_fails_is_told_with_what_it_says() {
    let machine = worker().await;
    machine
        .disk()
        .failing
        .insert("kubeadm".to_owned(), "[preflight] x\nerror execution phase preflight: y\n".to_owned());
    let said = stops(&machine, 2300).await;
    assert!(said.contains("ended with 1: error execution phase preflight: y"), "{said}");
}
