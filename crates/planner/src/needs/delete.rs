//! What a resource that is removed waits for, beyond the references that AWS holds of it.

use std::collections::BTreeMap;

use kedge_resource::{Change, Kind, Properties};

use super::create::range;
use super::removes_something;
use crate::index::Index;
use crate::references::existing_references;

/// References that do not hold their target: it can be removed first.
const DOES_NOT_HOLD: &[(Kind, Kind)] = &[
    // A route whose target is gone becomes a black hole; AWS refuses nothing.
    (Kind::Route, Kind::InternetGateway),
    (Kind::Route, Kind::NatGateway),
    (Kind::Route, Kind::EgressOnlyInternetGateway),
    // A template names things and holds none of them.
    (Kind::LaunchTemplate, Kind::SecurityGroup),
    (Kind::LaunchTemplate, Kind::KeyPair),
    (Kind::LaunchTemplate, Kind::InstanceProfile),
    // The other way round: a group would launch new instances for those that are terminated.
    (Kind::Instance, Kind::AutoScalingGroup),
];

/// Kinds that are removed after all resources of another kind are.
const AFTER: &[(Kind, Kind)] = &[
    // A group launches new instances for those that are terminated.
    (Kind::Instance, Kind::AutoScalingGroup),
    // Instances of a group boot with them as long as the group is there.
    (Kind::StoreObject, Kind::AutoScalingGroup),
    // Interfaces that stay after their instances can be told only then; attached ones cannot be removed.
    (Kind::NetworkInterface, Kind::Instance),
    // DependencyViolation while an interface of an instance is in the group or subnet.
    (Kind::SecurityGroup, Kind::Instance),
    (Kind::Subnet, Kind::Instance),
    (Kind::SecurityGroup, Kind::NetworkInterface),
    // VolumeInUse while attached.
    (Kind::Volume, Kind::Instance),
    // Instances that shut down orderly still use their role.
    (Kind::InstanceProfile, Kind::Instance),
    // DetachInternetGateway answers DependencyViolation while the VPC has public addresses that are mapped.
    (Kind::InternetGateway, Kind::Instance),
    (Kind::InternetGateway, Kind::NatGateway),
    (Kind::InternetGateway, Kind::ElasticIp),
    (Kind::InternetGateway, Kind::LoadBalancer),
    (Kind::InternetGateway, Kind::ClassicLoadBalancer),
    // Classic load balancers have interfaces in subnets and groups that the inventory does not name.
    (Kind::Subnet, Kind::ClassicLoadBalancer),
    (Kind::SecurityGroup, Kind::ClassicLoadBalancer),
];

/// Whether a reference of `holder` keeps AWS from removing the `held`.
pub(super) fn holds(holder: Kind, held: Kind) -> bool {
    !DOES_NOT_HOLD.contains(&(holder, held))
}

/// Pairs of changes that remove something: the first waits for the second.
pub(super) fn extra(changes: &[Change], index: &Index<'_>) -> Vec<(usize, usize)> {
    let mut by_kind: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    for (number, change) in changes.iter().enumerate().filter(|(_, change)| removes_something(change)) {
        by_kind.entry(change.key.kind).or_default().push(number);
    }
    // All instances are one step, so that the first one stands for all.
    if let Some(instances) = by_kind.get_mut(&Kind::Instance) {
        instances.truncate(1);
    }
    let of = |kind: Kind| by_kind.get(&kind).map(Vec::as_slice).unwrap_or_default();
    let mut pairs = Vec::new();
    for (later, earlier) in AFTER {
        for number in of(*later) {
            pairs.extend(of(*earlier).iter().map(|first| (*number, *first)));
        }
    }

    // Control planes fetch what the index names until it names it no longer.
    let list = changes.iter().position(|change| change.key.kind == Kind::StoreObject && change.key.name == "addons");
    for number in of(Kind::StoreObject) {
        let is_addon = changes.get(*number).is_some_and(|change| change.key.name.starts_with("addons/"));
        pairs.extend(list.filter(|_| is_addon).map(|list| (*number, list)));
    }

    // The instances of a group use the security groups and the profile of its template until the group is gone.
    let mut going: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
    for kind in [Kind::SecurityGroup, Kind::InstanceProfile] {
        for number in of(kind) {
            if let Some(before) = changes.get(*number).and_then(|change| change.before.as_ref()) {
                going.insert((kind, before.handle.id.as_str()), *number);
            }
        }
    }
    for group in of(Kind::AutoScalingGroup) {
        let Some(before) = changes.get(*group).and_then(|change| change.before.as_ref()) else { continue };
        for (kind, id) in existing_references(&before.properties) {
            let Some((_, template)) = index.by_id(kind, id).filter(|_| kind == Kind::LaunchTemplate) else { continue };
            for (kind, id) in existing_references(&template.properties) {
                pairs.extend(going.get(&(kind, id)).map(|number| (*number, *group)));
            }
        }
    }

    // DisassociateVpcCidrBlock answers InvalidCidrBlock.InUse while a subnet lies in the block.
    let properties = |number: usize| -> Option<&Properties> {
        changes.get(number).and_then(|change| change.before.as_ref()).map(|before| &before.properties)
    };
    for block in of(Kind::VpcCidrBlock) {
        let Some((vpc, whole)) = properties(*block).and_then(range) else { continue };
        for subnet in of(Kind::Subnet) {
            let within = properties(*subnet).and_then(range);
            if within.is_some_and(|(of, part)| of == vpc && whole.contains(&part)) {
                pairs.push((*block, *subnet));
            }
        }
    }
    pairs
}
