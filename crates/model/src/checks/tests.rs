//! What the account cannot give is reported, all of it.

use kedge_resource::plan::Severity;
use kedge_spec::resolved::{Egress, MixedInstancesPolicy, Vpc};

use crate::testing;

#[test]
fn everything_that_is_missing_is_reported_at_once() {
    let mut spec = testing::minimal();
    spec.cluster.network.subnets[0].zone = Some("us-test-1z".to_owned());
    spec.cluster.dns.zone = Some("nowhere.org".to_owned());
    spec.groups[0].machine_types = vec!["t3.medum".to_owned()];
    spec.groups[1].image = "ubuntu/images/y".to_owned();
    spec.groups[1].mixed_instances_policy =
        Some(MixedInstancesPolicy { instances: vec!["x9.huge".to_owned()], ..MixedInstancesPolicy::default() });
    let problems = crate::lower(&spec, &testing::facts()).unwrap_err();
    let text: Vec<String> = problems
        .iter()
        .map(|problem| {
            let path = problem.path.as_deref().unwrap_or_default();
            format!("{path}: {} ({})", problem.detail, problem.hint.as_deref().unwrap_or_default())
        })
        .collect();
    let expected = [
        "Cluster/test.example.com: spec.subnets[0].zone: us-test-1 has no zone us-test-1z that is open to the account \
         (its zones: us-test-1a, us-test-1b)",
        "Cluster/test.example.com: spec.dnsZone: the account has no public hosted zone nowhere.org; its public zones: \
         example.com (create the hosted zone in Route 53, or set spec.topology.dns.type to None to do without DNS \
         records)",
        "InstanceGroup/control-plane: spec.machineType: us-test-1 has no machine type \"t3.medum\" (did you mean \
         t3.medium?)",
        "InstanceGroup/nodes: spec.image: us-test-1 has no image ubuntu/images/y that the account can use (did you \
         mean ubuntu/images/x?)",
        "InstanceGroup/nodes: spec.mixedInstancesPolicy.instances[0]: us-test-1 has no machine type \"x9.huge\" (it \
         has others of the manifests: g4dn.xlarge, m3.medium, m6g.large, t3.medium; `aws ec2 \
         describe-instance-type-offerings --region us-test-1` lists what it has)",
    ];
    assert_eq!(text, expected);
}

#[test]
fn images_have_to_fit_the_processors() {
    let mut spec = testing::minimal();
    spec.groups[1].machine_types = vec!["m6g.large".to_owned()];
    assert_eq!(
        testing::problems(&spec, &testing::facts()),
        ["wrong-architecture at InstanceGroup/nodes: spec.machineType"]
    );
}

#[test]
fn existing_networks_have_to_be_as_the_manifest_says() {
    let mut spec = testing::minimal();
    spec.cluster.network.vpc = Vpc::Shared { id: "vpc-9".to_owned(), cidr: None };
    let problems = testing::problems(&spec, &testing::facts());
    assert_eq!(problems, ["unknown-vpc at Cluster/test.example.com: spec.networkID"]);

    spec.cluster.network.vpc = Vpc::Shared { id: "vpc-1".to_owned(), cidr: Some("10.9.0.0/16".parse().unwrap()) };
    let subnet = &mut spec.cluster.network.subnets[0];
    subnet.id = Some("subnet-1".to_owned());
    let mut facts = testing::facts();
    facts.subnets.push(testing::existing_subnet("subnet-1", "vpc-2", "us-test-1b", "10.0.9.0/24"));
    assert_eq!(
        testing::problems(&spec, &facts),
        [
            "vpc-range-differs at Cluster/test.example.com: spec.networkCIDR",
            "subnet-of-another-vpc at Cluster/test.example.com: spec.subnets[0].id",
            "subnet-zone-differs at Cluster/test.example.com: spec.subnets[0].zone",
            "subnet-range-differs at Cluster/test.example.com: spec.subnets[0].cidr",
        ]
    );
    let problems = testing::problems(&spec, &testing::facts());
    assert!(problems.contains(&"unknown-subnet at Cluster/test.example.com: spec.subnets[0].id".to_owned()));
}

#[test]
fn gateways_and_addresses_have_to_exist() {
    let mut spec = testing::minimal();
    spec.cluster.network.vpc = Vpc::Shared { id: "vpc-1".to_owned(), cidr: None };
    let mut facts = testing::facts();
    facts.vpcs[0].internet_gateway = None;
    spec.cluster.network.subnets[0].egress = Egress::NatGateway("nat-9".to_owned());
    assert_eq!(
        testing::problems(&spec, &facts),
        [
            "vpc-without-gateway at Cluster/test.example.com: spec.networkID",
            "unknown-egress at Cluster/test.example.com: spec.subnets[0].egress",
        ]
    );
}

#[test]
fn a_profile_that_facts_do_not_know_is_a_warning() {
    let mut spec = testing::minimal();
    spec.groups[1].instance_profile = Some("mine".to_owned());
    let desired = testing::lower(&spec);
    let note = desired.notes.iter().find(|note| note.code == "unknown-instance-profile").unwrap();
    assert_eq!(note.severity, Severity::Warning);
    assert!(note.text.starts_with("InstanceGroup/nodes: spec.iam.profile: "), "{}", note.text);
}

#[test]
fn every_plan_says_that_instances_do_not_join() {
    let desired = testing::lower(&testing::minimal());
    assert!(desired.notes.iter().any(|note| note.code == "instances-do-not-join" && note.severity == Severity::Info));
}
