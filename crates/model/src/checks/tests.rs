//! What the account cannot give is reported, all of it.

use kedge_resource::plan::Severity;
use kedge_spec::resolved::{Egress, Issuer, MixedInstancesPolicy, Role, Volume, Vpc};

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
fn ipv6_ranges_have_to_be_those_of_an_existing_vpc() {
    let mut spec = testing::minimal();
    spec.cluster.network.vpc = Vpc::Shared { id: "vpc-1".to_owned(), cidr: None };
    spec.cluster.network.subnets[0].ipv6_cidr = Some("/64#1".to_owned());
    let mut facts = testing::facts();
    let desired = crate::lower(&spec, &facts).unwrap();
    assert!(desired.notes.iter().any(|note| note.code == "vpc-without-ipv6" && note.severity == Severity::Warning));
    for (of_vpc, wanted, fits) in [
        ("2001:db8:0:100::/56", "/64#ff", true),
        ("2001:db8:0:100::/56", "2001:db8:0:1ff::/64", true),
        ("2001:db8:0:100::/56", "2001:db8:0:200::/64", false),
        ("2001:db8::/60", "/64#f", true),
        ("2001:db8::/60", "/64#10", false),
        ("2001:db8::/64", "/64#0", true),
        ("2001:db8::/64", "/64#1", false),
    ] {
        facts.vpcs[0].ipv6_cidr = Some(of_vpc.to_owned());
        spec.cluster.network.subnets[0].ipv6_cidr = Some(wanted.to_owned());
        let problem = "ipv6-range-outside-vpc at Cluster/test.example.com: spec.subnets[0].ipv6CIDR";
        match crate::lower(&spec, &facts) {
            Ok(desired) => assert!(fits && !desired.notes.iter().any(|note| note.code.contains("ipv6")), "{wanted}"),
            Err(_) => {
                assert_eq!((testing::problems(&spec, &facts), fits), (vec![problem.to_owned()], false), "{wanted}");
            }
        }
    }
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

/// Codes of the remarks that go with a plan.
fn remarks(spec: &kedge_spec::ResolvedSpec) -> Vec<String> {
    let desired = testing::lower(spec);
    desired.notes.iter().map(|note| note.code.clone()).collect()
}

#[test]
fn what_kops_does_without_a_word_is_said() {
    let mut spec = testing::minimal();
    assert_eq!(remarks(&spec), [""; 0]);
    spec.groups.push(testing::group("bastion", Role::Bastion));
    assert_eq!(remarks(&spec), ["ssh-through-bastion"]);
    spec.cluster.ssh_access.clear();
    spec.groups[1].security_group_override = Some("sg-1".to_owned());
    spec.groups[2].security_group_override = Some("sg-1".to_owned());
    assert_eq!(remarks(&spec), ["rules-of-existing-group"]);

    let mut spec = testing::minimal();
    spec.cluster.termination_handler.queue = false;
    spec.cluster.iam.service_account_roles = true;
    spec.cluster.issuer = Some(Issuer {
        discovery_store: None,
        url: "https://keys.example.com".to_owned(),
        aws_oidc_provider: true,
        additional_audiences: Vec::new(),
    });
    assert_eq!(remarks(&spec), ["permissions-without-queue"]);

    let mut spec = testing::minimal();
    spec.groups[1].volumes = vec![Volume {
        device: "/dev/xvdd".to_owned(),
        volume_type: "gp3".to_owned(),
        size: 5,
        iops: None,
        throughput: None,
        encrypted: true,
        kms_key: None,
        delete_on_termination: false,
    }];
    assert_eq!(remarks(&spec), ["volume-stays"]);

    let mut spec = testing::minimal();
    spec.cluster.cloud_labels.set("managed", "by me");
    spec.cluster.termination_handler.managed_asg_tag = "managed".to_owned();
    assert_eq!(remarks(&spec), ["managed-tag-taken"]);
}
