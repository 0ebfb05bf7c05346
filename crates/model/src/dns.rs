//! DNS records of the cluster, in a hosted zone that exists. kedge never makes a zone: its name servers would have to be
//! entered at the parent by hand.

use kedge_resource::facts::HostedZone;
use kedge_resource::kind::{AliasTarget, HostedZoneAssociation, RecordSet};
use kedge_resource::{Facts, Ref};
use kedge_spec::resolved::{Cluster, DnsType, Role, Vpc};

use crate::lowering::Lowering;
use crate::names;

/// Makes the records of load balancers and lets the VPC see a private zone.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    let Some(zone) = lowering.hosted_zone else {
        return;
    };
    let cluster = lowering.cluster;
    if let Some(load_balancer) = &cluster.api.load_balancer {
        add_records(lowering, zone, &cluster.api.public_name, "api");
        if load_balancer.use_for_internal_api {
            add_records(lowering, zone, &format!("api.internal.{}", cluster.name), "api");
        }
    }
    if let Some(name) = &cluster.bastion.public_name
        && lowering.has(Role::Bastion)
    {
        add_records(lowering, zone, name, "bastion");
    }
    if cluster.dns.dns_type == DnsType::Private && !sees(zone, &cluster.network.vpc) {
        let vpc = lowering.vpc();
        let name = format!("{} {}", zone.id, vpc.bare());
        lowering.add(name, HostedZoneAssociation { hosted_zone_id: zone.id.clone(), vpc });
    }
}

/// The zone of a cluster's records: the one that the manifest names, else the closest of the wanted kind above the
/// cluster's name.
pub(crate) fn find_zone<'a>(cluster: &Cluster, facts: &'a Facts) -> Option<&'a HostedZone> {
    let private = match cluster.dns.dns_type {
        DnsType::None => return None,
        DnsType::Public => false,
        DnsType::Private => true,
    };
    let mut zones = facts.hosted_zones.iter().filter(|zone| zone.private == private);
    match cluster.dns.zone.as_deref().map(|wanted| wanted.trim_end_matches('.')) {
        // An id has no dots, and says of itself whether the zone is private.
        Some(wanted) if !wanted.contains('.') => facts.hosted_zones.iter().find(|zone| zone.id == wanted),
        Some(wanted) => zones.find(|zone| zone.name == wanted),
        None => zones.filter(|zone| is_within(cluster.name.as_str(), &zone.name)).max_by_key(|zone| zone.name.len()),
    }
}

/// Whether a name is the zone's or below it.
fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether the VPC sees the zone already; an own VPC never does before it is made.
fn sees(zone: &HostedZone, vpc: &Vpc) -> bool {
    match vpc {
        Vpc::Own { .. } => false,
        Vpc::Shared { id, .. } => zone.vpcs.contains(id),
    }
}

fn add_records(lowering: &mut Lowering<'_>, zone: &HostedZone, name: &str, load_balancer: &str) {
    for record_type in ["A", "AAAA"] {
        let record = RecordSet {
            hosted_zone_id: zone.id.clone(),
            name: name.to_owned(),
            type_: record_type.to_owned(),
            alias_target: Some(AliasTarget {
                load_balancer: Ref::managed(names::load_balancer(load_balancer, lowering.name())),
                evaluate_target_health: false,
            }),
        };
        lowering.add(format!("{name} {record_type} in {}", zone.id), record);
    }
}

#[cfg(test)]
mod tests {
    use kedge_resource::Kind;

    use super::*;
    use crate::testing;

    fn zone(id: &str, name: &str, private: bool) -> HostedZone {
        HostedZone { id: id.to_owned(), name: name.to_owned(), private, vpcs: Vec::new() }
    }

    #[test]
    fn the_closest_zone_of_the_wanted_kind_is_found() {
        let mut facts = testing::facts();
        facts.hosted_zones = vec![
            zone("Z1", "com", false),
            zone("Z2", "example.com", false),
            zone("Z3", "test.example.com", true),
            zone("Z4", "est.example.com", false),
        ];
        let mut spec = testing::minimal();
        let found = |spec: &kedge_spec::ResolvedSpec| find_zone(&spec.cluster, &facts).map(|zone| zone.id.clone());
        assert_eq!(found(&spec).as_deref(), Some("Z2"));
        spec.cluster.dns.dns_type = DnsType::Private;
        assert_eq!(found(&spec).as_deref(), Some("Z3"));
        spec.cluster.dns.zone = Some("example.com".to_owned());
        assert_eq!(found(&spec), None, "there is no private zone of that name");
        spec.cluster.dns.zone = Some("Z1".to_owned());
        assert_eq!(found(&spec).as_deref(), Some("Z1"));
        spec.cluster.dns.dns_type = DnsType::None;
        assert_eq!(found(&spec), None);
    }

    #[test]
    fn private_zones_are_shown_to_an_own_vpc() {
        let mut spec = testing::minimal();
        spec.cluster.dns.dns_type = DnsType::Private;
        let mut facts = testing::facts();
        facts.hosted_zones = vec![zone("Z3", "example.com", true)];
        let desired = crate::lower(&spec, &facts).unwrap();
        testing::find(&desired, "hosted-zone-association/Z3 test.example.com");
        // An existing VPC may see it already.
        spec.cluster.network.vpc = Vpc::Shared { id: "vpc-1".to_owned(), cidr: None };
        let desired = crate::lower(&spec, &facts).unwrap();
        testing::find(&desired, "hosted-zone-association/Z3 vpc-1");
        facts.hosted_zones[0].vpcs = vec!["vpc-1".to_owned()];
        let desired = crate::lower(&spec, &facts).unwrap();
        assert!(testing::names(&desired, Kind::HostedZoneAssociation).is_empty());
    }
}
