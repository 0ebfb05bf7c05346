//! How long planning takes for 10 000 resources: all missing, none changed, all changed, all removed.
//!
//! Run with `cargo bench -p kedge-planner`. The target is 100 ms for each.
#![expect(clippy::expect_used, reason = "a benchmark that cannot plan shall stop")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use kedge_planner::{PlanContext, plan_apply, plan_delete, schedule};
use kedge_resource::inventory::Handle;
use kedge_resource::kind::{
    AutoScalingGroup, Direction, LaunchTemplate, LifecycleHook, MetadataOptions, Monitoring,
    NetworkInterfaceSpecification, SecurityGroup, SecurityGroupRule, Vpc,
};
use kedge_resource::{
    ClusterName, Desired, Inventory, Kind, Observed, Ownership, Properties, Ref, Resource, ResourceKey, Tags,
};

const C: &str = "c.example.com";

/// Five resources for each of 2 000 groups: security group, rule, launch template, auto scaling group, hook.
const GROUPS: usize = 2_000;

fn cluster() -> ClusterName {
    ClusterName::parse(C).expect("the name is valid")
}

fn add(resources: &mut Vec<Resource>, name: &str, properties: impl Into<Properties>) {
    let properties = properties.into();
    resources.push(Resource { key: ResourceKey::new(properties.kind(), name), properties });
}

fn desired(image: &str) -> Desired {
    let tags = |name: &str| Tags::standard(&cluster(), name);
    let mut all = Vec::new();
    add(
        &mut all,
        C,
        Vpc {
            cidr_block: "10.0.0.0/16".to_owned(),
            amazon_provided_ipv6_cidr_block: true,
            enable_dns_hostnames: true,
            enable_dns_support: true,
            tags: tags(C),
        },
    );
    for number in 0..GROUPS {
        let name = format!("nodes-{number:04}.{C}");
        add(
            &mut all,
            &name,
            SecurityGroup {
                vpc: Ref::managed(C),
                group_description: "Security group for nodes".to_owned(),
                tags: tags(&name),
            },
        );
        let rule = format!("{name} -1 all from {name}");
        add(
            &mut all,
            &rule,
            SecurityGroupRule {
                group: Ref::managed(&name),
                direction: Direction::Ingress,
                ip_protocol: "-1".to_owned(),
                from_port: None,
                to_port: None,
                cidr_ip: None,
                cidr_ipv6: None,
                prefix_list_id: None,
                peer_group: Some(Ref::managed(&name)),
                tags: tags(&rule),
            },
        );
        add(
            &mut all,
            &name,
            LaunchTemplate {
                image_id: image.to_owned(),
                instance_type: "t3.micro".to_owned(),
                instance_profile: None,
                key: None,
                block_device_mappings: Vec::new(),
                network_interfaces: vec![NetworkInterfaceSpecification {
                    associate_public_ip_address: true,
                    delete_on_termination: true,
                    device_index: 0,
                    ipv6_address_count: 0,
                    security_groups: vec![Ref::managed(&name)],
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
                user_data: Some("#!/bin/sh\n".repeat(100)),
                tag_specifications: Vec::new(),
                tags: tags(&name),
            },
        );
        add(
            &mut all,
            &name,
            AutoScalingGroup {
                min_size: 1,
                max_size: 2,
                launch_template: Some(Ref::managed(&name)),
                mixed_instances_policy: None,
                subnets: Vec::new(),
                target_groups: Vec::new(),
                load_balancers: Vec::new(),
                metrics_collection: None,
                max_instance_lifetime: 0,
                new_instances_protected_from_scale_in: false,
                suspended_processes: Vec::new(),
                capacity_rebalance: image != "ami-1",
                tags: tags(&name),
            },
        );
        add(
            &mut all,
            &format!("{name} hook"),
            LifecycleHook {
                auto_scaling_group: Ref::managed(&name),
                lifecycle_hook_name: "hook".to_owned(),
                lifecycle_transition: "autoscaling:EC2_INSTANCE_TERMINATING".to_owned(),
                default_result: "CONTINUE".to_owned(),
                heartbeat_timeout: if image == "ami-1" { 300 } else { 600 },
            },
        );
    }
    Desired { cluster: cluster(), resources: all, protected: Vec::new(), notes: Vec::new() }
}

/// What AWS holds after the desired resources were made. Ids are the names, so that references are easily replaced.
fn inventory(desired: &Desired) -> Inventory {
    let mut inventory = Inventory::empty(desired.cluster.clone());
    for resource in &desired.resources {
        let mut properties = resource.properties.clone();
        kedge_planner::visit_references_mut(&mut properties, &mut |reference| {
            if let Some(key) = reference.key() {
                reference.set_existing(key.name);
            }
        });
        if resource.key.kind == Kind::SecurityGroup
            && let Properties::SecurityGroup(group) = &mut properties
        {
            // Something for the comparison to look past.
            group.tags.set("team", "blue");
        }
        inventory.resources.push(Observed {
            key: resource.key.clone(),
            handle: Handle::new(&resource.key.name),
            ownership: Ownership::Owned,
            properties,
        });
    }
    inventory.sort();
    inventory
}

fn benchmarks(criterion: &mut Criterion) {
    let context = PlanContext { account_id: "123456789012".to_owned(), region: "us-test-1".to_owned() };
    let (old, new) = (desired("ami-1"), desired("ami-2"));
    let (empty, full) = (Inventory::empty(cluster()), inventory(&old));
    let apply = |desired: &Desired, inventory: &Inventory| {
        plan_apply(black_box(desired), black_box(inventory), &context).expect("the plan is legal")
    };
    assert!(apply(&old, &full).is_empty());
    assert_eq!(apply(&new, &full).changes.len(), 3 * GROUPS);
    let mut group = criterion.benchmark_group("plan 10 000 resources");
    group.sample_size(20);
    group.bench_function("all missing", |bench| bench.iter(|| apply(&old, &empty)));
    group.bench_function("none changed", |bench| bench.iter(|| apply(&old, &full)));
    group.bench_function("6 000 changed", |bench| bench.iter(|| apply(&new, &full)));
    group.bench_function("all removed", |bench| {
        bench.iter(|| plan_delete(black_box(&full), &context).expect("the plan is legal"));
    });
    let plan = apply(&old, &empty);
    group.bench_function("schedule", |bench| bench.iter(|| schedule(black_box(&plan)).expect("there is an order")));
    group.finish();
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
