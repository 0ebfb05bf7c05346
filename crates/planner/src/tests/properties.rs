//! What holds for all plans: done in any order they leave AWS as it shall be, and a second one finds nothing.

use kedge_resource::kind::{ClassicLoadBalancer, Instance, NetworkInterface, SecurityGroup, SecurityGroupRule, Volume};
use kedge_resource::{Inventory, Kind, Ownership, Properties, Ref, Tags};
use proptest::prelude::*;

use super::account::Account;
use super::cluster::{C, Shape, desired, tags};
use super::{apply, built, delete, summary};

fn shapes() -> impl Strategy<Value = Shape> {
    (1_usize..4, any::<bool>(), any::<bool>(), 0_usize..3, 1..3, any::<bool>(), 0_usize..3).prop_map(
        |(zones, private, balancer, groups, image, open, range)| Shape {
            zones,
            private,
            balancer,
            groups,
            image: format!("ami-{image}"),
            ssh: if open { "0.0.0.0/0" } else { "192.0.2.0/24" }.to_owned(),
            target_port: if open { 443 } else { 8443 },
            range,
        },
    )
}

/// Orders of ready steps.
fn orders() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<usize>(), 32)
}

fn chooser(order: &[usize]) -> impl FnMut(usize) -> usize + '_ {
    let mut order = order.iter().copied().cycle();
    move |ready| order.next().unwrap_or_default() % ready
}

fn shuffled(inventory: &Inventory, seed: usize) -> Inventory {
    let mut inventory = inventory.clone();
    let count = inventory.resources.len();
    for at in 0..count {
        inventory.resources.swap(at, seed.wrapping_mul(at + 1).wrapping_add(at * at) % count);
    }
    inventory
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn apply_then_plan_finds_nothing(shape in shapes(), order in orders()) {
        let wanted = desired(&shape);
        let mut account = Account::new();
        account.apply(&apply(&wanted, &account.inventory), chooser(&order)).unwrap();
        let again = apply(&wanted, &account.inventory);
        prop_assert_eq!(summary(&again), Vec::<String>::new());
        prop_assert_eq!(again.unchanged, wanted.resources.len());
    }

    #[test]
    fn one_shape_becomes_another(mut from in shapes(), mut to in shapes(), order in orders()) {
        // A subnet that has a load balancer in it cannot be replaced in place: the balancer's interfaces hold it.
        to.range = if from.balancer || from.groups > 0 { from.range } else { to.range };
        (from.zones, to.zones) = if from.balancer && to.balancer { (from.zones, from.zones) } else { (from.zones, to.zones) };
        let mut account = built(&from);
        let wanted = desired(&to);
        account.apply(&apply(&wanted, &account.inventory), chooser(&order)).unwrap();
        prop_assert_eq!(summary(&apply(&wanted, &account.inventory)), Vec::<String>::new());
        prop_assert_eq!(account.inventory.resources.len(), wanted.resources.len());
    }

    #[test]
    fn what_went_missing_comes_back(shape in shapes(), lost in prop::collection::vec(any::<usize>(), 1..8), order in orders()) {
        let mut account = built(&shape);
        for lost in lost {
            let count = account.inventory.resources.len();
            account.inventory.resources.remove(lost % count);
        }
        // What refers to a lost thing is lost too: AWS would not have let it go otherwise.
        loop {
            let ids: Vec<(Kind, String)> = account
                .inventory
                .resources
                .iter()
                .map(|observed| (observed.key.kind, observed.handle.id.clone()))
                .collect();
            let before = account.inventory.resources.len();
            account.inventory.resources.retain(|observed| {
                crate::references::existing_references(&observed.properties).iter().all(|(kind, id)| ids.contains(&(*kind, (*id).to_owned())))
            });
            if account.inventory.resources.len() == before {
                break;
            }
        }
        let wanted = desired(&shape);
        account.apply(&apply(&wanted, &account.inventory), chooser(&order)).unwrap();
        prop_assert_eq!(summary(&apply(&wanted, &account.inventory)), Vec::<String>::new());
    }

    #[test]
    fn delete_leaves_what_is_not_ours(shape in shapes(), order in orders()) {
        let mut account = built(&shape);
        with_visitors(&mut account);
        let foreign: Vec<_> = account
            .inventory
            .resources
            .iter()
            .filter(|observed| observed.ownership == Ownership::Foreign && observed.key.kind != Kind::SecurityGroupRule)
            .cloned()
            .collect();
        account.apply(&delete(&account.inventory), chooser(&order)).unwrap();
        prop_assert_eq!(&account.inventory.resources, &foreign);
        prop_assert!(delete(&account.inventory).is_empty());
    }

    #[test]
    fn an_apply_leaves_what_the_cluster_made_by_itself(shape in shapes()) {
        let mut account = built(&shape);
        with_visitors(&mut account);
        prop_assert_eq!(summary(&apply(&desired(&shape), &account.inventory)), Vec::<String>::new());
    }

    #[test]
    fn the_order_of_inputs_does_not_matter(from in shapes(), to in shapes(), seed in any::<usize>()) {
        let mut account = built(&from);
        with_visitors(&mut account);
        let mut wanted = desired(&to);
        let text = |plan| serde_json::to_string(&plan).unwrap();
        let plan = text(apply(&wanted, &account.inventory));
        let removal = text(delete(&account.inventory));
        wanted.resources.reverse();
        let other = shuffled(&account.inventory, seed);
        prop_assert_eq!(text(apply(&wanted, &other)), plan);
        prop_assert_eq!(text(delete(&other)), removal);
    }

    #[test]
    fn a_plan_survives_being_saved(from in shapes(), to in shapes()) {
        let plan = apply(&desired(&to), &built(&from).inventory);
        let read: kedge_resource::Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        prop_assert_eq!(crate::schedule(&read), crate::schedule(&plan));
        prop_assert_eq!(read, plan);
    }
}

/// Puts in what lives in a running cluster: instances, volumes, balancers and groups of controllers, and things of others.
fn with_visitors(account: &mut Account) {
    let id = |account: &Account, kind, name: &str| account.get(kind, name).unwrap().handle.id.clone();
    let (vpc, subnet) = (id(account, Kind::Vpc, C), id(account, Kind::Subnet, &format!("a.{C}")));
    let group = account.get(Kind::AutoScalingGroup, &format!("nodes-0.{C}")).map(|group| group.handle.id.clone());
    for number in 0..2 {
        let name = format!("i-{number}");
        let instance = Instance {
            instance_type: "t3.micro".to_owned(),
            state: "running".to_owned(),
            subnet: Some(Ref::existing(&subnet)),
            auto_scaling_group: group.as_deref().map(Ref::existing),
            private_ip_address: None,
            launch_template_version: None,
            tags: tags(&name),
        };
        account.put(&name, Ownership::Owned, instance);
    }
    let interface = |status: &str| NetworkInterface {
        subnet: Ref::existing(&subnet),
        status: status.to_owned(),
        description: "aws-K8S".to_owned(),
        tags: Tags::default(),
    };
    account.put("eni-1", Ownership::Owned, interface("available"));
    account.put(
        "a1b2",
        Ownership::Owned,
        ClassicLoadBalancer { vpc: Some(Ref::existing(&vpc)), tags: Tags::default() },
    );
    let cluster_tag = ("kubernetes.io/cluster/c.example.com", "owned");
    let group = SecurityGroup {
        vpc: Ref::existing(&vpc),
        group_description: "Security group for Kubernetes ELB".to_owned(),
        tags: Tags::from_iter([cluster_tag]),
    };
    let elb = account.put("k8s-elb-a1b2", Ownership::Owned, group);
    let nodes = id(account, Kind::SecurityGroup, &format!("nodes.{C}"));
    // The cloud controller lets its balancer reach the nodes, without a tag on the rule.
    let rule = SecurityGroupRule {
        group: Ref::existing(&nodes),
        direction: kedge_resource::kind::Direction::Ingress,
        ip_protocol: "-1".to_owned(),
        from_port: None,
        to_port: None,
        cidr_ip: None,
        cidr_ipv6: None,
        prefix_list_id: None,
        peer_group: Some(Ref::existing(&elb)),
        tags: Tags::default(),
    };
    account.put(&format!("nodes.{C} -1 all from k8s-elb-a1b2"), Ownership::Foreign, rule);
    let Properties::Volume(volume) = account.get(Kind::Volume, &format!("a.etcd-main.{C}")).unwrap().properties.clone()
    else {
        unreachable!("volumes are volumes")
    };
    let claim = Tags::from_iter([cluster_tag, ("kubernetes.io/created-for/pvc/name", "data"), ("Name", "pvc-1")]);
    account.put("pvc-1", Ownership::Owned, Volume { tags: claim, ..*volume.clone() });
    account.put(&format!("a.etcd-main.{C}"), Ownership::Foreign, Volume { tags: Tags::default(), ..*volume });
}
