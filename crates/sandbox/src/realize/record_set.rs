//! Records: one `ChangeResourceRecordSets` for all of a zone.
//!
//! Creations use `CREATE`, which fails where there is a record: somebody else's is never overwritten. Updates and
//! deletions look first, and leave a record alone that was repointed since the plan.

use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::RecordSet;
use kedge_resource::{ClusterName, Handle, names};

use super::{Task, after, bug, load_balancer, observed};
use crate::account::Account;
use crate::account::hosted_zone::{Alias, ChangeAction, Record};

const CHANGE: &str = "route53:ChangeResourceRecordSets";
const LIST: &str = "route53:ListResourceRecordSets";
/// How often to look at the zone and do what remains.
const ATTEMPTS: u32 = 5;

/// A record of the step: its name and type, and how it shall be.
struct Wish<'a> {
    change: &'a StepChange,
    name: &'a str,
    kind: &'a str,
    wanted: Option<Record>,
}

pub(super) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let mut zone = None;
    let mut wishes = Vec::new();
    for change in &task.step.changes {
        let record: &RecordSet = if task.step.verb == Verb::Delete { observed(change)? } else { after(change)? };
        if *zone.get_or_insert(&record.hosted_zone_id) != &record.hosted_zone_id {
            return Err(bug("a step changes records of more than one zone"));
        }
        let wanted = match task.step.verb {
            Verb::Delete => None,
            Verb::Create | Verb::Update => Some(wanted(task, change, record).await?),
        };
        wishes.push(Wish { change, name: &record.name, kind: &record.type_, wanted });
    }
    let zone = zone.ok_or_else(|| bug("a step has no changes"))?;
    let mut changes = match task.step.verb {
        Verb::Create => creations(&wishes),
        Verb::Update | Verb::Delete => remaining(task, zone, &wishes).await?,
    };
    for attempt in 0.. {
        if changes.is_empty() {
            break;
        }
        let error = match task.write(CHANGE, zone, |account| account.change_records(zone, &changes)).await {
            Ok(()) => break,
            Err(error) => error,
        };
        if !matches!(error.class, ErrorClass::Ambiguous | ErrorClass::Conflict) {
            return Err(error);
        }
        if attempt >= ATTEMPTS {
            let class = if error.class == ErrorClass::Ambiguous { ErrorClass::Transient } else { error.class };
            return Err(CloudError { class, ..error });
        }
        let rest = remaining(task, zone, &wishes).await?;
        if rest == changes && error.class == ErrorClass::Conflict {
            return Err(error);
        }
        changes = rest;
    }
    let made = wishes.iter().filter(|wish| wish.wanted.is_some()).map(|wish| wish.change.key.clone());
    Ok(StepOutcome { handles: made.map(|key| (key.clone(), Handle::new(key.name))).collect() })
}

async fn wanted(task: &Task<'_>, change: &StepChange, record: &RecordSet) -> Result<Record, CloudError> {
    let alias = record.alias_target.as_ref().ok_or_else(|| bug(format!("{} has no target", change.key)))?;
    let mut balancer = task.handles.resolve_handle(&alias.load_balancer)?;
    if balancer.dns_name.is_none() {
        balancer = load_balancer::described(task, &balancer.id).await?;
    }
    Ok(Record {
        name: record.name.clone(),
        kind: record.type_.clone(),
        alias: Some(Alias {
            zone: balancer.dns_zone.unwrap_or_default(),
            dns_name: balancer.dns_name.unwrap_or_default(),
            evaluate_target_health: alias.evaluate_target_health,
        }),
        values: Vec::new(),
    })
}

fn creations(wishes: &[Wish<'_>]) -> Vec<(ChangeAction, Record)> {
    wishes.iter().filter_map(|wish| wish.wanted.clone()).map(|record| (ChangeAction::Create, record)).collect()
}

/// What is still to do, with the records as they are now.
async fn remaining(
    task: &Task<'_>,
    zone: &str,
    wishes: &[Wish<'_>],
) -> Result<Vec<(ChangeAction, Record)>, CloudError> {
    let records = |account: &Account| account.hosted_zones.get(zone).map(|zone| zone.records.clone());
    let records = task.sandbox.read(LIST, zone, records).await?.unwrap_or_default();
    let mut changes = Vec::new();
    for wish in wishes {
        let has = records.iter().find(|record| record.name == wish.name && record.kind == wish.kind);
        match (has, &wish.wanted) {
            (None, None) => {}
            (None, Some(wanted)) => changes.push((ChangeAction::Create, wanted.clone())),
            (Some(has), Some(wanted)) if has == wanted => {}
            (Some(has), _) if !may_change(task.cluster, has) => return Err(taken(task, wish)),
            (Some(_), Some(wanted)) => changes.push((ChangeAction::Upsert, wanted.clone())),
            (Some(has), None) => changes.push((ChangeAction::Delete, has.clone())),
        }
    }
    Ok(changes)
}

/// Whether a record leads to a load balancer with a name of the cluster.
fn may_change(cluster: &ClusterName, has: &Record) -> bool {
    has.alias.as_ref().is_some_and(|alias| was_ours(cluster, &address(&alias.dns_name)))
}

/// The address of a load balancer in an alias, as the load balancer itself says it.
pub(crate) fn address(alias: &str) -> String {
    let lower = alias.to_ascii_lowercase();
    lower.strip_prefix("dualstack.").unwrap_or(&lower).to_owned()
}

/// Whether the address is that of a load balancer with a name of the cluster, one that was deleted for example.
pub(crate) fn was_ours(cluster: &ClusterName, address: &str) -> bool {
    let named = address.strip_prefix("internal-").unwrap_or(address);
    let of_name = |name: &String| named.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-'));
    address.contains(".elb.") && names::load_balancer_names(cluster).iter().any(of_name)
}

fn taken(task: &Task<'_>, wish: &Wish<'_>) -> CloudError {
    let Wish { change, name, kind, .. } = wish;
    let message = format!("there is a record {name} {kind} that does not lead to a load balancer of {}", task.cluster);
    CloudError::new(ErrorClass::Conflict, CHANGE, message)
        .with_hint(format!("remove it if nobody needs it, then apply again; {} is not touched", change.key))
}
