//! Layouts of networks, as AWS shall hold them.

use kedge_resource::kind::{Kind, NatGateway, Route, RouteTable, RouteTableAssociation, Subnet};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{AdditionalRoute, Egress, SubnetType, Vpc};

use crate::testing;

/// A private and a utility subnet in each of two zones.
fn private() -> ResolvedSpec {
    let mut spec = testing::minimal();
    spec.cluster.network.subnets = vec![
        testing::subnet("a", SubnetType::Private, "us-test-1a", "10.0.1.0/24"),
        testing::subnet("b", SubnetType::Private, "us-test-1b", "10.0.2.0/24"),
        testing::subnet("utility-a", SubnetType::Utility, "us-test-1a", "10.0.3.0/24"),
        testing::subnet("utility-b", SubnetType::Utility, "us-test-1b", "10.0.4.0/24"),
    ];
    for group in &mut spec.groups {
        group.subnets = vec!["a".to_owned()];
    }
    spec
}

fn table_of(desired: &kedge_resource::Desired, subnet: &str) -> String {
    let key = format!("route-table-association/{subnet}.test.example.com");
    testing::get::<RouteTableAssociation>(desired, &key).route_table.bare().to_owned()
}

#[test]
fn public_subnets_share_a_table_to_the_internet() {
    let desired = testing::lower(&testing::minimal());
    assert_eq!(table_of(&desired, "us-test-1a"), "test.example.com");
    assert_eq!(testing::names(&desired, Kind::Route), ["test.example.com 0.0.0.0/0", "test.example.com ::/0"]);
    let subnet: &Subnet = testing::get(&desired, "subnet/us-test-1a.test.example.com");
    assert_eq!(subnet.tags.get("kubernetes.io/role/elb"), Some("1"));
    assert_eq!(subnet.tags.get("kubernetes.io/role/internal-elb"), Some("1"), "nothing is private");
    assert!(subnet.private_dns_name_options_on_launch.enable_resource_name_dns_a_record);
    assert!(testing::names(&desired, Kind::NatGateway).is_empty());
}

#[test]
fn private_subnets_leave_through_the_nat_gateway_of_their_zone() {
    let desired = testing::lower(&private());
    assert_eq!(table_of(&desired, "b"), "private-us-test-1b.test.example.com");
    assert_eq!(table_of(&desired, "utility-b"), "test.example.com");
    let gateway: &NatGateway = testing::get(&desired, "nat-gateway/us-test-1b.test.example.com");
    assert_eq!(gateway.subnet.bare(), "utility-b.test.example.com");
    assert_eq!(gateway.eip.bare(), "us-test-1b.test.example.com");
    let table: &RouteTable = testing::get(&desired, "route-table/private-us-test-1b.test.example.com");
    assert_eq!(table.tags.get("kubernetes.io/kops/role"), Some("private-us-test-1b"));
    let utility: &Subnet = testing::get(&desired, "subnet/utility-a.test.example.com");
    assert_eq!(utility.tags.get("kubernetes.io/role/internal-elb"), None);
}

#[test]
fn egress_decides_where_a_zone_leads() {
    let mut spec = private();
    spec.cluster.network.subnets[0].egress = Egress::TransitGateway("tgw-1".to_owned());
    spec.cluster.network.subnets[1].egress = Egress::ElasticIp("eipalloc-1".to_owned());
    spec.cluster.network.subnets[0].additional_routes = vec![
        AdditionalRoute { cidr: "192.168.1.10/24".to_owned(), target: "pcx-1".to_owned() },
        AdditionalRoute { cidr: "192.168.2.0/24".to_owned(), target: "nat-1".to_owned() },
    ];
    let mut facts = testing::facts();
    facts.addresses = serde_json::from_str(r#"[{"allocationId": "eipalloc-1", "publicIp": "1.2.3.4"}]"#).unwrap();
    let desired = crate::lower(&spec, &facts).unwrap();
    let route = |name: &str| testing::get::<Route>(&desired, &format!("route/{name}")).clone();
    assert_eq!(route("private-us-test-1a.test.example.com 0.0.0.0/0").transit_gateway_id.as_deref(), Some("tgw-1"));
    let peering = route("private-us-test-1a.test.example.com 192.168.1.0/24");
    assert_eq!(peering.vpc_peering_connection_id.as_deref(), Some("pcx-1"));
    let nat = route("private-us-test-1a.test.example.com 192.168.2.0/24").nat_gateway.unwrap();
    assert_eq!(nat.existing_id(), Some("nat-1"));
    let gateway: &NatGateway = testing::get(&desired, "nat-gateway/us-test-1b.test.example.com");
    assert_eq!(gateway.eip.existing_id(), Some("eipalloc-1"));
    assert!(testing::names(&desired, Kind::ElasticIp).is_empty());
}

#[test]
fn external_egress_leaves_routes_to_others() {
    let mut spec = private();
    for subnet in &mut spec.cluster.network.subnets {
        subnet.egress = Egress::External;
    }
    let desired = testing::lower(&spec);
    for kind in [Kind::InternetGateway, Kind::RouteTable, Kind::RouteTableAssociation, Kind::NatGateway] {
        assert!(testing::names(&desired, kind).is_empty(), "{kind}");
    }
    assert_eq!(testing::names(&desired, Kind::Subnet).len(), 4);
}

#[test]
fn subnets_of_a_zone_have_to_agree_on_egress() {
    let mut spec = private();
    spec.cluster.network.subnets[1].zone = Some("us-test-1a".to_owned());
    spec.cluster.network.subnets[1].egress = Egress::TransitGateway("tgw-1".to_owned());
    assert_eq!(
        testing::problems(&spec, &testing::facts()),
        ["mixed-egress at Cluster/test.example.com: spec.subnets[1].egress"]
    );
}

#[test]
fn a_nat_gateway_needs_a_utility_subnet() {
    let mut spec = private();
    spec.cluster.network.subnets.pop();
    assert_eq!(
        testing::problems(&spec, &testing::facts()),
        ["no-subnet-for-nat-gateway at Cluster/test.example.com: spec.subnets[1].egress"]
    );
}

#[test]
fn ipv6_only_clusters_reach_ipv4_by_translation() {
    let mut spec = private();
    spec.cluster.network.non_masquerade_cidr = "::/0".parse().unwrap();
    let subnets = &mut spec.cluster.network.subnets;
    subnets.truncate(3);
    subnets.remove(1);
    subnets[0].cidr = None;
    subnets[0].ipv6_cidr = Some("/64#1".to_owned());
    subnets[1].ipv6_cidr = Some("/64#2".to_owned());
    let mut dual = testing::subnet("dual-a", SubnetType::DualStack, "us-test-1a", "10.0.5.0/24");
    dual.ipv6_cidr = Some("/64#3".to_owned());
    subnets.push(dual);
    let desired = testing::lower(&spec);

    let native: &Subnet = testing::get(&desired, "subnet/a.test.example.com");
    assert!(native.ipv6_native && native.enable_dns64 && native.assign_ipv6_address_on_creation);
    assert_eq!(native.ipv6_cidr_block.as_deref(), Some("/64#1"));
    assert!(!native.private_dns_name_options_on_launch.enable_resource_name_dns_a_record);
    assert_eq!(native.tags.get("kubernetes.io/role/internal-elb"), None, "the zone has a dual-stack subnet");
    let table = "route/private-us-test-1a.test.example.com";
    let route: &Route = testing::get(&desired, &format!("{table} ::/0"));
    assert!(route.egress_only_internet_gateway.is_some());
    let route: &Route = testing::get(&desired, &format!("{table} 64:ff9b::/96"));
    assert_eq!(route.nat_gateway.as_ref().unwrap().bare(), "us-test-1a.test.example.com");
}

#[test]
fn ipv6_public_subnets_have_a_table_of_their_zone() {
    let mut spec = testing::minimal();
    spec.cluster.network.non_masquerade_cidr = "::/0".parse().unwrap();
    spec.cluster.network.subnets[0].ipv6_cidr = Some("/64#1".to_owned());
    let desired = testing::lower(&spec);
    let table = "public-us-test-1a.test.example.com";
    assert_eq!(table_of(&desired, "us-test-1a"), table);
    let route: &Route = testing::get(&desired, &format!("route/{table} 64:ff9b::/96"));
    assert_eq!(route.nat_gateway.as_ref().unwrap().bare(), "us-test-1a.test.example.com");
    let gateway: &NatGateway = testing::get(&desired, "nat-gateway/us-test-1a.test.example.com");
    assert_eq!(gateway.subnet.bare(), "us-test-1a.test.example.com");
    let subnet: &Subnet = testing::get(&desired, "subnet/us-test-1a.test.example.com");
    assert_eq!(subnet.tags.get("kubernetes.io/role/internal-elb"), None);
}

#[test]
fn an_existing_vpc_brings_its_gateways() {
    let mut spec = testing::minimal();
    spec.cluster.network.vpc = Vpc::Shared { id: "vpc-1".to_owned(), cidr: Some("10.0.0.0/16".parse().unwrap()) };
    let desired = testing::lower(&spec);
    for kind in [Kind::Vpc, Kind::DhcpOptions, Kind::InternetGateway] {
        assert!(testing::names(&desired, kind).is_empty(), "{kind}");
    }
    let route: &Route = testing::get(&desired, "route/test.example.com 0.0.0.0/0");
    assert_eq!(route.gateway.as_ref().unwrap().existing_id(), Some("igw-1"));
    let subnet: &Subnet = testing::get(&desired, "subnet/us-test-1a.test.example.com");
    assert_eq!(subnet.vpc.existing_id(), Some("vpc-1"));
}

#[test]
fn further_ranges_and_tags_follow_the_manifest() {
    let mut spec = testing::minimal();
    spec.cluster.network.additional_cidrs = vec!["10.1.0.0/16".parse().unwrap()];
    spec.groups[1].karpenter = true;
    let desired = testing::lower(&spec);
    testing::find(&desired, "vpc-cidr-block/test.example.com 10.1.0.0/16");
    let subnet: &Subnet = testing::get(&desired, "subnet/us-test-1a.test.example.com");
    assert_eq!(subnet.tags.get("kops.k8s.io/instance-group/nodes"), Some("true"));
    spec.cluster.network.tag_subnets = false;
    spec.cluster.ip_based_node_names = true;
    let desired = testing::lower(&spec);
    let subnet: &Subnet = testing::get(&desired, "subnet/us-test-1a.test.example.com");
    assert!(subnet.tags.is_empty());
    assert_eq!(subnet.private_dns_name_options_on_launch.hostname_type, "ip-name");
}

#[test]
fn an_instance_can_be_the_way_out() {
    let mut spec = private();
    for subnet in &mut spec.cluster.network.subnets[..2] {
        subnet.egress = Egress::Instance("i-1".to_owned());
    }
    let desired = testing::lower(&spec);
    let route: &Route = testing::get(&desired, "route/private-us-test-1b.test.example.com 0.0.0.0/0");
    assert_eq!(route.instance_id.as_deref(), Some("i-1"));
    for kind in [Kind::NatGateway, Kind::ElasticIp] {
        assert!(testing::names(&desired, kind).is_empty(), "{kind}");
    }
}

#[test]
fn additional_routes_lead_to_whatever_their_target_is() {
    let mut spec = private();
    let targets = ["tgw-1", "pcx-1", "i-1", "nat-1", "igw-1", "eigw-1"];
    let cidr = |at: usize| if at == 5 { "2001:db8::/48".to_owned() } else { format!("192.168.{at}.0/24") };
    spec.cluster.network.subnets[0].additional_routes = targets
        .iter()
        .enumerate()
        .map(|(at, target)| AdditionalRoute { cidr: cidr(at), target: (*target).to_owned() })
        .collect();
    // Those of a subnet that is not private lead nowhere: kops gives them to no table.
    spec.cluster.network.subnets[2].additional_routes =
        vec![AdditionalRoute { cidr: "192.168.9.0/24".to_owned(), target: "tgw-9".to_owned() }];
    let desired = testing::lower(&spec);
    let route = |at: usize| -> &Route {
        testing::get(&desired, &format!("route/private-us-test-1a.test.example.com {}", cidr(at)))
    };
    assert_eq!(route(0).transit_gateway_id.as_deref(), Some("tgw-1"));
    assert_eq!(route(1).vpc_peering_connection_id.as_deref(), Some("pcx-1"));
    assert_eq!(route(2).instance_id.as_deref(), Some("i-1"));
    assert_eq!(route(3).nat_gateway.as_ref().unwrap().existing_id(), Some("nat-1"));
    assert_eq!(route(4).gateway.as_ref().unwrap().existing_id(), Some("igw-1"));
    assert_eq!(route(5).egress_only_internet_gateway.as_ref().unwrap().existing_id(), Some("eigw-1"));
    assert_eq!(route(5).destination_ipv6_cidr_block.as_deref(), Some("2001:db8::/48"));
    assert!(!testing::names(&desired, Kind::Route).iter().any(|name| name.contains("192.168.9.0")));
}

#[test]
fn names_after_addresses_have_no_records() {
    let mut spec = testing::minimal();
    spec.cluster.network.subnets[0].ipv6_cidr = Some("/64#1".to_owned());
    let options = |spec: &ResolvedSpec| {
        let desired = testing::lower(spec);
        let subnet: &Subnet = testing::get(&desired, "subnet/us-test-1a.test.example.com");
        let options = &subnet.private_dns_name_options_on_launch;
        (options.enable_resource_name_dns_a_record, options.enable_resource_name_dns_aaaa_record)
    };
    assert_eq!(options(&spec), (true, true));
    spec.cluster.ip_based_node_names = true;
    assert_eq!(options(&spec), (false, false));
}
