//! The clusters of the account, by their ownership tags.

use std::collections::{BTreeMap, BTreeSet};

use kedge_cloud::ClusterSummary;
use kedge_resource::{ClusterName, Tags};

use crate::account::Account;

/// What the ownership tag of every cluster begins with.
const TAG_PREFIX: &str = "kubernetes.io/cluster/";
/// Tag with the name of the instance group.
const GROUP_TAG: &str = "kops.k8s.io/instancegroup";

/// The clusters that own something with these tags.
fn owners(tags: &Tags) -> impl Iterator<Item = ClusterName> {
    let names = tags.iter().filter(|(_, value)| *value == "owned").filter_map(|(key, _)| key.strip_prefix(TAG_PREFIX));
    names.filter_map(|name| ClusterName::parse(name).ok())
}

pub(super) fn clusters(account: &Account) -> Vec<ClusterSummary> {
    let mut found: BTreeMap<ClusterName, (Option<String>, BTreeSet<String>, usize)> = BTreeMap::new();
    for vpc in account.vpcs.values() {
        for name in owners(&vpc.tags) {
            found.entry(name).or_default().0 = Some(vpc.id.clone());
        }
    }
    for tags in account.subnets.values().map(|it| &it.tags).chain(account.security_groups.values().map(|it| &it.tags)) {
        for name in owners(tags) {
            found.entry(name).or_default();
        }
    }
    for group in account.scaling_groups.values().filter(|group| !group.deleting) {
        for name in owners(&group.tags) {
            let (_, groups, instances) = found.entry(name).or_default();
            groups.extend(group.tags.get(GROUP_TAG).map(str::to_owned));
            *instances += account.members(&group.name).count();
        }
    }
    found
        .into_iter()
        .map(|(name, (vpc, groups, instances))| {
            let instance_groups = groups.into_iter().collect();
            ClusterSummary { name, vpc, instance_groups, instances }
        })
        .collect()
}
