//! Load balancers, listeners and target groups.

use kedge_resource::kind::{Kind, Listener, LoadBalancer, RecordSet, TargetGroup};
use kedge_resource::names::hashed_name;
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{AccessLog, DnsType, LoadBalancerSubnet, NetworkPlugin, Role, SubnetType};

use crate::testing;

fn with_load_balancer() -> ResolvedSpec {
    let mut spec = testing::minimal();
    spec.cluster.api.load_balancer = Some(testing::load_balancer());
    spec
}

fn load_balancer(spec: &ResolvedSpec) -> LoadBalancer {
    testing::get::<LoadBalancer>(&testing::lower(spec), "load-balancer/api.test.example.com").clone()
}

#[test]
fn the_api_has_a_network_load_balancer_and_records() {
    let desired = testing::lower(&with_load_balancer());
    let load_balancer: &LoadBalancer = testing::get(&desired, "load-balancer/api.test.example.com");
    assert_eq!(load_balancer.scheme, "internet-facing");
    assert_eq!(load_balancer.ip_address_type, "ipv4");
    assert!(load_balancer.name.starts_with("api-test-example-com-"));
    assert_eq!(load_balancer.load_balancer_attributes["load_balancing.cross_zone.enabled"], "false");
    let listener: &Listener = testing::get(&desired, "listener/api.test.example.com 443");
    assert_eq!(listener.target_group.bare(), hashed_name("tcp", &desired.cluster));
    let record: &RecordSet = testing::get(&desired, "record-set/api.test.example.com AAAA in Z1");
    assert_eq!(record.alias_target.as_ref().unwrap().load_balancer.bare(), "api.test.example.com");
    let targets: &TargetGroup =
        testing::get(&desired, &format!("target-group/{}", hashed_name("tcp", &desired.cluster)));
    assert_eq!((targets.port, targets.health_check_protocol.as_str()), (443, "TCP"));
    assert_eq!(targets.target_group_attributes["deregistration_delay.timeout_seconds"], "30");
}

#[test]
fn the_internal_name_can_lead_to_the_load_balancer_too() {
    let mut spec = with_load_balancer();
    spec.cluster.api.load_balancer.as_mut().unwrap().use_for_internal_api = true;
    let desired = testing::lower(&spec);
    let expected = ["api.internal.test.example.com", "api.test.example.com"]
        .iter()
        .flat_map(|name| ["A", "AAAA"].map(|record_type| format!("{name} {record_type} in Z1")));
    assert_eq!(testing::names(&desired, Kind::RecordSet), expected.collect::<Vec<_>>());
}

#[test]
fn one_subnet_of_each_zone_is_chosen() {
    let mut spec = with_load_balancer();
    let mut utility = testing::subnet("utility-b", SubnetType::Utility, "us-test-1b", "10.0.3.0/24");
    utility.ipv6_cidr = Some("/64#1".to_owned());
    spec.cluster.network.subnets.extend([
        testing::subnet("public-a", SubnetType::Public, "us-test-1a", "10.0.4.0/24"),
        testing::subnet("public-b", SubnetType::Public, "us-test-1b", "10.0.2.0/24"),
        utility,
    ]);
    let chosen: Vec<String> =
        load_balancer(&spec).subnet_mappings.iter().map(|mapping| mapping.subnet.bare().to_owned()).collect();
    // The control plane stands in us-test-1a, which is worth more than public-a comes first.
    assert_eq!(chosen, ["us-test-1a.test.example.com", "utility-b.test.example.com"]);
    assert_eq!(load_balancer(&spec).ip_address_type, "ipv4", "only one of them has IPv6");
    spec.cluster.network.subnets[0].ipv6_cidr = Some("/64#2".to_owned());
    assert_eq!(load_balancer(&spec).ip_address_type, "dualstack");
}

#[test]
fn internal_load_balancers_stand_in_private_subnets() {
    let mut spec = with_load_balancer();
    spec.cluster.api.load_balancer.as_mut().unwrap().internal = true;
    assert_eq!(
        testing::problems(&spec, &testing::facts()),
        ["no-subnet-for-load-balancer at Cluster/test.example.com: spec.api.loadBalancer.type"]
    );
    let subnets = &mut spec.cluster.network.subnets;
    subnets.push(testing::subnet("private", SubnetType::Private, "us-test-1a", "10.0.2.0/24"));
    subnets.push(testing::subnet("utility", SubnetType::Utility, "us-test-1a", "10.0.3.0/24"));
    let load_balancer = load_balancer(&spec);
    assert_eq!(load_balancer.scheme, "internal");
    assert_eq!(load_balancer.subnet_mappings[0].subnet.bare(), "private.test.example.com");
}

#[test]
fn settings_of_the_manifest_arrive() {
    let mut spec = with_load_balancer();
    let settings = spec.cluster.api.load_balancer.as_mut().unwrap();
    settings.cross_zone = Some(true);
    settings.access_log = Some(AccessLog { bucket: "logs".to_owned(), prefix: Some("api".to_owned()) });
    settings.additional_security_groups = vec!["sg-1".to_owned()];
    settings.certificate = Some("arn:certificate".to_owned());
    settings.subnets = vec![LoadBalancerSubnet {
        name: "us-test-1a".to_owned(),
        allocation_id: Some("eipalloc-1".to_owned()),
        private_ipv4_address: None,
    }];
    let desired = testing::lower(&spec);
    let load_balancer: &LoadBalancer = testing::get(&desired, "load-balancer/api.test.example.com");
    let attributes = &load_balancer.load_balancer_attributes;
    assert_eq!(attributes["access_logs.s3.prefix"], "api");
    assert_eq!(attributes["access_logs.s3.enabled"], "true");
    assert_eq!(attributes["load_balancing.cross_zone.enabled"], "true");
    assert_eq!(load_balancer.security_groups[1].existing_id(), Some("sg-1"));
    let allocation = load_balancer.subnet_mappings[0].allocation_id.as_ref().unwrap();
    assert_eq!(allocation.existing_id(), Some("eipalloc-1"));
    let tls: &Listener = testing::get(&desired, "listener/api.test.example.com 443");
    assert_eq!((tls.protocol.as_str(), tls.ssl_policy.as_deref()), ("TLS", Some("ELBSecurityPolicy-2016-08")));
    let plain: &Listener = testing::get(&desired, "listener/api.test.example.com 8443");
    assert_eq!(plain.protocol, "TCP");
    assert!(desired.notes.iter().any(|note| note.code == "unknown-address"));
}

#[test]
fn without_dns_nodes_find_the_control_plane_at_the_load_balancer() {
    let mut spec = with_load_balancer();
    spec.cluster.dns.dns_type = DnsType::None;
    spec.cluster.network.plugin = NetworkPlugin::Cilium { etcd_managed: true, eni: false };
    let desired = testing::lower(&spec);
    let targets = hashed_name("kops-controller", &desired.cluster);
    let targets: &TargetGroup = testing::get(&desired, &format!("target-group/{targets}"));
    assert_eq!(targets.health_check_path.as_deref(), Some("/healthz"));
    assert_eq!(targets.health_check_protocol, "HTTPS");
    testing::find(&desired, "listener/api.test.example.com 4003");
    assert!(testing::names(&desired, Kind::RecordSet).is_empty());
    assert_eq!(load_balancer(&spec).load_balancer_attributes["load_balancing.cross_zone.enabled"], "true");
}

#[test]
fn bastions_have_a_load_balancer_and_maybe_a_name() {
    let mut spec = testing::minimal();
    spec.groups.push(testing::group("bastion", Role::Bastion));
    spec.cluster.bastion.public_name = Some("bastion.test.example.com".to_owned());
    spec.cluster.bastion.additional_security_groups = vec!["sg-1".to_owned()];
    let desired = testing::lower(&spec);
    let load_balancer: &LoadBalancer = testing::get(&desired, "load-balancer/bastion.test.example.com");
    assert_eq!(load_balancer.security_groups.len(), 2);
    testing::find(&desired, "listener/bastion.test.example.com 22");
    let expected = ["bastion.test.example.com A in Z1", "bastion.test.example.com AAAA in Z1"];
    assert_eq!(testing::names(&desired, Kind::RecordSet), expected);
    let record: &RecordSet = testing::get(&desired, "record-set/bastion.test.example.com A in Z1");
    assert_eq!(record.alias_target.as_ref().unwrap().load_balancer.bare(), "bastion.test.example.com");
}

#[test]
fn of_two_equal_subnets_the_first_name_is_chosen() {
    let mut spec = with_load_balancer();
    for name in ["utility-2", "utility-1"] {
        let cidr = if name == "utility-1" { "10.0.3.0/24" } else { "10.0.4.0/24" };
        spec.cluster.network.subnets.push(testing::subnet(name, SubnetType::Utility, "us-test-1b", cidr));
    }
    let load_balancer = load_balancer(&spec);
    let chosen: Vec<&str> = load_balancer.subnet_mappings.iter().map(|mapping| mapping.subnet.bare()).collect();
    assert_eq!(chosen, ["us-test-1a.test.example.com", "utility-1.test.example.com"]);
}

#[test]
fn dual_stack_subnets_come_first_for_internal_load_balancers() {
    let mut spec = with_load_balancer();
    spec.cluster.api.load_balancer.as_mut().unwrap().internal = true;
    let subnets = &mut spec.cluster.network.subnets;
    subnets.push(testing::subnet("a-private", SubnetType::Private, "us-test-1a", "10.0.2.0/24"));
    subnets.push(testing::subnet("dual", SubnetType::DualStack, "us-test-1a", "10.0.3.0/24"));
    subnets.push(testing::subnet("utility", SubnetType::Utility, "us-test-1a", "10.0.4.0/24"));
    // The control plane stands in the private one, which is worth less.
    spec.groups[0].subnets = vec!["a-private".to_owned()];
    assert_eq!(load_balancer(&spec).subnet_mappings[0].subnet.bare(), "dual.test.example.com");
}

#[test]
fn internal_load_balancers_may_have_fixed_addresses() {
    let mut spec = with_load_balancer();
    let settings = spec.cluster.api.load_balancer.as_mut().unwrap();
    settings.internal = true;
    settings.subnets = vec![LoadBalancerSubnet {
        name: "private".to_owned(),
        allocation_id: None,
        private_ipv4_address: Some("10.0.2.10".to_owned()),
    }];
    let subnets = &mut spec.cluster.network.subnets;
    subnets.push(testing::subnet("private", SubnetType::Private, "us-test-1a", "10.0.2.0/24"));
    subnets.push(testing::subnet("utility", SubnetType::Utility, "us-test-1a", "10.0.3.0/24"));
    let load_balancer = load_balancer(&spec);
    let [only] = load_balancer.subnet_mappings.as_slice() else { panic!("only the subnet that was named") };
    assert_eq!(only.private_ipv4_address.as_deref(), Some("10.0.2.10"));
}

#[test]
fn bastions_may_be_reached_from_inside_only() {
    let mut spec = testing::minimal();
    spec.groups.push(testing::group("bastion", Role::Bastion));
    spec.cluster.bastion.internal = true;
    let subnets = &mut spec.cluster.network.subnets;
    subnets.push(testing::subnet("private", SubnetType::Private, "us-test-1a", "10.0.2.0/24"));
    subnets.push(testing::subnet("utility", SubnetType::Utility, "us-test-1a", "10.0.3.0/24"));
    let desired = testing::lower(&spec);
    let load_balancer: &LoadBalancer = testing::get(&desired, "load-balancer/bastion.test.example.com");
    assert_eq!(load_balancer.scheme, "internal");
    assert_eq!(load_balancer.subnet_mappings[0].subnet.bare(), "private.test.example.com");
}
