//! Things of others are told apart and left alone.

use kedge_cloud::{ErrorClass, Observe as _};
use kedge_resource::kind::{Direction, LaunchTemplate, LoadBalancer, RecordSet, SecurityGroupRule};
use kedge_resource::policy::Statement;
use kedge_resource::tags::ownership_key;
use kedge_resource::{FactsQuery, Inventory, Kind, Observed, Ownership, PolicyDocument, Ref, Tags};
use kedge_sandbox::Sandbox;

use crate::apply::{apply, assert_is, observe};
use crate::delete::{delete, deletions};
use crate::world::{ZONE, cluster, facts, rule, world};

fn find<'a>(inventory: &'a Inventory, kind: Kind, name: &str) -> Option<&'a Observed> {
    inventory.resources.iter().find(|it| it.key.kind == kind && it.key.name == name)
}

fn trust() -> PolicyDocument {
    let mut statement = Statement::allow();
    statement.principal.insert("Service".to_owned(), ["ec2.amazonaws.com".to_owned()].into());
    statement.action.insert("sts:AssumeRole".to_owned());
    PolicyDocument::new(vec![statement])
}

#[tokio::test]
async fn what_is_not_tagged_stands_in_the_way() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let hands = sandbox.by_hand();
    hands.put_foreign_role("nodes.c.example.com", &trust(), &Tags::default()).unwrap();
    hands.put_foreign_role("nodes.other.example.com", &trust(), &Tags::default()).unwrap();
    hands.put_record(ZONE, "api.c.example.com", "A", "192.0.2.1").unwrap();
    hands.put_record(ZONE, "www.example.com", "A", "192.0.2.1").unwrap();
    let inventory = observe(&sandbox).await;
    let names: Vec<(&str, Ownership)> =
        inventory.resources.iter().map(|it| (it.key.name.as_str(), it.ownership)).collect();
    let record = format!("api.c.example.com A in {ZONE}");
    assert_eq!(names, [(record.as_str(), Ownership::Foreign), ("nodes.c.example.com", Ownership::Foreign)]);
}

#[tokio::test]
async fn a_name_that_is_taken_is_an_error_that_says_so() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    // Planned before somebody else took the name.
    let inventory = observe(&sandbox).await;
    let steps = crate::apply::steps(&world, &inventory);
    sandbox.by_hand().put_foreign_role("nodes.c.example.com", &trust(), &Tags::default()).unwrap();
    let error = crate::apply::run(&sandbox, &inventory, &steps).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::AlreadyExists);
    assert!(error.message.contains("does not carry the ownership tag of c.example.com"), "{error}");
    // So with a record.
    world.resources.retain(|it| it.key.kind != Kind::Role);
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let steps = crate::apply::steps(&crate::world::world(), &inventory);
    sandbox.by_hand().put_record(ZONE, "api.c.example.com", "A", "192.0.2.1").unwrap();
    let error = crate::apply::run(&sandbox, &inventory, &steps).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict);
    assert!(error.message.contains("does not lead to a load balancer of c.example.com"), "{error}");
}

#[tokio::test]
async fn deleting_leaves_things_of_others() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let hands = sandbox.by_hand();
    let vpc = hands.put_foreign_vpc("172.16.0.0/16", &[("Name", "c.example.com")].into_iter().collect()).unwrap();
    let volume = hands.put_foreign_volume("us-east-1a", &Tags::standard(&cluster(), "by-a-controller")).unwrap();
    let other = hands.put_foreign_volume("us-east-1a", &Tags::default()).unwrap();
    apply(&sandbox, &world()).await.unwrap();
    let inventory = observe(&sandbox).await;
    assert_eq!(inventory.by_key()[&kedge_resource::ResourceKey::new(Kind::Vpc, "c.example.com")].len(), 1);
    assert_eq!(find(&inventory, Kind::Volume, "by-a-controller").unwrap().handle.id, volume);
    delete(&sandbox).await.unwrap();
    assert_eq!(observe(&sandbox).await.resources, []);
    // They are still there to be deleted.
    hands.delete(&vpc).unwrap();
    hands.delete(&other).unwrap();
    assert!(hands.delete(&volume).unwrap_err().to_string().contains("InvalidVolume.NotFound"));
}

#[tokio::test]
async fn drift_is_seen_and_mended() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let world = world();
    apply(&sandbox, &world).await.unwrap();
    let inventory = observe(&sandbox).await;
    let hands = sandbox.by_hand();
    let id = |kind, name: &str| find(&inventory, kind, name).unwrap().handle.id.clone();
    hands.tag(&id(Kind::Subnet, "a.c.example.com"), "KubernetesCluster", Some("wrong")).unwrap();
    hands.tag("nodes.c.example.com", "KubernetesCluster", None).unwrap();
    hands.delete(&id(Kind::SecurityGroupRule, "nodes.c.example.com tcp 22 from 0.0.0.0/0")).unwrap();
    hands.delete(&id(Kind::Volume, "a.etcd-main.c.example.com")).unwrap();
    hands.delete(&id(Kind::Listener, "api.c.example.com 443")).unwrap();
    let group = id(Kind::SecurityGroup, "nodes.c.example.com");
    hands.put_foreign_rule(&group, 8080, "0.0.0.0/0", &Tags::default()).unwrap();
    let drifted = observe(&sandbox).await;
    let rule = find(&drifted, Kind::SecurityGroupRule, "nodes.c.example.com tcp 8080 from 0.0.0.0/0").unwrap();
    assert_eq!(rule.ownership, Ownership::Foreign);
    hands.delete(&rule.handle.id).unwrap();
    apply(&sandbox, &world).await.unwrap();
    assert_is(&sandbox, &world).await;
}

#[tokio::test]
async fn instances_that_somebody_terminates_are_replaced() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    world.resources.retain(|it| it.key.kind != Kind::WarmPool);
    apply(&sandbox, &world).await.unwrap();
    let instances = |inventory: &Inventory| -> Vec<String> {
        let of_kind = inventory.resources.iter().filter(|it| it.key.kind == Kind::Instance);
        of_kind.map(|it| it.handle.id.clone()).collect()
    };
    let inventory = observe(&sandbox).await;
    let before = instances(&inventory);
    let volume = find(&inventory, Kind::Volume, "a.etcd-main.c.example.com").unwrap().handle.id.clone();
    let hands = sandbox.by_hand();
    let in_zone = |id: &&String| hands.attach_volume(&volume, id).is_ok();
    let holder = before.iter().find(in_zone).unwrap().clone();
    assert!(hands.delete(&volume).unwrap_err().to_string().contains("VolumeInUse"));
    hands.terminate(std::slice::from_ref(&holder)).unwrap();
    sandbox.pass_time(std::time::Duration::from_secs(60)).unwrap();
    let after = instances(&observe(&sandbox).await);
    assert_eq!(after.len(), before.len());
    assert!(!after.contains(&holder));
    // The volume outlives the instance that held it.
    hands.delete(&volume).unwrap();
}

#[tokio::test]
async fn shared_things_are_foreign() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let shared: Tags = [("Name", "shared"), (ownership_key(&cluster()).as_str(), "shared")].into_iter().collect();
    sandbox.by_hand().put_foreign_vpc("172.16.0.0/16", &shared).unwrap();
    let inventory = observe(&sandbox).await;
    assert_eq!(find(&inventory, Kind::Vpc, "shared").unwrap().ownership, Ownership::Foreign);
    assert!(sandbox.clusters().await.unwrap().is_empty());
}

#[tokio::test]
async fn records_of_a_load_balancer_that_is_gone_are_still_ours() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let address = format!(
        "{}-0123456789abcdef.elb.us-east-1.amazonaws.com",
        kedge_resource::names::hashed_name("api", &cluster())
    );
    let hands = sandbox.by_hand();
    hands.put_alias(ZONE, "api.c.example.com", "A", &format!("dualstack.{address}")).unwrap();
    hands.put_alias(ZONE, "bastion.c.example.com", "A", "of-others-1.elb.us-east-1.amazonaws.com").unwrap();
    let inventory = observe(&sandbox).await;
    let ours = find(&inventory, Kind::RecordSet, &format!("api.c.example.com A in {ZONE}")).unwrap();
    assert_eq!(ours.ownership, Ownership::Owned);
    assert!(ours.properties.to_value().to_string().contains(&format!("\"{address}\"")));
    let other = find(&inventory, Kind::RecordSet, &format!("bastion.c.example.com A in {ZONE}")).unwrap();
    assert_eq!(other.ownership, Ownership::Foreign);
}

#[tokio::test]
async fn records_of_load_balancers_of_controllers_are_left_out() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    apply(&sandbox, &world).await.unwrap();
    // A load balancer with the cluster's tag and a name that is not kedge's.
    let steps = {
        let mut ingress = world
            .resources
            .iter()
            .find(|it| it.key.kind == Kind::LoadBalancer)
            .map(|it| kedge_resource::Resource { key: it.key.clone(), properties: it.properties.clone() })
            .unwrap();
        ingress.key.name = "ingress".to_owned();
        world.resources.push(ingress);
        world.change("ingress", |it: &mut LoadBalancer| {
            it.name = "k8s-ingress-a1b2".to_owned();
            it.tags = Tags::standard(&cluster(), "ingress");
        });
        let inventory = observe(&sandbox).await;
        let steps = crate::apply::steps(&world, &inventory);
        crate::apply::run(&sandbox, &inventory, &steps).await.unwrap();
        steps
    };
    assert_eq!(steps.len(), 1);
    let inventory = observe(&sandbox).await;
    let ingress = find(&inventory, Kind::LoadBalancer, "ingress").unwrap();
    assert_eq!(ingress.ownership, Ownership::Owned);
    let address = ingress.handle.dns_name.clone().unwrap();
    sandbox.by_hand().put_alias(ZONE, "www.example.com", "A", &address).unwrap();
    sandbox.by_hand().put_alias(ZONE, "bastion.c.example.com", "A", &address).unwrap();
    let inventory = observe(&sandbox).await;
    assert_eq!(find(&inventory, Kind::RecordSet, &format!("www.example.com A in {ZONE}")), None);
    let other = find(&inventory, Kind::RecordSet, &format!("bastion.c.example.com A in {ZONE}")).unwrap();
    assert_eq!(other.ownership, Ownership::Foreign);
}

#[tokio::test]
async fn a_record_that_was_repointed_after_the_plan_stays() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    apply(&sandbox, &world).await.unwrap();
    let name = format!("api.c.example.com A in {ZONE}");
    world.change(&name, |it: &mut RecordSet| {
        if let Some(alias) = &mut it.alias_target {
            alias.evaluate_target_health = true;
        }
    });
    let inventory = observe(&sandbox).await;
    let steps = crate::apply::steps(&world, &inventory);
    sandbox.by_hand().put_alias(ZONE, "api.c.example.com", "A", "of-others-1.elb.us-east-1.amazonaws.com").unwrap();
    let error = crate::apply::run(&sandbox, &inventory, &steps).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict);
    let record = observe(&sandbox).await;
    let record = find(&record, Kind::RecordSet, &name).unwrap();
    assert!(record.properties.to_value().to_string().contains("of-others-1"));
}

#[tokio::test]
async fn a_rule_that_was_in_a_group_of_others_before_stays_theirs() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let hands = sandbox.by_hand();
    let vpc = hands.put_foreign_vpc("172.16.0.0/16", &Tags::default()).unwrap();
    // With the egress rule that AWS gives to every group.
    let group = hands.put_foreign_security_group(&vpc, "theirs", None, &Tags::default()).unwrap();
    let mut world = world();
    let ssh = rule(&group, Direction::Ingress, "tcp", Some((22, 22)), "10.0.0.0/8");
    let egress = rule(&group, Direction::Egress, "-1", None, "0.0.0.0/0");
    for mut resource in [ssh, egress] {
        let properties: &SecurityGroupRule = (&resource.properties).try_into().unwrap();
        resource.properties = SecurityGroupRule { group: Ref::existing(&group), ..properties.clone() }.into();
        world.resources.push(resource);
    }
    apply(&sandbox, &world).await.unwrap();
    let inventory = observe(&sandbox).await;
    let made = find(&inventory, Kind::SecurityGroupRule, &format!("{group} tcp 22 from 10.0.0.0/8")).unwrap();
    assert_eq!(made.ownership, Ownership::Owned);
    let theirs = find(&inventory, Kind::SecurityGroupRule, &format!("{group} -1 all to 0.0.0.0/0")).unwrap();
    assert_eq!(theirs.ownership, Ownership::Foreign);
    let properties: &SecurityGroupRule = (&theirs.properties).try_into().unwrap();
    assert_eq!(properties.tags, Tags::default());
    let mut own = inventory.clone();
    own.resources.retain(|it| it.ownership == Ownership::Owned);
    crate::apply::run(&sandbox, &own, &deletions(&own)).await.unwrap();
    assert_eq!(observe(&sandbox).await.resources, []);
    // The rule is still there to be deleted, and the other one is not.
    hands.delete(&theirs.handle.id).unwrap();
    hands.delete(&made.handle.id).unwrap_err();
}

#[tokio::test]
async fn rules_of_groups_that_templates_use_are_seen() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    apply(&sandbox, &world).await.unwrap();
    let inventory = observe(&sandbox).await;
    let vpc = find(&inventory, Kind::Vpc, "c.example.com").unwrap().handle.id.clone();
    let group = sandbox.by_hand().put_foreign_security_group(&vpc, "theirs", None, &Tags::default()).unwrap();
    let name = format!("{group} -1 all to 0.0.0.0/0");
    assert_eq!(find(&observe(&sandbox).await, Kind::SecurityGroupRule, &name), None);
    let template = world.resources.iter().find(|it| it.key.kind == Kind::LaunchTemplate).unwrap().key.name.clone();
    world.change(&template, |it: &mut LaunchTemplate| {
        it.network_interfaces[0].security_groups.push(Ref::existing(&group));
    });
    apply(&sandbox, &world).await.unwrap();
    let inventory = observe(&sandbox).await;
    assert_eq!(find(&inventory, Kind::SecurityGroupRule, &name).unwrap().ownership, Ownership::Foreign);
}

#[tokio::test]
async fn facts_are_what_was_asked_for() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let vpc = sandbox.by_hand().put_foreign_vpc("172.16.0.0/16", &Tags::default()).unwrap();
    sandbox.by_hand().put_foreign_internet_gateway(&vpc, &Tags::default()).unwrap();
    let subnet = sandbox.by_hand().put_foreign_subnet(&vpc, "us-east-1a", "172.16.1.0/24", &Tags::default()).unwrap();
    let noble = "099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714";
    let parameter = "/aws/service/debian/release/12/latest/amd64";
    let query = FactsQuery {
        images: [noble.to_owned(), format!("ssm:{parameter}"), "ami-nothing".to_owned()].into(),
        instance_types: ["m5.large".to_owned(), "m5.huge".to_owned()].into(),
        vpc: Some(vpc.clone()),
        hosted_zones: true,
        ..FactsQuery::default()
    };
    let facts = sandbox.facts(&query).await.unwrap();
    assert_eq!(facts.images.len(), 2);
    assert!(facts.images.iter().any(|image| image.id == facts.image_parameters[parameter]));
    assert_eq!(facts.instance_types.types.keys().collect::<Vec<_>>(), ["m5.large"]);
    assert_eq!(facts.hosted_zones.len(), 2);
    assert_eq!((facts.vpcs[0].id.as_str(), facts.vpcs[0].internet_gateway.is_some()), (vpc.as_str(), true));
    assert_eq!(facts.subnets[0].id, subnet);
    let bare = sandbox.facts(&FactsQuery::default()).await.unwrap();
    assert!(bare.images.is_empty() && bare.vpcs.is_empty() && bare.hosted_zones.is_empty());
    assert_eq!(bare.availability_zones.len(), 6);
}
