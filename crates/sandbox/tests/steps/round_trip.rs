//! What is made is observed as it was wanted.

use std::collections::BTreeSet;

use kedge_cloud::Observe as _;
use kedge_resource::{Kind, Ownership};
use kedge_sandbox::Sandbox;

use crate::apply::{apply, assert_is, observe, steps};
use crate::world::{cluster, facts, world};

#[tokio::test]
async fn every_kind_is_observed_as_it_was_wanted() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let world = world();
    apply(&sandbox, &world).await.unwrap();
    assert_is(&sandbox, &world).await;
    assert!(steps(&world, &observe(&sandbox).await).is_empty());
    let made: BTreeSet<Kind> = world.resources.iter().map(|resource| resource.key.kind).collect();
    let never_made = [Kind::Instance, Kind::NetworkInterface, Kind::ClassicLoadBalancer];
    // What stands in a state store is none of the account's.
    let missing: Vec<&Kind> =
        Kind::ALL.iter().filter(|kind| !made.contains(kind) && **kind != Kind::StoreObject).collect();
    assert_eq!(missing, never_made.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn groups_launch_instances() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    apply(&sandbox, &world()).await.unwrap();
    let inventory = observe(&sandbox).await;
    let instances: Vec<_> = inventory.resources.iter().filter(|it| it.key.kind == Kind::Instance).collect();
    // Two members and one that waits in the warm pool.
    assert_eq!(instances.len(), 3);
    assert!(instances.iter().all(|it| it.ownership == Ownership::Owned));
    let clusters = sandbox.clusters().await.unwrap();
    assert_eq!(clusters.len(), 1);
    assert_eq!((&clusters[0].name, clusters[0].instances), (&cluster(), 2));
    assert!(clusters[0].vpc.is_some());
}

#[tokio::test]
async fn ids_do_not_depend_on_the_order() {
    let ids = |inventory: kedge_resource::Inventory| {
        let ids = inventory.resources.into_iter().filter(|it| it.key.kind != Kind::Instance);
        ids.map(|it| (it.key, it.handle)).collect::<Vec<_>>()
    };
    let first = Sandbox::in_memory(Some(facts()), None).unwrap();
    apply(&first, &world()).await.unwrap();
    let second = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut other = world();
    // Subnets and groups the other way round; what needs them still comes after them.
    for kind in [Kind::Subnet, Kind::SecurityGroup, Kind::RouteTable] {
        let (of_kind, rest): (Vec<_>, Vec<_>) = other.resources.drain(..).partition(|it| it.key.kind == kind);
        let at = rest.iter().position(|it| it.key.kind == Kind::EgressOnlyInternetGateway).unwrap() + 1;
        other.resources = rest;
        for resource in of_kind {
            other.resources.insert(at, resource);
        }
    }
    apply(&second, &other).await.unwrap();
    assert_eq!(ids(observe(&first).await), ids(observe(&second).await));
}

#[tokio::test]
async fn calls_are_made_in_the_order_of_aws() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    apply(&sandbox, &world()).await.unwrap();
    let writes: Vec<String> =
        sandbox.calls().iter().filter(|call| call.is_write()).map(|call| call.action.clone()).collect();
    let position = |action: &str| writes.iter().position(|other| other == action).unwrap_or_else(|| panic!("{action}"));
    for (first, then) in [
        ("CreateVpc", "ModifyVpcAttribute"),
        ("CreateInternetGateway", "AttachInternetGateway"),
        ("CreateSubnet", "ModifySubnetAttribute"),
        ("CreateInstanceProfile", "AddRoleToInstanceProfile"),
        ("CreateAutoScalingGroup", "EnableMetricsCollection"),
        ("CreateLoadBalancer", "ModifyLoadBalancerAttributes"),
        ("CreateTargetGroup", "ModifyTargetGroupAttributes"),
    ] {
        assert!(position(first) < position(then), "{first} after {then}");
    }
    let counts = sandbox.call_counts();
    // One call for the rules of a group and direction, one for the records of a zone, hooks with their group.
    assert_eq!(counts["ec2:AuthorizeSecurityGroupIngress"], 2);
    assert_eq!(counts["route53:ChangeResourceRecordSets"], 1);
    assert_eq!(counts.get("autoscaling:PutLifecycleHook"), None);
}

#[tokio::test]
async fn an_identity_needs_no_cluster() {
    let sandbox = Sandbox::in_memory(None, None).unwrap();
    let identity = sandbox.identity().await.unwrap();
    assert_eq!((identity.account_id.as_str(), identity.region.as_str()), ("123456789012", "us-east-1"));
    assert!(sandbox.clusters().await.unwrap().is_empty());
}
