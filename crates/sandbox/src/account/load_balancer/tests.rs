use super::testing::balancer;
use super::*;
use crate::account::testing::{account, code, pass, subnet, tags, vpc};

#[test]
fn names_are_unique() {
    let mut account = account();
    let (arn, ..) = balancer(&mut account);
    let there = account.load_balancers[&arn].clone();
    assert_eq!(account.create_load_balancer(&there.spec, &there.tags).unwrap().arn, arn);
    let other = BalancerSpec { security_groups: Vec::new(), ..there.spec.clone() };
    assert_eq!(code(account.create_load_balancer(&other, &there.tags)), "DuplicateLoadBalancerName");
    let long = BalancerSpec { name: "x".repeat(33), ..there.spec };
    assert_eq!(code(account.create_load_balancer(&long, &there.tags)), "ValidationError");
}

#[test]
fn subnets_and_groups_are_checked() {
    let mut account = account();
    let (arn, id, _) = balancer(&mut account);
    let good = BalancerSpec { name: "second".to_owned(), ..account.load_balancers[&arn].spec.clone() };
    let mut refused = |change: &dyn Fn(&mut BalancerSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        code(account.create_load_balancer(&spec, &Tags::default()))
    };
    assert_eq!(refused(&|spec| spec.mappings.clear()), "ValidationError");
    assert_eq!(refused(&|spec| spec.mappings[1] = spec.mappings[0].clone()), "InvalidConfigurationRequest");
    assert_eq!(refused(&|spec| spec.mappings[0].subnet = "subnet-1".to_owned()), "SubnetNotFound");
    assert_eq!(refused(&|spec| spec.security_groups = vec!["sg-1".to_owned()]), "InvalidSecurityGroup");
    assert_eq!(refused(&|spec| spec.ip_address_type = "dualstack".to_owned()), "ValidationError");
    assert_eq!(refused(&|spec| spec.mappings[0].allocation_id = Some("eipalloc-1".into())), "AllocationIdNotFound");
    assert_eq!(refused(&|spec| spec.scheme = "outside".to_owned()), "InvalidScheme");
    let gateway = account.internet_gateways.keys().next().unwrap().clone();
    account.detach_internet_gateway(&gateway, &id).unwrap();
    assert_eq!(code(account.create_load_balancer(&good, &Tags::default())), "InvalidSubnet");
    let internal = BalancerSpec { scheme: "internal".to_owned(), ..good };
    account.create_load_balancer(&internal, &Tags::default()).unwrap();
}

#[test]
fn a_deleted_one_holds_its_subnets_for_a_while() {
    let mut account = account();
    let (arn, _, group) = balancer(&mut account);
    let place = account.load_balancers[&arn].spec.mappings[0].subnet.clone();
    pass(&mut account, 200);
    assert_eq!(account.load_balancers[&arn].state, "active");
    account.delete_load_balancer(&arn).unwrap();
    account.delete_load_balancer(&arn).unwrap();
    assert_eq!(code(account.delete_security_group(&group)), "DependencyViolation");
    assert_eq!(code(account.delete_subnet(&place)), "DependencyViolation");
    pass(&mut account, 60);
    account.delete_subnet(&place).unwrap();
    account.delete_security_group(&group).unwrap();
}

#[test]
fn subnets_groups_and_attributes_change() {
    let mut account = account();
    let (arn, id, _) = balancer(&mut account);
    let third = subnet(&mut account, &id, 2);
    let mut mappings = account.load_balancers[&arn].spec.mappings.clone();
    mappings[0].subnet = third.clone();
    account.set_subnets(&arn, &mappings, "ipv4").unwrap();
    assert_eq!(code(account.delete_subnet(&third)), "DependencyViolation");
    assert_eq!(account.network_interfaces.len(), 2);
    let other = vpc(&mut account, "other");
    let elsewhere = account.create_security_group(&other, "x", "x", &tags("x")).unwrap().id;
    assert_eq!(code(account.set_security_groups(&arn, &[elsewhere])), "InvalidSecurityGroup");
    let unknown = BTreeMap::from([("colour".to_owned(), "blue".to_owned())]);
    assert_eq!(code(account.modify_load_balancer_attributes(&arn, &unknown)), "ValidationError");
    let protect = BTreeMap::from([("deletion_protection.enabled".to_owned(), "true".to_owned())]);
    account.modify_load_balancer_attributes(&arn, &protect).unwrap();
    assert_eq!(code(account.delete_load_balancer(&arn)), "OperationNotPermitted");
    assert_eq!(code(account.modify_load_balancer_attributes("arn", &protect)), "LoadBalancerNotFound");
}
