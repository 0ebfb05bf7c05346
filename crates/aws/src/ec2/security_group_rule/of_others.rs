//! Rules in security groups of others that the cluster uses.
//!
//! Manifests may put instances and load balancers into existing groups, and ask for rules there. Those that kedge made carry
//! the cluster's tag; one that was there before does not, serves as it is, and has to be seen, or every plan would make it.

use std::collections::{BTreeMap, BTreeSet};

use kedge_cloud::CloudError;
use kedge_resource::{ClusterName, Kind, Observed, Properties, Ref};

use super::{entry_of, of_groups};
use crate::client::Aws;
use crate::ec2::common::is_owned;

/// The rules of the groups of others that the cluster uses, as far as `known` does not have them. No call is made unless
/// there are such groups.
pub(in crate::ec2) async fn read(
    aws: &Aws,
    cluster: &ClusterName,
    known: &[Observed],
) -> Result<Vec<Observed>, CloudError> {
    let names = own_groups(known);
    let seen: BTreeSet<&str> = known.iter().filter(|one| is_rule(one)).map(|one| one.handle.id.as_str()).collect();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut found: Vec<Observed> = Vec::new();
    // the groups of instances first, then the peers of their rules, such as the groups of load balancers
    for _ in 0..2 {
        let groups = used_groups(known.iter().chain(&found), &names);
        let new: Vec<String> = groups.difference(&asked).cloned().collect();
        if new.is_empty() {
            break;
        }
        let rules = of_groups(aws, &new).await?;
        found.extend(rules.iter().filter_map(|rule| entry_of(cluster, &names, rule)));
        asked.extend(new);
    }
    found.retain(|rule| !seen.contains(rule.handle.id.as_str()));
    Ok(found)
}

fn is_rule(observed: &Observed) -> bool {
    observed.key.kind == Kind::SecurityGroupRule
}

/// Names of the cluster's own groups by id.
fn own_groups(known: &[Observed]) -> BTreeMap<String, String> {
    let own = known.iter().filter(|one| one.key.kind == Kind::SecurityGroup && is_owned(one));
    own.map(|group| (group.handle.id.clone(), group.key.name.clone())).collect()
}

/// Ids of groups that launch templates of the cluster and rules name, without its own.
fn used_groups<'a>(resources: impl Iterator<Item = &'a Observed>, own: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for observed in resources {
        match &observed.properties {
            Properties::LaunchTemplate(template) if is_owned(observed) => {
                let groups = template.network_interfaces.iter().flat_map(|interface| &interface.security_groups);
                used.extend(groups.filter_map(Ref::existing_id));
            }
            Properties::SecurityGroupRule(rule) => {
                used.extend(rule.group.existing_id());
                used.extend(rule.peer_group.as_ref().and_then(Ref::existing_id));
            }
            _ => {}
        }
    }
    used.into_iter().filter(|id| !own.contains_key(*id)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{ReferencedSecurityGroup, SecurityGroupRule as AwsRule};

    use super::*;

    #[test]
    fn groups_and_peers_of_rules_are_used_unless_they_are_our_own() {
        let cluster = ClusterName::parse("example.com").unwrap();
        let own: BTreeMap<_, _> = [("sg-1".to_owned(), "masters.example.com".to_owned())].into();
        let rule = |group: &str, peer: &str| {
            let peer = ReferencedSecurityGroup::builder().group_id(peer).build();
            let rule = AwsRule::builder().security_group_rule_id("sgr-1").group_id(group).is_egress(false);
            entry_of(&cluster, &own, &rule.ip_protocol("-1").referenced_group_info(peer).build()).unwrap()
        };
        let rules = [rule("sg-1", "sg-1"), rule("sg-1", "sg-2"), rule("sg-3", "sg-1")];
        assert_eq!(used_groups(rules.iter(), &own), ["sg-2".to_owned(), "sg-3".to_owned()].into());
    }
}
