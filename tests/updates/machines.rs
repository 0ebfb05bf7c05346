//! Volumes, launch templates, auto scaling groups and what hangs on them.

use kedge_resource::kind::*;
use kedge_resource::{Kind, Ref};

use crate::harness::Case;
use crate::harness::Outcome::{DeleteFirst, InPlace, Other};
use crate::world::World;

const NODES: &str = "nodes.c.example.com";
const VOLUME: &str = "a.etcd-main.c.example.com";
const HOOK: &str = "nodes.c.example.com nodes-NTHLifecycleHook";

pub(crate) fn cases() -> Vec<Case> {
    [volumes(), templates(), groups(), policies(), attached()].into_iter().flatten().collect()
}

/// What etcd keeps its data on is never lost without a word.
fn volumes() -> Vec<Case> {
    vec![
        Case::of::<Volume>(VOLUME, "Size", InPlace, |it| it.size = 40),
        Case::of::<Volume>(VOLUME, "Iops", InPlace, |it| it.iops = Some(4000)),
        Case::of::<Volume>(VOLUME, "Throughput", InPlace, |it| it.throughput = Some(250)),
        Case::of::<Volume>(VOLUME, "VolumeType", InPlace, |it| {
            (it.volume_type, it.throughput) = ("io2".to_owned(), None);
        }),
        Case::of::<Volume>(VOLUME, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<Volume>(VOLUME, "AvailabilityZone", DeleteFirst, |it| {
            it.availability_zone = "us-east-1b".to_owned();
        })
        .after(of_etcd)
        .refused_unless_allowed(),
        Case::of::<Volume>(VOLUME, "Encrypted", DeleteFirst, |it| it.encrypted = false)
            .perhaps(&[(Kind::Volume, "KmsKeyId", DeleteFirst)])
            .after(of_etcd)
            .refused_unless_allowed(),
        Case::of::<Volume>(VOLUME, "KmsKeyId", DeleteFirst, |it| {
            it.kms_key_id = Some("arn:aws:kms:us-east-1:123456789012:key/b".to_owned());
        })
        .after(|world| {
            of_etcd(world);
            world.change::<Volume>(VOLUME, |it| {
                it.kms_key_id = Some("arn:aws:kms:us-east-1:123456789012:key/a".to_owned());
            });
        })
        .refused_unless_allowed(),
    ]
}

fn of_etcd(world: &mut World) {
    world.change::<Volume>(VOLUME, |it| it.tags.set("k8s.io/etcd/main", "a/a"));
}

/// Each change is a new version of the template, which new instances are launched from.
fn templates() -> Vec<Case> {
    fn template(property: &'static str, change: impl Fn(&mut LaunchTemplate) + Copy + 'static) -> Case {
        Case::of::<LaunchTemplate>(NODES, property, InPlace, change)
    }
    vec![
        template("ImageId", |it| it.image_id = "ami-0123456789abcdef0".to_owned()).planned_only("needs a second image"),
        template("InstanceType", |it| it.instance_type = "m5.xlarge".to_owned()),
        template("InstanceProfile", |it| it.instance_profile = None),
        template("Key", |it| it.key = None),
        template("BlockDeviceMappings", |it| {
            for mapping in &mut it.block_device_mappings {
                mapping.ebs.as_mut().expect("a volume").volume_size = Some(200);
            }
        }),
        template("NetworkInterfaces", |it| it.network_interfaces[0].associate_public_ip_address = true),
        template("MetadataOptions", |it| it.metadata_options.http_put_response_hop_limit = 3),
        template("Monitoring", |it| it.monitoring.enabled = true),
        template("CreditSpecification", |it| {
            (it.instance_type, it.credit_specification) =
                ("t3.medium".to_owned(), Some(CreditSpecification { cpu_credits: "unlimited".to_owned() }));
        })
        .and(&[(Kind::LaunchTemplate, "InstanceType", InPlace)]),
        template("InstanceMarketOptions", |it| {
            let spot_options = SpotOptions {
                max_price: Some("0.1".to_owned()),
                block_duration_minutes: None,
                instance_interruption_behavior: None,
            };
            it.instance_market_options = Some(InstanceMarketOptions { market_type: "spot".to_owned(), spot_options });
        })
        .after(without_pool),
        template("Placement", |it| it.placement = Some(Placement { tenancy: "dedicated".to_owned() })),
        template("EbsOptimized", |it| it.ebs_optimized = Some(true)),
        template("UserData", |it| it.user_data = Some("#!/bin/sh\ntrue\n".to_owned())),
        template("TagSpecifications", |it| it.tag_specifications[0].tags.set("team", "blue")),
        template("Tags", |it| it.tags.set("team", "blue")),
    ]
}

/// Warm pools and spot instances exclude each other.
fn without_pool(world: &mut World) {
    world.resources.retain(|it| it.key.kind != Kind::WarmPool);
}

fn groups() -> Vec<Case> {
    fn group(property: &'static str, change: impl Fn(&mut AutoScalingGroup) + Copy + 'static) -> Case {
        Case::of::<AutoScalingGroup>(NODES, property, InPlace, change)
    }
    vec![
        group("MinSize", |it| it.min_size = 1),
        group("MaxSize", |it| it.max_size = 6),
        group("LaunchTemplate", |it| it.launch_template = Some(Ref::managed("other.c.example.com")))
            .after(other_template),
        group("Subnets", |it| {
            it.subnets.pop();
        }),
        group("TargetGroups", |it| it.target_groups.clear()),
        group("LoadBalancerNames", |it| it.load_balancers = vec!["classic".to_owned()])
            .planned_only("needs a classic load balancer, which kedge does not make"),
        group("MetricsCollection", |it| {
            it.metrics_collection.as_mut().expect("metrics").metrics = vec!["GroupMaxSize".to_owned()];
        }),
        group("MaxInstanceLifetime", |it| it.max_instance_lifetime = 86_400),
        group("NewInstancesProtectedFromScaleIn", |it| it.new_instances_protected_from_scale_in = true),
        group("SuspendedProcesses", |it| it.suspended_processes = vec!["AlarmNotification".to_owned()]),
        group("CapacityRebalance", |it| it.capacity_rebalance = true),
        group("Tags", |it| it.tags.set("team", "blue")),
    ]
}

fn other_template(world: &mut World) {
    let name = "other.c.example.com";
    let template = world.resources.iter().find(|it| it.key.kind == Kind::LaunchTemplate).cloned();
    let mut template = template.expect("a template");
    template.key.name = name.to_owned();
    let at = world.resources.iter().position(|it| it.key.kind == Kind::AutoScalingGroup).expect("a group");
    world.resources.insert(at, template);
    world.change::<LaunchTemplate>(name, |it| it.tags.set("Name", name));
}

/// Groups of several machine types.
fn policies() -> Vec<Case> {
    let over =
        |name: &str| LaunchTemplateOverride { instance_type: Some(name.to_owned()), instance_requirements: None };
    let policy = move |spot: &str, template: Ref<LaunchTemplate>| MixedInstancesPolicy {
        instances_distribution: InstancesDistribution {
            on_demand_base_capacity: Some(1),
            spot_allocation_strategy: Some(spot.to_owned()),
            ..InstancesDistribution::default()
        },
        launch_template: MixedLaunchTemplate {
            launch_template: template,
            overrides: vec![over("m5.large"), over("m6i.large")],
        },
    };
    vec![
        Case::of::<AutoScalingGroup>(NODES, "MixedInstancesPolicy", InPlace, move |it| {
            let template = it.launch_template.take().expect("a template");
            it.mixed_instances_policy = Some(policy("capacity-optimized", template));
        })
        .and(&[(Kind::AutoScalingGroup, "LaunchTemplate", InPlace)])
        .after(without_pool),
    ]
}

fn attached() -> Vec<Case> {
    vec![
        Case::of::<LifecycleHook>(HOOK, "HeartbeatTimeout", InPlace, |it| it.heartbeat_timeout = 600),
        Case::of::<LifecycleHook>(HOOK, "DefaultResult", InPlace, |it| it.default_result = "ABANDON".to_owned()),
        Case::of::<LifecycleHook>(HOOK, "LifecycleTransition", InPlace, |it| {
            it.lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING".to_owned();
        }),
        Case::new("another name of a hook", &[(Kind::LifecycleHook, "LifecycleHookName", Other)], |world| {
            world.rename::<LifecycleHook>(HOOK, "nodes.c.example.com other", |it| {
                it.lifecycle_hook_name = "other".to_owned();
            });
        }),
        Case::new("a hook of another group", &[(Kind::LifecycleHook, "AutoScalingGroup", Other)], |world| {
            world.rename::<LifecycleHook>(HOOK, "other.c.example.com nodes-NTHLifecycleHook", |it| {
                it.auto_scaling_group = Ref::managed("other.c.example.com");
            });
        })
        .after(other_group),
        Case::of::<WarmPool>(NODES, "MinSize", InPlace, |it| it.min_size = 0),
        Case::of::<WarmPool>(NODES, "MaxGroupPreparedCapacity", InPlace, |it| it.max_group_prepared_capacity = None),
        Case::new("a warm pool of another group", &[(Kind::WarmPool, "AutoScalingGroup", Other)], |world| {
            world.rename::<WarmPool>(NODES, "other.c.example.com", |it| {
                it.auto_scaling_group = Ref::managed("other.c.example.com");
            });
        })
        .after(other_group),
    ]
}

fn other_group(world: &mut World) {
    let name = "other.c.example.com";
    let at = world.resources.iter().position(|it| it.key.kind == Kind::AutoScalingGroup).expect("a group");
    let mut group = world.resources[at].clone();
    group.key.name = name.to_owned();
    world.resources.insert(at, group);
    world.change::<AutoScalingGroup>(name, |it| it.tags.set("Name", name));
}
