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
async fn tokens_that_the_cluster_does_not_know_are_made_anew() {
    let (world, first, _) = cluster().await;
    let store = world.store();
    let before = store.join_info("nodes").await.unwrap().unwrap();
    // etcd went back to a snapshot from before.
    world.state().api.as_mut().unwrap().tokens.clear();
    keeps_up(&first, 1).await;
    let after = store.join_info("nodes").await.unwrap().unwrap();
    assert_ne!(after.token, before.token);
    assert_eq!(world.state().api.as_ref().unwrap().tokens[after.token.expose()], after.expires);
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

/// Makes a control plane one of a cluster with IPv6.
fn with_ipv6(machine: &mut Machine) {
    let init = machine.config.init.as_mut().unwrap();
    *init = init.replace("100.64.0.0/13", "fd00:5e4f:ce::/108");
}

#[tokio::test]
async fn nodes_with_ipv6_get_the_prefix_of_their_instance_soon_and_each_only_one() {
    let (world, mut first, _worker) = cluster().await;
    keeps_up(&first, 1).await;
    assert_eq!(world.state().prefixes, BTreeMap::new(), "IPv4 ranges are the controller manager's");
    with_ipv6(&mut first);
    // One fails, and the others get theirs, although an add-on waits as well.
    world.state().prefix_fails = Some("i-a".to_owned());
    world.state().addons_fail = Some("a webhook has no pods".to_owned());
    let begin = world.state().elapsed;
    let ranges = || world.state().api.as_ref().unwrap().ranges.clone();
    let agent = first.agent();
    tokio::select! {
        () = agent.upkeep() => {}
        () = async { while ranges().is_empty() { tokio::task::yield_now().await; } } => {}
    }
    assert!(world.state().elapsed - begin < Duration::from_secs(60));
    assert_eq!(ranges(), [("i-w".to_owned(), "2001:db8:0:0::/80".to_owned())].into());
    keeps_up(&first, 1).await;
    let status = world.store().node_status("control-plane", "i-a").await.unwrap().unwrap().status;
    assert!(status.phase == NodePhase::Waiting, "{status:?}");
    let fails = |line: &&String| line.starts_with("pod-ranges: fails: i-a: ec2:AssignIpv6Addresses");
    assert_eq!(first.disk().said.iter().filter(fails).count(), 1);
    world.state().prefix_fails = None;
    keeps_up(&first, 1).await;
    assert_eq!(ranges().len(), 2);
    assert!(world.state().prefixes.values().all(|prefixes| prefixes.len() == 1));
}

#[tokio::test]
async fn control_planes_at_the_same_time_assign_no_node_two_prefixes() {
    let world = World::new(&["a", "b", "c"]).await;
    let mut machines = ["i-a", "i-b", "i-c"].map(|id| Machine::new(&world, id, "control-plane"));
    for machine in &machines {
        machine.becomes_a_node().await;
    }
    machines.iter_mut().for_each(with_ipv6);
    let [one, two, three] = &machines;
    tokio::join!(keeps_up(one, 1), keeps_up(two, 1), keeps_up(three, 1));
    let prefixes = world.state().prefixes.clone();
    assert!(prefixes.len() == 3 && prefixes.values().all(|prefixes| prefixes.len() == 1), "{prefixes:?}");
    let ranges = world.state().api.as_ref().unwrap().ranges.clone();
    assert!(ranges.iter().all(|(node, range)| prefixes[node] == [range.clone()]), "{ranges:?}");
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
async fn certificates_that_end_very_soon_are_renewed_without_the_store() {
    let (world, first, _) = cluster().await;
    let authority = authority(&world).await;
    let issue = |hours| {
        let lifetime = SignedDuration::from_hours(hours);
        let random = SystemRandom::new();
        let issued = authority.issue(&Leaf::ApiServerKubeletClient, lifetime, world.now(), &random).unwrap();
        let path = "/etc/kubernetes/pki/apiserver-kubelet-client.crt";
        first.write_file(path, issued.certificate.pem().as_bytes(), 0o644);
    };
    kedge_store::Objects::delete(&world.memory, &format!("{CLUSTER}/pki/keysets.json")).await.unwrap();
    issue(10);
    keeps_up(&first, 8).await;
    assert!(first.file("/etc/kubernetes/renewed").is_none(), "it waits for the store while there is time");
    keeps_up(&first, 2).await;
    assert!(first.file("/etc/kubernetes/renewed").is_some(), "{:#?}", first.disk().said);
}

/// Adds an authority of the cluster that is trusted, and issues from now on if it is promoted. Comes back with the one that
/// issues.
async fn another_authority(world: &World, promoted: bool) -> Authority {
    let store = world.store();
    let random = SystemRandom::new();
    let vault = store.vault(&TestKey).await.unwrap();
    let mut keysets = store.keysets().await.unwrap();
    let mut keyset = keysets.get(Purpose::KubernetesCa).unwrap().clone();
    let made = Made::generate(Purpose::KubernetesCa, world.now(), &random).unwrap();
    store.put_private_key(&vault, Purpose::KubernetesCa, made.item.id, &made.private).await.unwrap();
    keyset.prepare(made.item).unwrap();
    if promoted {
        keyset.promote(kedge_pki::Direction::Forward).unwrap();
    }
    keysets.set(keyset.clone());
    store.put_keysets(&keysets).await.unwrap();
    authority(world).await
}

/// The authority of the cluster that issues.
pub(super) async fn authority(world: &World) -> Authority {
    let store = world.store();
    let vault = store.vault(&TestKey).await.unwrap();
    let keysets = store.keysets().await.unwrap();
    let keyset = keysets.get(Purpose::KubernetesCa).unwrap();
    let key = store.private_key(&vault, Purpose::KubernetesCa, keyset.primary).await.unwrap();
    let certificate = keyset.primary().unwrap().certificate.clone().unwrap();
    Authority::from_pem(&certificate, key.expose(), &SystemRandom::new()).unwrap()
}

/// A certificate of an authority.
pub(super) fn issued(world: &World, authority: &Authority) -> String {
    let year = SignedDuration::from_hours(24 * 365);
    authority.issue(&Leaf::ApiServerKubeletClient, year, world.now(), &SystemRandom::new()).unwrap().certificate.pem()
}

/// What a kubelet writes when it has a certificate.
fn has_certificate(machine: &Machine, authority: &Authority) {
    let pem = issued(&machine.world, authority);
    machine.write_file("/var/lib/kubelet/pki/kubelet-client-current.pem", pem.as_bytes(), 0o600);
    machine.write_file("/etc/kubernetes/kubelet.conf", b"clusters: []\n", 0o600);
}

#[tokio::test]
async fn kubelets_ask_for_certificates_of_the_authority_that_issues() {
    const BOOTSTRAP: &str = "/etc/kubernetes/bootstrap-kubelet.conf";
    let (world, first, worker) = cluster().await;
    let before = authority(&world).await;
    for machine in [&first, &worker] {
        has_certificate(machine, &before);
        keeps_up(machine, 2).await;
        assert!(machine.file("/etc/kubernetes/kubelet.conf").is_some() && machine.file(BOOTSTRAP).is_none());
    }
    let after = another_authority(&world, true).await;
    keeps_up(&first, 3).await;
    keeps_up(&worker, 1).await;
    for machine in [&first, &worker] {
        assert!(machine.file("/etc/kubernetes/kubelet.conf").is_none(), "{machine:?}");
        assert!(machine.text(BOOTSTRAP).contains("token"), "{machine:?}");
        let trust = trust_of(&world, machine).await;
        assert_eq!(trust.kubelet, None);
    }
    // The token of the first attempt ends, and the kubelet gets one that is good.
    let token = worker.text(BOOTSTRAP);
    keeps_up(&first, 24).await;
    keeps_up(&worker, 1).await;
    assert_ne!(worker.text(BOOTSTRAP), token);
    for machine in [&first, &worker] {
        has_certificate(machine, &after);
        keeps_up(machine, 2).await;
        assert!(machine.file(BOOTSTRAP).is_none(), "{machine:?}");
        assert_eq!(trust_of(&world, machine).await.kubelet, Some(after.certificate().fingerprint.clone()));
    }
}

async fn trust_of(world: &World, machine: &Machine) -> kedge_store::NodeTrust {
    let status = world.store().node_status(&machine.config.group, &machine.id).await.unwrap().unwrap();
    status.status.trust.unwrap()
}

#[tokio::test]
async fn a_control_plane_that_was_off_while_an_authority_was_replaced_comes_back() {
    let (world, first, _) = cluster().await;
    another_authority(&world, true).await;
    first.reboot();
    first.becomes_a_node().await;
    let log = first.disk().log.clone();
    assert_eq!(log.iter().filter(|deed| deed.starts_with("kubeadm certs renew all")).count(), 1, "{log:#?}");
}

#[tokio::test]
async fn etcd_is_looked_after_before_the_api_is_waited_for() {
    let (world, first, _) = cluster().await;
    first.reboot();
    world.state().etcd_waits = true;
    first.becomes_a_node().await;
    assert!(!world.state().etcd_waits);
}

#[tokio::test]
async fn an_add_on_that_fails_keeps_nothing_else_from_being_done() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    world.state().addons_fail = Some("metrics-server: denied by a policy".to_owned());
    first.becomes_a_node().await;
    assert!(first.disk().said.iter().any(|line| line.starts_with("add-ons: given up after 300 s")));
    let token = world.store().join_info("control-plane").await.unwrap().unwrap().token;
    keeps_up(&first, 20).await;
    assert_ne!(world.store().join_info("control-plane").await.unwrap().unwrap().token, token);
    let status = world.store().node_status("control-plane", "i-a").await.unwrap().unwrap();
    assert_eq!((status.status.phase, status.status.step.as_str()), (NodePhase::Waiting, "add-ons"));
    assert!(status.age.unwrap() < Duration::from_secs(1200) && status.status.reason.contains("denied by a policy"));
    world.state().addons_fail = None;
    keeps_up(&first, 1).await;
    let status = world.store().node_status("control-plane", "i-a").await.unwrap().unwrap();
    assert_eq!(status.status.phase, NodePhase::Ready);
}

#[tokio::test]
async fn an_authority_that_is_replaced_reaches_control_planes_and_workers() {
    let (world, first, worker) = cluster().await;
    keeps_up(&worker, 1).await;
    let before = first.text("/etc/kubernetes/pki/ca.crt");
    assert_eq!(worker.text("/etc/kubernetes/pki/ca.crt"), before);
    another_authority(&world, false).await;

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
async fn what_has_ended_with_the_mount_of_a_lost_volume_starts_again() {
    let (_world, first, _) = cluster().await;
    for unit in ["var-lib-etcd.mount", "containerd.service", "kubelet.service"] {
        first.disk().active.remove(unit);
    }
    keeps_up(&first, 1).await;
    for unit in ["var-lib-etcd.mount", "containerd.service", "kubelet.service"] {
        assert!(first.disk().active.contains(unit), "{unit}");
    }
}

#[tokio::test]
async fn control_planes_restart_one_after_the_other() {
    let world = World::new(&["a", "b"]).await;
    let machines = ["i-a", "i-b"].map(|id| Machine::new(&world, id, "control-plane"));
    for machine in &machines {
        machine.becomes_a_node().await;
    }
    another_authority(&world, false).await;
    let renewed = |machine: &Machine| machine.file("/etc/kubernetes/renewed").is_some();
    // The first one restarts, and its API server does not come back.
    keeps_up_while(&machines[0], async {
        while !renewed(&machines[0]) {
            tokio::task::yield_now().await;
        }
        world.state().not_ready = true;
        passes(&machines[0], 1).await;
        let said = machines[0].disk().said.clone();
        assert!(said.iter().any(|line| line.contains("so that no other one restarts")), "{said:#?}");
        keeps_up_while(&machines[1], passes(&machines[1], 1)).await;
        assert!(!renewed(&machines[1]));
        let said = machines[1].disk().said.clone();
        let waits = "certificates: waits: after i-a, which restarts its control plane first";
        assert_eq!(said.iter().filter(|line| *line == waits).count(), 1, "{said:#?}");
        world.state().not_ready = false;
        passes(&machines[0], 1).await;
    })
    .await;
    keeps_up(&machines[1], 1).await;
    assert!(renewed(&machines[1]));
    assert!(world.store().turn().await.unwrap().lock.unwrap().done.is_some());
    // One that is gone in the middle of its turn keeps nobody waiting for ever.
    let free = world.store().turn().await.unwrap();
    let gone = kedge_store::InitLock::new(machines[0].config.cluster.clone(), "i-gone", world.now());
    world.store().put_turn(&gone, &free).await.unwrap().unwrap();
    machines[1].disk().files.remove("/etc/kubernetes/renewed");
    machines[1].disk().files.remove("/var/lib/kedge/authorities");
    keeps_up(&machines[1], 3).await;
    assert!(renewed(&machines[1]));
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
