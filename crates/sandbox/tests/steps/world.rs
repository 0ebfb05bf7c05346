//! A cluster with a resource of every kind that kedge makes.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::facts::HostedZone;
use kedge_resource::kind::*;
use kedge_resource::names::{event_rule_name, hashed_name, queue_name};
use kedge_resource::policy::Statement;
use kedge_resource::{ClusterName, Facts, Kind, PolicyDocument, Properties, Ref, Resource, ResourceKey, Tags};

#[path = "world/machines.rs"]
mod machines;

/// The public zone of the default account.
pub(crate) const ZONE: &str = "Z0SANDBOXEXAMPLE";
/// A private zone of the tests' account.
pub(crate) const PRIVATE_ZONE: &str = "Z0SANDBOXPRIVATE";
const SSH_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@home";

pub(crate) fn cluster() -> ClusterName {
    ClusterName::parse("c.example.com").unwrap()
}

/// The default account and a private zone.
pub(crate) fn facts() -> Facts {
    let mut facts = kedge_sandbox::default_account();
    facts.hosted_zones.push(HostedZone {
        id: PRIVATE_ZONE.to_owned(),
        name: "internal".to_owned(),
        private: true,
        vpcs: vec!["vpc-of-somebody".to_owned()],
    });
    facts
}

/// The resources by name, in an order in which they can be made.
pub(crate) struct World {
    pub(crate) resources: Vec<Resource>,
}

impl World {
    pub(crate) fn add(&mut self, name: impl Into<String>, properties: impl Into<Properties>) {
        let properties = properties.into();
        self.resources.push(Resource { key: ResourceKey::new(properties.kind(), name), properties });
    }

    /// Changes one resource.
    pub(crate) fn change<K>(&mut self, name: &str, change: impl FnOnce(&mut K))
    where
        K: KindOf + Clone + Into<Properties>,
        for<'a> &'a K: TryFrom<&'a Properties, Error = Kind>,
    {
        let key = ResourceKey::new(K::KIND, name);
        let resource = self.resources.iter_mut().find(|it| it.key == key).unwrap_or_else(|| panic!("no {key}"));
        let properties: &K = (&resource.properties).try_into().unwrap();
        let mut properties = properties.clone();
        change(&mut properties);
        resource.properties = properties.into();
    }
}

fn tags(name: &str) -> Tags {
    Tags::standard(&cluster(), name)
}

pub(crate) fn policy(action: &str, principal: Option<(&str, &str)>) -> PolicyDocument {
    let mut statement = Statement::allow();
    statement.action.insert(action.to_owned());
    match principal {
        Some((kind, name)) => {
            statement.principal.insert(kind.to_owned(), BTreeSet::from([name.to_owned()]));
        }
        None => {
            statement.resource.insert("*".to_owned());
        }
    }
    PolicyDocument::new(vec![statement])
}

/// The whole cluster.
pub(crate) fn world() -> World {
    let mut world = World { resources: Vec::new() };
    network(&mut world);
    security(&mut world);
    identity(&mut world);
    balancing(&mut world);
    machines::machines(&mut world);
    world
}

fn network(world: &mut World) {
    let c = "c.example.com";
    let vpc = || Ref::managed(c);
    world.add(
        c,
        Vpc {
            cidr_block: "10.0.0.0/16".to_owned(),
            amazon_provided_ipv6_cidr_block: true,
            enable_dns_hostnames: true,
            enable_dns_support: true,
            tags: tags(c),
        },
    );
    let block = "10.9.0.0/16".to_owned();
    world.add("c.example.com 10.9.0.0/16", VpcCidrBlock { vpc: vpc(), cidr_block: block });
    let servers = vec!["AmazonProvidedDNS".to_owned()];
    world.add(c, DhcpOptions { domain_name: "ec2.internal".to_owned(), domain_name_servers: servers, tags: tags(c) });
    world.add(c, DhcpOptionsAssociation { vpc: vpc(), dhcp_options: Ref::managed(c) });
    world.add(c, InternetGateway { vpc: Some(vpc()), tags: tags(c) });
    world.add(c, EgressOnlyInternetGateway { vpc: vpc(), tags: tags(c) });
    for (name, number) in [("utility-a.c.example.com", 1), ("a.c.example.com", 2), ("b.c.example.com", 3)] {
        world.add(
            name,
            Subnet {
                vpc: vpc(),
                availability_zone: if number == 3 { "us-east-1b" } else { "us-east-1a" }.to_owned(),
                cidr_block: Some(format!("10.0.{number}.0/24")),
                ipv6_cidr_block: (number != 3).then(|| format!("/64#{number}")),
                assign_ipv6_address_on_creation: number == 2,
                ipv6_native: false,
                enable_dns64: number == 2,
                private_dns_name_options_on_launch: PrivateDnsNameOptions {
                    hostname_type: "resource-name".to_owned(),
                    enable_resource_name_dns_a_record: true,
                    enable_resource_name_dns_aaaa_record: number != 3,
                },
                tags: tags(name),
            },
        );
    }
    world.add(c, RouteTable { vpc: vpc(), tags: tags(c) });
    world.add("private-a.c.example.com", RouteTable { vpc: vpc(), tags: tags("private-a.c.example.com") });
    for (subnet, table) in [("utility-a.c.example.com", c), ("a.c.example.com", "private-a.c.example.com")] {
        let association = RouteTableAssociation { subnet: Ref::managed(subnet), route_table: Ref::managed(table) };
        world.add(subnet, association);
    }
    let zone = "us-east-1a.c.example.com";
    world.add(zone, ElasticIp { domain: "vpc".to_owned(), tags: tags(zone) });
    let (subnet, eip) = (Ref::managed("utility-a.c.example.com"), Ref::managed(zone));
    world.add(zone, NatGateway { subnet, eip, tags: tags(zone) });
    let route = |table: &str, destination: &str| {
        let ipv6 = destination.contains(':');
        Route {
            route_table: Ref::managed(table),
            destination_cidr_block: (!ipv6).then(|| destination.to_owned()),
            destination_ipv6_cidr_block: ipv6.then(|| destination.to_owned()),
            gateway: None,
            nat_gateway: None,
            egress_only_internet_gateway: None,
            transit_gateway_id: None,
            instance_id: None,
            vpc_peering_connection_id: None,
        }
    };
    let out = Some(Ref::managed(c));
    world.add("c.example.com 0.0.0.0/0", Route { gateway: out, ..route(c, "0.0.0.0/0") });
    let private = "private-a.c.example.com";
    let nat = Some(Ref::managed(zone));
    world.add(format!("{private} 0.0.0.0/0"), Route { nat_gateway: nat, ..route(private, "0.0.0.0/0") });
    let egress = Some(Ref::managed(c));
    world.add(format!("{private} ::/0"), Route { egress_only_internet_gateway: egress, ..route(private, "::/0") });
    let association = HostedZoneAssociation { hosted_zone_id: PRIVATE_ZONE.to_owned(), vpc: vpc() };
    world.add(format!("{PRIVATE_ZONE} {c}"), association);
}

/// A rule and the name of its key.
pub(crate) fn rule(
    group: &str,
    direction: Direction,
    protocol: &str,
    ports: Option<(i32, i32)>,
    peer: &str,
) -> Resource {
    let range = peer.contains('/');
    let shown = match ports {
        None => "all".to_owned(),
        Some((from, to)) if from == to => from.to_string(),
        Some((from, to)) => format!("{from}-{to}"),
    };
    let preposition = if direction == Direction::Ingress { "from" } else { "to" };
    let name = format!("{group} {protocol} {shown} {preposition} {peer}");
    let rule = SecurityGroupRule {
        group: Ref::managed(group),
        direction,
        ip_protocol: protocol.to_owned(),
        from_port: ports.map(|ports| ports.0),
        to_port: ports.map(|ports| ports.1),
        cidr_ip: (range && !peer.contains(':')).then(|| peer.to_owned()),
        cidr_ipv6: (range && peer.contains(':')).then(|| peer.to_owned()),
        prefix_list_id: peer.starts_with("pl-").then(|| peer.to_owned()),
        peer_group: (!range && !peer.starts_with("pl-")).then(|| Ref::managed(peer)),
        tags: tags(&name),
    };
    // All rules of a call carry the same tags, as kedge gives them.
    let rule = SecurityGroupRule { tags: tags("c.example.com"), ..rule };
    Resource { key: ResourceKey::new(Kind::SecurityGroupRule, name), properties: rule.into() }
}

fn security(world: &mut World) {
    let groups = ["masters.c.example.com", "nodes.c.example.com"];
    for group in groups {
        let description = format!("Security group for {group}");
        let made =
            SecurityGroup { vpc: Ref::managed("c.example.com"), group_description: description, tags: tags(group) };
        world.add(group, made);
    }
    for group in groups {
        world.resources.push(rule(group, Direction::Egress, "-1", None, "0.0.0.0/0"));
        world.resources.push(rule(group, Direction::Egress, "-1", None, "::/0"));
        world.resources.push(rule(group, Direction::Ingress, "tcp", Some((22, 22)), "0.0.0.0/0"));
        world.resources.push(rule(group, Direction::Ingress, "icmp", Some((3, 4)), "10.0.0.0/8"));
        world.resources.push(rule(group, Direction::Ingress, "tcp", Some((443, 443)), "pl-12345678"));
    }
    let (masters, nodes) = ("masters.c.example.com", "nodes.c.example.com");
    world.resources.push(rule(masters, Direction::Ingress, "udp", Some((1, 65535)), nodes));
    world.resources.push(rule(nodes, Direction::Ingress, "-1", None, masters));
    let name = "kubernetes.c.example.com-c4:a6";
    let pair = KeyPair {
        public_key_material: Some(SSH_KEY.to_owned()),
        fingerprint: Some("ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA=".to_owned()),
        tags: tags("c.example.com"),
    };
    world.add(name, pair);
}

fn identity(world: &mut World) {
    let name = "nodes.c.example.com";
    let role = Role {
        assume_role_policy_document: policy("sts:AssumeRole", Some(("Service", "ec2.amazonaws.com"))),
        permissions_boundary: Some("arn:aws:iam::123456789012:policy/boundary".to_owned()),
        tags: tags(name),
    };
    world.add(name, role);
    let inline = RolePolicy {
        role: Ref::managed(name),
        policy_name: name.to_owned(),
        policy_document: policy("ec2:DescribeInstances", None),
    };
    world.add(format!("{name} {name}"), inline);
    let arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    let attachment = PolicyAttachment { role: Ref::managed(name), policy_arn: arn.to_owned() };
    world.add(format!("{name} {arn}"), attachment);
    world.add(name, InstanceProfile { role: Some(Ref::managed(name)), tags: tags(name) });
    let provider = OidcProvider {
        url: "https://oidc.example.com/c".to_owned(),
        client_id_list: vec!["amazonaws.com".to_owned()],
        thumbprint_list: vec!["9e99a48a9960b14926bb7f3b02e22da2b0ab7280".to_owned()],
        tags: tags("c.example.com"),
    };
    world.add("c.example.com", provider);
    let queue = queue_name(&cluster());
    let made = Queue {
        message_retention_period: 300,
        policy_document: policy("sqs:SendMessage", Some(("Service", "events.amazonaws.com"))),
        tags: tags(&queue),
    };
    world.add(&queue, made);
    let rule = event_rule_name(&cluster(), "SpotInterruption");
    let pattern = serde_json::json!({"source": ["aws.ec2"]});
    world.add(&rule, EventRule { event_pattern: pattern, tags: tags(&rule) });
    let target = EventTarget { rule: Ref::managed(&rule), queue: Ref::managed(&queue) };
    world.add(format!("{rule} {queue}"), target);
}

/// AWS name of the target group.
pub(crate) fn target_group() -> String {
    hashed_name("tcp", &cluster())
}

fn balancing(world: &mut World) {
    let group = target_group();
    let attributes = BTreeMap::from([("deregistration_delay.timeout_seconds".to_owned(), "30".to_owned())]);
    let made = TargetGroup {
        vpc: Ref::managed("c.example.com"),
        port: 443,
        protocol: "TCP".to_owned(),
        health_check_protocol: "TCP".to_owned(),
        health_check_path: None,
        health_check_interval_seconds: 10,
        healthy_threshold_count: 2,
        unhealthy_threshold_count: 2,
        target_group_attributes: attributes,
        tags: tags(&group),
    };
    world.add(&group, made);
    let name = "api.c.example.com";
    let attributes = BTreeMap::from([("load_balancing.cross_zone.enabled".to_owned(), "false".to_owned())]);
    let made = LoadBalancer {
        name: hashed_name("api", &cluster()),
        scheme: "internet-facing".to_owned(),
        type_: "network".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        security_groups: vec![Ref::managed("masters.c.example.com")],
        subnet_mappings: vec![SubnetMapping {
            subnet: Ref::managed("utility-a.c.example.com"),
            allocation_id: None,
            private_ipv4_address: None,
        }],
        load_balancer_attributes: attributes,
        tags: tags(name),
    };
    world.add(name, made);
    let listener = Listener {
        load_balancer: Ref::managed(name),
        port: 443,
        protocol: "TCP".to_owned(),
        target_group: Ref::managed(&group),
        certificate_arn: None,
        ssl_policy: None,
    };
    world.add(format!("{name} 443"), listener);
    for type_ in ["A", "AAAA"] {
        let target = AliasTarget { load_balancer: Ref::managed(name), evaluate_target_health: false };
        let record = RecordSet {
            hosted_zone_id: ZONE.to_owned(),
            name: name.to_owned(),
            type_: type_.to_owned(),
            alias_target: Some(target),
        };
        world.add(format!("{name} {type_} in {ZONE}"), record);
    }
}
