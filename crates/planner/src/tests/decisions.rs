//! Single decisions: what happens to one resource, and why.

use kedge_resource::inventory::Unreadable;
use kedge_resource::kind::{Direction, NatGateway, Route, SecurityGroupRule, StoreObject, Volume};
use kedge_resource::plan::{Note, Replacement, Severity};
use kedge_resource::{
    Action, ClusterName, Desired, Inventory, Kind, Ownership, Plan, Properties, Reason, Ref, Resource, ResourceKey,
    Tags,
};
use serde_json::json;

use super::account::Account;
use super::cluster::{C, Shape, desired};
use super::{apply, built, change, context, delete, summary};
use crate::{PlanError, Verb, plan_apply, schedule};

fn key(kind: Kind, name: &str) -> ResourceKey {
    ResourceKey::new(kind, name)
}

fn small() -> Shape {
    Shape { zones: 1, private: true, balancer: true, groups: 1, ..Shape::default() }
}

fn edit(desired: &mut Desired, kind: Kind, name: &str, change: impl FnOnce(&mut Properties)) {
    let resource = desired.resources.iter_mut().find(|resource| resource.key == key(kind, name)).unwrap();
    change(&mut resource.properties);
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.report.notes.iter().map(|note| note.code.as_str()).collect()
}

#[test]
fn a_new_image_is_an_update_and_old_instances_stay() {
    let account = built(&small());
    let plan = apply(&desired(&Shape { image: "ami-2".to_owned(), ..small() }), &account.inventory);
    let template = format!("update launch-template/nodes-0.{C}");
    assert_eq!(summary(&plan), ["update store-object/nodes/nodes-0/config".to_owned(), template]);
    let [config, change] = &plan.changes[..] else { panic!("two changes") };
    assert!(change.needs.contains(&config.key), "instances find what their template names");
    assert_eq!(change.reason, Reason::Differs);
    let fields: Vec<&str> = change.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(fields, ["ImageId", "UserData"]);
    assert_eq!(
        (change.fields[0].before.clone(), change.fields[0].after.clone()),
        (Some(json!("ami-1")), Some(json!("ami-2")))
    );
    assert_eq!(plan.report.instances_to_roll, ["nodes-0"]);
}

#[test]
fn templates_wait_for_what_they_name_and_nothing_else_of_the_store() {
    let mut wanted = desired(&Shape { groups: 2, ..small() });
    let balancer = wanted.resources.iter().find(|resource| resource.key.kind == Kind::LoadBalancer).unwrap();
    let load_balancer = Some(Ref::managed(balancer.key.name.clone()));
    let endpoint = StoreObject { version: None, sha256: None, content: None, load_balancer };
    wanted.resources.push(Resource { key: key(Kind::StoreObject, "nodes/endpoint"), properties: endpoint.into() });
    let plan = apply(&wanted, &Inventory::empty(ClusterName::parse(C).unwrap()));
    let endpoint = change(&plan, "store-object/nodes/endpoint");
    assert!(endpoint.needs.iter().any(|key| key.kind == Kind::LoadBalancer));
    for number in 0..2 {
        let template = change(&plan, &format!("launch-template/nodes-{number}.{C}"));
        let objects: Vec<&str> =
            template.needs.iter().filter(|key| key.kind == Kind::StoreObject).map(|key| key.name.as_str()).collect();
        // Instances ask for the endpoint until it is there: a load balancer takes minutes.
        assert_eq!(objects, [format!("nodes/nodes-{number}/config")]);
    }
}

#[test]
fn tags_of_others_stay_and_ours_come_back() {
    let mut account = built(&small());
    if let Properties::Vpc(vpc) = &mut account.get_mut(Kind::Vpc, C).unwrap().properties {
        vpc.tags.set("team", "blue");
        vpc.tags.set("KubernetesCluster", "other");
    }
    let plan = apply(&desired(&small()), &account.inventory);
    assert_eq!(summary(&plan), [format!("update vpc/{C}")]);
    let paths: Vec<&str> = plan.changes[0].fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["Tags.KubernetesCluster"]);
}

#[test]
fn what_cannot_change_is_replaced_with_what_it_is_made_of() {
    let account = built(&small());
    let mut wanted = desired(&small());
    edit(&mut wanted, Kind::Subnet, &format!("a.{C}"), |properties| {
        if let Properties::Subnet(subnet) = properties {
            subnet.availability_zone = "us-test-1b".to_owned();
        }
    });
    let plan = apply(&wanted, &account.inventory);
    let subnet = change(&plan, "subnet/a.c.example.com");
    assert_eq!(subnet.reason, Reason::Immutable { fields: vec!["AvailabilityZone".to_owned()] });
    // The old one and the new one have the same range.
    assert_eq!(subnet.replacement, Some(Replacement::DeleteFirst));
    let gateway = change(&plan, "nat-gateway/a.c.example.com");
    assert_eq!(gateway.action, Action::Replace);
    assert_eq!(gateway.reason, Reason::DependencyReplaced { dependency: subnet.key.clone() });
    let field = gateway.fields.iter().find(|field| field.forces_replacement).unwrap();
    assert_eq!((field.path.as_str(), field.after.clone()), ("Subnet", Some(json!("${subnet/a.c.example.com}"))));
    assert!(subnet.remove_needs.contains(&gateway.key));
    assert!(gateway.needs.contains(&subnet.key));
    // The route moves to the new gateway in place.
    let route = change(&plan, "route/private-table-a.c.example.com 0.0.0.0/0");
    assert_eq!((route.action, &route.reason), (Action::Update, &Reason::Differs));
}

#[test]
fn a_gateway_with_another_address_is_made_before_the_old_one_goes() {
    let account = built(&small());
    let mut wanted = desired(&small());
    let name = format!("a.{C}");
    edit(&mut wanted, Kind::NatGateway, &name, |properties| {
        if let Properties::NatGateway(gateway) = properties {
            gateway.eip = Ref::existing("eipalloc-own");
        }
    });
    wanted.resources.retain(|resource| resource.key != key(Kind::ElasticIp, &name));
    let plan = apply(&wanted, &account.inventory);
    let gateway = change(&plan, "nat-gateway/a.c.example.com");
    assert_eq!(gateway.replacement, Some(Replacement::CreateFirst));
    let route = key(Kind::Route, &format!("private-table-{name} 0.0.0.0/0"));
    assert_eq!(gateway.remove_needs, [route].into());
    assert_eq!(change(&plan, "elastic-ip/a.c.example.com").needs, [gateway.key.clone()].into());
    let order: Vec<String> = schedule(&plan)
        .unwrap()
        .steps
        .iter()
        .map(|step| format!("{} {}", step.verb.as_str(), plan.changes[step.changes[0]].key.kind))
        .collect();
    assert_eq!(order, ["create nat-gateway", "update route", "delete nat-gateway", "delete elastic-ip"]);
}

#[test]
fn a_group_that_nobody_wants_goes_with_its_hooks_in_one_step() {
    let account = built(&small());
    let plan = apply(&desired(&Shape { groups: 0, ..small() }), &account.inventory);
    let group = format!("auto-scaling-group/nodes-0.{C}");
    assert_eq!(
        summary(&plan),
        [
            "delete store-object/nodes/nodes-0/config".to_owned(),
            format!("delete launch-template/nodes-0.{C}"),
            format!("delete {group}"),
            format!("delete lifecycle-hook/nodes-0.{C} hook"),
            format!("delete warm-pool/nodes-0.{C}"),
        ]
    );
    assert!(plan.changes.iter().all(|change| change.reason == Reason::Undesired));
    let steps = schedule(&plan).unwrap().steps;
    let keys = |at: usize| -> Vec<String> {
        steps[at].changes.iter().map(|number| plan.changes[*number].key.to_string()).collect()
    };
    assert_eq!(keys(0), [group, format!("lifecycle-hook/nodes-0.{C} hook"), format!("warm-pool/nodes-0.{C}")]);
    // Instances boot as long as the group is there.
    assert_eq!(keys(1), ["store-object/nodes/nodes-0/config"]);
    assert_eq!(keys(2), [format!("launch-template/nodes-0.{C}")]);
    assert_eq!((&steps[1].needs, &steps[2].needs), (&[0].into(), &[0].into()));
}

#[test]
fn rules_of_a_group_and_hooks_of_a_new_group_are_one_call() {
    let plan = apply(&desired(&small()), &Inventory::empty(ClusterName::parse(C).unwrap()));
    let batch = |key: &str| change(&plan, key).batch.clone();
    let ingress = Some(format!("rules masters.{C} ingress"));
    assert_eq!(batch(&format!("security-group-rule/masters.{C} tcp 22 from 0.0.0.0/0")), ingress);
    assert_eq!(batch(&format!("security-group-rule/masters.{C} -1 all from nodes.{C}")), ingress);
    assert_ne!(batch(&format!("security-group-rule/masters.{C} -1 all to 0.0.0.0/0")), ingress);
    let group = Some(format!("auto-scaling-group/nodes-0.{C}"));
    assert_eq!(batch(&format!("auto-scaling-group/nodes-0.{C}")), group);
    assert_eq!(batch(&format!("lifecycle-hook/nodes-0.{C} hook")), group);
    assert_eq!(batch(&format!("warm-pool/nodes-0.{C}")), None);
    assert_eq!(batch(&format!("record-set/api.{C} A in Z1")), Some("records Z1".to_owned()));
    let records = schedule(&plan)
        .unwrap()
        .steps
        .into_iter()
        .find(|step| step.verb == Verb::Create && plan.changes[step.changes[0]].key.kind == Kind::RecordSet);
    assert_eq!(records.unwrap().changes.len(), 2);
}

#[test]
fn parts_go_with_their_container_and_groups_that_name_each_other_go() {
    let account = built(&small());
    let plan = delete(&account.inventory);
    assert!(plan.changes.iter().all(|change| change.reason == Reason::ClusterDeleted));
    for step in schedule(&plan).unwrap().steps {
        let kinds: Vec<Kind> = step.changes.iter().map(|number| plan.changes[*number].key.kind).collect();
        match kinds[0] {
            Kind::Vpc => assert_eq!(kinds, [Kind::Vpc, Kind::VpcCidrBlock, Kind::DhcpOptionsAssociation]),
            Kind::LoadBalancer => assert_eq!(kinds, [Kind::LoadBalancer, Kind::Listener]),
            Kind::RouteTable => assert_eq!(kinds, [Kind::RouteTable, Kind::Route]),
            Kind::Subnet => assert_eq!(kinds, [Kind::Subnet, Kind::RouteTableAssociation]),
            Kind::RecordSet => assert_eq!(kinds.len(), 2),
            Kind::Route | Kind::RouteTableAssociation | Kind::VpcCidrBlock | Kind::Listener | Kind::LifecycleHook => {
                panic!("{} has a step of its own", kinds[0]);
            }
            _ => {}
        }
    }
}

#[test]
fn what_is_not_ours_is_in_the_way_where_names_are_unique() {
    let mut account = Account::new();
    let wanted = desired(&small());
    let of = |kind: Kind, name: &str| {
        wanted.resources.iter().find(|resource| resource.key == key(kind, name)).unwrap().properties.clone()
    };
    account.put(C, Ownership::Foreign, of(Kind::Vpc, C));
    account.put(&format!("nodes.{C}"), Ownership::Foreign, of(Kind::Role, &format!("nodes.{C}")));
    account.put("old.c.example.com", Ownership::Foreign, of(Kind::Role, &format!("nodes.{C}")));
    let plan = apply(&wanted, &account.inventory);
    let foreign: Vec<(String, bool)> =
        plan.report.foreign.iter().map(|foreign| (foreign.key.to_string(), foreign.in_the_way)).collect();
    assert_eq!(
        foreign,
        [
            (format!("vpc/{C}"), false),
            (format!("iam-role/nodes.{C}"), true),
            ("iam-role/old.c.example.com".to_owned(), false),
        ]
    );
    assert!(delete(&account.inventory).is_empty());
}

#[test]
fn an_untagged_rule_of_ours_is_adopted_and_others_stay() {
    let mut account = built(&small());
    let name = format!("nodes.{C} tcp 22 from 0.0.0.0/0");
    let rule = account.get_mut(Kind::SecurityGroupRule, &name).unwrap();
    rule.ownership = Ownership::Foreign;
    let Properties::SecurityGroupRule(content) = &mut rule.properties else { unreachable!("rules are rules") };
    content.tags = Default::default();
    let other = SecurityGroupRule { cidr_ip: Some("192.0.2.0/24".to_owned()), ..*content.clone() };
    account.put(&format!("nodes.{C} tcp 22 from 192.0.2.0/24"), Ownership::Foreign, other);
    let plan = apply(&desired(&small()), &account.inventory);
    assert_eq!(summary(&plan), [format!("update security-group-rule/{name}")]);
    assert!(plan.changes[0].fields.iter().all(|field| field.property() == "Tags"));
    assert_eq!(plan.report.foreign.len(), 1);
}

#[test]
fn a_rule_that_was_in_a_group_of_others_before_serves_and_stays() {
    let mut wanted = desired(&small());
    let rule = |peer: &str, tags| SecurityGroupRule {
        group: Ref::existing("sg-1"),
        direction: Direction::Egress,
        ip_protocol: "-1".to_owned(),
        from_port: None,
        to_port: None,
        cidr_ip: Some(peer.to_owned()),
        cidr_ipv6: None,
        prefix_list_id: None,
        peer_group: None,
        tags,
    };
    let name = "sg-1 -1 all to 0.0.0.0/0";
    let properties = rule("0.0.0.0/0", Tags::standard(&wanted.cluster, name)).into();
    wanted.resources.push(Resource { key: key(Kind::SecurityGroupRule, name), properties });
    let mut account = built(&small());
    assert_eq!(summary(&apply(&wanted, &account.inventory)), [format!("create security-group-rule/{name}")]);
    account.put(name, Ownership::Foreign, rule("0.0.0.0/0", Tags::default()));
    account.put("sg-1 -1 all to 192.0.2.0/24", Ownership::Foreign, rule("192.0.2.0/24", Tags::default()));
    let plan = apply(&wanted, &account.inventory);
    assert_eq!(summary(&plan), [""; 0]);
    assert_eq!(plan.report.foreign, []);
    let plan = delete(&account.inventory);
    assert!(plan.changes.iter().all(|change| !change.key.name.starts_with("sg-1")), "{:?}", summary(&plan));
    assert_eq!(plan.report.foreign, []);
}

#[test]
fn what_could_not_be_read_is_assumed_and_nothing_that_needs_it_is_made() {
    let unreadable = |kind| Unreadable { kind, call: "ec2:DescribeSubnets".to_owned(), why: "denied".to_owned() };
    let mut inventory = Inventory::empty(ClusterName::parse(C).unwrap());
    inventory.unreadable = vec![unreadable(Kind::Subnet), unreadable(Kind::Role)];
    let plan = apply(&desired(&small()), &inventory);
    let made: Vec<Kind> = plan.changes.iter().map(|change| change.key.kind).collect();
    for kind in [Kind::Subnet, Kind::RouteTableAssociation, Kind::NatGateway, Kind::LoadBalancer, Kind::RecordSet] {
        assert!(!made.contains(&kind), "{kind} is made");
    }
    // Roles are known by their names, so that what needs them can be made.
    assert!(made.contains(&Kind::InstanceProfile) && !made.contains(&Kind::Role));
    let profile = change(&plan, "instance-profile/nodes.c.example.com").after.as_ref().unwrap().to_value();
    assert_eq!(profile["Role"], json!("nodes.c.example.com"));
    assert!(plan.report.notes.iter().all(|note| note.code == "not-planned" && note.severity == Severity::Warning));
    assert_eq!(plan.report.unreadable.len(), 2);

    let mut account = built(&small());
    account.inventory.unreadable = vec![unreadable(Kind::Subnet)];
    let plan =
        apply(&desired(&Shape { zones: 0, private: false, balancer: false, groups: 0, ..small() }), &account.inventory);
    assert!(plan.changes.iter().all(|change| change.key.kind != Kind::Subnet), "{:?}", summary(&plan));
}

#[test]
fn a_change_that_refers_to_what_stays_finds_its_handle() {
    let mut account = built(&small());
    let api = format!("api.{C}");
    let balancer = account.get_mut(Kind::LoadBalancer, &api).unwrap();
    balancer.handle.dns_name = Some("api-1.elb.example.com".to_owned());
    let handle = balancer.handle.clone();
    account.inventory.resources.retain(|observed| observed.key.kind != Kind::RecordSet);
    let plan = apply(&desired(&small()), &account.inventory);
    assert_eq!(plan.changes.len(), 2);
    let record = plan.changes[0].after.as_ref().unwrap().to_value();
    assert_eq!(record["AliasTarget"]["LoadBalancer"], json!(handle.id));
    assert_eq!(plan.handles, [(key(Kind::LoadBalancer, &api), handle)].into());
}

#[test]
fn a_subnet_of_an_existing_vpc_has_its_range_in_the_plan() {
    let mut account = built(&small());
    let vpc = account.get(Kind::Vpc, C).unwrap().handle.clone();
    assert_eq!(vpc.ipv6_cidr_block.as_deref(), Some("2001:db8:0:100::/56"));
    let subnet = format!("a.{C}");
    account.inventory.resources.retain(|observed| observed.key != key(Kind::Subnet, &subnet));
    let plan = apply(&desired(&small()), &account.inventory);
    let after = change(&plan, &format!("subnet/{subnet}")).after.as_ref().unwrap().to_value();
    assert_eq!(after["Ipv6CidrBlock"], json!("2001:db8:0:100::/64"));
}

#[test]
fn the_duplicate_that_is_less_used_goes_under_a_key_of_its_own() {
    let mut account = built(&small());
    let used = account.get(Kind::Vpc, C).unwrap().handle.id.clone();
    let table = account.get(Kind::RouteTable, C).unwrap().properties.clone();
    let vpc = account.get(Kind::Vpc, C).unwrap().properties.clone();
    let spare = account.put(C, Ownership::Owned, vpc);
    let spare_table = account.put(C, Ownership::Owned, table);
    if let Properties::RouteTable(table) = &mut account.inventory.resources.last_mut().unwrap().properties {
        table.vpc = Ref::existing(&spare);
    }
    let plan = apply(&desired(&small()), &account.inventory);
    assert_eq!(
        summary(&plan),
        [format!("delete vpc/{C} ({spare})"), format!("delete route-table/{C} ({spare_table})")]
    );
    assert_eq!(plan.changes[0].reason, Reason::Duplicate { keep: used });
    assert_eq!(plan.changes[0].before.as_ref().unwrap().key, key(Kind::Vpc, C));
    assert_eq!(plan.changes[0].needs, [plan.changes[1].key.clone()].into());
    account.apply(&plan, |_| 0).unwrap();
    assert!(apply(&desired(&small()), &account.inventory).is_empty());
}

#[test]
fn routes_to_others_and_things_known_by_id_stay() {
    let mut account = built(&small());
    let table = account.get(Kind::RouteTable, C).unwrap().handle.id.clone();
    let peering = Route {
        route_table: Ref::existing(table),
        destination_cidr_block: Some("192.168.0.0/16".to_owned()),
        destination_ipv6_cidr_block: None,
        gateway: None,
        nat_gateway: None,
        egress_only_internet_gateway: None,
        transit_gateway_id: None,
        instance_id: None,
        vpc_peering_connection_id: Some("pcx-1".to_owned()),
    };
    account.put(&format!("{C} 192.168.0.0/16"), Ownership::Owned, peering);
    let plan = apply(&desired(&small()), &account.inventory);
    assert_eq!((summary(&plan), codes(&plan)), (Vec::new(), vec!["left-alone"]));

    let mut wanted = desired(&small());
    let (name, address) =
        (format!("a.{C}"), account.get(Kind::ElasticIp, &format!("a.{C}")).unwrap().handle.id.clone());
    wanted.resources.retain(|resource| resource.key != key(Kind::ElasticIp, &name));
    edit(&mut wanted, Kind::NatGateway, &name, |properties| {
        if let Properties::NatGateway(gateway) = properties {
            **gateway = NatGateway { eip: Ref::existing(&address), ..*gateway.clone() };
        }
    });
    let plan = apply(&wanted, &account.inventory);
    assert_eq!((summary(&plan), codes(&plan)), (Vec::new(), vec!["kept-by-id", "left-alone"]));
}

#[test]
fn notes_of_the_model_are_in_the_report() {
    let note = Note { severity: Severity::Info, code: "hello".to_owned(), text: "hello".to_owned(), key: None };
    let wanted = Desired { notes: vec![note.clone()], ..desired(&small()) };
    assert_eq!(apply(&wanted, &built(&small()).inventory).report.notes, [note]);
}

#[test]
fn a_volume_is_removed_before_its_successor_is_made() {
    let account = built(&small());
    let mut wanted = desired(&small());
    let name = format!("a.etcd-main.{C}");
    edit(&mut wanted, Kind::Volume, &name, |properties| {
        if let Properties::Volume(volume) = properties {
            **volume = Volume { encrypted: false, ..*volume.clone() };
        }
    });
    let plan = apply(&wanted, &account.inventory);
    assert_eq!(summary(&plan), [format!("replace volume/{name}")]);
    let steps = schedule(&plan).unwrap().steps;
    assert_eq!(steps.iter().map(|step| step.verb).collect::<Vec<_>>(), [Verb::Delete, Verb::Create]);
    assert_eq!(steps[1].needs, [0].into());
}

#[test]
fn a_model_that_breaks_its_promises_is_refused() {
    let empty = Inventory::empty(ClusterName::parse(C).unwrap());
    let refused = |wanted: &Desired, inventory: &Inventory| plan_apply(wanted, inventory, &context()).unwrap_err();
    let vpc = key(Kind::Vpc, C);

    let mut twice = desired(&small());
    twice.resources.push(twice.resources[0].clone());
    assert_eq!(refused(&twice, &empty), PlanError::DesiredTwice { key: vpc.clone() });

    let mut dangling = desired(&small());
    dangling.resources.retain(|resource| resource.key != vpc);
    assert!(matches!(refused(&dangling, &empty), PlanError::Dangling { to, .. } if to == vpc));

    let mut wrong = desired(&small());
    wrong.resources[0].key.kind = Kind::Subnet;
    assert!(matches!(refused(&wrong, &empty), PlanError::WrongKind { kind: Kind::Vpc, .. }));

    let other = Inventory::empty(ClusterName::parse("other.example.com").unwrap());
    assert!(matches!(refused(&desired(&small()), &other), PlanError::OtherCluster { .. }));
}

#[test]
fn a_saved_plan_with_a_cycle_is_refused_with_its_names() {
    let mut plan = apply(&desired(&small()), &Inventory::empty(ClusterName::parse(C).unwrap()));
    let gateway = key(Kind::InternetGateway, C);
    let vpc = plan.changes.iter_mut().find(|change| change.key.kind == Kind::Vpc).unwrap();
    vpc.needs.insert(gateway);
    let text = schedule(&plan).unwrap_err().to_string();
    assert_eq!(
        text,
        format!(
            "2 steps need each other: create vpc/{C} needs create internet-gateway/{C}, create internet-gateway/{C} needs create vpc/{C}"
        )
    );
}
