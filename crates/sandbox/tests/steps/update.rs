//! Every property that can change in place changes in place.

use kedge_resource::kind::*;
use kedge_resource::{Kind, Mutability, PolicyDocument, Ref};
use kedge_sandbox::Sandbox;

use crate::apply::{apply, assert_is, observe, steps};
use crate::world::{World, cluster, facts, target_group, world};

/// Changes something, applies, and looks whether it is so; ids stay.
async fn change(changes: &[fn(&mut World)]) {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    apply(&sandbox, &world).await.unwrap();
    let ids = |inventory: &kedge_resource::Inventory| {
        let lasting = inventory.resources.iter().filter(|it| it.key.kind != Kind::Instance);
        lasting.map(|it| (it.key.clone(), it.handle.id.clone())).collect::<Vec<_>>()
    };
    let before = ids(&observe(&sandbox).await);
    for change in changes {
        // Volumes are modified every six hours at most.
        sandbox.pass_time(std::time::Duration::from_secs(6 * 3600)).unwrap();
        change(&mut world);
        let steps = steps(&world, &observe(&sandbox).await);
        assert_eq!(steps.len(), 1, "{steps:?}");
        for change in steps.iter().flat_map(|step| &step.changes) {
            for field in &change.fields {
                assert_eq!(change.key.kind.mutability(field), Mutability::InPlace, "{} {field}", change.key);
            }
        }
        apply(&sandbox, &world).await.unwrap();
        assert_is(&sandbox, &world).await;
    }
    assert_eq!(ids(&observe(&sandbox).await), before);
}

const C: &str = "c.example.com";
const NODES: &str = "nodes.c.example.com";

#[tokio::test]
async fn network() {
    change(&[
        |world| world.change::<Vpc>(C, |it| it.enable_dns_hostnames = false),
        |world| world.change::<Vpc>(C, |it| it.enable_dns_support = false),
        |world| {
            world.change::<Vpc>(C, |it| {
                (it.enable_dns_hostnames, it.enable_dns_support) = (true, true);
                it.tags.set("team", "blue");
            });
        },
        |world| {
            world.change::<Subnet>("b.c.example.com", |it| {
                it.ipv6_cidr_block = Some("/64#1f".to_owned());
                it.assign_ipv6_address_on_creation = true;
                it.enable_dns64 = true;
            });
        },
        |world| {
            world.change::<Subnet>("utility-a.c.example.com", |it| {
                it.private_dns_name_options_on_launch = PrivateDnsNameOptions {
                    hostname_type: "ip-name".to_owned(),
                    enable_resource_name_dns_a_record: false,
                    enable_resource_name_dns_aaaa_record: false,
                };
            });
        },
        |world| {
            let table = Ref::managed("private-a.c.example.com");
            world.change::<RouteTableAssociation>("utility-a.c.example.com", |it| it.route_table = table);
        },
        |world| {
            world.change::<Route>("private-a.c.example.com 0.0.0.0/0", |it| {
                it.nat_gateway = None;
                it.transit_gateway_id = Some("tgw-1".to_owned());
            });
        },
        |world| world.change::<NatGateway>("us-east-1a.c.example.com", |it| it.tags.set("team", "blue")),
        |world| world.change::<InternetGateway>(C, |it| it.tags.set("team", "blue")),
        |world| world.change::<KeyPair>("kubernetes.c.example.com-c4:a6", |it| it.tags.set("team", "blue")),
        |world| {
            let name = "nodes.c.example.com tcp 22 from 0.0.0.0/0";
            world.change::<SecurityGroupRule>(name, |it| it.tags.set("team", "blue"));
        },
    ])
    .await;
}

#[tokio::test]
async fn a_gateway_that_was_detached_is_attached_again() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    // Nothing else of the world needs the gateway.
    world.resources.retain(|it| [Kind::Vpc, Kind::InternetGateway].contains(&it.key.kind));
    apply(&sandbox, &world).await.unwrap();
    world.change::<InternetGateway>(C, |it| it.vpc = None);
    apply(&sandbox, &world).await.unwrap();
    world.change::<InternetGateway>(C, |it| it.vpc = Some(Ref::managed(C)));
    apply(&sandbox, &world).await.unwrap();
    assert_is(&sandbox, &world).await;
}

#[tokio::test]
async fn machines() {
    change(&[
        |world| {
            world.change::<Volume>("a.etcd-main.c.example.com", |it| {
                (it.size, it.iops, it.throughput) = (40, Some(4000), Some(250));
            });
        },
        |world| {
            world.change::<Volume>("a.etcd-main.c.example.com", |it| {
                it.volume_type = "io2".to_owned();
                it.throughput = None;
            });
        },
        |world| world.change::<LaunchTemplate>(NODES, |it| it.instance_type = "m5.xlarge".to_owned()),
        |world| {
            world.change::<LaunchTemplate>(NODES, |it| {
                it.user_data = Some("#!/bin/sh\ntrue\n".to_owned());
                it.tags.set("team", "blue");
            });
        },
        |world| {
            world.change::<AutoScalingGroup>(NODES, |it| {
                (it.min_size, it.max_size, it.max_instance_lifetime) = (1, 6, 86_400);
                it.subnets.pop();
                it.new_instances_protected_from_scale_in = true;
                it.capacity_rebalance = true;
                it.tags.set("team", "blue");
            });
        },
        |world| {
            world.change::<AutoScalingGroup>(NODES, |it| {
                it.target_groups.clear();
                it.suspended_processes = vec!["AlarmNotification".to_owned()];
                it.metrics_collection.as_mut().unwrap().metrics = vec!["GroupMaxSize".to_owned()];
            });
        },
        |world| world.change::<AutoScalingGroup>(NODES, |it| it.target_groups = vec![Ref::managed(target_group())]),
        |world| {
            let hook = "nodes.c.example.com nodes-NTHLifecycleHook";
            world.change::<LifecycleHook>(hook, |it| it.heartbeat_timeout = 600);
        },
        |world| world.change::<WarmPool>(NODES, |it| it.max_group_prepared_capacity = None),
    ])
    .await;
}

#[tokio::test]
async fn a_group_of_several_machine_types() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let mut world = world();
    world.resources.retain(|it| it.key.kind != Kind::WarmPool);
    apply(&sandbox, &world).await.unwrap();
    let over =
        |name: &str| LaunchTemplateOverride { instance_type: Some(name.to_owned()), instance_requirements: None };
    world.change::<AutoScalingGroup>(NODES, |it| {
        let launch_template = it.launch_template.take().unwrap();
        let overrides = vec![over("m5.large"), over("m6i.large")];
        it.mixed_instances_policy = Some(MixedInstancesPolicy {
            instances_distribution: InstancesDistribution {
                on_demand_base_capacity: Some(1),
                ..InstancesDistribution::default()
            },
            launch_template: MixedLaunchTemplate { launch_template, overrides },
        });
    });
    apply(&sandbox, &world).await.unwrap();
    assert_is(&sandbox, &world).await;
}

#[tokio::test]
async fn balancing() {
    change(&[
        |world| {
            world.change::<TargetGroup>(&target_group(), |it| {
                (it.health_check_protocol, it.health_check_path) = ("HTTPS".to_owned(), Some("/healthz".to_owned()));
                it.health_check_interval_seconds = 30;
            });
        },
        |world| {
            world.change::<TargetGroup>(&target_group(), |it| {
                it.target_group_attributes.clear();
                it.target_group_attributes.insert("preserve_client_ip.enabled".to_owned(), "true".to_owned());
                it.tags.set("team", "blue");
            });
        },
        |world| {
            world.change::<LoadBalancer>("api.c.example.com", |it| {
                it.security_groups = vec![Ref::managed("nodes.c.example.com")];
                it.ip_address_type = "dualstack".to_owned();
                it.tags.set("team", "blue");
                let cross = "load_balancing.cross_zone.enabled".to_owned();
                it.load_balancer_attributes.insert(cross, "true".to_owned());
            });
        },
        |world| {
            world.change::<LoadBalancer>("api.c.example.com", |it| {
                it.ip_address_type = "ipv4".to_owned();
                it.subnet_mappings.push(SubnetMapping {
                    subnet: Ref::managed("b.c.example.com"),
                    allocation_id: None,
                    private_ipv4_address: None,
                });
            });
        },
        |world| {
            world.change::<Listener>("api.c.example.com 443", |it| {
                it.protocol = "TLS".to_owned();
                it.certificate_arn = Some("arn:aws:acm:us-east-1:123456789012:certificate/1".to_owned());
                it.ssl_policy = Some("ELBSecurityPolicy-2016-08".to_owned());
            });
        },
        |world| {
            let name = format!("api.c.example.com A in {}", crate::world::ZONE);
            world.change::<RecordSet>(&name, |it| it.alias_target.as_mut().unwrap().evaluate_target_health = true);
        },
    ])
    .await;
}

#[tokio::test]
async fn identity() {
    change(&[
        |world| {
            world.change::<Role>(NODES, |it| {
                it.permissions_boundary = None;
                it.assume_role_policy_document.statement[0].action.insert("sts:TagSession".to_owned());
                it.tags.set("team", "blue");
            });
        },
        |world| {
            world.change::<RolePolicy>("nodes.c.example.com nodes.c.example.com", |it| {
                let mut statements = it.policy_document.statement.clone();
                statements[0].action.insert("ec2:DescribeVolumes".to_owned());
                it.policy_document = PolicyDocument::new(statements);
            });
        },
        |world| world.change::<InstanceProfile>(NODES, |it| it.role = None),
        |world| {
            world.change::<InstanceProfile>(NODES, |it| {
                it.role = Some(Ref::managed(NODES));
                it.tags.set("team", "blue");
            });
        },
        |world| {
            world.change::<OidcProvider>(C, |it| {
                it.client_id_list = vec!["sts.amazonaws.com".to_owned()];
                it.thumbprint_list = vec!["a9d53002e97e00e043244f3d170d6f4c414104fd".to_owned()];
                it.tags.set("team", "blue");
            });
        },
        |world| {
            let queue = kedge_resource::names::queue_name(&cluster());
            world.change::<Queue>(&queue, |it| {
                it.message_retention_period = 600;
                it.policy_document.statement[0].action.insert("sqs:ReceiveMessage".to_owned());
                it.tags.set("team", "blue");
            });
        },
        |world| {
            let rule = kedge_resource::names::event_rule_name(&cluster(), "SpotInterruption");
            world.change::<EventRule>(&rule, |it| {
                it.event_pattern = serde_json::json!({"source": ["aws.health"]});
                it.tags.set("team", "blue");
            });
        },
    ])
    .await;
}
