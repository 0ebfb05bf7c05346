//! Several instances at once.

use std::time::Duration;

use super::machine::{Machine, Moment};
use super::world::World;

#[tokio::test]
async fn of_two_control_planes_one_makes_the_cluster() {
    let world = World::new(&["a", "b", "c"]).await;
    let machines = ["i-a", "i-b"].map(|id| Machine::new(&world, id, "control-plane"));
    let (first, second) = tokio::join!(machines[0].becomes_a_node(), machines[1].becomes_a_node());
    let ((), ()) = (first, second);
    assert_eq!(world.state().made, 1);
    assert_eq!(world.state().api.as_ref().unwrap().nodes.len(), 2);
    let made = |machine: &Machine| machine.text("/etc/kubernetes/kedge/made.json");
    let mut how = machines.each_ref().map(made);
    how.sort();
    assert_eq!(how, ["{\"how\":\"init\"}", "{\"how\":\"join\"}"]);
}

#[tokio::test]
async fn three_control_planes_and_workers_come_up_together() {
    let world = World::new(&["a", "b", "c"]).await;
    let machines = ["i-a", "i-b", "i-c"].map(|id| Machine::new(&world, id, "control-plane"));
    let workers = ["i-w1", "i-w2"].map(|id| Machine::new(&world, id, "nodes"));
    tokio::join!(
        machines[0].becomes_a_node(),
        machines[1].becomes_a_node(),
        machines[2].becomes_a_node(),
        workers[0].becomes_a_node(),
        workers[1].becomes_a_node(),
    );
    let state = world.state();
    assert_eq!(state.made, 1);
    let api = state.api.as_ref().unwrap();
    assert_eq!((api.nodes.len(), api.etcd_members.len()), (5, 3));
}

/// The number of the deed that is `kubeadm init`.
async fn init_deed() -> usize {
    let machine = Machine::new(&World::new(&["a", "b", "c"]).await, "i-a", "control-plane");
    machine.becomes_a_node().await;
    let log = machine.disk().log.clone();
    log.iter().position(|deed| deed.starts_with("kubeadm init --config")).unwrap() + 1
}

#[tokio::test]
async fn a_holder_that_dies_is_followed_after_five_minutes() {
    let world = World::new(&["a", "b", "c"]).await;
    let dies = Machine::new(&world, "i-a", "control-plane");
    let probe = init_deed().await;
    dies.disk().die = Some((probe, Moment::Before));
    assert!(dies.boot().await.is_none());
    let taken = world.state().elapsed;
    let other = Machine::new(&world, "i-b", "control-plane");
    other.becomes_a_node().await;
    let said = other.disk().said.clone();
    assert!(
        said.iter().any(|line| line.contains("i-a makes the cluster; when nothing is heard of it for 300 s")),
        "{said:#?}"
    );
    assert!(world.state().elapsed - taken >= Duration::from_secs(300));
    assert_eq!(world.store().init_lock().await.unwrap().lock.unwrap().holder, "i-b");
    // Who comes back finds a cluster to join, and makes none.
    dies.disk().die = None;
    dies.becomes_a_node().await;
    assert_eq!(world.state().made, 1);
    assert_eq!(dies.text("/etc/kubernetes/kedge/made.json"), "{\"how\":\"join\"}");
}

#[tokio::test]
async fn a_holder_that_dies_when_etcd_runs_is_waited_for() {
    let world = World::new(&["a", "b", "c"]).await;
    let dies = Machine::new(&world, "i-a", "control-plane");
    dies.disk().die = Some((init_deed().await, Moment::After));
    assert!(dies.boot().await.is_none());
    let other = Machine::new(&world, "i-b", "control-plane");
    let stopped = other.boot().await.unwrap().unwrap_err();
    assert!(stopped.why.contains("the one that began goes on"), "{stopped}");
    assert_eq!(world.state().made, 1);
    dies.disk().die = None;
    dies.becomes_a_node().await;
    other.becomes_a_node().await;
    assert_eq!(world.state().made, 1);
    assert_eq!(other.text("/etc/kubernetes/kedge/made.json"), "{\"how\":\"join\"}");
}

#[tokio::test]
async fn who_made_the_cluster_says_so_although_somebody_else_took_the_lock() {
    let world = World::new(&["a", "b", "c"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    let store = world.store();
    let seen = store.init_lock().await.unwrap();
    let other = kedge_store::InitLock::new(first.config.cluster.clone(), "i-b", world.now());
    store.put_init_lock(&other, &seen).await.unwrap().unwrap();
    let second = Machine::new(&world, "i-b", "control-plane");
    assert!(second.boot().await.unwrap().is_err(), "it made another cluster");
    first.becomes_a_node().await;
    let lock = store.init_lock().await.unwrap().lock.unwrap();
    assert!(lock.holder == "i-a" && lock.done.is_some(), "{lock:?}");
    second.becomes_a_node().await;
    assert_eq!(world.state().made, 1);
}

#[tokio::test]
async fn who_loses_the_lock_stops_making_the_cluster() {
    let world = World::new(&["a", "b", "c"]).await;
    let machine = Machine::new(&world, "i-a", "control-plane");
    let agent = machine.agent();
    let store = world.store();
    let seen = store.init_lock().await.unwrap();
    let held = crate::lock::take(&agent, "i-a", &seen).await.unwrap().unwrap();
    // Somebody believes it dead.
    let now = store.init_lock().await.unwrap();
    let other = kedge_store::InitLock::new(machine.config.cluster.clone(), "i-b", world.now());
    store.put_init_lock(&other, &now).await.unwrap().unwrap();
    let never = std::future::pending::<Result<(), crate::StepError>>();
    let error = crate::lock::while_held(&agent, held, never).await.unwrap_err().to_string();
    assert!(error.contains("taken over"), "{error}");
    assert_eq!(store.init_lock().await.unwrap().lock.unwrap(), other);
}

#[tokio::test]
async fn a_store_that_hangs_does_not_hold_the_work_up() {
    let world = World::new(&["a"]).await;
    let machine = Machine::new(&world, "i-a", "control-plane");
    let agent = machine.agent();
    let seen = world.store().init_lock().await.unwrap();
    let held = crate::lock::take(&agent, "i-a", &seen).await.unwrap().unwrap();
    world.state().store_hangs = true;
    let work = async {
        // Longer than until the next renewal.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.state().store_hangs = false;
        Ok(())
    };
    crate::lock::while_held(&agent, held, work).await.unwrap();
    assert!(world.store().init_lock().await.unwrap().lock.unwrap().done.is_some());
}
