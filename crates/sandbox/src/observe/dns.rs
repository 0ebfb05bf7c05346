//! Records of the cluster, and which VPCs see private zones.

use kedge_resource::kind::{AliasTarget, HostedZoneAssociation, RecordSet};
use kedge_resource::{Handle, Kind, Observed, Ownership, Ref, names};

use super::{View, entry};
use crate::account::hosted_zone::{HostedZone, Record};
use crate::realize::{address, was_ours};

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    for zone in view.account.hosted_zones.values() {
        if zone.private {
            for vpc in &zone.vpcs {
                let Some((name, ownership)) = view.vpcs.get(vpc) else { continue };
                let key = format!("{} {name}", zone.id);
                let properties = HostedZoneAssociation { hosted_zone_id: zone.id.clone(), vpc: Ref::existing(vpc) };
                found.push(entry(Kind::HostedZoneAssociation, key.clone(), Handle::new(key), *ownership, properties));
            }
        }
        if can_hold(view, zone) {
            found.extend(zone.records.iter().filter_map(|record| observed_record(view, zone, record)));
        }
    }
}

/// Whether names of the cluster can be in the zone.
fn can_hold(view: &View<'_>, zone: &HostedZone) -> bool {
    let rest = view.cluster.as_str().strip_suffix(zone.name.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn observed_record(view: &View<'_>, zone: &HostedZone, record: &Record) -> Option<Observed> {
    if record.kind != "A" && record.kind != "AAAA" {
        return None;
    }
    let target = record.alias.as_ref().map(|alias| address(&alias.dns_name));
    let balancer = target
        .as_ref()
        .and_then(|target| view.account.load_balancers.values().find(|it| it.dns_name.to_ascii_lowercase() == *target));
    // A load balancer that a controller made carries the cluster's tag too, but who made the records of it, nobody knows.
    let ours = target.as_ref().is_some_and(|target| was_ours(view.cluster, target))
        && balancer.is_none_or(|balancer| view.ownership(&balancer.tags) == Ownership::Owned);
    if !ours && !names::owns_name(Kind::RecordSet, view.cluster, &record.name) {
        return None;
    }
    let alias_target = record.alias.as_ref().zip(target).map(|(alias, target)| AliasTarget {
        load_balancer: Ref::existing(balancer.map_or(target, |balancer| balancer.arn.clone())),
        evaluate_target_health: alias.evaluate_target_health,
    });
    let properties = RecordSet {
        hosted_zone_id: zone.id.clone(),
        name: record.name.clone(),
        type_: record.kind.clone(),
        alias_target,
    };
    let key = format!("{} {} in {}", record.name, record.kind, zone.id);
    let ownership = if ours { Ownership::Owned } else { Ownership::Foreign };
    Some(entry(Kind::RecordSet, key.clone(), Handle::new(key), ownership, properties))
}
