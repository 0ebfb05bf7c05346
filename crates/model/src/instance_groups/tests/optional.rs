//! Settings of groups that few manifests have.

use kedge_resource::Desired;
use kedge_resource::kind::{AutoScalingGroup, Kind, LaunchTemplate, LifecycleHook, WarmPool as Pool};
use kedge_resource::names::hashed_name;
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{InstanceRequirements, MixedInstancesPolicy, Role, Volume, WarmPool};

use super::{group, template};
use crate::testing;

/// What becomes of the small cluster whose nodes were changed.
fn with_nodes(change: impl FnOnce(&mut kedge_spec::resolved::InstanceGroup)) -> Desired {
    let mut spec = testing::minimal();
    change(&mut spec.groups[1]);
    testing::lower(&spec)
}

fn nodes(desired: &Desired) -> &LaunchTemplate {
    template(desired, "nodes")
}

#[test]
fn the_first_of_several_machine_types_is_launched() {
    let desired = with_nodes(|nodes| nodes.machine_types = vec!["m3.medium".to_owned(), "t3.medium".to_owned()]);
    assert_eq!(nodes(&desired).instance_type, "m3.medium");
    let disk = &nodes(&desired).block_device_mappings[0];
    assert_eq!((disk.device_name.as_str(), disk.virtual_name.as_deref()), ("/dev/sdc", Some("ephemeral0")));
}

#[test]
fn tenancy_bandwidth_and_early_replacement_follow_the_manifest() {
    let plain = with_nodes(|_| {});
    assert_eq!((&nodes(&plain).placement, nodes(&plain).ebs_optimized), (&None, None));
    assert!(!group(&plain, "nodes").capacity_rebalance);
    let desired = with_nodes(|nodes| {
        nodes.tenancy = Some("dedicated".to_owned());
        nodes.root_volume.optimized = Some(true);
        nodes.capacity_rebalance = true;
    });
    assert_eq!(nodes(&desired).placement.as_ref().map(|placement| placement.tenancy.as_str()), Some("dedicated"));
    assert_eq!(nodes(&desired).ebs_optimized, Some(true));
    assert!(group(&desired, "nodes").capacity_rebalance);
}

#[test]
fn spot_instances_may_have_a_duration_and_an_end() {
    let desired = with_nodes(|nodes| {
        nodes.max_price = Some("0.2".to_owned());
        nodes.spot_duration_minutes = Some(120);
        nodes.instance_interruption_behavior = Some("hibernate".to_owned());
    });
    let market = nodes(&desired).instance_market_options.as_ref().unwrap();
    assert_eq!(market.market_type, "spot");
    assert_eq!(market.spot_options.block_duration_minutes, Some(120));
    assert_eq!(market.spot_options.instance_interruption_behavior.as_deref(), Some("hibernate"));
    // Without a price there are no spot instances that the others could speak of.
    let desired = with_nodes(|nodes| nodes.spot_duration_minutes = Some(120));
    assert_eq!(nodes(&desired).instance_market_options, None);
}

#[test]
fn mixed_policies_hand_on_every_setting() {
    let desired = with_nodes(|nodes| {
        nodes.mixed_instances_policy = Some(MixedInstancesPolicy {
            instances: vec!["t3.medium".to_owned(), "m3.medium".to_owned()],
            instance_requirements: None,
            on_demand_base: Some(1),
            on_demand_above_base: Some(20),
            spot_instance_pools: Some(4),
            spot_allocation_strategy: Some("capacity-optimized".to_owned()),
            on_demand_allocation_strategy: Some("prioritized".to_owned()),
        });
    });
    let policy = group(&desired, "nodes").mixed_instances_policy.as_ref().unwrap();
    let spread = &policy.instances_distribution;
    assert_eq!((spread.on_demand_base_capacity, spread.on_demand_percentage_above_base_capacity), (Some(1), Some(20)));
    assert_eq!(spread.spot_instance_pools, Some(4));
    assert_eq!(spread.spot_allocation_strategy.as_deref(), Some("capacity-optimized"));
    assert_eq!(spread.on_demand_allocation_strategy.as_deref(), Some("prioritized"));
    let types: Vec<_> = policy.launch_template.overrides.iter().map(|one| one.instance_type.as_deref()).collect();
    assert_eq!(types, [Some("t3.medium"), Some("m3.medium")], "in the order of the manifest");
}

#[test]
fn requirements_let_aws_choose_machine_types() {
    let desired = with_nodes(|nodes| {
        nodes.mixed_instances_policy = Some(MixedInstancesPolicy {
            instance_requirements: Some(InstanceRequirements {
                min_vcpus: 2,
                max_vcpus: Some(16),
                min_memory_mib: 2048,
                max_memory_mib: None,
                excluded_types: vec!["t2.*".to_owned()],
            }),
            ..MixedInstancesPolicy::default()
        });
    });
    let policy = group(&desired, "nodes").mixed_instances_policy.as_ref().unwrap();
    let [only] = policy.launch_template.overrides.as_slice() else { panic!("one override") };
    let wanted = only.instance_requirements.as_ref().unwrap();
    assert_eq!((wanted.vcpu_count.min, wanted.vcpu_count.max), (2, Some(16)));
    assert_eq!((wanted.memory_mib.min, wanted.memory_mib.max), (2048, None));
    assert_eq!(wanted.excluded_instance_types, ["t2.*"]);
}

#[test]
fn volumes_of_each_type_have_the_numbers_that_it_takes() {
    let volume = |volume_type: &str, iops, throughput| Volume {
        device: "/dev/xvdd".to_owned(),
        volume_type: volume_type.to_owned(),
        size: 20,
        iops,
        throughput,
        encrypted: true,
        kms_key: Some("key".to_owned()),
        delete_on_termination: true,
    };
    let numbers = |volume: Volume| {
        let desired = with_nodes(|nodes| nodes.volumes = vec![volume]);
        let found = nodes(&desired).block_device_mappings.iter().find(|device| device.device_name == "/dev/xvdd");
        let ebs = found.and_then(|device| device.ebs.as_ref()).unwrap();
        assert_eq!((ebs.volume_size, ebs.encrypted, ebs.kms_key_id.as_deref()), (Some(20), true, Some("key")));
        (ebs.iops, ebs.throughput)
    };
    assert_eq!(numbers(volume("gp3", None, None)), (Some(3000), Some(125)));
    assert_eq!(numbers(volume("gp3", Some(4000), Some(300))), (Some(4000), Some(300)));
    assert_eq!(numbers(volume("io2", None, None)), (Some(100), None));
    assert_eq!(numbers(volume("gp2", Some(300), None)), (None, None));
}

#[test]
fn root_volumes_of_each_type_have_the_numbers_that_it_takes() {
    let numbers = |volume_type: &str, iops, throughput| {
        let desired = with_nodes(|nodes| {
            nodes.root_volume.volume_type = volume_type.to_owned();
            nodes.root_volume.iops = iops;
            nodes.root_volume.throughput = throughput;
        });
        let ebs = nodes(&desired).block_device_mappings[0].ebs.clone().unwrap();
        (ebs.iops, ebs.throughput)
    };
    assert_eq!(numbers("io1", Some(50), Some(200)), (Some(100), None));
    assert_eq!(numbers("io2", Some(2000), None), (Some(2000), None));
    assert_eq!(numbers("st1", Some(2000), Some(200)), (None, None));
}

#[test]
fn api_servers_share_the_warm_pool_of_the_cluster() {
    let mut spec = testing::minimal();
    spec.groups.push(testing::group("apiserver", Role::ApiServer));
    spec.groups.push(testing::group("bastion", Role::Bastion));
    spec.cluster.warm_pool =
        Some(WarmPool { min_size: 1, max_size: Some(3), lifecycle_hook: true, lifecycle_hook_timeout: 900 });
    let desired = testing::lower(&spec);
    let expected = ["apiserver.apiservers.test.example.com", "nodes.test.example.com"];
    assert_eq!(testing::names(&desired, Kind::WarmPool), expected);
    let pool: &Pool = testing::get(&desired, "warm-pool/nodes.test.example.com");
    assert_eq!((pool.min_size, pool.max_group_prepared_capacity), (1, Some(3)));
    let hook: &LifecycleHook = testing::get(&desired, "lifecycle-hook/nodes.test.example.com kops-warmpool");
    assert_eq!(hook.heartbeat_timeout, 900);
}

#[test]
fn a_warm_pool_of_nothing_is_none() {
    let mut spec = testing::minimal();
    let pool = |max_size| WarmPool { min_size: 0, max_size, lifecycle_hook: false, lifecycle_hook_timeout: 600 };
    spec.cluster.warm_pool = Some(pool(Some(2)));
    spec.groups[1].warm_pool = Some(pool(Some(0)));
    let desired = testing::lower(&spec);
    assert!(testing::names(&desired, Kind::WarmPool).is_empty());
    let group: &AutoScalingGroup = group(&desired, "nodes");
    assert_eq!(group.metrics_collection.as_ref().unwrap().metrics.len(), 8);
}

#[test]
fn api_servers_are_behind_both_listeners_of_a_certificate() {
    let mut spec = testing::minimal();
    let mut load_balancer = testing::load_balancer();
    load_balancer.certificate = Some("arn:certificate".to_owned());
    spec.cluster.api.load_balancer = Some(load_balancer);
    spec.groups.push(testing::group("apiserver", Role::ApiServer));
    let desired = testing::lower(&spec);
    let targets: Vec<&str> =
        group(&desired, "apiserver.apiservers").target_groups.iter().map(|target| target.bare()).collect();
    assert_eq!(targets, [hashed_name("tcp", &desired.cluster), hashed_name("tls", &desired.cluster)]);
}

/// Tags of the nodes, with a prefix left out.
fn node_tags(spec: &ResolvedSpec, prefix: &str) -> Vec<String> {
    let desired = testing::lower(spec);
    let tags = &group(&desired, "nodes").tags;
    tags.iter().filter_map(|(key, value)| Some(format!("{}={value}", key.strip_prefix(prefix)?))).collect()
}

#[test]
fn labels_of_a_group_win_over_those_of_the_cluster() {
    let mut spec = testing::minimal();
    spec.cluster.cloud_labels.set("example.com/owner", "cluster");
    spec.cluster.cloud_labels.set("example.com/team", "a");
    spec.groups[1].cloud_labels.set("example.com/owner", "group");
    assert_eq!(node_tags(&spec, "example.com/"), ["owner=group", "team=a"]);
    let desired = testing::lower(&spec);
    let control_plane = group(&desired, "control-plane.masters");
    assert_eq!(control_plane.tags.get("example.com/owner"), Some("cluster"));
    // Not even a label of a group hides which group it is.
    spec.groups[1].cloud_labels.set("kops.k8s.io/instancegroup", "other");
    assert_eq!(node_tags(&spec, "kops.k8s.io/instancegroup"), ["=nodes"]);
}

#[test]
fn one_group_may_have_gpus() {
    let mut spec = testing::minimal();
    spec.groups[1].machine_types = vec!["g4dn.xlarge".to_owned()];
    let template = "k8s.io/cluster-autoscaler/node-template/";
    assert_eq!(node_tags(&spec, template), ["label/node-role.kubernetes.io/node="]);
    spec.groups[1].nvidia_gpu = Some(true);
    let expected =
        ["label/kops.k8s.io/gpu=1", "label/node-role.kubernetes.io/node=", "taint/nvidia.com/gpu=:NoSchedule"];
    assert_eq!(node_tags(&spec, template), expected);
    spec.groups[1].machine_types = vec!["t3.medium".to_owned()];
    assert_eq!(node_tags(&spec, template), expected[1..2], "the machine type has no GPU");
}
