//! Whose a record is.

use super::*;

fn cluster() -> ClusterName {
    ClusterName::parse("minimal.example.com").unwrap()
}

const OURS: &str = "api-minimal-example-com-gecgf7-0123456789abcdef.elb.us-east-1.amazonaws.com";

fn alias(name: &str, target: &str) -> ResourceRecordSet {
    let target =
        RawAlias::builder().dns_name(target).hosted_zone_id("Z26").evaluate_target_health(false).build().unwrap();
    ResourceRecordSet::builder().name(name).r#type(RrType::A).alias_target(target).build().unwrap()
}

fn observe(raw: ResourceRecordSet, balancers: &[Balancer]) -> Option<Observed> {
    let found = Found { zone: "Z1".to_owned(), name: plain_name(&raw.name), raw };
    found.observed(&cluster(), balancers)
}

fn balancer(dns_name: &str, owned: bool) -> Balancer {
    Balancer { arn: "arn:balancer".to_owned(), dns_name: dns_name.to_owned(), owned }
}

#[test]
fn an_alias_of_an_owned_load_balancer_is_owned() {
    let target = format!("dualstack.{}.", OURS.to_ascii_uppercase().replace("AMAZONAWS", "amazonaws"));
    let target = target.replace("DUALSTACK", "dualstack");
    let observed = observe(alias("api.example.com.", &target), &[balancer(OURS, true)]).unwrap();
    assert_eq!(observed.key.name, "api.example.com A in Z1");
    assert_eq!(observed.ownership, Ownership::Owned);
    let record: &RecordSet = (&observed.properties).try_into().unwrap();
    assert_eq!(record.alias_target.as_ref().unwrap().load_balancer, Ref::existing("arn:balancer"));
}

#[test]
fn an_alias_of_a_deleted_load_balancer_is_known_by_its_name() {
    let observed = observe(alias("api.minimal.example.com.", &format!("{OURS}.")), &[]).unwrap();
    assert_eq!(observed.ownership, Ownership::Owned);
    let record: &RecordSet = (&observed.properties).try_into().unwrap();
    assert_eq!(record.alias_target.as_ref().unwrap().load_balancer, Ref::existing(OURS));
}

#[test]
fn what_stands_under_our_names_and_is_not_ours_is_foreign() {
    let elsewhere = alias("api.minimal.example.com.", "other-1.elb.us-east-1.amazonaws.com.");
    assert_eq!(observe(elsewhere, &[]).unwrap().ownership, Ownership::Foreign);
    // the load balancer exists and has lost its tag
    let untagged = alias("api.minimal.example.com.", &format!("{OURS}."));
    assert_eq!(observe(untagged, &[balancer(OURS, false)]).unwrap().ownership, Ownership::Foreign);
    let mut weighted = alias("api.minimal.example.com.", &format!("{OURS}."));
    weighted.set_identifier = Some("blue".to_owned());
    assert_eq!(observe(weighted, &[]).unwrap().ownership, Ownership::Foreign);
    let plain =
        ResourceRecordSet::builder().name("api.internal.minimal.example.com.").r#type(RrType::A).build().unwrap();
    assert_eq!(observe(plain, &[]).unwrap().ownership, Ownership::Foreign);
}

#[test]
fn records_of_others_are_left_out() {
    assert_eq!(observe(alias("www.example.com.", "other-1.elb.us-east-1.amazonaws.com."), &[]), None);
    // a longer name that begins like ours is another load balancer's
    let longer = OURS.replace("gecgf7-", "gecgf7x-");
    assert_eq!(observe(alias("www.example.com.", &longer), &[]), None);
}

#[test]
fn records_of_load_balancers_of_controllers_are_not_ours() {
    let ingress = "k8s-ingress-a1b2-0123456789abcdef.elb.us-east-1.amazonaws.com";
    // the cloud controller tags what it makes as the cluster's
    let balancers = [balancer(ingress, true)];
    assert_eq!(observe(alias("www.example.com.", ingress), &balancers), None);
    let ours = observe(alias("api.minimal.example.com.", ingress), &balancers).unwrap();
    assert_eq!(ours.ownership, Ownership::Foreign);
}

#[test]
fn only_records_of_our_load_balancers_may_be_changed() {
    assert!(may_change(&cluster(), &alias("api.minimal.example.com.", &format!("dualstack.{OURS}."))));
    assert!(may_change(&cluster(), &alias("api.minimal.example.com.", &format!("internal-{OURS}."))));
    let elsewhere = alias("api.minimal.example.com.", "other-1.elb.us-east-1.amazonaws.com.");
    assert!(!may_change(&cluster(), &elsewhere));
    let mut weighted = alias("api.minimal.example.com.", OURS);
    weighted.set_identifier = Some("blue".to_owned());
    assert!(!may_change(&cluster(), &weighted));
}

#[test]
fn the_same_target_is_the_same_however_it_is_written() {
    assert!(same(&alias("a.", &format!("{OURS}.")), &alias("a", &format!("dualstack.{OURS}"))));
    assert!(!same(&alias("a.", OURS), &alias("a.", "other.elb.amazonaws.com")));
}
