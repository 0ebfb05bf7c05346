//! What a node does for as long as it is one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use kedge_pki::{Authority, Leaf, Made, Purpose};
use kedge_store::NodePhase;
use ring::rand::SystemRandom;

use super::machine::Machine;
use super::ports::TestKey;
use super::world::{CLUSTER, World};

/// Lets upkeep go on for a while.
async fn keeps_up(machine: &Machine, hours: u64) {
    keeps_up_while(machine, passes(machine, hours)).await;
}

/// Lets upkeep go on while something else happens.
async fn keeps_up_while(machine: &Machine, other: impl Future<Output = ()>) {
    let agent = machine.agent();
    tokio::select! {
        biased;
        () = agent.upkeep() => {}
        () = other => {}
    }
}

async fn passes(machine: &Machine, hours: u64) {
    let end = machine.world.state().elapsed + Duration::from_secs(hours * 3600);
    while machine.world.state().elapsed < end {
        tokio::task::yield_now().await;
    }
}

async fn cluster() -> (World, Machine, Machine) {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    let worker = Machine::new(&world, "i-w", "nodes");
    worker.becomes_a_node().await;
    (world, first, worker)
}

#[tokio::test]
async fn tokens_are_renewed_well_before_they_end_and_never_last_longer_than_a_day() {
    let (world, first, _) = cluster().await;
    let store = world.store();
    let mut before = store.join_info("nodes").await.unwrap().unwrap();
    let mut renewed = 0;
    for _ in 0..24 {
        keeps_up(&first, 2).await;
        let now = store.join_info("nodes").await.unwrap().unwrap();
        let left = now.expires.duration_since(world.now());
        assert!(left > SignedDuration::from_hours(11) && left <= SignedDuration::from_hours(24), "{left}");
        assert_eq!(world.state().api.as_ref().unwrap().tokens[now.token.expose()], now.expires);
        renewed += u32::from(now.token != before.token);
        before = now;
    }
    assert!((3..=5).contains(&renewed), "{renewed}");
}

#[tokio::test]
async fn workers_get_the_labels_that_only_a_control_plane_may_give() {
    let (world, first, _) = cluster().await;
    let label = "node-role.kubernetes.io/node";
    assert!(!world.state().api.as_ref().unwrap().nodes["i-w"].contains_key(label));
    keeps_up(&first, 1).await;
    assert!(world.state().api.as_ref().unwrap().nodes["i-w"].contains_key(label));
}

#[tokio::test]
async fn a_worker_that_says_it_is_of_another_group_gets_no_labels_of_it() {
    let (world, first, worker) = cluster().await;
    let own = format!("{CLUSTER}/nodes/nodes/status/i-w.json");
    let text = world.memory.text(&own).unwrap().replace("\"nodes\"", "\"control-plane\"");
    kedge_store::Objects::delete(&world.memory, &own).await.unwrap();
    world.memory.set(&format!("{CLUSTER}/nodes/control-plane/status/i-w.json"), text.as_bytes());
    drop(worker);
    keeps_up(&first, 1).await;
    assert_eq!(world.state().api.as_ref().unwrap().nodes["i-w"], BTreeMap::new());
}

#[tokio::test]
async fn what_an_instance_left_goes_a_day_after_it() {
    let (world, first, worker) = cluster().await;
    worker.terminate();
    let left = || world.memory.text(&format!("{CLUSTER}/nodes/nodes/status/i-w.json")).is_some();
    keeps_up(&first, 20).await;
    assert!(left());
    keeps_up(&first, 6).await;
    assert!(!left());
    assert!(world.memory.text(&format!("{CLUSTER}/nodes/control-plane/status/i-a.json")).is_some());
    assert!(first.disk().said.iter().any(|line| line == "statuses: removed those of i-w, which are gone"));
}

#[tokio::test]
async fn records_follow_the_control_planes() {
    let world = World::new(&["a", "b", "c"]).await;
    let machines = ["i-a", "i-b"].map(|id| Machine::new(&world, id, "control-plane"));
    for machine in &machines {
        machine.becomes_a_node().await;
    }
    keeps_up(&machines[0], 1).await;
    let name = format!("api.internal.{CLUSTER}");
    assert_eq!(world.state().records[&name], [machines[0].address, machines[1].address]);
    machines[1].terminate();
    keeps_up(&machines[0], 1).await;
    assert_eq!(world.state().records[&name], [machines[0].address]);
}

#[tokio::test]
async fn certificates_are_renewed_when_two_thirds_of_their_time_are_over() {
    let (world, first, _) = cluster().await;
    let authority = Made::generate(Purpose::KubernetesCa, world.now(), &SystemRandom::new()).unwrap();
    let certificate = authority.item.certificate.unwrap();
    let authority = Authority::from_pem(&certificate, authority.private.expose(), &SystemRandom::new()).unwrap();
    let issue = |lifetime| {
        let issued =
            authority.issue(&Leaf::ApiServerKubeletClient, lifetime, world.now(), &SystemRandom::new()).unwrap();
        first.write_file(
            "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
            issued.certificate.pem().as_bytes(),
            0o644,
        );
    };
    issue(SignedDuration::from_hours(24 * 365));
    keeps_up(&first, 3).await;
    assert!(first.file("/etc/kubernetes/renewed").is_none());
    issue(SignedDuration::from_hours(3));
    keeps_up(&first, 4).await;
    assert!(first.file("/etc/kubernetes/renewed").is_some());
    let said = first.disk().said.clone();
    let wanted = "certificates: made anew, because apiserver-kubelet-client ends soon";
    assert!(said.iter().any(|line| line == wanted), "{said:#?}");
    assert!(
        first.disk().log.iter().any(|deed| deed.starts_with("crictl ") && deed.ends_with(" stop --timeout 30 0123"))
    );
}

#[tokio::test]
async fn an_authority_that_is_replaced_reaches_control_planes_and_workers() {
    let (world, first, worker) = cluster().await;
    let store = world.store();
    keeps_up(&worker, 1).await;
    let before = first.text("/etc/kubernetes/pki/ca.crt");
    assert_eq!(worker.text("/etc/kubernetes/pki/ca.crt"), before);
    let vault = store.vault(&TestKey).await.unwrap();
    let mut keysets = store.keysets().await.unwrap();
    let mut keyset = keysets.get(Purpose::KubernetesCa).unwrap().clone();
    let made = Made::generate(Purpose::KubernetesCa, world.now(), &SystemRandom::new()).unwrap();
    store.put_private_key(&vault, Purpose::KubernetesCa, made.item.id, &made.private).await.unwrap();
    keyset.items.push(made.item);
    keysets.set(keyset);
    store.put_keysets(&keysets).await.unwrap();

    keeps_up(&first, 3).await;
    let after = first.text("/etc/kubernetes/pki/ca.crt");
    assert!(after.starts_with(&before) && after.len() > before.len(), "the one that issues comes first");
    assert_eq!(first.text(kedge_bootstrap::SIGNING_CA), before, "what is issued has one issuer");
    let log = first.disk().log.clone();
    assert!(log.iter().any(|deed| deed.starts_with("kubeadm certs renew all")), "{log:#?}");
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(&after);
    assert!(first.text("/etc/kubernetes/kubelet.conf").contains(&encoded));
    keeps_up(&worker, 1).await;
    assert_eq!(worker.text("/etc/kubernetes/pki/ca.crt"), after);
    assert!(worker.text("/etc/kubernetes/kubelet.conf").contains(&encoded));
    assert_eq!(worker.disk().log.iter().filter(|deed| *deed == "systemctl restart kubelet.service").count(), 1);
}

#[tokio::test]
async fn a_duty_that_fails_is_told_once_and_when_it_works_again() {
    let (world, first, _) = cluster().await;
    let fails = || first.disk().said.iter().filter(|line| line.starts_with("records: fails: the API server")).count();
    keeps_up_while(&first, async {
        world.state().api.as_mut().unwrap().up = false;
        passes(&first, 1).await;
        assert_eq!(fails(), 1);
        world.state().api.as_mut().unwrap().up = true;
        passes(&first, 1).await;
    })
    .await;
    assert_eq!(fails(), 1);
    assert!(first.disk().said.iter().any(|line| line == "records: works again"));
    let statuses = world.store().nodes().await.unwrap().statuses;
    let status = statuses.iter().find(|stored| stored.status.instance == "i-a").unwrap();
    assert_eq!((status.status.phase, status.status.reason.as_str()), (NodePhase::Ready, "it is a node"));
    assert!(status.age.unwrap() < Duration::from_secs(1200), "a node that lives says so");
}
