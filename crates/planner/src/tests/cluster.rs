//! A cluster with every kind of resource that is ever desired, in a few shapes.

use std::collections::BTreeMap;

use kedge_resource::kind::*;
use kedge_resource::policy::Statement;
use kedge_resource::{ClusterName, Desired, Kind, PolicyDocument, Properties, Ref, Resource, ResourceKey, Tags};

pub(crate) const C: &str = "c.example.com";

/// The shape of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) zones: usize,
    pub(crate) private: bool,
    pub(crate) balancer: bool,
    pub(crate) groups: usize,
    pub(crate) image: String,
    pub(crate) ssh: String,
    pub(crate) target_port: i32,
    /// Third number of the ranges of subnets.
    pub(crate) range: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            zones: 2,
            private: true,
            balancer: true,
            groups: 2,
            image: "ami-1".to_owned(),
            ssh: "0.0.0.0/0".to_owned(),
            target_port: 443,
            range: 0,
        }
    }
}

pub(crate) fn name() -> ClusterName {
    ClusterName::parse(C).unwrap()
}

struct Builder(Vec<Resource>);

impl Builder {
    fn add(&mut self, name: &str, properties: impl Into<Properties>) {
        let properties = properties.into();
        self.0.push(Resource { key: ResourceKey::new(properties.kind(), name), properties });
    }

    fn rule(&mut self, group: &str, what: &str, rule: impl FnOnce(&mut SecurityGroupRule)) {
        let mut properties = SecurityGroupRule {
            group: Ref::managed(group),
            direction: Direction::Ingress,
            ip_protocol: "-1".to_owned(),
            from_port: None,
            to_port: None,
            cidr_ip: None,
            cidr_ipv6: None,
            prefix_list_id: None,
            peer_group: None,
            tags: tags(&format!("{group} {what}")),
        };
        rule(&mut properties);
        self.add(&format!("{group} {what}"), properties);
    }
}

pub(crate) fn tags(resource: &str) -> Tags {
    Tags::standard(&name(), resource)
}

fn policy(action: &str) -> PolicyDocument {
    let mut statement = Statement::allow();
    statement.action.insert(action.to_owned());
    statement.resource.insert("*".to_owned());
    PolicyDocument::new(vec![statement])
}

/// Everything that AWS shall hold of the cluster.
pub(crate) fn desired(shape: &Shape) -> Desired {
    let mut all = Builder(Vec::new());
    network(&mut all, shape);
    security(&mut all, shape);
    if shape.balancer {
        balancer(&mut all, shape);
    }
    for number in 0..shape.groups {
        group(&mut all, shape, number);
    }
    identities(&mut all);
    Desired { cluster: name(), resources: all.0, protected: Vec::new(), notes: Vec::new() }
}

fn network(all: &mut Builder, shape: &Shape) {
    all.add(
        C,
        Vpc {
            cidr_block: "10.0.0.0/16".to_owned(),
            amazon_provided_ipv6_cidr_block: true,
            enable_dns_hostnames: true,
            enable_dns_support: true,
            tags: tags(C),
        },
    );
    all.add(&format!("{C} 10.1.0.0/16"), VpcCidrBlock { vpc: Ref::managed(C), cidr_block: "10.1.0.0/16".to_owned() });
    all.add(
        C,
        DhcpOptions {
            domain_name: "ec2.internal".to_owned(),
            domain_name_servers: vec!["AmazonProvidedDNS".to_owned()],
            tags: tags(C),
        },
    );
    all.add(C, DhcpOptionsAssociation { vpc: Ref::managed(C), dhcp_options: Ref::managed(C) });
    all.add(C, InternetGateway { vpc: Some(Ref::managed(C)), tags: tags(C) });
    all.add(C, EgressOnlyInternetGateway { vpc: Ref::managed(C), tags: tags(C) });
    all.add(C, RouteTable { vpc: Ref::managed(C), tags: tags(C) });
    all.add(&format!("{C} 0.0.0.0/0"), Route { gateway: Some(Ref::managed(C)), ..route(C, "0.0.0.0/0") });
    all.add("Z1 c.example.com", HostedZoneAssociation { hosted_zone_id: "Z1".to_owned(), vpc: Ref::managed(C) });
    for zone in 0..shape.zones {
        let letter = char::from(b'a' + u8::try_from(zone).unwrap());
        let public = format!("{letter}.{C}");
        all.add(
            &public,
            subnet(&public, letter, format!("10.0.{}.0/24", shape.range + zone), Some(format!("/64#{zone}"))),
        );
        all.add(&public, RouteTableAssociation { subnet: Ref::managed(&public), route_table: Ref::managed(C) });
        if shape.private {
            let (private, table) = (format!("private-{letter}.{C}"), format!("private-table-{letter}.{C}"));
            all.add(&private, subnet(&private, letter, format!("10.1.{}.0/24", shape.range + zone), None));
            all.add(&table, RouteTable { vpc: Ref::managed(C), tags: tags(&table) });
            all.add(
                &private,
                RouteTableAssociation { subnet: Ref::managed(&private), route_table: Ref::managed(&table) },
            );
            all.add(&public, ElasticIp { domain: "vpc".to_owned(), tags: tags(&public) });
            all.add(
                &public,
                NatGateway { subnet: Ref::managed(&public), eip: Ref::managed(&public), tags: tags(&public) },
            );
            all.add(
                &format!("{table} 0.0.0.0/0"),
                Route { nat_gateway: Some(Ref::managed(&public)), ..route(&table, "0.0.0.0/0") },
            );
        }
        let volume = format!("{letter}.etcd-main.{C}");
        let mut etcd = tags(&volume);
        etcd.set("k8s.io/etcd/main", format!("{letter}/{letter}"));
        all.add(
            &volume,
            Volume {
                availability_zone: format!("us-test-1{letter}"),
                size: 20,
                volume_type: "gp3".to_owned(),
                iops: Some(3000),
                throughput: Some(125),
                encrypted: true,
                kms_key_id: None,
                tags: etcd,
            },
        );
    }
}

fn subnet(name: &str, letter: char, cidr: String, ipv6: Option<String>) -> Subnet {
    Subnet {
        vpc: Ref::managed(C),
        availability_zone: format!("us-test-1{letter}"),
        cidr_block: Some(cidr),
        assign_ipv6_address_on_creation: ipv6.is_some(),
        ipv6_cidr_block: ipv6,
        ipv6_native: false,
        enable_dns64: false,
        private_dns_name_options_on_launch: PrivateDnsNameOptions {
            hostname_type: "resource-name".to_owned(),
            enable_resource_name_dns_a_record: true,
            enable_resource_name_dns_aaaa_record: false,
        },
        tags: tags(name),
    }
}

fn route(table: &str, destination: &str) -> Route {
    Route {
        route_table: Ref::managed(table),
        destination_cidr_block: Some(destination.to_owned()),
        destination_ipv6_cidr_block: None,
        gateway: None,
        nat_gateway: None,
        egress_only_internet_gateway: None,
        transit_gateway_id: None,
        instance_id: None,
        vpc_peering_connection_id: None,
    }
}

fn security(all: &mut Builder, shape: &Shape) {
    let (masters, nodes) = (format!("masters.{C}"), format!("nodes.{C}"));
    for (group, what) in [(&masters, "masters"), (&nodes, "nodes")] {
        all.add(
            group,
            SecurityGroup {
                vpc: Ref::managed(C),
                group_description: format!("Security group for {what}"),
                tags: tags(group),
            },
        );
        all.rule(group, "-1 all to 0.0.0.0/0", |rule| {
            rule.direction = Direction::Egress;
            rule.cidr_ip = Some("0.0.0.0/0".to_owned());
        });
        all.rule(group, &format!("tcp 22 from {}", shape.ssh), |rule| {
            rule.ip_protocol = "tcp".to_owned();
            (rule.from_port, rule.to_port) = (Some(22), Some(22));
            rule.cidr_ip = Some(shape.ssh.clone());
        });
    }
    // Two groups that name each other, and themselves.
    for (group, peer) in [(&masters, &nodes), (&nodes, &masters), (&masters, &masters), (&nodes, &nodes)] {
        all.rule(group, &format!("-1 all from {peer}"), |rule| rule.peer_group = Some(Ref::managed(peer)));
    }
}

fn balancer(all: &mut Builder, shape: &Shape) {
    let (api, group, target) = (format!("api.{C}"), format!("api-elb.{C}"), "tcp-c-example-com-1a2b3c");
    all.add(
        &group,
        SecurityGroup {
            vpc: Ref::managed(C),
            group_description: "Security group for api ELB".to_owned(),
            tags: tags(&group),
        },
    );
    let masters = format!("masters.{C}");
    all.rule(&masters, &format!("tcp 443 from {group}"), |rule| {
        rule.ip_protocol = "tcp".to_owned();
        (rule.from_port, rule.to_port) = (Some(443), Some(443));
        rule.peer_group = Some(Ref::managed(&group));
    });
    all.add(
        &api,
        LoadBalancer {
            name: "api-c-example-com-1a2b3c".to_owned(),
            scheme: "internet-facing".to_owned(),
            type_: "network".to_owned(),
            ip_address_type: "ipv4".to_owned(),
            security_groups: vec![Ref::managed(&group)],
            subnet_mappings: (0..shape.zones)
                .map(|zone| SubnetMapping {
                    subnet: Ref::managed(format!("{}.{C}", char::from(b'a' + u8::try_from(zone).unwrap()))),
                    allocation_id: None,
                    private_ipv4_address: None,
                })
                .collect(),
            load_balancer_attributes: BTreeMap::from([(
                "load_balancing.cross_zone.enabled".to_owned(),
                "false".to_owned(),
            )]),
            tags: tags(&api),
        },
    );
    all.add(
        target,
        TargetGroup {
            vpc: Ref::managed(C),
            port: shape.target_port,
            protocol: "TCP".to_owned(),
            health_check_protocol: "TCP".to_owned(),
            health_check_path: None,
            health_check_interval_seconds: 10,
            healthy_threshold_count: 2,
            unhealthy_threshold_count: 2,
            target_group_attributes: BTreeMap::new(),
            tags: tags(target),
        },
    );
    all.add(
        &format!("{api} 443"),
        Listener {
            load_balancer: Ref::managed(&api),
            port: 443,
            protocol: "TCP".to_owned(),
            target_group: Ref::managed(target),
            certificate_arn: None,
            ssl_policy: None,
        },
    );
    for type_ in ["A", "AAAA"] {
        all.add(
            &format!("{api} {type_} in Z1"),
            RecordSet {
                hosted_zone_id: "Z1".to_owned(),
                name: api.clone(),
                type_: type_.to_owned(),
                alias_target: Some(AliasTarget { load_balancer: Ref::managed(&api), evaluate_target_health: false }),
            },
        );
    }
}

fn group(all: &mut Builder, shape: &Shape, number: usize) {
    let name = format!("nodes-{number}.{C}");
    let mut group_tags = tags(&name);
    group_tags.set("kops.k8s.io/instancegroup", format!("nodes-{number}"));
    let content = format!("configuration {number} of {}\n", shape.image);
    all.add(
        &format!("nodes/nodes-{number}/config"),
        StoreObject {
            version: None,
            sha256: Some(content.clone()),
            content: Some(content.clone()),
            load_balancer: None,
        },
    );
    all.add(
        &name,
        LaunchTemplate {
            image_id: shape.image.clone(),
            instance_type: "t3.micro".to_owned(),
            instance_profile: Some(Ref::managed(format!("nodes.{C}"))),
            key: Some(Ref::managed("kubernetes.c.example.com-aa:bb")),
            block_device_mappings: Vec::new(),
            network_interfaces: vec![NetworkInterfaceSpecification {
                associate_public_ip_address: true,
                delete_on_termination: true,
                device_index: 0,
                ipv6_address_count: 0,
                security_groups: vec![Ref::managed(format!("nodes.{C}"))],
            }],
            metadata_options: MetadataOptions {
                http_endpoint: "enabled".to_owned(),
                http_tokens: "required".to_owned(),
                http_put_response_hop_limit: 1,
                http_protocol_ipv6: "disabled".to_owned(),
            },
            monitoring: Monitoring { enabled: false },
            credit_specification: None,
            instance_market_options: None,
            placement: None,
            ebs_optimized: None,
            user_data: Some(format!("#!/bin/sh\n{content}")),
            tag_specifications: vec![TagSpecification {
                resource_type: "instance".to_owned(),
                tags: group_tags.clone(),
            }],
            tags: group_tags.clone(),
        },
    );
    all.add(
        &name,
        AutoScalingGroup {
            min_size: 1,
            max_size: 2,
            launch_template: Some(Ref::managed(&name)),
            mixed_instances_policy: None,
            subnets: (0..shape.zones)
                .map(|zone| Ref::managed(format!("{}.{C}", char::from(b'a' + u8::try_from(zone).unwrap()))))
                .collect(),
            target_groups: if shape.balancer { vec![Ref::managed("tcp-c-example-com-1a2b3c")] } else { Vec::new() },
            load_balancers: Vec::new(),
            metrics_collection: None,
            max_instance_lifetime: 0,
            new_instances_protected_from_scale_in: false,
            suspended_processes: Vec::new(),
            capacity_rebalance: false,
            tags: group_tags,
        },
    );
    all.add(
        &format!("{name} hook"),
        LifecycleHook {
            auto_scaling_group: Ref::managed(&name),
            lifecycle_hook_name: "hook".to_owned(),
            lifecycle_transition: "autoscaling:EC2_INSTANCE_TERMINATING".to_owned(),
            default_result: "CONTINUE".to_owned(),
            heartbeat_timeout: 300,
        },
    );
    all.add(
        &name,
        WarmPool { auto_scaling_group: Ref::managed(&name), min_size: 0, max_group_prepared_capacity: None },
    );
}

fn identities(all: &mut Builder) {
    let nodes = format!("nodes.{C}");
    all.add(
        "kubernetes.c.example.com-aa:bb",
        KeyPair {
            public_key_material: Some("ssh-rsa AAAA me".to_owned()),
            fingerprint: Some("aa:bb".to_owned()),
            tags: tags(C),
        },
    );
    all.add(
        &nodes,
        Role { assume_role_policy_document: policy("sts:AssumeRole"), permissions_boundary: None, tags: tags(&nodes) },
    );
    all.add(&nodes, InstanceProfile { role: Some(Ref::managed(&nodes)), tags: tags(&nodes) });
    all.add(
        &format!("{nodes} {nodes}"),
        RolePolicy {
            role: Ref::managed(&nodes),
            policy_name: nodes.clone(),
            policy_document: policy("ec2:DescribeInstances"),
        },
    );
    let arn = "arn:aws:iam::aws:policy/Some";
    all.add(&format!("{nodes} {arn}"), PolicyAttachment { role: Ref::managed(&nodes), policy_arn: arn.to_owned() });
    all.add(
        C,
        OidcProvider {
            url: "https://issuer.example.com".to_owned(),
            client_id_list: vec!["amazonaws.com".to_owned()],
            thumbprint_list: Vec::new(),
            tags: tags(C),
        },
    );
    all.add(
        "c-example-com-nth",
        Queue {
            message_retention_period: 300,
            policy_document: policy("sqs:SendMessage"),
            tags: tags("c-example-com-nth"),
        },
    );
    all.add(
        "c.example.com-Rule",
        EventRule { event_pattern: serde_json::json!({"source": ["aws.ec2"]}), tags: tags("c.example.com-Rule") },
    );
    all.add(
        "c.example.com-Rule c-example-com-nth",
        EventTarget { rule: Ref::managed("c.example.com-Rule"), queue: Ref::managed("c-example-com-nth") },
    );
}

#[test]
fn every_kind_that_can_be_desired_is_in_the_cluster() {
    let all = desired(&Shape::default());
    for kind in Kind::ALL {
        let never = matches!(kind, Kind::Instance | Kind::NetworkInterface | Kind::ClassicLoadBalancer);
        let has = all.resources.iter().any(|resource| resource.key.kind == *kind);
        assert_ne!(never, has, "{kind}");
    }
}
