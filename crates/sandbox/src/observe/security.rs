//! Security groups, their rules, key pairs.

use std::collections::BTreeSet;

use kedge_resource::kind::{Direction, KeyPair, SecurityGroup, SecurityGroupRule};
use kedge_resource::{Handle, Kind, Observed, Ownership, Ref, names};

use super::{View, entry};
use crate::account::security_group::SecurityGroup as Group;
use crate::account::security_group_rule::Rule;

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    let used = used_groups(view);
    for group in view.account.security_groups.values() {
        let ownership = view.ownership(&group.tags);
        let named = names::owns_name(Kind::SecurityGroup, view.cluster, &group.name) && is_our_vpc(view, &group.vpc);
        if view.concerns(&group.tags) || named {
            let properties = SecurityGroup {
                vpc: Ref::existing(&group.vpc),
                group_description: group.description.clone(),
                tags: group.tags.clone(),
            };
            found.push(entry(Kind::SecurityGroup, &group.name, Handle::new(&group.id), ownership, properties));
        }
        for rule in &group.rules {
            if ownership == Ownership::Owned
                || used.contains(group.id.as_str())
                || view.ownership(&rule.tags) == Ownership::Owned
            {
                found.push(observed_rule(view, group, rule));
            }
        }
    }
    for pair in view.account.key_pairs.values() {
        if view.concerns(&pair.tags) || names::owns_name(Kind::KeyPair, view.cluster, &pair.name) {
            let properties = KeyPair {
                public_key_material: Some(pair.material.clone()),
                fingerprint: Some(pair.fingerprint.clone()),
                tags: pair.tags.clone(),
            };
            let handle = Handle { secondary_id: Some(pair.id.clone()), ..Handle::new(&pair.name) };
            found.push(entry(Kind::KeyPair, &pair.name, handle, view.ownership(&pair.tags), properties));
        }
    }
}

/// Groups of others that the cluster uses: its launch templates or its rules name them, or rules of such groups do. The
/// manifests may ask for rules in them, which may be there already.
fn used_groups<'a>(view: &View<'a>) -> BTreeSet<&'a str> {
    let owned = |tags| view.ownership(tags) == Ownership::Owned;
    let groups = &view.account.security_groups;
    let templates = view.account.launch_templates.values().filter(|template| owned(&template.tags));
    let interfaces = templates.filter_map(|template| template.latest()).flat_map(|data| &data.network_interfaces);
    let mut used: BTreeSet<&str> = interfaces.flat_map(|it| &it.security_groups).map(Ref::bare).collect();
    for group in groups.values() {
        for rule in group.rules.iter().filter(|rule| owned(&group.tags) || owned(&rule.tags)) {
            used.insert(&group.id);
            used.extend(rule.peer_group.as_deref());
        }
    }
    let rules = used.iter().filter_map(|id| groups.get(*id)).flat_map(|group| &group.rules);
    let peers: Vec<&str> = rules.filter_map(|rule| rule.peer_group.as_deref()).collect();
    used.extend(peers);
    used.retain(|id| groups.get(*id).is_some_and(|group| !owned(&group.tags)));
    used
}

/// Whether a group of our name in this VPC would be in the way: the VPC is the cluster's, or things of the cluster are in it.
fn is_our_vpc(view: &View<'_>, vpc: &str) -> bool {
    let owned = |tags| view.ownership(tags) == Ownership::Owned;
    view.vpcs.contains_key(vpc)
        || view.account.subnets.values().any(|it| it.vpc == vpc && owned(&it.tags))
        || view.account.security_groups.values().any(|it| it.vpc == vpc && owned(&it.tags))
}

fn observed_rule(view: &View<'_>, group: &Group, rule: &Rule) -> Observed {
    // What AWS puts into a new group of ours is ours, although it has no tags yet.
    let of_aws = rule.tags.is_empty()
        && !rule.ingress
        && ["0.0.0.0/0", "::/0"].iter().any(|range| rule.same(&Rule::all_egress(range)))
        && view.ownership(&group.tags) == Ownership::Owned;
    let owned = of_aws || view.ownership(&rule.tags) == Ownership::Owned;
    let properties = SecurityGroupRule {
        group: Ref::existing(&group.id),
        direction: if rule.ingress { Direction::Ingress } else { Direction::Egress },
        ip_protocol: rule.protocol.clone(),
        from_port: rule.from_port,
        to_port: rule.to_port,
        cidr_ip: rule.cidr.clone(),
        cidr_ipv6: rule.cidr_ipv6.clone(),
        prefix_list_id: rule.prefix_list.clone(),
        peer_group: rule.peer_group.as_ref().map(Ref::existing),
        tags: rule.tags.clone(),
    };
    let ownership = if owned { Ownership::Owned } else { Ownership::Foreign };
    entry(Kind::SecurityGroupRule, rule_name(view, group, rule), Handle::new(&rule.id), ownership, properties)
}

/// The name in the key of a rule: what identifies it, with names for the cluster's own groups.
fn rule_name(view: &View<'_>, group: &Group, rule: &Rule) -> String {
    let name_of = |group: &Group| match view.ownership(&group.tags) {
        Ownership::Owned => group.name.clone(),
        Ownership::Foreign => group.id.clone(),
    };
    let ports = match (rule.from_port, rule.to_port) {
        (Some(-1), Some(-1)) | (None, _) | (_, None) => "all".to_owned(),
        (Some(from), Some(to)) if from == to && !rule.protocol.starts_with("icmp") => from.to_string(),
        (Some(from), Some(to)) => format!("{from}-{to}"),
    };
    let by_name =
        rule.peer_group.as_ref().map(|peer| view.account.security_groups.get(peer).map_or(peer.clone(), name_of));
    let peers = [rule.cidr.clone(), rule.cidr_ipv6.clone(), rule.prefix_list.clone(), by_name];
    let peer = peers.into_iter().flatten().next().unwrap_or_default();
    let preposition = if rule.ingress { "from" } else { "to" };
    format!("{} {} {ports} {preposition} {peer}", name_of(group), rule.protocol)
}
