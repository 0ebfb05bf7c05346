//! Which rules there are, by their keys.

use std::collections::BTreeSet;

use kedge_resource::kind::{Kind, SecurityGroupRule};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{AccessSource, DnsType, EtcdCluster, NetworkPlugin, Role, SubnetType};

use crate::testing;

/// Keys of all rules, with the cluster's name left out.
fn rules(spec: &ResolvedSpec) -> BTreeSet<String> {
    let desired = testing::lower(spec);
    let names = testing::names(&desired, Kind::SecurityGroupRule);
    names.into_iter().map(|name| name.replace(".test.example.com", "")).collect()
}

/// What one specification has more than the other, and what it has less.
fn difference(before: &ResolvedSpec, after: &ResolvedSpec) -> (Vec<String>, Vec<String>) {
    let (before, after) = (rules(before), rules(after));
    (after.difference(&before).cloned().collect(), before.difference(&after).cloned().collect())
}

fn source(text: &str) -> AccessSource {
    AccessSource::Cidr(text.parse().unwrap())
}

fn with_load_balancer() -> ResolvedSpec {
    let mut spec = testing::minimal();
    spec.cluster.api.load_balancer = Some(testing::load_balancer());
    spec
}

#[test]
fn a_cluster_without_load_balancer_is_reached_at_its_instances() {
    let expected = [
        "masters -1 all from masters",
        "masters -1 all to 0.0.0.0/0",
        "masters -1 all to ::/0",
        "masters tcp 1-2379 from nodes",
        "masters tcp 22 from 0.0.0.0/0",
        "masters tcp 2382-4000 from nodes",
        "masters tcp 4003-65535 from nodes",
        "masters tcp 443 from 0.0.0.0/0",
        "masters udp 1-65535 from nodes",
        "nodes -1 all from masters",
        "nodes -1 all from nodes",
        "nodes -1 all to 0.0.0.0/0",
        "nodes -1 all to ::/0",
        "nodes tcp 22 from 0.0.0.0/0",
    ];
    assert_eq!(rules(&testing::minimal()).iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn a_load_balancer_stands_between() {
    let (more, less) = difference(&testing::minimal(), &with_load_balancer());
    let expected = [
        "api-elb -1 all to 0.0.0.0/0",
        "api-elb -1 all to ::/0",
        "api-elb icmp 3-4 from 0.0.0.0/0",
        "api-elb icmp 3-4 from masters",
        "api-elb tcp 443 from 0.0.0.0/0",
        "masters icmp 3-4 from api-elb",
        "masters tcp 443 from api-elb",
    ];
    assert_eq!(more, expected);
    assert_eq!(less, ["masters tcp 443 from 0.0.0.0/0"]);
}

#[test]
fn path_mtu_messages_follow_the_address_family() {
    let mut spec = with_load_balancer();
    spec.cluster.api.access = vec![source("::/0"), AccessSource::PrefixList("pl-1".to_owned())];
    let (more, _) = difference(&with_load_balancer(), &spec);
    let expected = [
        "api-elb icmp 3-4 from pl-1",
        "api-elb icmpv6 all from ::/0",
        "api-elb icmpv6 all from pl-1",
        "api-elb tcp 443 from ::/0",
        "api-elb tcp 443 from pl-1",
    ];
    assert_eq!(more, expected);
}

#[test]
fn a_certificate_opens_a_second_port() {
    let mut spec = with_load_balancer();
    spec.cluster.api.load_balancer.as_mut().unwrap().certificate = Some("arn:x".to_owned());
    let (more, less) = difference(&with_load_balancer(), &spec);
    assert_eq!(more, ["api-elb tcp 8443 from 0.0.0.0/0", "masters tcp 8443 from api-elb"]);
    assert!(less.is_empty());
}

#[test]
fn without_dns_nodes_register_through_the_load_balancer() {
    let mut spec = with_load_balancer();
    spec.cluster.dns.dns_type = DnsType::None;
    let (more, _) = difference(&with_load_balancer(), &spec);
    assert_eq!(more, ["api-elb -1 all from nodes", "masters tcp 3988 from api-elb"]);
    let before = spec.clone();
    spec.cluster.network.plugin = NetworkPlugin::Cilium { etcd_managed: true, eni: false };
    let (more, _) = difference(&before, &spec);
    assert_eq!(more, ["masters tcp 2383-4000 from nodes", "masters tcp 4003 from api-elb"]);
}

#[test]
fn plugins_and_etcd_clusters_change_what_nodes_may_send() {
    let before = testing::minimal();
    let with = |plugin: NetworkPlugin| {
        let mut spec = testing::minimal();
        spec.cluster.network.plugin = plugin;
        difference(&before, &spec)
    };
    let calico = NetworkPlugin::Calico { leaves_source_destination_check: false };
    assert_eq!(with(calico).0, ["masters 4 all from nodes"]);
    assert_eq!(with(NetworkPlugin::KubeRouter).0, ["masters 4 all from nodes"]);
    assert_eq!(with(NetworkPlugin::AmazonVpc).0, ["masters -1 all from nodes"]);
    assert_eq!(with(NetworkPlugin::Flannel), (Vec::new(), Vec::new()));
    let mut spec = testing::minimal();
    spec.cluster.etcd_clusters.push(EtcdCluster { name: "leases".to_owned(), members: Vec::new() });
    let expected = [
        "masters tcp 2382 from nodes",
        "masters tcp 2384-4000 from nodes",
        "masters tcp 4003 from nodes",
        "masters tcp 4005-65535 from nodes",
    ];
    assert_eq!(difference(&before, &spec).0, expected);
}

#[test]
fn a_bastion_is_the_only_way_to_ssh() {
    let mut spec = testing::minimal();
    spec.groups.push(testing::group("bastion", Role::Bastion));
    let (more, less) = difference(&testing::minimal(), &spec);
    let expected = [
        "bastion -1 all to 0.0.0.0/0",
        "bastion -1 all to ::/0",
        "bastion icmp 3-4 from bastion-elb",
        "bastion tcp 22 from bastion-elb",
        "bastion-elb -1 all to 0.0.0.0/0",
        "bastion-elb -1 all to ::/0",
        "bastion-elb icmp 3-4 from 0.0.0.0/0",
        "bastion-elb icmp 3-4 from 10.0.1.0/24",
        "bastion-elb icmp 3-4 from bastion",
        "bastion-elb tcp 22 from 0.0.0.0/0",
        "bastion-elb tcp 22 from 10.0.1.0/24",
        "masters tcp 22 from bastion",
        "nodes tcp 22 from bastion",
    ];
    assert_eq!(more, expected);
    assert_eq!(less, ["masters tcp 22 from 0.0.0.0/0", "nodes tcp 22 from 0.0.0.0/0"]);
}

#[test]
fn an_internal_bastion_is_reached_from_private_subnets() {
    let mut spec = testing::minimal();
    let subnets = &mut spec.cluster.network.subnets;
    subnets.push(testing::subnet("private", SubnetType::Private, "us-test-1a", "10.0.2.0/24"));
    subnets.push(testing::subnet("utility", SubnetType::Utility, "us-test-1a", "10.0.3.0/24"));
    subnets.push(testing::subnet("dual", SubnetType::DualStack, "us-test-1a", "10.0.4.0/24"));
    spec.groups.push(testing::group("bastion", Role::Bastion));
    spec.cluster.bastion.internal = true;
    let rules = rules(&spec);
    assert!(rules.contains("bastion-elb tcp 22 from 10.0.2.0/24"));
    assert!(rules.contains("bastion-elb icmp 3-4 from 10.0.4.0/24"));
    assert!(!rules.contains("bastion-elb tcp 22 from 10.0.1.0/24"));
    assert!(!rules.contains("bastion-elb tcp 22 from 10.0.3.0/24"));
    assert!(rules.contains("bastion-elb tcp 22 from 0.0.0.0/0"), "whom the manifest names");
}

#[test]
fn node_ports_open_for_both_protocols() {
    let mut spec = testing::minimal();
    spec.cluster.node_port_access = vec![source("10.20.30.40/24")];
    spec.cluster.node_port_range = (28000, 32767);
    let (more, _) = difference(&testing::minimal(), &spec);
    assert_eq!(more, ["nodes tcp 28000-32767 from 10.20.30.0/24", "nodes udp 28000-32767 from 10.20.30.0/24"]);
}

#[test]
fn existing_groups_take_part_in_every_pair() {
    let mut spec = with_load_balancer();
    spec.groups[0].security_group_override = Some("sg-cp".to_owned());
    let mut second = testing::group("more", Role::Node);
    second.security_group_override = Some("sg-nodes".to_owned());
    spec.groups.push(second);
    spec.cluster.api.load_balancer.as_mut().unwrap().security_group_override = Some("sg-lb".to_owned());
    let rules = rules(&spec);
    for rule in [
        "sg-cp -1 all to ::/0",
        "sg-cp udp 1-65535 from nodes",
        "sg-cp udp 1-65535 from sg-nodes",
        "nodes -1 all from sg-nodes",
        "sg-nodes -1 all from nodes",
        "sg-nodes -1 all from sg-cp",
        "sg-lb tcp 443 from 0.0.0.0/0",
        "sg-cp tcp 443 from sg-lb",
    ] {
        assert!(rules.contains(rule), "{rule}");
    }
    let desired = testing::lower(&spec);
    assert_eq!(testing::names(&desired, Kind::SecurityGroup), ["nodes.test.example.com"]);
}

#[test]
fn one_existing_group_for_two_roles_gives_each_rule_once() {
    let mut spec = testing::minimal();
    for group in &mut spec.groups {
        group.security_group_override = Some("sg-all".to_owned());
    }
    assert_eq!(rules(&spec).iter().filter(|rule| *rule == "sg-all -1 all from sg-all").count(), 1);
}

#[test]
fn rules_are_tagged_as_kops_tags_them() {
    let mut spec = with_load_balancer();
    spec.cluster.cloud_labels.set("Owner", "team");
    spec.cluster.api.access.push(AccessSource::PrefixList("pl-1".to_owned()));
    spec.groups[1].security_group_override = Some("sg-1".to_owned());
    let desired = testing::lower(&spec);
    for (key, name) in [
        (
            "masters.test.example.com tcp 22 from 0.0.0.0/0",
            "from-0.0.0.0/0-ingress-tcp-22to22-masters.test.example.com",
        ),
        ("masters.test.example.com -1 all to ::/0", "from-masters.test.example.com-egress-all-0to0-::/0"),
        (
            "masters.test.example.com udp 1-65535 from sg-1",
            "from-sg-1-Node-ingress-udp-1to65535-masters.test.example.com",
        ),
        ("api-elb.test.example.com tcp 443 from pl-1", "from-0.0.0.0/0-ingress-tcp-443to443-api-elb.test.example.com"),
        (
            "api-elb.test.example.com icmpv6 all from pl-1",
            "from-0.0.0.0/0-ingress-icmpv6--1to-1-api-elb.test.example.com",
        ),
    ] {
        let rule: &SecurityGroupRule = testing::get(&desired, &format!("security-group-rule/{key}"));
        assert_eq!(rule.tags.name(), Some(name));
        assert_eq!(rule.tags.get("Owner"), Some("team"));
        assert!(rule.tags.owned_by(&spec.cluster.name));
    }
}
