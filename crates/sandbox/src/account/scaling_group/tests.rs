use super::testing::{group, spec};
use super::*;
use crate::account::launch_template::testing::data;
use crate::account::testing::{account, code, pass, tags};

#[test]
fn a_group_spreads_its_instances_and_tags_them() {
    let mut account = account();
    let (name, _) = group(&mut account, &spec(3, 5));
    let mut zones: Vec<&str> = account.instances.values().map(|it| it.zone.as_str()).collect();
    zones.sort_unstable();
    assert_eq!(zones, ["us-east-1a", "us-east-1a", "us-east-1b"]);
    assert!(account.instances.values().all(|it| it.tags.name() == Some("g")));
    assert!(account.instances.values().all(|it| it.tags.get("aws:autoscaling:groupName") == Some(&name)));
    let mut spec = account.scaling_groups[&name].spec.clone();
    (spec.min, spec.max) = (1, 2);
    account.update_auto_scaling_group(&name, &spec).unwrap();
    assert_eq!(account.members(&name).count(), 2);
}

#[test]
fn a_group_leaves_the_subnets_that_it_loses() {
    let mut account = account();
    let (name, _) = group(&mut account, &spec(3, 5));
    let mut spec = account.scaling_groups[&name].spec.clone();
    let lost = spec.subnets.remove(0);
    account.update_auto_scaling_group(&name, &spec).unwrap();
    assert_eq!(account.members(&name).count(), 3);
    assert!(account.members(&name).all(|instance| instance.subnet != lost));
}

#[test]
fn a_group_needs_what_it_is_made_of() {
    let mut account = account();
    let (name, _) = group(&mut account, &spec(0, 1));
    let good = account.scaling_groups[&name].spec.clone();
    let mut make = |spec: &GroupSpec, targets: &[String], classic: &[String]| {
        account.create_auto_scaling_group("h", spec, &[], targets, classic, &Tags::default()).unwrap_err()
    };
    let mut refused = |change: &dyn Fn(&mut GroupSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        let error = make(&spec, &[], &[]);
        assert_eq!(error.code, "ValidationError");
        error.message
    };
    assert!(refused(&|spec| spec.min = 2).contains("min bound"));
    assert!(refused(&|spec| spec.subnets = vec!["subnet-1".to_owned()]).contains("subnet-1"));
    assert!(refused(&|spec| spec.subnets = Vec::new()).contains("At least one"));
    assert!(refused(&|spec| spec.source = Source::Template("x".to_owned())).contains("does not exist"));
    assert!(refused(&|spec| spec.max_instance_lifetime = 60).contains("lifetime"));
    assert!(make(&good, &["arn".to_owned()], &[]).message.contains("not found"));
    assert!(make(&good, &[], &["classic".to_owned()]).message.contains("Load Balancers"));
    let again = account.create_auto_scaling_group(&name, &good, &[], &[], &[], &Tags::default());
    assert_eq!(code(again), "AlreadyExists");
}

#[test]
fn a_new_profile_is_not_seen_at_once() {
    let mut account = account();
    let (name, _) = group(&mut account, &spec(0, 1));
    let mut data = data(&account, &[]);
    data.instance_profile = Some(kedge_resource::Ref::existing("nodes"));
    account.create_launch_template_version(&name, &data).unwrap();
    let spec = account.scaling_groups[&name].spec.clone();
    let update = |account: &mut Account| account.update_auto_scaling_group(&name, &spec);
    assert!(update(&mut account).unwrap_err().message.contains("Invalid IAM Instance Profile"));
    account.create_instance_profile("nodes", &tags("nodes")).unwrap();
    assert!(update(&mut account).unwrap_err().message.contains("Invalid IAM Instance Profile"));
    pass(&mut account, 15);
    update(&mut account).unwrap();
}

#[test]
fn deleting_takes_the_instances_along() {
    let mut account = account();
    let (name, _) = group(&mut account, &spec(2, 2));
    assert_eq!(code(account.delete_auto_scaling_group(&name, false)), "ResourceInUse");
    account.delete_auto_scaling_group(&name, true).unwrap();
    assert_eq!(code(account.tag_group(&name, &tags("x"))), "ScalingActivityInProgress");
    let spec = account.scaling_groups[&name].spec.clone();
    let again = account.create_auto_scaling_group(&name, &spec, &[], &[], &[], &Tags::default());
    assert!(again.unwrap_err().message.contains("pending delete"));
    pass(&mut account, 60);
    assert!(account.scaling_groups.is_empty());
    assert!(account.network_interfaces.is_empty());
    assert!(account.instances.values().all(|it| it.state == "terminated"));
    assert_eq!(code(account.delete_auto_scaling_group(&name, true)), "ValidationError");
}

#[test]
fn processes_and_metrics_have_known_names() {
    let mut account = account();
    let (name, _) = group(&mut account, &spec(1, 3));
    assert_eq!(code(account.set_suspended(&name, &["Sleep".to_owned()], true)), "ValidationError");
    assert_eq!(code(account.set_metrics(&name, &["Load".to_owned()], true)), "ValidationError");
    account.set_suspended(&name, &["Launch".to_owned()], true).unwrap();
    let mut spec = account.scaling_groups[&name].spec.clone();
    spec.min = 3;
    account.update_auto_scaling_group(&name, &spec).unwrap();
    assert_eq!(account.members(&name).count(), 1);
    account.set_suspended(&name, &["Launch".to_owned()], false).unwrap();
    assert_eq!(account.members(&name).count(), 3);
}

#[test]
fn the_quota_of_processors_stops_launches() {
    let mut account = account();
    account.quotas.vcpus = 4;
    let (name, _) = group(&mut account, &spec(3, 3));
    assert_eq!(account.members(&name).count(), 2);
    assert!(account.scaling_groups[&name].last_failure.as_ref().unwrap().contains("vCPU"));
}
