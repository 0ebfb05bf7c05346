//! Launch templates, auto scaling groups, hooks and key pairs.

use kedge_resource::kind::{AutoScalingGroup, Kind, LaunchTemplate, LifecycleHook};
use kedge_resource::names::hashed_name;
use kedge_resource::{Desired, ResourceKey};
use kedge_spec::resolved::{
    DnsType, ExternalLoadBalancer, InstanceRequirements, MixedInstancesPolicy, Role, SshKey, SubnetType, UserDataPart,
    WarmPool,
};

use crate::testing;

mod optional;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA somebody";

fn template<'a>(desired: &'a Desired, name: &str) -> &'a LaunchTemplate {
    testing::get(desired, &format!("launch-template/{name}.test.example.com"))
}

fn group<'a>(desired: &'a Desired, name: &str) -> &'a AutoScalingGroup {
    testing::get(desired, &format!("auto-scaling-group/{name}.test.example.com"))
}

#[test]
fn templates_say_what_instances_are() {
    let desired = testing::lower(&testing::minimal());
    let nodes = template(&desired, "nodes");
    assert_eq!(nodes.image_id, "ami-1");
    assert_eq!(nodes.instance_type, "t3.medium");
    assert_eq!(nodes.instance_profile.as_ref().unwrap().bare(), "nodes.test.example.com");
    assert_eq!(nodes.key, None);
    assert_eq!(nodes.user_data, None);
    assert_eq!(nodes.block_device_mappings[0].device_name, "/dev/xvda");
    let interface = &nodes.network_interfaces[0];
    assert!(interface.associate_public_ip_address);
    assert_eq!(interface.ipv6_address_count, 0);
    assert_eq!(nodes.metadata_options.http_protocol_ipv6, "disabled");
    assert!(nodes.tag_specifications.iter().all(|specification| specification.tags == nodes.tags));
    assert_eq!(template(&desired, "control-plane.masters").network_interfaces[0].security_groups.len(), 1);
}

#[test]
fn addresses_follow_the_subnets() {
    let mut spec = testing::minimal();
    spec.groups[0].associate_public_ip = Some(false);
    let mut private = testing::subnet("p", SubnetType::Private, "us-test-1a", "10.0.2.0/24");
    private.ipv6_cidr = Some("/64#1".to_owned());
    spec.cluster.network.subnets.push(private);
    let utility = testing::subnet("u", SubnetType::Utility, "us-test-1a", "10.0.3.0/24");
    spec.cluster.network.subnets.push(utility);
    spec.groups[1].subnets = vec!["p".to_owned()];
    spec.groups[1].associate_public_ip = Some(true);
    let desired = testing::lower(&spec);
    assert!(!template(&desired, "control-plane.masters").network_interfaces[0].associate_public_ip_address);
    let nodes = template(&desired, "nodes");
    assert!(!nodes.network_interfaces[0].associate_public_ip_address, "private subnets have no public addresses");
    assert_eq!(nodes.network_interfaces[0].ipv6_address_count, 1);
    assert_eq!(nodes.metadata_options.http_protocol_ipv6, "enabled");
}

#[test]
fn security_groups_of_the_load_balancer_reach_api_servers_only() {
    let mut spec = testing::minimal();
    let mut load_balancer = testing::load_balancer();
    load_balancer.additional_security_groups = vec!["sg-lb".to_owned()];
    spec.cluster.api.load_balancer = Some(load_balancer);
    spec.groups[0].additional_security_groups = vec!["sg-1".to_owned(), "sg-lb".to_owned()];
    spec.groups[1].security_group_override = Some("sg-nodes".to_owned());
    spec.groups.push(testing::group("apiserver", Role::ApiServer));
    let desired = testing::lower(&spec);
    let groups = |name: &str| -> Vec<String> {
        let groups = &template(&desired, name).network_interfaces[0].security_groups;
        groups.iter().map(|group| group.bare().to_owned()).collect()
    };
    assert_eq!(groups("control-plane.masters"), ["masters.test.example.com", "sg-lb", "sg-1"]);
    assert_eq!(groups("apiserver.apiservers"), ["masters.test.example.com", "sg-lb"]);
    assert_eq!(groups("nodes"), ["sg-nodes"]);
}

#[test]
fn api_servers_are_registered_with_the_load_balancer() {
    let mut spec = testing::minimal();
    spec.cluster.api.load_balancer = Some(testing::load_balancer());
    spec.cluster.dns.dns_type = DnsType::None;
    let arn = "arn:aws:elasticloadbalancing:us-test-1:1:targetgroup/mine/1";
    spec.groups[1].external_load_balancers =
        vec![ExternalLoadBalancer::Classic("old".to_owned()), ExternalLoadBalancer::TargetGroup(arn.to_owned())];
    spec.groups.push(testing::group("apiserver", Role::ApiServer));
    let desired = testing::lower(&spec);
    let targets = |name: &str| -> Vec<String> {
        group(&desired, name).target_groups.iter().map(|target| target.bare().to_owned()).collect()
    };
    let own = |prefix: &str| hashed_name(prefix, &desired.cluster);
    assert_eq!(targets("control-plane.masters"), [own("kops-controller"), own("tcp")]);
    assert_eq!(targets("apiserver.apiservers"), [own("tcp")]);
    assert_eq!(targets("nodes"), [arn]);
    assert_eq!(group(&desired, "nodes").load_balancers, ["old"]);
}

#[test]
fn spot_prices_go_into_the_template_or_the_mixed_policy() {
    let mut spec = testing::minimal();
    spec.groups[1].max_price = Some("0.1".to_owned());
    spec.groups[1].instance_interruption_behavior = Some("stop".to_owned());
    let desired = testing::lower(&spec);
    let options = template(&desired, "nodes").instance_market_options.as_ref().unwrap();
    assert_eq!(options.spot_options.max_price.as_deref(), Some("0.1"));
    assert_eq!(options.spot_options.instance_interruption_behavior.as_deref(), Some("stop"));

    spec.groups[1].mixed_instances_policy = Some(MixedInstancesPolicy {
        instances: vec!["t3.medium".to_owned()],
        instance_requirements: Some(InstanceRequirements {
            min_vcpus: 2,
            max_vcpus: Some(4),
            min_memory_mib: 1024,
            max_memory_mib: None,
            excluded_types: Vec::new(),
        }),
        on_demand_above_base: Some(5),
        ..MixedInstancesPolicy::default()
    });
    let desired = testing::lower(&spec);
    assert_eq!(template(&desired, "nodes").instance_market_options, None);
    let group = group(&desired, "nodes");
    assert_eq!(group.launch_template, None);
    let policy = group.mixed_instances_policy.as_ref().unwrap();
    assert_eq!(policy.instances_distribution.spot_max_price.as_deref(), Some("0.1"));
    assert_eq!(policy.instances_distribution.on_demand_percentage_above_base_capacity, Some(5));
    assert_eq!(policy.launch_template.overrides.len(), 2);
    assert_eq!(policy.launch_template.launch_template.bare(), "nodes.test.example.com");
}

#[test]
fn every_group_has_a_hook_that_lets_pods_leave() {
    let desired = testing::lower(&testing::minimal());
    let hook: &LifecycleHook = testing::get(&desired, "lifecycle-hook/nodes.test.example.com nodes-NTHLifecycleHook");
    assert_eq!(hook.lifecycle_transition, "autoscaling:EC2_INSTANCE_TERMINATING");
    assert_eq!((hook.default_result.as_str(), hook.heartbeat_timeout), ("CONTINUE", 300));
}

#[test]
fn warm_pools_have_metrics_and_maybe_a_hook() {
    let mut spec = testing::minimal();
    spec.cluster.warm_pool =
        Some(WarmPool { min_size: 0, max_size: Some(1), lifecycle_hook: true, lifecycle_hook_timeout: 600 });
    let desired = testing::lower(&spec);
    assert_eq!(testing::names(&desired, Kind::WarmPool), ["nodes.test.example.com"]);
    let hook: &LifecycleHook = testing::get(&desired, "lifecycle-hook/nodes.test.example.com kops-warmpool");
    assert_eq!((hook.default_result.as_str(), hook.heartbeat_timeout), ("ABANDON", 600));
    let metrics = &group(&desired, "nodes").metrics_collection.as_ref().unwrap().metrics;
    assert_eq!(metrics.len(), 16);
    assert!(metrics.is_sorted());
}

#[test]
fn karpenter_groups_have_no_template() {
    let mut spec = testing::minimal();
    spec.groups[1].karpenter = true;
    spec.groups[1].image = "nobody/knows".to_owned();
    let desired = testing::lower(&spec);
    assert_eq!(testing::names(&desired, Kind::LaunchTemplate), ["control-plane.masters.test.example.com"]);
}

#[test]
fn the_key_pair_is_named_after_the_key() {
    let mut spec = testing::minimal();
    spec.cluster.ssh_key = SshKey::FromPublicKey;
    assert!(testing::names(&testing::lower(&spec), Kind::KeyPair).is_empty());
    spec.ssh_public_key = Some(KEY.to_owned());
    let name = "kubernetes.test.example.com-3d:52:38:ce:ff:94:f5:d7:81:a4:a4:f9:2b:4f:fe:a0";
    let desired = testing::lower(&spec);
    assert_eq!(testing::names(&desired, Kind::KeyPair), [name]);
    assert_eq!(template(&desired, "nodes").key.as_ref().unwrap().bare(), name);
    spec.cluster.ssh_key = SshKey::Existing("mine".to_owned());
    let desired = testing::lower(&spec);
    assert!(testing::names(&desired, Kind::KeyPair).is_empty());
    assert_eq!(template(&desired, "nodes").key.as_ref().unwrap().existing_id(), Some("mine"));
    spec.cluster.ssh_key = SshKey::FromPublicKey;
    spec.ssh_public_key = Some("nonsense".to_owned());
    assert_eq!(
        testing::problems(&spec, &testing::facts()),
        ["bad-ssh-public-key at Cluster/test.example.com: spec.sshKeyName"]
    );
}

#[test]
fn user_data_is_what_the_group_adds() {
    let mut spec = testing::minimal();
    let part = |content: String| UserDataPart {
        name: "a.sh".to_owned(),
        content_type: "text/x-shellscript".to_owned(),
        content,
    };
    spec.groups[1].additional_user_data = vec![part("#!/bin/sh\n".to_owned())];
    assert_eq!(template(&testing::lower(&spec), "nodes").user_data.as_deref(), Some("#!/bin/sh\n"));
    spec.groups[1].additional_user_data = vec![part(format!("#!/bin/sh\n{}", "x".repeat(16384)))];
    assert_eq!(
        testing::problems(&spec, &testing::facts()),
        ["user-data-too-long at InstanceGroup/nodes: spec.additionalUserData"]
    );
}

#[test]
fn protected_groups_are_named() {
    let mut spec = testing::minimal();
    spec.groups[1].prevent_destroy = true;
    let expected = [
        ResourceKey::new(Kind::LaunchTemplate, "nodes.test.example.com"),
        ResourceKey::new(Kind::AutoScalingGroup, "nodes.test.example.com"),
    ];
    assert_eq!(testing::lower(&spec).protected, expected);
}
