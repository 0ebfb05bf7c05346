//! Volumes, launch templates, auto scaling groups and what hangs on them.

use kedge_resource::Ref;
use kedge_resource::kind::*;

use super::{World, tags, target_group};

pub(super) fn machines(world: &mut World) {
    let volume = "a.etcd-main.c.example.com";
    world.add(
        volume,
        Volume {
            availability_zone: "us-east-1a".to_owned(),
            size: 20,
            volume_type: "gp3".to_owned(),
            iops: Some(3000),
            throughput: Some(125),
            encrypted: true,
            kms_key_id: None,
            tags: tags(volume),
        },
    );
    let name = "nodes.c.example.com";
    world.add(name, template(name));
    let hook = "nodes-NTHLifecycleHook";
    world.add(name, group(name));
    world.add(
        format!("{name} {hook}"),
        LifecycleHook {
            auto_scaling_group: Ref::managed(name),
            lifecycle_hook_name: hook.to_owned(),
            lifecycle_transition: "autoscaling:EC2_INSTANCE_TERMINATING".to_owned(),
            default_result: "CONTINUE".to_owned(),
            heartbeat_timeout: 300,
        },
    );
    world.add(
        name,
        WarmPool { auto_scaling_group: Ref::managed(name), min_size: 1, max_group_prepared_capacity: Some(3) },
    );
}

fn group(name: &str) -> AutoScalingGroup {
    AutoScalingGroup {
        min_size: 2,
        max_size: 4,
        launch_template: Some(Ref::managed(name)),
        mixed_instances_policy: None,
        subnets: vec![Ref::managed("a.c.example.com"), Ref::managed("b.c.example.com")],
        target_groups: vec![Ref::managed(target_group())],
        load_balancers: Vec::new(),
        metrics_collection: Some(MetricsCollection {
            granularity: "1Minute".to_owned(),
            metrics: vec!["GroupMaxSize".to_owned(), "GroupMinSize".to_owned()],
        }),
        max_instance_lifetime: 0,
        new_instances_protected_from_scale_in: false,
        suspended_processes: vec!["AZRebalance".to_owned()],
        capacity_rebalance: false,
        tags: tags(name),
    }
}

fn template(name: &str) -> LaunchTemplate {
    let facts = kedge_sandbox::default_account();
    let image = facts.images.iter().find(|image| image.name.contains("noble-24.04-amd64")).unwrap();
    LaunchTemplate {
        image_id: image.id.clone(),
        instance_type: "m5.large".to_owned(),
        instance_profile: Some(Ref::managed(name)),
        key: Some(Ref::managed("kubernetes.c.example.com-c4:a6")),
        block_device_mappings: vec![BlockDeviceMapping {
            device_name: "/dev/sda1".to_owned(),
            virtual_name: None,
            ebs: Some(EbsBlockDevice {
                delete_on_termination: true,
                encrypted: true,
                iops: Some(3000),
                throughput: Some(125),
                volume_size: Some(128),
                volume_type: "gp3".to_owned(),
                kms_key_id: None,
            }),
        }],
        network_interfaces: vec![NetworkInterfaceSpecification {
            associate_public_ip_address: false,
            delete_on_termination: true,
            device_index: 0,
            ipv6_address_count: 0,
            security_groups: vec![Ref::managed(name)],
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
        user_data: Some("#!/bin/sh\n".to_owned()),
        tag_specifications: vec![TagSpecification { resource_type: "instance".to_owned(), tags: tags(name) }],
        tags: tags(name),
    }
}
