//! Every kind of EC2 and EC2 Auto Scaling over the wire: made, read back, changed, removed.
//!
//! Runs against the endpoint in `KEDGE_TEST_ENDPOINT`, to which `AWS_ENDPOINT_URL` has to point as well; `tests/run` starts
//! one. Without it there is nothing to test against and the tests say so.

#[cfg(test)]
#[path = "support/account.rs"]
mod account;

use account::{Account, tags};
use kedge_cloud::Verb;
use kedge_resource::kind::{
    AutoScalingGroup, BlockDeviceMapping, CreditSpecification, DhcpOptions, DhcpOptionsAssociation, Direction,
    EbsBlockDevice, EgressOnlyInternetGateway, ElasticIp, InstanceMarketOptions, InternetGateway, KeyPair,
    LaunchTemplate, LifecycleHook, MetadataOptions, MetricsCollection, Monitoring, NatGateway,
    NetworkInterfaceSpecification, Placement, PrivateDnsNameOptions, Route, RouteTable, RouteTableAssociation,
    SecurityGroup, SecurityGroupRule, SpotOptions, Subnet, TagSpecification, Volume, Vpc, VpcCidrBlock, WarmPool,
};
use kedge_resource::{Kind, Properties, Ref, ResourceKey, Tags};

const SSH_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9kZmRzZmRzZmRzZmRzZmRzZmRzZmRzZmRzZmRzZmRz kedge";

type Resource = (ResourceKey, Properties);

fn resource(kind: Kind, name: impl Into<String>, properties: impl Into<Properties>) -> Resource {
    (ResourceKey::new(kind, name), properties.into())
}

fn vpc(c: &str) -> Resource {
    let vpc = Vpc {
        cidr_block: "172.20.0.0/16".into(),
        amazon_provided_ipv6_cidr_block: true,
        enable_dns_hostnames: true,
        enable_dns_support: true,
        tags: tags(c, c),
    };
    resource(Kind::Vpc, c, vpc)
}

fn subnet(c: &str, name: &str, cidr: &str, ipv6: Option<&str>) -> Resource {
    let name = format!("{name}.{c}");
    let subnet = Subnet {
        vpc: Ref::managed(c),
        availability_zone: "us-east-1a".into(),
        cidr_block: Some(cidr.into()),
        ipv6_cidr_block: ipv6.map(Into::into),
        assign_ipv6_address_on_creation: ipv6.is_some(),
        ipv6_native: false,
        enable_dns64: false,
        private_dns_name_options_on_launch: PrivateDnsNameOptions {
            hostname_type: "resource-name".into(),
            enable_resource_name_dns_a_record: true,
            enable_resource_name_dns_aaaa_record: ipv6.is_some(),
        },
        tags: tags(c, &name),
    };
    resource(Kind::Subnet, name, subnet)
}

fn route(c: &str, table: &str, destination: &str) -> Route {
    let ipv6 = destination.contains(':');
    Route {
        route_table: Ref::managed(format!("{table}{c}")),
        destination_cidr_block: (!ipv6).then(|| destination.into()),
        destination_ipv6_cidr_block: ipv6.then(|| destination.into()),
        gateway: None,
        nat_gateway: None,
        egress_only_internet_gateway: None,
        transit_gateway_id: None,
        instance_id: None,
        vpc_peering_connection_id: None,
    }
}

fn network(c: &str) -> Vec<Vec<Resource>> {
    let one = |resource| vec![resource];
    let table = |name: String| RouteTable { vpc: Ref::managed(c), tags: tags(c, &name) };
    let association = |subnet: &str, table: String| RouteTableAssociation {
        subnet: Ref::managed(format!("{subnet}.{c}")),
        route_table: Ref::managed(table),
    };
    let default = Route { gateway: Some(Ref::managed(c)), ..route(c, "", "0.0.0.0/0") };
    let default6 = Route { gateway: Some(Ref::managed(c)), ..route(c, "", "::/0") };
    let nat = Route {
        nat_gateway: Some(Ref::managed(format!("us-east-1a.{c}"))),
        ..route(c, "private-us-east-1a.", "0.0.0.0/0")
    };
    let egress =
        Route { egress_only_internet_gateway: Some(Ref::managed(c)), ..route(c, "private-us-east-1a.", "::/0") };
    let dhcp = DhcpOptions {
        domain_name: "ec2.internal".into(),
        domain_name_servers: vec!["AmazonProvidedDNS".into()],
        tags: tags(c, c),
    };
    let nat_gateway = NatGateway {
        subnet: Ref::managed(format!("utility.{c}")),
        eip: Ref::managed(format!("us-east-1a.{c}")),
        tags: tags(c, &format!("us-east-1a.{c}")),
    };
    vec![
        one(vpc(c)),
        one(resource(
            Kind::VpcCidrBlock,
            format!("{c} 10.1.0.0/16"),
            VpcCidrBlock { vpc: Ref::managed(c), cidr_block: "10.1.0.0/16".into() },
        )),
        one(resource(Kind::DhcpOptions, c, dhcp)),
        one(resource(
            Kind::DhcpOptionsAssociation,
            c,
            DhcpOptionsAssociation { vpc: Ref::managed(c), dhcp_options: Ref::managed(c) },
        )),
        one(resource(Kind::InternetGateway, c, InternetGateway { vpc: Some(Ref::managed(c)), tags: tags(c, c) })),
        one(resource(
            Kind::EgressOnlyInternetGateway,
            c,
            EgressOnlyInternetGateway { vpc: Ref::managed(c), tags: tags(c, c) },
        )),
        one(subnet(c, "private", "172.20.32.0/19", Some("/64#1f"))),
        one(subnet(c, "utility", "172.20.0.0/22", None)),
        one(resource(Kind::RouteTable, c, table(c.into()))),
        one(resource(Kind::RouteTable, format!("private-us-east-1a.{c}"), table(format!("private-us-east-1a.{c}")))),
        one(resource(Kind::RouteTableAssociation, format!("utility.{c}"), association("utility", c.into()))),
        one(resource(
            Kind::RouteTableAssociation,
            format!("private.{c}"),
            association("private", format!("private-us-east-1a.{c}")),
        )),
        one(resource(Kind::Route, format!("{c} 0.0.0.0/0"), default)),
        one(resource(Kind::Route, format!("{c} ::/0"), default6)),
        one(resource(
            Kind::ElasticIp,
            format!("us-east-1a.{c}"),
            ElasticIp { domain: "vpc".into(), tags: tags(c, &format!("us-east-1a.{c}")) },
        )),
        one(resource(Kind::NatGateway, format!("us-east-1a.{c}"), nat_gateway)),
        one(resource(Kind::Route, format!("private-us-east-1a.{c} 0.0.0.0/0"), nat)),
        one(resource(Kind::Route, format!("private-us-east-1a.{c} ::/0"), egress)),
    ]
}

fn group(c: &str, prefix: &str) -> Resource {
    let name = format!("{prefix}.{c}");
    let group = SecurityGroup {
        vpc: Ref::managed(c),
        group_description: format!("Security group for {prefix}"),
        tags: tags(c, &name),
    };
    resource(Kind::SecurityGroup, name, group)
}

fn rule(c: &str, prefix: &str, direction: Direction, what: (&str, Option<(i32, i32)>), peer: &str) -> Resource {
    let (protocol, ports) = what;
    let is_group = peer.ends_with(c);
    let rule = SecurityGroupRule {
        group: Ref::managed(format!("{prefix}.{c}")),
        direction,
        ip_protocol: protocol.into(),
        from_port: ports.map(|(from, _)| from),
        to_port: ports.map(|(_, to)| to),
        cidr_ip: (!is_group && !peer.contains(':')).then(|| peer.into()),
        cidr_ipv6: (!is_group && peer.contains(':')).then(|| peer.into()),
        prefix_list_id: None,
        peer_group: is_group.then(|| Ref::managed(peer)),
        tags: Tags::standard(&account::cluster(c), c),
    };
    let ports = match ports {
        None => "all".to_owned(),
        Some((from, to)) if from == to => from.to_string(),
        Some((from, to)) => format!("{from}-{to}"),
    };
    let preposition = if direction == Direction::Ingress { "from" } else { "to" };
    resource(Kind::SecurityGroupRule, format!("{prefix}.{c} {protocol} {ports} {preposition} {peer}"), rule)
}

fn security(c: &str) -> Vec<Vec<Resource>> {
    use Direction::{Egress, Ingress};
    let nodes = format!("nodes.{c}");
    vec![
        vec![group(c, "masters")],
        vec![group(c, "nodes")],
        vec![rule(c, "masters", Egress, ("-1", None), "0.0.0.0/0"), rule(c, "masters", Egress, ("-1", None), "::/0")],
        vec![
            rule(c, "masters", Ingress, ("tcp", Some((22, 22))), "0.0.0.0/0"),
            rule(c, "masters", Ingress, ("tcp", Some((22, 22))), "::/0"),
            rule(c, "masters", Ingress, ("udp", Some((1, 65535))), &nodes),
            rule(c, "masters", Ingress, ("tcp", Some((1, 2379))), &nodes),
            rule(c, "masters", Ingress, ("icmp", Some((3, 4))), "10.0.0.0/8"),
            rule(c, "masters", Ingress, ("-1", None), &format!("masters.{c}")),
        ],
    ]
}

fn launch_template(c: &str, prefix: &str) -> Resource {
    let name = format!("{prefix}.{c}");
    let disk = |encrypted| EbsBlockDevice {
        delete_on_termination: true,
        encrypted,
        iops: Some(3000),
        throughput: Some(125),
        volume_size: Some(64),
        volume_type: "gp3".into(),
        kms_key_id: None,
    };
    let specification = |kind: &str| TagSpecification { resource_type: kind.into(), tags: tags(c, &name) };
    let template = LaunchTemplate {
        image_id: "ami-12c6146b".into(),
        instance_type: "t3.medium".into(),
        instance_profile: None,
        key: Some(Ref::managed(format!("kubernetes.{c}-aa"))),
        block_device_mappings: vec![BlockDeviceMapping {
            device_name: "/dev/sda1".into(),
            virtual_name: None,
            ebs: Some(disk(true)),
        }],
        network_interfaces: vec![NetworkInterfaceSpecification {
            associate_public_ip_address: true,
            delete_on_termination: true,
            device_index: 0,
            ipv6_address_count: 0,
            security_groups: vec![Ref::managed(format!("nodes.{c}"))],
        }],
        metadata_options: MetadataOptions {
            http_endpoint: "enabled".into(),
            http_tokens: "required".into(),
            http_put_response_hop_limit: 1,
            http_protocol_ipv6: "disabled".into(),
        },
        monitoring: Monitoring { enabled: false },
        credit_specification: Some(CreditSpecification { cpu_credits: "standard".into() }),
        instance_market_options: None,
        placement: None,
        ebs_optimized: Some(true),
        user_data: Some("#!/bin/sh\necho \"grüß Gott\"\n".into()),
        tag_specifications: vec![specification("instance"), specification("volume")],
        tags: tags(c, &name),
    };
    resource(Kind::LaunchTemplate, name, template)
}

/// A template with everything that the one of a running group lacks: local disks, spot market, tenancy.
fn special_template(c: &str) -> Resource {
    let (key, properties) = launch_template(c, "special");
    let Properties::LaunchTemplate(mut template) = properties else { unreachable!() };
    template.block_device_mappings.push(BlockDeviceMapping {
        device_name: "/dev/sdc".into(),
        virtual_name: Some("ephemeral0".into()),
        ebs: None,
    });
    template.instance_market_options = Some(InstanceMarketOptions {
        market_type: "spot".into(),
        spot_options: SpotOptions {
            max_price: Some("0.1".into()),
            block_duration_minutes: None,
            instance_interruption_behavior: Some("terminate".into()),
        },
    });
    template.placement = Some(Placement { tenancy: "dedicated".into() });
    template.user_data = None;
    template.key = None;
    (key, Properties::LaunchTemplate(template))
}

fn machines(c: &str) -> Vec<Vec<Resource>> {
    let nodes = format!("nodes.{c}");
    let key = KeyPair { public_key_material: Some(SSH_KEY.into()), fingerprint: None, tags: tags(c, c) };
    let volume = Volume {
        availability_zone: "us-east-1a".into(),
        size: 20,
        volume_type: "gp3".into(),
        iops: Some(3000),
        throughput: Some(125),
        encrypted: false,
        kms_key_id: None,
        tags: tags(c, &format!("a.etcd-main.{c}")),
    };
    let group = AutoScalingGroup {
        min_size: 1,
        max_size: 2,
        launch_template: Some(Ref::managed(&nodes)),
        mixed_instances_policy: None,
        subnets: vec![Ref::managed(format!("utility.{c}"))],
        target_groups: Vec::new(),
        load_balancers: Vec::new(),
        metrics_collection: Some(MetricsCollection {
            granularity: "1Minute".into(),
            metrics: vec!["GroupMaxSize".into(), "GroupMinSize".into()],
        }),
        max_instance_lifetime: 0,
        new_instances_protected_from_scale_in: false,
        suspended_processes: vec!["AZRebalance".into()],
        capacity_rebalance: false,
        tags: tags(c, &nodes),
    };
    let hook = LifecycleHook {
        auto_scaling_group: Ref::managed(&nodes),
        lifecycle_hook_name: "nodes-NTHLifecycleHook".into(),
        lifecycle_transition: "autoscaling:EC2_INSTANCE_TERMINATING".into(),
        default_result: "CONTINUE".into(),
        heartbeat_timeout: 300,
    };
    vec![
        vec![resource(Kind::KeyPair, format!("kubernetes.{c}-aa"), key)],
        vec![resource(Kind::Volume, format!("a.etcd-main.{c}"), volume)],
        vec![launch_template(c, "nodes")],
        vec![
            resource(Kind::AutoScalingGroup, &nodes, group),
            resource(Kind::LifecycleHook, format!("{nodes} nodes-NTHLifecycleHook"), hook),
        ],
    ]
}

#[tokio::test]
async fn a_network_comes_changes_and_goes() {
    let Some(mut account) = Account::connect("network.example.com").await else { return };
    let c = account.cluster.to_string();
    account.clear().await;
    let steps = network(&c);
    account.create_all(&steps).await;
    account.check(&steps).await;

    // the public table's route moves to the NAT gateway, the private subnet to the public table
    let moved = Route { nat_gateway: Some(Ref::managed(format!("us-east-1a.{c}"))), ..route(&c, "", "0.0.0.0/0") };
    account.update(resource(Kind::Route, format!("{c} 0.0.0.0/0"), moved), &["Gateway", "NatGateway"]).await;
    let association =
        RouteTableAssociation { subnet: Ref::managed(format!("private.{c}")), route_table: Ref::managed(&c) };
    let name = format!("private.{c}");
    account.update(resource(Kind::RouteTableAssociation, name, association), &["RouteTable"]).await;
    // attributes of the VPC and of a subnet, and tags
    let (key, properties) = vpc(&c);
    let Properties::Vpc(mut changed) = properties else { unreachable!() };
    changed.enable_dns_hostnames = false;
    changed.tags.set("team", "a");
    account.update((key, Properties::Vpc(changed)), &["EnableDnsHostnames", "Tags"]).await;
    let (key, properties) = subnet(&c, "utility", "172.20.0.0/22", None);
    let Properties::Subnet(mut changed) = properties else { unreachable!() };
    changed.private_dns_name_options_on_launch.enable_resource_name_dns_a_record = false;
    account.update((key, Properties::Subnet(changed)), &["PrivateDnsNameOptionsOnLaunch"]).await;

    account.delete_all(&steps).await;
    assert_eq!(account.owned().await, Vec::<ResourceKey>::new());
}

#[tokio::test]
async fn a_detached_gateway_is_attached() {
    let Some(mut account) = Account::connect("gateway.example.com").await else { return };
    let c = account.cluster.to_string();
    account.clear().await;
    let gateway = |vpc: bool| {
        let vpc = vpc.then(|| Ref::managed(&c));
        resource(Kind::InternetGateway, &c, InternetGateway { vpc, tags: tags(&c, &c) })
    };
    let steps = vec![vec![vpc(&c)], vec![gateway(false)]];
    account.create_all(&steps).await;
    account.check(&steps).await;
    account.update(gateway(true), &["Vpc"]).await;
    account.delete_all(&steps).await;
    assert_eq!(account.owned().await, Vec::<ResourceKey>::new());
}

#[tokio::test]
async fn security_groups_come_change_and_go() {
    let Some(mut account) = Account::connect("security.example.com").await else { return };
    let c = account.cluster.to_string();
    account.clear().await;
    let mut steps = vec![vec![vpc(&c)]];
    steps.extend(security(&c));
    account.create_all(&steps).await;
    account.check(&steps).await;

    // the same step again finds everything there
    for step in &steps[3..] {
        account.realize(Verb::Create, step).await;
    }
    account.check(&steps).await;
    let (key, properties) = rule(&c, "masters", Direction::Ingress, ("tcp", Some((22, 22))), "::/0");
    let Properties::SecurityGroupRule(mut changed) = properties else { unreachable!() };
    changed.tags.set("team", "a");
    account.update((key, Properties::SecurityGroupRule(changed)), &["Tags"]).await;

    account.delete_all(&steps).await;
    assert_eq!(account.owned().await, Vec::<ResourceKey>::new());
}

#[tokio::test]
async fn machines_come_change_and_go() {
    let Some(mut account) = Account::connect("machines.example.com").await else { return };
    let c = account.cluster.to_string();
    account.clear().await;
    let mut steps = vec![
        vec![vpc(&c)],
        vec![subnet(&c, "utility", "172.20.0.0/22", None)],
        vec![subnet(&c, "utility-b", "172.20.4.0/22", None)],
        vec![group(&c, "nodes")],
    ];
    steps.extend(machines(&c));
    steps.push(vec![special_template(&c)]);
    account.create_all(&steps).await;
    account.check(&steps).await;

    let nodes = format!("nodes.{c}");
    let (key, properties) = launch_template(&c, "nodes");
    let Properties::LaunchTemplate(mut changed) = properties else { unreachable!() };
    changed.instance_type = "t3.large".into();
    account.update((key, Properties::LaunchTemplate(changed)), &["InstanceType"]).await;
    let volume = machines(&c).remove(1).remove(0);
    let Properties::Volume(mut changed) = volume.1 else { unreachable!() };
    changed.size = 40;
    account.update((volume.0, Properties::Volume(changed)), &["Size"]).await;
    let mut step = machines(&c).remove(3);
    let (key, properties) = step.remove(0);
    let Properties::AutoScalingGroup(mut changed) = properties else { unreachable!() };
    changed.max_size = 4;
    changed.subnets.push(Ref::managed(format!("utility-b.{c}")));
    changed.metrics_collection.as_mut().unwrap().metrics =
        vec!["GroupMaxSize".into(), "GroupMinSize".into(), "GroupTotalInstances".into()];
    changed.suspended_processes = vec!["Launch".into()];
    changed.tags.set("team", "a");
    let fields = ["MaxSize", "Subnets", "MetricsCollection", "SuspendedProcesses", "Tags"];
    account.update((key, Properties::AutoScalingGroup(changed)), &fields).await;
    let (key, properties) = step.remove(0);
    let Properties::LifecycleHook(mut changed) = properties else { unreachable!() };
    changed.heartbeat_timeout = 600;
    account.update((key, Properties::LifecycleHook(changed)), &["HeartbeatTimeout"]).await;
    let pool = |capacity| WarmPool {
        auto_scaling_group: Ref::managed(&nodes),
        min_size: 1,
        max_group_prepared_capacity: capacity,
    };
    let pool = vec![resource(Kind::WarmPool, &nodes, pool(Some(3)))];
    account.realize(Verb::Create, &pool).await;

    let instances = account.instances().await;
    assert_eq!(instances.len(), 1, "the group launches what its least size asks for");
    account.delete_all(&steps).await;
    account.delete_observed(&instances).await;
    account.delete_leftovers().await;
    assert_eq!(account.owned().await, Vec::<ResourceKey>::new());
}
