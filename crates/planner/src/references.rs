//! Every reference that every kind can hold, in one place.
//!
//! The structs are taken apart in full: a new field or a new kind stops the build here, so that no reference escapes
//! resolution and ordering. JSON would not do: in a plain id or name nothing says which kind it belongs to, and a role, an
//! instance profile and a launch template may all be called `nodes.prod.example.com`.

use kedge_resource::kind::{
    AliasTarget, AutoScalingGroup, ClassicLoadBalancer, DhcpOptions, DhcpOptionsAssociation, EgressOnlyInternetGateway,
    ElasticIp, EventRule, EventTarget, HostedZoneAssociation, Instance, InstanceProfile, InternetGateway, KeyPair,
    KindOf, LaunchTemplate, LifecycleHook, Listener, LoadBalancer, MixedInstancesPolicy, MixedLaunchTemplate,
    NatGateway, NetworkInterface, NetworkInterfaceSpecification, OidcProvider, PolicyAttachment, Queue, RecordSet,
    Role, RolePolicy, Route, RouteTable, RouteTableAssociation, SecurityGroup, SecurityGroupRule, StoreObject, Subnet,
    SubnetMapping, TargetGroup, Volume, Vpc, VpcCidrBlock, WarmPool,
};
use kedge_resource::reference::Target;
use kedge_resource::{Kind, Properties, Ref, ResourceKey};

/// A reference to a resource of any kind.
pub trait AnyRef {
    /// Kind of the resource.
    fn kind(&self) -> Kind;

    /// What it points at.
    fn target(&self) -> &Target;

    /// Key of the resource, if it is one of the cluster.
    fn key(&self) -> Option<ResourceKey>;

    /// Points it at something that exists.
    fn set_existing(&mut self, id: String);
}

impl<K: KindOf> AnyRef for Ref<K> {
    fn kind(&self) -> Kind {
        K::KIND
    }

    fn target(&self) -> &Target {
        self.target()
    }

    fn key(&self) -> Option<ResourceKey> {
        self.key()
    }

    fn set_existing(&mut self, id: String) {
        *self = Self::existing(id);
    }
}

macro_rules! visitor {
    ($(#[$doc:meta])* $name:ident, $($mutable:tt)?) => {
        $(#[$doc])*
        pub fn $name<'a>(
            properties: &'a $($mutable)? Properties,
            visit: &mut dyn FnMut(&'a $($mutable)? dyn AnyRef),
        ) {
            match properties {
                Properties::Vpc(inner) => {
                    let Vpc {
                        cidr_block: _,
                        amazon_provided_ipv6_cidr_block: _,
                        enable_dns_hostnames: _,
                        enable_dns_support: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                }
                Properties::VpcCidrBlock(inner) => {
                    let VpcCidrBlock { vpc, cidr_block: _ } = &$($mutable)? **inner;
                    visit(vpc);
                }
                Properties::DhcpOptions(inner) => {
                    let DhcpOptions { domain_name: _, domain_name_servers: _, tags: _ } = &$($mutable)? **inner;
                }
                Properties::DhcpOptionsAssociation(inner) => {
                    let DhcpOptionsAssociation { vpc, dhcp_options } = &$($mutable)? **inner;
                    visit(vpc);
                    visit(dhcp_options);
                }
                Properties::InternetGateway(inner) => {
                    let InternetGateway { vpc, tags: _ } = &$($mutable)? **inner;
                    if let Some(vpc) = vpc {
                        visit(vpc);
                    }
                }
                Properties::EgressOnlyInternetGateway(inner) => {
                    let EgressOnlyInternetGateway { vpc, tags: _ } = &$($mutable)? **inner;
                    visit(vpc);
                }
                Properties::StoreObject(inner) => {
                    let StoreObject { version: _, sha256: _, content: _, load_balancer } = &$($mutable)? **inner;
                    if let Some(balancer) = load_balancer {
                        visit(balancer);
                    }
                }
                Properties::Subnet(inner) => {
                    let Subnet {
                        vpc,
                        availability_zone: _,
                        cidr_block: _,
                        ipv6_cidr_block: _,
                        assign_ipv6_address_on_creation: _,
                        ipv6_native: _,
                        enable_dns64: _,
                        private_dns_name_options_on_launch: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                    visit(vpc);
                }
                Properties::RouteTable(inner) => {
                    let RouteTable { vpc, tags: _ } = &$($mutable)? **inner;
                    visit(vpc);
                }
                Properties::RouteTableAssociation(inner) => {
                    let RouteTableAssociation { subnet, route_table } = &$($mutable)? **inner;
                    visit(subnet);
                    visit(route_table);
                }
                Properties::Route(inner) => {
                    let Route {
                        route_table,
                        destination_cidr_block: _,
                        destination_ipv6_cidr_block: _,
                        gateway,
                        nat_gateway,
                        egress_only_internet_gateway,
                        transit_gateway_id: _,
                        instance_id: _,
                        vpc_peering_connection_id: _,
                    } = &$($mutable)? **inner;
                    visit(route_table);
                    if let Some(gateway) = gateway {
                        visit(gateway);
                    }
                    if let Some(gateway) = nat_gateway {
                        visit(gateway);
                    }
                    if let Some(gateway) = egress_only_internet_gateway {
                        visit(gateway);
                    }
                }
                Properties::ElasticIp(inner) => {
                    let ElasticIp { domain: _, tags: _ } = &$($mutable)? **inner;
                }
                Properties::NatGateway(inner) => {
                    let NatGateway { subnet, eip, tags: _ } = &$($mutable)? **inner;
                    visit(subnet);
                    visit(eip);
                }
                Properties::SecurityGroup(inner) => {
                    let SecurityGroup { vpc, group_description: _, tags: _ } = &$($mutable)? **inner;
                    visit(vpc);
                }
                Properties::SecurityGroupRule(inner) => {
                    let SecurityGroupRule {
                        group,
                        direction: _,
                        ip_protocol: _,
                        from_port: _,
                        to_port: _,
                        cidr_ip: _,
                        cidr_ipv6: _,
                        prefix_list_id: _,
                        peer_group,
                        tags: _,
                    } = &$($mutable)? **inner;
                    visit(group);
                    if let Some(group) = peer_group {
                        visit(group);
                    }
                }
                Properties::KeyPair(inner) => {
                    let KeyPair { public_key_material: _, fingerprint: _, tags: _ } = &$($mutable)? **inner;
                }
                Properties::Volume(inner) => {
                    let Volume {
                        availability_zone: _,
                        size: _,
                        volume_type: _,
                        iops: _,
                        throughput: _,
                        encrypted: _,
                        kms_key_id: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                }
                Properties::LaunchTemplate(inner) => {
                    let LaunchTemplate {
                        image_id: _,
                        instance_type: _,
                        instance_profile,
                        key,
                        block_device_mappings: _,
                        network_interfaces,
                        metadata_options: _,
                        monitoring: _,
                        credit_specification: _,
                        instance_market_options: _,
                        placement: _,
                        ebs_optimized: _,
                        user_data: _,
                        tag_specifications: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                    if let Some(profile) = instance_profile {
                        visit(profile);
                    }
                    if let Some(key) = key {
                        visit(key);
                    }
                    for interface in network_interfaces {
                        let NetworkInterfaceSpecification {
                            associate_public_ip_address: _,
                            delete_on_termination: _,
                            device_index: _,
                            ipv6_address_count: _,
                            security_groups,
                        } = interface;
                        for group in security_groups {
                            visit(group);
                        }
                    }
                }
                Properties::AutoScalingGroup(inner) => {
                    let AutoScalingGroup {
                        min_size: _,
                        max_size: _,
                        launch_template,
                        mixed_instances_policy,
                        subnets,
                        target_groups,
                        load_balancers: _,
                        metrics_collection: _,
                        max_instance_lifetime: _,
                        new_instances_protected_from_scale_in: _,
                        suspended_processes: _,
                        capacity_rebalance: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                    if let Some(template) = launch_template {
                        visit(template);
                    }
                    if let Some(policy) = mixed_instances_policy {
                        let MixedInstancesPolicy { instances_distribution: _, launch_template } = policy;
                        let MixedLaunchTemplate { launch_template, overrides: _ } = launch_template;
                        visit(launch_template);
                    }
                    for subnet in subnets {
                        visit(subnet);
                    }
                    for group in target_groups {
                        visit(group);
                    }
                }
                Properties::LifecycleHook(inner) => {
                    let LifecycleHook {
                        auto_scaling_group,
                        lifecycle_hook_name: _,
                        lifecycle_transition: _,
                        default_result: _,
                        heartbeat_timeout: _,
                    } = &$($mutable)? **inner;
                    visit(auto_scaling_group);
                }
                Properties::WarmPool(inner) => {
                    let WarmPool { auto_scaling_group, min_size: _, max_group_prepared_capacity: _ } =
                        &$($mutable)? **inner;
                    visit(auto_scaling_group);
                }
                Properties::LoadBalancer(inner) => {
                    let LoadBalancer {
                        name: _,
                        scheme: _,
                        type_: _,
                        ip_address_type: _,
                        security_groups,
                        subnet_mappings,
                        load_balancer_attributes: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                    for group in security_groups {
                        visit(group);
                    }
                    for mapping in subnet_mappings {
                        let SubnetMapping { subnet, allocation_id, private_ipv4_address: _ } = mapping;
                        visit(subnet);
                        if let Some(address) = allocation_id {
                            visit(address);
                        }
                    }
                }
                Properties::TargetGroup(inner) => {
                    let TargetGroup {
                        vpc,
                        port: _,
                        protocol: _,
                        health_check_protocol: _,
                        health_check_path: _,
                        health_check_interval_seconds: _,
                        healthy_threshold_count: _,
                        unhealthy_threshold_count: _,
                        target_group_attributes: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                    visit(vpc);
                }
                Properties::Listener(inner) => {
                    let Listener {
                        load_balancer,
                        port: _,
                        protocol: _,
                        target_group,
                        certificate_arn: _,
                        ssl_policy: _,
                    } = &$($mutable)? **inner;
                    visit(load_balancer);
                    visit(target_group);
                }
                Properties::RecordSet(inner) => {
                    let RecordSet { hosted_zone_id: _, name: _, type_: _, alias_target } = &$($mutable)? **inner;
                    if let Some(alias) = alias_target {
                        let AliasTarget { load_balancer, evaluate_target_health: _ } = alias;
                        visit(load_balancer);
                    }
                }
                Properties::HostedZoneAssociation(inner) => {
                    let HostedZoneAssociation { hosted_zone_id: _, vpc } = &$($mutable)? **inner;
                    visit(vpc);
                }
                Properties::Role(inner) => {
                    let Role { assume_role_policy_document: _, permissions_boundary: _, tags: _ } =
                        &$($mutable)? **inner;
                }
                Properties::InstanceProfile(inner) => {
                    let InstanceProfile { role, tags: _ } = &$($mutable)? **inner;
                    if let Some(role) = role {
                        visit(role);
                    }
                }
                Properties::RolePolicy(inner) => {
                    let RolePolicy { role, policy_name: _, policy_document: _ } = &$($mutable)? **inner;
                    visit(role);
                }
                Properties::PolicyAttachment(inner) => {
                    let PolicyAttachment { role, policy_arn: _ } = &$($mutable)? **inner;
                    visit(role);
                }
                Properties::OidcProvider(inner) => {
                    let OidcProvider { url: _, client_id_list: _, thumbprint_list: _, tags: _ } =
                        &$($mutable)? **inner;
                }
                Properties::Queue(inner) => {
                    let Queue { message_retention_period: _, policy_document: _, tags: _ } = &$($mutable)? **inner;
                }
                Properties::EventRule(inner) => {
                    let EventRule { event_pattern: _, tags: _ } = &$($mutable)? **inner;
                }
                Properties::EventTarget(inner) => {
                    let EventTarget { rule, queue } = &$($mutable)? **inner;
                    visit(rule);
                    visit(queue);
                }
                Properties::Instance(inner) => {
                    let Instance {
                        instance_type: _,
                        state: _,
                        subnet,
                        auto_scaling_group,
                        private_ip_address: _,
                        launch_template_version: _,
                        tags: _,
                    } = &$($mutable)? **inner;
                    if let Some(subnet) = subnet {
                        visit(subnet);
                    }
                    if let Some(group) = auto_scaling_group {
                        visit(group);
                    }
                }
                Properties::NetworkInterface(inner) => {
                    let NetworkInterface { subnet, status: _, description: _, tags: _ } = &$($mutable)? **inner;
                    visit(subnet);
                }
                Properties::ClassicLoadBalancer(inner) => {
                    let ClassicLoadBalancer { vpc, tags: _ } = &$($mutable)? **inner;
                    if let Some(vpc) = vpc {
                        visit(vpc);
                    }
                }
            }
        }
    };
}

visitor! {
    /// Calls `visit` with every reference of `properties`.
    visit_references,
}

visitor! {
    /// Calls `visit` with every reference of `properties`, to change it.
    visit_references_mut, mut
}

/// Keys of the cluster's own resources that `properties` refers to, each once, in order.
#[must_use]
pub fn managed_references(properties: &Properties) -> Vec<ResourceKey> {
    managed_names(properties).into_iter().map(|(kind, name)| ResourceKey::new(kind, name)).collect()
}

/// As [`managed_references`], without copying the names.
pub(crate) fn managed_names(properties: &Properties) -> Vec<(Kind, &str)> {
    let mut names = Vec::new();
    visit_references(properties, &mut |reference| {
        if let Target::Managed(name) = reference.target() {
            names.push((reference.kind(), name.as_str()));
        }
    });
    names.sort_unstable();
    names.dedup();
    names
}

/// Kinds and ids of existing things that `properties` refers to.
pub(crate) fn existing_references(properties: &Properties) -> Vec<(Kind, &str)> {
    let mut ids = Vec::new();
    visit_references(properties, &mut |reference| {
        if let Target::Existing(id) = reference.target() {
            ids.push((reference.kind(), id.as_str()));
        }
    });
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_references_are_found_and_set() {
        let mut properties: Properties = LoadBalancer {
            name: "api".to_owned(),
            scheme: "internal".to_owned(),
            type_: "network".to_owned(),
            ip_address_type: "ipv4".to_owned(),
            security_groups: vec![Ref::managed("api-elb.c.example.com")],
            subnet_mappings: vec![SubnetMapping {
                subnet: Ref::managed("a.c.example.com"),
                allocation_id: Some(Ref::existing("eipalloc-1")),
                private_ipv4_address: None,
            }],
            load_balancer_attributes: Default::default(),
            tags: Default::default(),
        }
        .into();
        let group = ResourceKey::new(Kind::SecurityGroup, "api-elb.c.example.com");
        let subnet = ResourceKey::new(Kind::Subnet, "a.c.example.com");
        assert_eq!(managed_references(&properties), [subnet, group]);
        assert_eq!(existing_references(&properties), [(Kind::ElasticIp, "eipalloc-1")]);
        visit_references_mut(&mut properties, &mut |reference| {
            if reference.kind() == Kind::Subnet {
                reference.set_existing("subnet-1".to_owned());
            }
        });
        assert!(existing_references(&properties).contains(&(Kind::Subnet, "subnet-1")));
    }
}
