//! The four properties, over manifests by chance, in the sandbox.
//!
//! (a) apply, then plan: nothing; (b) crash at any call, then apply: the same resources as without the crash; (c) delete:
//! nothing of ours is left and nothing of others is touched; (d) the same inputs give byte-identical plans.

#[path = "common/chance.rs"]
mod chance;
#[path = "common/mod.rs"]
mod common;
#[path = "common/foreign.rs"]
mod foreign;
#[path = "common/manifest.rs"]
mod manifest;
#[path = "common/others.rs"]
mod others;

use std::future::Future;

use chance::shapes;
use common::World;
use kedge_resource::{ClusterName, Inventory};
use kedge_sandbox::{Faults, Sandbox};
use manifest::Shape;
use proptest::prelude::*;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// What an apply leaves, without the order of calls: keys and ids.
fn remains(inventory: &Inventory) -> Vec<String> {
    inventory.resources.iter().map(|o| format!("{} {:?}", o.key, o.ownership)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn apply_settles_and_delete_leaves_nothing(shape in shapes()) {
        block_on(async {
            let sandbox = Sandbox::in_memory(None, None).unwrap();
            let world = World::new(&sandbox, &ClusterName::parse(&shape.name).unwrap());
            foreign::make(&sandbox, &world.cluster, "us-east-1b").await;
            let others = others::snapshot(&world.inventory().await);
            let yaml = shape.yaml();
            let first = serde_json::to_string(&world.plan(&yaml).await).unwrap();
            let second = serde_json::to_string(&world.plan(&yaml).await).unwrap();
            assert_eq!(first, second, "the same inputs give the same plan");
            world.apply(&yaml).await;
            world.assert_settled(&yaml).await;
            world.delete().await;
            assert_eq!(others::snapshot(&world.inventory().await), others);
        });
    }

    #[test]
    fn one_manifest_becomes_another(from in shapes(), to in shapes()) {
        block_on(async {
            let sandbox = Sandbox::in_memory(None, None).unwrap();
            let world = World::new(&sandbox, &ClusterName::parse(&from.name).unwrap());
            world.apply(&from.yaml()).await;
            world.apply(&to.yaml()).await;
            world.assert_settled(&to.yaml()).await;
            world.delete().await;
        });
    }
}

/// Applies with a crash at call `n`, then again without; `None` when there were fewer than `n` calls.
async fn crash_at(yaml: &str, cluster: &ClusterName, n: u64) -> Option<Inventory> {
    let sandbox = Sandbox::in_memory(None, None).expect("an account");
    let world = World::new(&sandbox, cluster);
    let plan = world.plan(yaml).await;
    sandbox.restart(Some(Faults::crash_at(n)));
    world.run(&plan).await;
    if !sandbox.crashed() {
        return None;
    }
    sandbox.restart(None);
    world.apply(yaml).await;
    world.assert_settled(yaml).await;
    Some(world.inventory().await)
}

/// Deletes with a crash at call `n`, then again without; `false` when there were fewer than `n` calls.
async fn crash_of_deletion_at(yaml: &str, cluster: &ClusterName, n: u64) -> bool {
    let sandbox = Sandbox::in_memory(None, None).expect("an account");
    let world = World::new(&sandbox, cluster);
    world.apply(yaml).await;
    let plan = world.plan_deletion().await;
    sandbox.restart(Some(Faults::crash_at(n)));
    world.run(&plan).await;
    if !sandbox.crashed() {
        return false;
    }
    sandbox.restart(None);
    world.delete().await;
    true
}

#[test]
fn a_crash_at_any_call_is_survived() {
    let shape = Shape { zones: 2, private: true, bastion: true, ..Shape::small("crash.example.com") };
    let yaml = shape.yaml();
    let cluster = ClusterName::parse(&shape.name).expect("an account");
    block_on(async {
        let sandbox = Sandbox::in_memory(None, None).unwrap();
        let world = World::new(&sandbox, &cluster);
        world.apply(&yaml).await;
        let expected = remains(&world.inventory().await);
        let mut crashes = 0;
        for n in 1.. {
            let Some(inventory) = crash_at(&yaml, &cluster, n).await else { break };
            assert_eq!(remains(&inventory), expected, "after a crash at call {n}");
            crashes += 1;
        }
        assert!(crashes > 50, "only {crashes} calls were interrupted");
    });
}

#[test]
fn a_crash_at_any_call_of_a_deletion_is_survived() {
    let shape = Shape { bastion: true, ..Shape::small("crash.example.com") };
    let yaml = shape.yaml();
    let cluster = ClusterName::parse(&shape.name).unwrap();
    block_on(async {
        let mut crashes = 0;
        while crash_of_deletion_at(&yaml, &cluster, crashes + 1).await {
            crashes += 1;
        }
        assert!(crashes > 30, "only {crashes} calls were interrupted");
    });
}
