//! Load balancers, listeners, target groups.

use kedge_resource::kind::{ClassicLoadBalancer, Listener, LoadBalancer, SubnetMapping, TargetGroup};
use kedge_resource::{Handle, Kind, Observed, Ref, names};

use super::{View, entry, key_name};
use crate::account::load_balancer::LoadBalancer as Made;

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    for balancer in view.account.load_balancers.values() {
        let named = names::owns_name(Kind::LoadBalancer, view.cluster, &balancer.spec.name);
        if named || view.concerns(&balancer.tags) {
            load_balancer(view, balancer, found);
        }
    }
    for group in view.account.target_groups.values() {
        let named = names::owns_name(Kind::TargetGroup, view.cluster, &group.name);
        if !named && !view.concerns(&group.tags) {
            continue;
        }
        let properties = TargetGroup {
            vpc: Ref::existing(group.vpc.clone().unwrap_or_default()),
            port: group.port,
            protocol: group.protocol.clone(),
            health_check_protocol: group.health_check.protocol.clone(),
            health_check_path: group.health_check.path.clone(),
            health_check_interval_seconds: group.health_check.interval,
            healthy_threshold_count: group.health_check.healthy,
            unhealthy_threshold_count: group.health_check.unhealthy,
            target_group_attributes: group.attributes.clone(),
            tags: group.tags.clone(),
        };
        let ownership = view.ownership(&group.tags);
        found.push(entry(Kind::TargetGroup, &group.name, Handle::new(&group.arn), ownership, properties));
    }
    for balancer in view.account.classic_load_balancers.values().filter(|it| view.concerns(&it.tags)) {
        let properties =
            ClassicLoadBalancer { vpc: balancer.vpc.as_ref().map(Ref::existing), tags: balancer.tags.clone() };
        let (handle, ownership) = (Handle::new(&balancer.name), view.ownership(&balancer.tags));
        found.push(entry(Kind::ClassicLoadBalancer, &balancer.name, handle, ownership, properties));
    }
}

fn load_balancer(view: &View<'_>, balancer: &Made, found: &mut Vec<Observed>) {
    let spec = &balancer.spec;
    let (name, ownership) = (key_name(&balancer.tags, &spec.name), view.ownership(&balancer.tags));
    let mapping = |mapping: &crate::account::load_balancer::Mapping| SubnetMapping {
        subnet: Ref::existing(&mapping.subnet),
        allocation_id: mapping.allocation_id.as_ref().map(Ref::existing),
        private_ipv4_address: mapping.private_ip.clone(),
    };
    let properties = LoadBalancer {
        name: spec.name.clone(),
        scheme: spec.scheme.clone(),
        type_: spec.kind.clone(),
        ip_address_type: spec.ip_address_type.clone(),
        security_groups: spec.security_groups.iter().map(Ref::existing).collect(),
        subnet_mappings: spec.mappings.iter().map(mapping).collect(),
        load_balancer_attributes: balancer.attributes.clone(),
        tags: balancer.tags.clone(),
    };
    let (dns_name, dns_zone) = (Some(balancer.dns_name.clone()), Some(balancer.dns_zone.clone()));
    let handle = Handle { dns_name, dns_zone, ..Handle::new(&balancer.arn) };
    found.push(entry(Kind::LoadBalancer, name, handle, ownership, properties));
    for listener in view.account.listeners.values().filter(|it| it.load_balancer == balancer.arn) {
        let properties = Listener {
            load_balancer: Ref::existing(&balancer.arn),
            port: listener.port,
            protocol: listener.protocol.clone(),
            target_group: Ref::existing(&listener.target_group),
            certificate_arn: listener.certificate.clone(),
            ssl_policy: listener.ssl_policy.clone(),
        };
        let key = format!("{name} {}", listener.port);
        found.push(entry(Kind::Listener, key, Handle::new(&listener.arn), ownership, properties));
    }
}
