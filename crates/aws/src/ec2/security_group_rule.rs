//! Rules of security groups. All rules of one group and direction go through one call.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRule as AwsRule, UserIdGroupPair,
};
use ipnet::IpNet;
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{Direction, SecurityGroupRule};
use kedge_resource::tags::ownership_key;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ownership, Ref, ResourceKey, Tags, names};

use super::common::{filter, pages, retag, set_tags, specification, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, bug, done, gone, observed};
use crate::shared::{changed_tags, entry};

pub(super) mod of_others;
#[cfg(test)]
mod tests;

/// Most values that a filter takes.
const FILTER_VALUES: usize = 200;

/// The rules of groups.
pub(super) async fn of_groups(aws: &Aws, groups: &[String]) -> Result<Vec<AwsRule>, CloudError> {
    let lists = groups.chunks(FILTER_VALUES).map(|groups| async move {
        let by_group = filter("group-id", groups);
        let request = aws.ec2().describe_security_group_rules().filters(by_group).max_results(1000);
        pages!(aws, "ec2:DescribeSecurityGroupRules", request, security_group_rules).await
    });
    Ok(futures_util::future::try_join_all(lists).await?.into_iter().flatten().collect())
}

/// The rules with the cluster's tag, in whatever group. This call has no filter by the key of a tag alone.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsRule>, CloudError> {
    let by_tag = filter(format!("tag:{}", ownership_key(cluster)), ["owned"]);
    let request = aws.ec2().describe_security_group_rules().filters(by_tag).max_results(1000);
    pages!(aws, "ec2:DescribeSecurityGroupRules", request, security_group_rules).await
}

/// A rule. `groups` are names of the cluster's own groups by id.
pub(super) fn entry_of(cluster: &ClusterName, groups: &BTreeMap<String, String>, rule: &AwsRule) -> Option<Observed> {
    let group = rule.group_id()?;
    let direction = if rule.is_egress() == Some(true) { Direction::Egress } else { Direction::Ingress };
    let (ip_protocol, ports) = protocol(rule.ip_protocol()?, rule.from_port(), rule.to_port());
    let tags = tags(rule.tags());
    let properties = SecurityGroupRule {
        group: Ref::existing(group),
        direction,
        ip_protocol,
        from_port: ports.map(|(from, _)| from),
        to_port: ports.map(|(_, to)| to),
        cidr_ip: rule.cidr_ipv4().map(canonical),
        cidr_ipv6: rule.cidr_ipv6().map(canonical),
        prefix_list_id: rule.prefix_list_id().map(ToOwned::to_owned),
        peer_group: rule.referenced_group_info().and_then(|peer| peer.group_id()).map(Ref::existing),
        tags: tags.clone(),
    };
    let group_name = groups.get(group).map_or(group, String::as_str);
    let peer = peer(&properties, |id| groups.get(id).cloned())?;
    let name = name_of(group_name, &properties, &peer);
    // what AWS puts into a new group of ours is ours, although it has no tags yet
    let of_aws = tags.is_empty()
        && direction == Direction::Egress
        && properties.ip_protocol == "-1"
        && ["0.0.0.0/0", "::/0"].contains(&peer.as_str())
        && groups.get(group).is_some_and(|name| names::security_group_names(cluster).contains(name));
    let ownership = if tags.owned_by(cluster) || of_aws { Ownership::Owned } else { Ownership::Foreign };
    let handle = Handle::new(rule.security_group_rule_id()?);
    Some(entry(Kind::SecurityGroupRule, name, handle, ownership, properties))
}

/// Protocol and ports in the one way that they are written here: names instead of numbers where there are names, no ports
/// where the protocol has none.
fn protocol(text: &str, from: Option<i32>, to: Option<i32>) -> (String, Option<(i32, i32)>) {
    let name = match text {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        "all" => "-1",
        other => other,
    };
    let ports = match name {
        "tcp" | "udp" | "icmp" | "icmpv6" => from.zip(to),
        _ => None,
    };
    (name.to_owned(), ports)
}

fn canonical(cidr: &str) -> String {
    cidr.parse::<IpNet>().map_or_else(|_| cidr.to_owned(), |net| net.trunc().to_string())
}

/// The peer of a rule as its name has it; `name` gives the name of a group by what the rule refers to it by.
fn peer(rule: &SecurityGroupRule, name: impl Fn(&str) -> Option<String>) -> Option<String> {
    let group = || {
        let bare = rule.peer_group.as_ref()?.bare();
        Some(name(bare).unwrap_or_else(|| bare.to_owned()))
    };
    rule.cidr_ip
        .as_deref()
        .or(rule.cidr_ipv6.as_deref())
        .map(canonical)
        .or_else(|| rule.prefix_list_id.clone())
        .or_else(group)
}

/// `masters.example.com tcp 22 from 0.0.0.0/0`.
fn name_of(group: &str, rule: &SecurityGroupRule, peer: &str) -> String {
    let (protocol, ports) = protocol(&rule.ip_protocol, rule.from_port, rule.to_port);
    let ports = match ports {
        None | Some((-1, -1)) => "all".to_owned(),
        Some((from, to)) if from == to && !protocol.starts_with("icmp") => from.to_string(),
        Some((from, to)) => format!("{from}-{to}"),
    };
    let preposition = match rule.direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    format!("{group} {protocol} {ports} {preposition} {peer}")
}

/// Authorises, tags or revokes rules of one group and direction.
pub(super) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let changes: Vec<&StepChange> = task.of_kind(Kind::SecurityGroupRule).collect();
    match task.step.verb {
        Verb::Create => create(task, &changes).await,
        Verb::Update => {
            let tagged = changes.iter().map(|change| async move {
                let (desired, current): (&SecurityGroupRule, &SecurityGroupRule) = (after(change)?, observed(change)?);
                let handle = before(change)?.handle.clone();
                retag(task, &handle.id, &current.tags, &desired.tags).await?;
                Ok(done(change, handle))
            });
            let outcomes = futures_util::future::try_join_all(tagged).await?;
            Ok(StepOutcome { handles: outcomes.into_iter().flat_map(|outcome| outcome.handles).collect() })
        }
        Verb::Delete => delete(task, &changes).await,
    }
}

/// A rule to make.
struct Wanted<'a> {
    key: &'a ResourceKey,
    /// What identifies it within its group: its name with ids instead of names.
    identity: String,
    permission: IpPermission,
    tags: &'a Tags,
}

async fn create(task: &Task<'_>, changes: &[&StepChange]) -> Result<StepOutcome, CloudError> {
    let first: &SecurityGroupRule = after(changes.first().ok_or_else(|| bug("a step has no changes"))?)?;
    let (group, direction) = (task.handles.resolve(&first.group)?, first.direction);
    let wanted = changes.iter().map(|change| wanted(task, &group, direction, change));
    let mut wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    let mut handles = BTreeMap::new();
    // AWS's own egress rule stands in every new group, so authorising without looking would always fail there
    let mut look = direction == Direction::Egress;
    let mut attempt = 0;
    while !wanted.is_empty() {
        if look {
            adopt(task, &group, direction, &mut wanted, &mut handles).await?;
            if wanted.is_empty() {
                break;
            }
        }
        match authorize(task, &group, direction, &wanted).await {
            Ok(rules) => {
                take(&group, direction, &rules, &mut wanted, &mut handles);
                // an answer need not name every rule
                look = true;
            }
            Err(error) if matches!(error.class, ErrorClass::AlreadyExists | ErrorClass::Ambiguous) && attempt < 5 => {
                look = true;
                task.aws.back_off(attempt).await;
            }
            Err(error) if error.class == ErrorClass::Ambiguous => {
                return Err(CloudError { class: ErrorClass::Transient, ..error });
            }
            Err(error) => return Err(error),
        }
        attempt += 1;
        if attempt > 8 {
            return Err(incomplete("ec2:AuthorizeSecurityGroupIngress"));
        }
    }
    let handles = changes.iter().filter_map(|change| Some((change.key.clone(), handles.remove(&change.key)?)));
    Ok(StepOutcome { handles: handles.collect() })
}

fn wanted<'a>(
    task: &Task<'_>,
    group: &str,
    direction: Direction,
    change: &'a StepChange,
) -> Result<Wanted<'a>, CloudError> {
    let rule: &SecurityGroupRule = after(change)?;
    if task.handles.resolve(&rule.group)? != group || rule.direction != direction {
        return Err(bug(format!("{} is in a step of other rules", change.key)));
    }
    let mut rule_with_ids = rule.clone();
    if let Some(peer) = &rule.peer_group {
        rule_with_ids.peer_group = Some(Ref::existing(task.handles.resolve(peer)?));
    }
    let peer = peer(&rule_with_ids, |_| None).ok_or_else(|| bug(format!("{} has no peer", change.key)))?;
    Ok(Wanted {
        key: &change.key,
        identity: name_of(group, &rule_with_ids, &peer),
        permission: permission(&rule_with_ids),
        tags: &rule.tags,
    })
}

/// A rule as AWS takes it; its peer group is an id.
fn permission(rule: &SecurityGroupRule) -> IpPermission {
    let (protocol, ports) = protocol(&rule.ip_protocol, rule.from_port, rule.to_port);
    // AWS pays no heed to the ports of other protocols; -1 says that all are meant
    let ports = ports.or_else(|| (protocol != "-1").then_some((-1, -1)));
    let mut permission = IpPermission::builder()
        .ip_protocol(protocol)
        .set_from_port(ports.map(|(from, _)| from))
        .set_to_port(ports.map(|(_, to)| to));
    if let Some(cidr) = &rule.cidr_ip {
        permission = permission.ip_ranges(IpRange::builder().cidr_ip(cidr).build());
    }
    if let Some(cidr) = &rule.cidr_ipv6 {
        permission = permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).build());
    }
    if let Some(list) = &rule.prefix_list_id {
        permission = permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(list).build());
    }
    if let Some(group) = &rule.peer_group {
        permission = permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(group.bare()).build());
    }
    permission.build()
}

/// What identifies a rule that AWS has.
fn identity(rule: &AwsRule) -> Option<String> {
    let none = BTreeMap::new();
    let cluster = ClusterName::parse("none.invalid").ok()?;
    entry_of(&cluster, &none, rule).map(|observed| observed.key.name)
}

/// Moves rules that AWS has from `wanted` to `handles`; the AWS tags of those that were there.
fn take<'r>(
    group: &str,
    direction: Direction,
    rules: &'r [AwsRule],
    wanted: &mut Vec<Wanted<'_>>,
    handles: &mut BTreeMap<ResourceKey, Handle>,
) -> Vec<(&'r AwsRule, Tags)> {
    let egress = direction == Direction::Egress;
    let mut taken = Vec::new();
    let here = rules.iter().filter(|rule| rule.group_id() == Some(group) && rule.is_egress() == Some(egress));
    for rule in here {
        let (Some(identity), Some(id)) = (identity(rule), rule.security_group_rule_id()) else { continue };
        if let Some(at) = wanted.iter().position(|one| one.identity == identity) {
            let one = wanted.swap_remove(at);
            handles.insert(one.key.clone(), Handle::new(id));
            taken.push((rule, changed_tags(&tags(rule.tags()), one.tags)));
        }
    }
    taken
}

/// Whether a rule is to be in a group of somebody else: only then does its name begin with the id of the group.
fn in_group_of_others(key: &ResourceKey, group: &str) -> bool {
    key.name.strip_prefix(group).is_some_and(|rest| rest.starts_with(' '))
}

/// Takes over the rules that are there already, from AWS or from an earlier attempt, and gives them their tags, unless the
/// group is somebody else's.
async fn adopt(
    task: &Task<'_>,
    group: &str,
    direction: Direction,
    wanted: &mut Vec<Wanted<'_>>,
    handles: &mut BTreeMap<ResourceKey, Handle>,
) -> Result<(), CloudError> {
    let rules = of_groups(task.aws, &[group.to_owned()]).await?;
    let mut untagged: BTreeMap<Tags, Vec<String>> = BTreeMap::new();
    // a rule that was in a group of somebody else before serves as it is: with our tags, deleting the cluster would revoke it
    let of_others = wanted.iter().any(|one| in_group_of_others(one.key, group));
    for (rule, missing) in take(group, direction, &rules, wanted, handles) {
        if !missing.is_empty() && !of_others {
            untagged.entry(missing).or_default().extend(rule.security_group_rule_id().map(ToOwned::to_owned));
        }
    }
    let calls = untagged.into_iter().map(|(missing, ids)| async move { set_tags(task, ids, &missing).await });
    futures_util::future::try_join_all(calls).await?;
    Ok(())
}

/// Authorises rules: one call for each set of tags, which is one call unless somebody tagged them differently.
async fn authorize(
    task: &Task<'_>,
    group: &str,
    direction: Direction,
    wanted: &[Wanted<'_>],
) -> Result<Vec<AwsRule>, CloudError> {
    let tag_sets: BTreeSet<&Tags> = wanted.iter().map(|one| one.tags).collect();
    let calls = tag_sets.into_iter().map(|tags| async move {
        let permissions = wanted.iter().filter(|one| one.tags == tags).map(|one| one.permission.clone()).collect();
        authorize_tagged(task, group, direction, permissions, tags).await
    });
    Ok(futures_util::future::try_join_all(calls).await?.into_iter().flatten().collect())
}

async fn authorize_tagged(
    task: &Task<'_>,
    group: &str,
    direction: Direction,
    permissions: Vec<IpPermission>,
    tags: &Tags,
) -> Result<Vec<AwsRule>, CloudError> {
    let specification = specification(ResourceType::SecurityGroupRule, tags);
    // a call that was done without our knowing fails as a duplicate the next time, and then we look
    let rules = match direction {
        Direction::Ingress => {
            let request = task
                .aws
                .ec2()
                .authorize_security_group_ingress()
                .group_id(group)
                .set_ip_permissions(Some(permissions))
                .set_tag_specifications(specification);
            let call = "ec2:AuthorizeSecurityGroupIngress";
            let answer = task.aws.write_settling(call, task.progress, || request.clone().send()).await?;
            answer.security_group_rules
        }
        Direction::Egress => {
            let request = task
                .aws
                .ec2()
                .authorize_security_group_egress()
                .group_id(group)
                .set_ip_permissions(Some(permissions))
                .set_tag_specifications(specification);
            let call = "ec2:AuthorizeSecurityGroupEgress";
            let answer = task.aws.write_settling(call, task.progress, || request.clone().send()).await?;
            answer.security_group_rules
        }
    };
    Ok(rules.unwrap_or_default())
}

async fn delete(task: &Task<'_>, changes: &[&StepChange]) -> Result<StepOutcome, CloudError> {
    let mut groups: BTreeMap<(String, Direction), Vec<String>> = BTreeMap::new();
    for change in changes {
        let rule: &SecurityGroupRule = observed(change)?;
        let group = task.handles.resolve(&rule.group)?;
        groups.entry((group, rule.direction)).or_default().push(before(change)?.handle.id.clone());
    }
    for ((group, direction), ids) in groups {
        match revoke(task, &group, direction, ids.clone()).await {
            // one rule that is gone fails the call for all: leave it out
            Err(error) if error.class == ErrorClass::NotFound => {
                let there = of_groups(task.aws, std::slice::from_ref(&group)).await?;
                let there = there.iter().filter_map(|rule| rule.security_group_rule_id());
                let left: Vec<String> =
                    there.filter(|id| ids.iter().any(|one| one == id)).map(ToOwned::to_owned).collect();
                if !left.is_empty() {
                    gone(revoke(task, &group, direction, left).await)?;
                }
            }
            other => other?,
        }
    }
    Ok(StepOutcome::default())
}

async fn revoke(task: &Task<'_>, group: &str, direction: Direction, ids: Vec<String>) -> Result<(), CloudError> {
    match direction {
        Direction::Ingress => {
            let request =
                task.aws.ec2().revoke_security_group_ingress().group_id(group).set_security_group_rule_ids(Some(ids));
            task.aws.write_idempotent("ec2:RevokeSecurityGroupIngress", || request.clone().send()).await?;
        }
        Direction::Egress => {
            let request =
                task.aws.ec2().revoke_security_group_egress().group_id(group).set_security_group_rule_ids(Some(ids));
            task.aws.write_idempotent("ec2:RevokeSecurityGroupEgress", || request.clone().send()).await?;
        }
    }
    Ok(())
}
