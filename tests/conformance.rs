//! One suite for every backend: the sandbox here, and the AWS executor before a test server over the wire.
//!
//! The suite speaks through the ports only, so both have to agree on keys, ownership and what a property means. The AWS half
//! runs when `KEDGE_TEST_ENDPOINT` names a server that `tests/moto/server.py` started, and says that it is skipped otherwise.

#[path = "common/mod.rs"]
mod common;
#[path = "common/foreign.rs"]
mod foreign;
#[path = "common/manifest.rs"]
mod manifest;
#[path = "common/others.rs"]
mod others;
#[path = "common/wire.rs"]
mod wire_server;

use std::future::Future;

use common::World;
use kedge_cloud::{Observe, Realize};
use kedge_resource::plan::Purpose;
use kedge_resource::{Action, ClusterName, Kind};
use manifest::{NodeGroup, Shape};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// Runs the scenario in a new sandbox account, and in the test server's account if there is one.
///
/// Each scenario has a cluster name of its own, because the test server's account is shared.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        mod sandbox {
            $(#[test]
            fn $name() {
                let sandbox = kedge_sandbox::Sandbox::in_memory(None, None).expect("an account");
                super::block_on(super::$name(&sandbox));
            })*
        }

        mod wire {
            $(#[test]
            fn $name() {
                if super::wire_server::is_there() {
                    super::block_on(async { super::$name(&super::wire_server::connect().await).await });
                }
            })*
        }
    };
}

scenarios!(
    lives_and_dies,
    private_topology_lives_and_dies,
    changes_in_place,
    groups_come_and_go,
    labels_reach_everything,
    others_are_left_alone,
    drift_is_taken_back,
);

fn cluster(shape: &Shape) -> ClusterName {
    ClusterName::parse(&shape.name).expect("a cluster name")
}

async fn lives_and_dies<B: Observe + Realize>(backend: &B) {
    let shape = Shape::small("life.example.com");
    let world = World::new(backend, &cluster(&shape));
    let plan = world.apply(&shape.yaml()).await;
    assert_eq!(plan.purpose, Purpose::Apply);
    assert!(plan.changes.iter().all(|change| change.action == Action::Create), "a new cluster is created");
    world.assert_settled(&shape.yaml()).await;
    world.delete().await;
}

async fn private_topology_lives_and_dies<B: Observe + Realize>(backend: &B) {
    let shape = Shape {
        zones: 3,
        private: true,
        bastion: true,
        control_planes: 3,
        networking: "calico: {}",
        ..Shape::small("private.example.com")
    };
    let world = World::new(backend, &cluster(&shape));
    world.apply(&shape.yaml()).await;
    world.assert_settled(&shape.yaml()).await;
    let nat = world.inventory().await.resources.iter().filter(|o| o.key.kind == Kind::NatGateway).count();
    assert_eq!(nat, 3, "one NAT gateway for each zone");
    world.delete().await;
}

async fn changes_in_place<B: Observe + Realize>(backend: &B) {
    let mut shape = Shape::small("change.example.com");
    let world = World::new(backend, &cluster(&shape));
    world.apply(&shape.yaml()).await;

    shape.node_groups = vec![NodeGroup { machine_type: "m5.large", min: 2, max: 5, spot: true }];
    shape.ssh = "192.0.2.0/24";
    let plan = world.apply(&shape.yaml()).await;
    let actions: Vec<String> = plan.changes.iter().map(|c| format!("{:?} {}", c.action, c.key)).collect();
    assert!(actions.contains(&"Update launch-template/nodes-0.change.example.com".to_owned()), "{actions:#?}");
    assert!(actions.contains(&"Update auto-scaling-group/nodes-0.change.example.com".to_owned()), "{actions:#?}");
    assert!(
        !plan.changes.iter().any(|c| c.action == Action::Replace),
        "nothing of this needs a replacement: {actions:#?}"
    );
    assert_eq!(plan.report.instances_to_roll, ["nodes-0"], "running instances keep the old template");
    world.assert_settled(&shape.yaml()).await;
    world.delete().await;
}

async fn groups_come_and_go<B: Observe + Realize>(backend: &B) {
    let mut shape = Shape::small("groups.example.com");
    let world = World::new(backend, &cluster(&shape));
    world.apply(&shape.yaml()).await;

    shape.node_groups.push(NodeGroup { machine_type: "c5.xlarge", min: 1, max: 1, spot: false });
    shape.zones = 2;
    world.apply(&shape.yaml()).await;
    world.assert_settled(&shape.yaml()).await;

    shape.node_groups.remove(1);
    let plan = world.apply(&shape.yaml()).await;
    let gone: Vec<String> =
        plan.changes.iter().filter(|c| c.action == Action::Delete).map(|c| c.key.to_string()).collect();
    assert!(gone.contains(&"auto-scaling-group/nodes-1.groups.example.com".to_owned()), "{gone:#?}");
    assert!(gone.contains(&"launch-template/nodes-1.groups.example.com".to_owned()), "{gone:#?}");
    world.assert_settled(&shape.yaml()).await;
    world.delete().await;
}

async fn labels_reach_everything<B: Observe + Realize>(backend: &B) {
    let mut shape = Shape::small("labels.example.com");
    let world = World::new(backend, &cluster(&shape));
    world.apply(&shape.yaml()).await;
    shape.label = Some("infra");
    let plan = world.apply(&shape.yaml()).await;
    for kind in [Kind::Vpc, Kind::Subnet, Kind::Role, Kind::Queue, Kind::LoadBalancer, Kind::Volume] {
        assert!(
            plan.changes.iter().any(|c| c.key.kind == kind && c.fields.iter().any(|f| f.path == "Tags.team")),
            "{kind} gets the label"
        );
    }
    world.assert_settled(&shape.yaml()).await;
    world.delete().await;
}

async fn others_are_left_alone<B: Observe + Realize>(backend: &B) {
    let shape = Shape::small("others.example.com");
    let world = World::new(backend, &cluster(&shape));
    foreign::make(backend, &world.cluster, "us-east-1a").await;
    let before = others::snapshot(&world.inventory().await);
    assert!(before.len() >= 3, "foreign things are seen: {before:#?}");

    world.apply(&shape.yaml()).await;
    world.assert_settled(&shape.yaml()).await;
    world.delete().await;
    assert_eq!(others::snapshot(&world.inventory().await), before);
}

async fn drift_is_taken_back<B: Observe + Realize>(backend: &B) {
    let shape = Shape::small("drift.example.com");
    let world = World::new(backend, &cluster(&shape));
    world.apply(&shape.yaml()).await;

    // Somebody removes a rule and a record, and changes a size: what another manifest would plan.
    let mut drifted = shape.clone();
    drifted.ssh = "198.51.100.0/24";
    drifted.node_groups = vec![NodeGroup { machine_type: "t3.medium", min: 0, max: 7, spot: false }];
    world.apply(&drifted.yaml()).await;

    let plan = world.apply(&shape.yaml()).await;
    assert!(!plan.is_empty());
    world.assert_settled(&shape.yaml()).await;
    world.delete().await;
}
