//! Records: aliases of load balancers.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{AliasTarget as RawAlias, Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType};
use futures_util::future::try_join_all;
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{AliasTarget, RecordSet};
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ownership, Ref, names};

use super::plain_name;
use super::zones::Zone;
use crate::client::Aws;
use crate::elb::{self, Balancer};
use crate::realize::{Task, after, bug, observed as before};
use crate::shared::{built, entry};

const CHANGE: &str = "route53:ChangeResourceRecordSets";
const LIST: &str = "route53:ListResourceRecordSets";
/// Zones of more records than this are not read whole: only what is below the cluster's name, and that up to as many.
const WHOLE_ZONE: i64 = 3000;
/// Longest page that Route 53 gives.
const PAGE: i32 = 300;
/// How often a change whose outcome is unknown is looked at again.
const ATTEMPTS: u32 = 4;

/// A record of a zone.
#[derive(Debug)]
pub(super) struct Found {
    zone: String,
    name: String,
    raw: ResourceRecordSet,
}

/// The address records of a zone that could be the cluster's: those under its names, and aliases of load balancers.
///
/// In a small zone that is all of them. Of a large one, which has thousands of records of others, only the part below the
/// cluster's name is read, and if that is large too, only the names that the cluster can have.
pub(super) async fn read(aws: &Aws, cluster: &ClusterName, zone: &Zone) -> Result<Vec<Found>, CloudError> {
    let records = if zone.records <= WHOLE_ZONE {
        read_from(aws, &zone.id, None, |_| true).await?.0
    } else {
        let below = format!(".{cluster}");
        let inside = |name: &str| name == cluster.as_str() || name.ends_with(&below);
        let (records, whole) = read_from(aws, &zone.id, Some(cluster.as_str()), inside).await?;
        if whole { records } else { read_names(aws, &zone.id, &names::record_names(cluster)).await? }
    };
    Ok(records
        .into_iter()
        .filter(|raw| matches!(raw.r#type, RrType::A | RrType::Aaaa))
        .map(|raw| Found { zone: zone.id.clone(), name: plain_name(&raw.name), raw })
        .collect())
}

/// Records from a name on, as long as they are `inside`, and whether those were all: no more are read than [`WHOLE_ZONE`].
async fn read_from(
    aws: &Aws,
    zone: &str,
    start: Option<&str>,
    inside: impl Fn(&str) -> bool + Send,
) -> Result<(Vec<ResourceRecordSet>, bool), CloudError> {
    let mut records = Vec::new();
    let mut name = start.map(str::to_owned);
    let mut type_: Option<RrType> = None;
    let mut identifier: Option<String> = None;
    for _ in 0..=(WHOLE_ZONE / i64::from(PAGE)) {
        let page = aws
            .read(LIST, || {
                aws.route53()
                    .list_resource_record_sets()
                    .hosted_zone_id(zone)
                    .set_start_record_name(name.clone())
                    .set_start_record_type(type_.clone())
                    .set_start_record_identifier(identifier.clone())
                    .max_items(PAGE)
                    .send()
            })
            .await?;
        for raw in page.resource_record_sets {
            if !inside(&plain_name(&raw.name)) {
                return Ok((records, true));
            }
            records.push(raw);
        }
        if !page.is_truncated {
            return Ok((records, true));
        }
        (name, type_, identifier) = (page.next_record_name, page.next_record_type, page.next_record_identifier);
    }
    Ok((records, false))
}

/// The records of some names, each asked for by itself.
async fn read_names(aws: &Aws, zone: &str, names: &[String]) -> Result<Vec<ResourceRecordSet>, CloudError> {
    let pages = names.iter().map(|name| {
        Box::pin(async move {
            let answer = aws
                .read(LIST, || {
                    aws.route53()
                        .list_resource_record_sets()
                        .hosted_zone_id(zone)
                        .start_record_name(name)
                        .max_items(20)
                        .send()
                })
                .await?;
            let mut records = answer.resource_record_sets;
            records.retain(|raw| plain_name(&raw.name) == *name);
            Ok::<_, CloudError>(records)
        })
    });
    Ok(try_join_all(pages).await?.into_iter().flatten().collect())
}

impl Found {
    /// The entry of the record, if it belongs into the inventory.
    pub(super) fn observed(self, cluster: &ClusterName, balancers: &[Balancer]) -> Option<Observed> {
        let Self { zone, name, raw } = self;
        let target = raw.alias_target.as_ref().map(|alias| address(&alias.dns_name));
        let balancer = target.as_ref().and_then(|target| balancers.iter().find(|one| one.dns_name == *target));
        // a load balancer that a controller made carries the cluster's tag too, but who made the records of it, nobody knows
        let ours = target.as_ref().is_some_and(|target| was_ours(cluster, target))
            && balancer.is_none_or(|balancer| balancer.owned);
        if !ours && !names::owns_name(Kind::RecordSet, cluster, &name) {
            return None;
        }
        // one of several records that share a name is not what kedge makes
        let ownership = if ours && raw.set_identifier.is_none() { Ownership::Owned } else { Ownership::Foreign };
        let key = format!("{name} {} in {zone}", raw.r#type.as_str());
        let alias_target = raw.alias_target.as_ref().zip(target).map(|(alias, target)| AliasTarget {
            load_balancer: Ref::existing(balancer.map_or(target, |balancer| balancer.arn.clone())),
            evaluate_target_health: alias.evaluate_target_health,
        });
        let properties = RecordSet { hosted_zone_id: zone, name, type_: raw.r#type.as_str().to_owned(), alias_target };
        Some(entry(Kind::RecordSet, key.clone(), Handle::new(key), ownership, properties))
    }
}

/// The address of a load balancer in an alias, as the load balancer itself says it.
fn address(alias: &str) -> String {
    let lower = plain_name(alias).to_ascii_lowercase();
    lower.strip_prefix("dualstack.").unwrap_or(&lower).to_owned()
}

/// Whether an address is that of a load balancer with a name of the cluster, one that was deleted for example.
fn was_ours(cluster: &ClusterName, address: &str) -> bool {
    let named = address.strip_prefix("internal-").unwrap_or(address);
    address.contains(".elb.")
        && names::load_balancer_names(cluster)
            .iter()
            .any(|name| named.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-')))
}

/// What a change of the step wants of Route 53.
struct Wish<'a> {
    change: &'a StepChange,
    name: String,
    type_: RrType,
    /// The record as it shall be; `None`: gone.
    wanted: Option<ResourceRecordSet>,
}

/// Does a step of records, all of one zone, in one call, all or nothing.
///
/// Creations use `CREATE`, which fails when there is such a record: a record of somebody else is never overwritten.
/// Updates look first, because an `UPSERT` would overwrite whatever stands there by now; deletions look too, and name the
/// record as it is. When the call fails because the zone is not as expected, or its answer is lost, the
/// records are looked at, and what is still to do is done.
pub(super) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let (zone, wishes) = wishes(task).await?;
    let mut batch = match task.step.verb {
        Verb::Create => creations(&wishes)?,
        Verb::Update | Verb::Delete => remaining(task, &zone, &wishes).await?,
    };
    for attempt in 1..=ATTEMPTS {
        if batch.is_empty() {
            break;
        }
        let changes = built(CHANGE, ChangeBatch::builder().set_changes(Some(batch.clone())).build())?;
        let answer = task
            .aws
            .write(CHANGE, || {
                let request = task.aws.route53().change_resource_record_sets();
                request.hosted_zone_id(&zone).change_batch(changes.clone()).send()
            })
            .await;
        match answer {
            Ok(_) => break,
            Err(error) if matches!(error.class, ErrorClass::Conflict | ErrorClass::Ambiguous) => {
                if attempt == ATTEMPTS {
                    let class = if error.class == ErrorClass::Ambiguous { ErrorClass::Transient } else { error.class };
                    return Err(CloudError { class, ..error });
                }
                task.aws.back_off(attempt).await;
                let rest = remaining(task, &zone, &wishes).await?;
                if rest == batch && error.class == ErrorClass::Conflict {
                    return Err(error);
                }
                batch = rest;
            }
            Err(error) => return Err(error),
        }
    }
    let made = wishes.iter().filter(|wish| wish.wanted.is_some());
    Ok(StepOutcome {
        handles: made.map(|wish| (wish.change.key.clone(), Handle::new(&wish.change.key.name))).collect(),
    })
}

/// The records of the step and their zone.
async fn wishes<'a>(task: &Task<'a>) -> Result<(String, Vec<Wish<'a>>), CloudError> {
    let mut zones = BTreeSet::new();
    let mut wishes = Vec::new();
    for change in task.of_kind(Kind::RecordSet) {
        let record: &RecordSet = if task.step.verb == Verb::Delete { before(change)? } else { after(change)? };
        zones.insert(record.hosted_zone_id.clone());
        let wanted = match task.step.verb {
            Verb::Delete => None,
            Verb::Create | Verb::Update => Some(raw(task, change, record).await?),
        };
        let type_ = RrType::from(record.type_.as_str());
        wishes.push(Wish { change, name: record.name.clone(), type_, wanted });
    }
    let mut zones = zones.into_iter();
    match (zones.next(), zones.next()) {
        (Some(zone), None) => Ok((zone, wishes)),
        _ => Err(bug("a step changes records of more than one zone")),
    }
}

async fn raw(task: &Task<'_>, change: &StepChange, record: &RecordSet) -> Result<ResourceRecordSet, CloudError> {
    let alias = record.alias_target.as_ref().ok_or_else(|| bug(format!("{} has no target", change.key)))?;
    let mut handle = task.handles.resolve_handle(&alias.load_balancer)?;
    if handle.dns_name.is_none() {
        handle = elb::handle_of(task.aws, &handle.id).await?;
    }
    let alias = RawAlias::builder()
        .dns_name(handle.dns_name.unwrap_or_default())
        .hosted_zone_id(handle.dns_zone.unwrap_or_default())
        .evaluate_target_health(alias.evaluate_target_health);
    let record = ResourceRecordSet::builder()
        .name(&record.name)
        .r#type(RrType::from(record.type_.as_str()))
        .alias_target(built(CHANGE, alias.build())?);
    built(CHANGE, record.build())
}

fn creations(wishes: &[Wish<'_>]) -> Result<Vec<Change>, CloudError> {
    wishes
        .iter()
        .filter_map(|wish| wish.wanted.clone())
        .map(|record| raw_change(ChangeAction::Create, record))
        .collect()
}

fn raw_change(action: ChangeAction, record: ResourceRecordSet) -> Result<Change, CloudError> {
    built(CHANGE, Change::builder().action(action).resource_record_set(record).build())
}

/// What is still to do, with the records as they are now.
async fn remaining(task: &Task<'_>, zone: &str, wishes: &[Wish<'_>]) -> Result<Vec<Change>, CloudError> {
    let names: BTreeSet<_> = wishes.iter().map(|wish| wish.name.clone()).collect();
    let names: Vec<_> = names.into_iter().collect();
    let records = match read_names(task.aws, zone, &names).await {
        Err(error) if error.class == ErrorClass::NotFound && task.step.verb == Verb::Delete => return Ok(Vec::new()),
        other => other?,
    };
    let mut batch = Vec::new();
    for wish in wishes {
        let has = records.iter().find(|raw| raw.r#type == wish.type_ && plain_name(&raw.name) == wish.name);
        match (has, &wish.wanted) {
            (None, None) => {}
            (None, Some(wanted)) => batch.push(raw_change(ChangeAction::Create, wanted.clone())?),
            (Some(has), Some(wanted)) if same(has, wanted) => {}
            (Some(has), wanted) => {
                if !may_change(task.cluster, has) {
                    return Err(taken(task, wish));
                }
                match wanted {
                    Some(wanted) => batch.push(raw_change(ChangeAction::Upsert, wanted.clone())?),
                    None => batch.push(raw_change(ChangeAction::Delete, has.clone())?),
                }
            }
        }
    }
    Ok(batch)
}

/// Whether two records say the same.
fn same(a: &ResourceRecordSet, b: &ResourceRecordSet) -> bool {
    let alias = |raw: &ResourceRecordSet| {
        raw.alias_target.as_ref().map(|alias| (address(&alias.dns_name), alias.evaluate_target_health))
    };
    a.set_identifier == b.set_identifier && alias(a).is_some() && alias(a) == alias(b)
}

/// Whether a record is the cluster's: it leads to a load balancer with one of its names, as all do that the inventory calls
/// owned.
fn may_change(cluster: &ClusterName, has: &ResourceRecordSet) -> bool {
    let target = has.alias_target.as_ref().map(|alias| address(&alias.dns_name));
    has.set_identifier.is_none() && target.is_some_and(|target| was_ours(cluster, &target))
}

fn taken(task: &Task<'_>, wish: &Wish<'_>) -> CloudError {
    let Wish { change, name, type_, .. } = wish;
    CloudError::new(
        ErrorClass::Conflict,
        CHANGE,
        format!(
            "there is a record {name} {} that does not lead to a load balancer of {}",
            type_.as_str(),
            task.cluster
        ),
    )
    .with_hint(format!("remove it if nobody needs it, then apply again; {} is not touched", change.key))
}

#[cfg(test)]
mod tests;
