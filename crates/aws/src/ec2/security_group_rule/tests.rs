use aws_sdk_ec2::types::{ReferencedSecurityGroup, Tag};

use super::*;

fn cluster() -> ClusterName {
    ClusterName::parse("example.com").unwrap()
}

fn groups() -> BTreeMap<String, String> {
    [("sg-1", "masters.example.com"), ("sg-2", "nodes.example.com")]
        .map(|(id, name)| (id.to_owned(), name.to_owned()))
        .into()
}

fn rule() -> aws_sdk_ec2::types::builders::SecurityGroupRuleBuilder {
    AwsRule::builder().security_group_rule_id("sgr-1").group_id("sg-1").is_egress(false)
}

fn name(rule: aws_sdk_ec2::types::builders::SecurityGroupRuleBuilder) -> String {
    entry_of(&cluster(), &groups(), &rule.build()).unwrap().key.name
}

#[test]
fn names_tell_protocol_ports_and_peer() {
    let tcp = |from, to| rule().ip_protocol("tcp").from_port(from).to_port(to);
    assert_eq!(name(tcp(22, 22).cidr_ipv4("0.0.0.0/0")), "masters.example.com tcp 22 from 0.0.0.0/0");
    assert_eq!(name(tcp(1, 2379).cidr_ipv6("2001:DB8::/32")), "masters.example.com tcp 1-2379 from 2001:db8::/32");
    assert_eq!(name(tcp(443, 443).prefix_list_id("pl-1")), "masters.example.com tcp 443 from pl-1");
    let all = rule().ip_protocol("-1").from_port(-1).to_port(-1);
    assert_eq!(name(all.clone().is_egress(true).cidr_ipv6("::/0")), "masters.example.com -1 all to ::/0");
    let of = |id: &str| ReferencedSecurityGroup::builder().group_id(id).build();
    assert_eq!(
        name(all.clone().referenced_group_info(of("sg-2"))),
        "masters.example.com -1 all from nodes.example.com"
    );
    assert_eq!(name(all.referenced_group_info(of("sg-9"))), "masters.example.com -1 all from sg-9");
    let icmp = |from, to| rule().ip_protocol("icmp").from_port(from).to_port(to).cidr_ipv4("10.0.0.0/8");
    assert_eq!(name(icmp(3, 4)), "masters.example.com icmp 3-4 from 10.0.0.0/8");
    assert_eq!(name(icmp(-1, -1)), "masters.example.com icmp all from 10.0.0.0/8");
    let ip_in_ip = rule().ip_protocol("4").from_port(-1).to_port(-1).cidr_ipv4("10.0.0.0/8");
    assert_eq!(name(ip_in_ip), "masters.example.com 4 all from 10.0.0.0/8");
}

#[test]
fn protocols_without_ports_have_none() {
    let observed =
        entry_of(&cluster(), &groups(), &rule().ip_protocol("-1").from_port(-1).to_port(-1).cidr_ipv4("::").build());
    let properties = observed.unwrap().properties;
    let rule: &SecurityGroupRule = (&properties).try_into().unwrap();
    assert_eq!((rule.from_port, rule.to_port), (None, None));
}

#[test]
fn tags_say_whose_a_rule_is() {
    let ownership = |rule: aws_sdk_ec2::types::builders::SecurityGroupRuleBuilder| {
        entry_of(&cluster(), &groups(), &rule.build()).unwrap().ownership
    };
    let ssh = || rule().ip_protocol("tcp").from_port(22).to_port(22).cidr_ipv4("0.0.0.0/0");
    let tag = Tag::builder().key("kubernetes.io/cluster/example.com").value("owned").build();
    assert_eq!(ownership(ssh()), Ownership::Foreign);
    assert_eq!(ownership(ssh().tags(tag)), Ownership::Owned);
    let everywhere = || rule().ip_protocol("-1").is_egress(true).cidr_ipv4("0.0.0.0/0");
    assert_eq!(ownership(everywhere()), Ownership::Owned);
    assert_eq!(ownership(everywhere().group_id("sg-9")), Ownership::Foreign);
}

#[test]
fn wanted_rules_match_those_of_aws_by_content() {
    let desired = SecurityGroupRule {
        group: Ref::existing("sg-1"),
        direction: Direction::Ingress,
        ip_protocol: "17".to_owned(),
        from_port: Some(1),
        to_port: Some(65535),
        cidr_ip: None,
        cidr_ipv6: None,
        prefix_list_id: None,
        peer_group: Some(Ref::existing("sg-2")),
        tags: Tags::default(),
    };
    let of_aws = rule()
        .ip_protocol("udp")
        .from_port(1)
        .to_port(65535)
        .referenced_group_info(ReferencedSecurityGroup::builder().group_id("sg-2").build())
        .build();
    let peer = peer(&desired, |_| None).unwrap();
    assert_eq!(identity(&of_aws).unwrap(), name_of("sg-1", &desired, &peer));
    let permission = permission(&desired);
    assert_eq!(permission.ip_protocol(), Some("udp"));
    assert_eq!(permission.user_id_group_pairs()[0].group_id(), Some("sg-2"));
}

#[test]
fn the_name_of_a_rule_tells_whose_its_group_is() {
    let in_sg_1 = |name: &str| in_group_of_others(&ResourceKey::new(Kind::SecurityGroupRule, name), "sg-1");
    assert!(in_sg_1("sg-1 -1 all to 0.0.0.0/0"));
    assert!(!in_sg_1("sg-12 -1 all to 0.0.0.0/0"));
    assert!(!in_sg_1("masters.example.com -1 all from sg-1"));
}
