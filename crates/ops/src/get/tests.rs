use kedge_resource::inventory::Handle;
use kedge_resource::kind::{self, Kind};
use kedge_resource::{Ref, Tags};

use super::*;

fn observed(name: &str, id: &str, ownership: Ownership, properties: Properties) -> Observed {
    let key = ResourceKey::new(properties.kind(), name);
    Observed { key, handle: Handle::new(id), ownership, properties }
}

fn group(name: &str, ownership: Ownership) -> Observed {
    let tags: Tags = [(GROUP_TAG, "control-plane-a"), ("k8s.io/role/control-plane", "1"), ("k8s.io/role/master", "1")]
        .into_iter()
        .collect();
    let group = kind::AutoScalingGroup {
        min_size: 1,
        max_size: 2,
        launch_template: Some(Ref::existing(name)),
        mixed_instances_policy: None,
        subnets: vec![Ref::existing("subnet-1")],
        target_groups: Vec::new(),
        load_balancers: Vec::new(),
        metrics_collection: None,
        max_instance_lifetime: 0,
        new_instances_protected_from_scale_in: false,
        suspended_processes: Vec::new(),
        capacity_rebalance: false,
        tags,
    };
    observed(name, name, ownership, group.into())
}

fn instance(id: &str, group: &str, tags: Tags) -> Observed {
    let instance = kind::Instance {
        instance_type: "t3.medium".to_owned(),
        state: "running".to_owned(),
        subnet: Some(Ref::existing("subnet-1")),
        auto_scaling_group: Some(Ref::existing(group)),
        private_ip_address: Some("10.0.0.4".to_owned()),
        launch_template_version: Some("2".to_owned()),
        tags,
    };
    observed(id, id, Ownership::Owned, instance.into())
}

fn inventory(resources: Vec<Observed>) -> Inventory {
    let mut inventory = Inventory::empty(ClusterName::parse("prod.example.com").unwrap());
    inventory.resources = resources;
    inventory
}

#[test]
fn groups_count_their_instances_and_leave_out_those_of_others() {
    let ours = "control-plane-a.masters.prod.example.com";
    let found = groups_of(inventory(vec![
        group(ours, Ownership::Owned),
        group("nodes.prod.example.com", Ownership::Foreign),
        instance("i-1", ours, Tags::default()),
        instance("i-2", ours, Tags::default()),
        instance("i-3", "elsewhere", Tags::default()),
    ]));
    let [only] = found.items.as_slice() else { panic!("{found:?}") };
    assert_eq!((only.name.as_str(), only.role.as_str(), only.instances), ("control-plane-a", "control-plane", 2));
    assert_eq!(only.machine_type, None, "its launch template is not the cluster's");
}

#[test]
fn instances_are_sorted_by_group_and_named_by_it() {
    let nodes: Tags = [(GROUP_TAG, "nodes")].into_iter().collect();
    let found = instances_of(inventory(vec![
        instance("i-1", "zzz.prod.example.com", Tags::default()),
        instance("i-2", "nodes.prod.example.com", nodes),
    ]));
    let order: Vec<_> = found.items.iter().map(|found| (found.group.as_deref().unwrap(), found.id.as_str())).collect();
    assert_eq!(order, [("nodes", "i-2"), ("zzz.prod.example.com", "i-1")]);
}

#[test]
fn what_could_not_be_read_is_passed_on() {
    let mut partial = inventory(Vec::new());
    partial.unreadable.push(Unreadable {
        kind: Kind::Instance,
        call: "ec2:DescribeInstances".to_owned(),
        why: "denied".to_owned(),
    });
    assert_eq!(instances_of(partial).unreadable.len(), 1);
}
