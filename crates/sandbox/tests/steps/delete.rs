//! What is deleted is gone, and nothing else.

use std::collections::BTreeSet;

use kedge_cloud::{CloudError, Step, StepChange, Verb};
use kedge_resource::{Inventory, Kind, Observed};
use kedge_sandbox::{Faults, Sandbox};

use crate::apply::{apply, observe, run};
use crate::world::{facts, world};

/// Kinds in an order in which they can go; those that are not here go with their container.
const ORDER: &[Kind] = &[
    Kind::RecordSet,
    Kind::HostedZoneAssociation,
    Kind::WarmPool,
    Kind::LifecycleHook,
    Kind::AutoScalingGroup,
    Kind::Instance,
    Kind::LaunchTemplate,
    Kind::Listener,
    Kind::LoadBalancer,
    Kind::TargetGroup,
    Kind::EventTarget,
    Kind::EventRule,
    Kind::Queue,
    Kind::RolePolicy,
    Kind::PolicyAttachment,
    Kind::InstanceProfile,
    Kind::Role,
    Kind::OidcProvider,
    Kind::Volume,
    Kind::KeyPair,
    Kind::Route,
    Kind::NatGateway,
    Kind::ElasticIp,
    Kind::SecurityGroupRule,
    Kind::SecurityGroup,
    Kind::NetworkInterface,
    Kind::ClassicLoadBalancer,
    Kind::RouteTableAssociation,
    Kind::RouteTable,
    Kind::Subnet,
    Kind::EgressOnlyInternetGateway,
    Kind::InternetGateway,
    Kind::VpcCidrBlock,
    Kind::DhcpOptionsAssociation,
    Kind::Vpc,
    Kind::DhcpOptions,
];

/// Steps that delete everything of an inventory.
pub(crate) fn deletions(inventory: &Inventory) -> Vec<Step> {
    let mut steps = Vec::new();
    for kind in ORDER {
        let of_kind: Vec<&Observed> = inventory.resources.iter().filter(|it| it.key.kind == *kind).collect();
        let change = |observed: &Observed| StepChange {
            key: observed.key.clone(),
            before: Some(observed.clone()),
            after: None,
            fields: Vec::new(),
        };
        let together = [Kind::Instance, Kind::RecordSet, Kind::SecurityGroupRule].contains(kind);
        if together && !of_kind.is_empty() {
            let changes = of_kind.into_iter().map(change).collect();
            steps.push(Step { verb: Verb::Delete, changes });
        } else {
            let single = of_kind.into_iter().map(|it| Step { verb: Verb::Delete, changes: vec![change(it)] });
            steps.extend(single);
        }
    }
    steps
}

pub(crate) async fn delete(sandbox: &Sandbox) -> Result<(), CloudError> {
    let inventory =
        kedge_cloud::Observe::inventory(sandbox, &crate::world::cluster(), kedge_cloud::Scope::Everything).await?;
    run(sandbox, &inventory, &deletions(&inventory)).await
}

#[tokio::test]
async fn nothing_is_left() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let kinds: BTreeSet<&Kind> = ORDER.iter().collect();
    // What stands in a state store is none of the account's.
    assert_eq!(kinds.len() + 1, Kind::ALL.len());
    assert!(!kinds.contains(&Kind::StoreObject));
    apply(&sandbox, &world()).await.unwrap();
    delete(&sandbox).await.unwrap();
    assert_eq!(observe(&sandbox).await.resources, []);
    // A second deletion of the same things finds them gone, which is fine.
    let again = Sandbox::in_memory(Some(facts()), None).unwrap();
    apply(&again, &world()).await.unwrap();
    let inventory = observe(&again).await;
    run(&again, &inventory, &deletions(&inventory)).await.unwrap();
    run(&again, &inventory, &deletions(&inventory)).await.unwrap();
}

#[tokio::test]
async fn a_cluster_can_be_made_again_under_the_same_names() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let world = world();
    apply(&sandbox, &world).await.unwrap();
    delete(&sandbox).await.unwrap();
    apply(&sandbox, &world).await.unwrap();
    crate::apply::assert_is(&sandbox, &world).await;
}

#[tokio::test]
async fn crashes_at_every_call_of_a_deletion_leave_nothing() {
    let calls = {
        let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
        apply(&sandbox, &world()).await.unwrap();
        sandbox.forget_calls();
        delete(&sandbox).await.unwrap();
        sandbox.calls().len()
    };
    for number in 31..=calls {
        let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
        apply(&sandbox, &world()).await.unwrap();
        sandbox.restart(Some(Faults::crash_at(number as u64)));
        assert!(delete(&sandbox).await.is_err(), "call {number}");
        assert!(sandbox.crashed());
        sandbox.restart(None);
        delete(&sandbox).await.unwrap();
        assert_eq!(observe(&sandbox).await.resources, [], "call {number}");
    }
}
