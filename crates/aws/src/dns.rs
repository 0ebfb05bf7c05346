//! Route 53: the records that lead to the load balancers, and which VPCs see a private zone. Zones themselves are never made
//! or removed.

mod association;
mod record_set;
mod zones;

use futures_util::future::{join, join_all};
use kedge_cloud::{CloudError, StepOutcome, Verb};
use kedge_resource::{ClusterName, Kind, Observed};

use crate::client::Aws;
use crate::elb::Balancer;
use crate::observe::Part;
use crate::realize::{Task, done, unsupported};

pub(crate) use zones::{Reader, ZoneMemo, facts};

/// What was read of the zones that the cluster's names can be in. Whose it is shows when the load balancers and VPCs are
/// known.
#[derive(Debug, Default)]
pub(crate) struct Found {
    part: Part,
    records: Vec<record_set::Found>,
    /// Zone id and VPC id.
    associations: Vec<(String, String)>,
}

/// Reads the zones.
pub(crate) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Found, CloudError> {
    let mut found = Found::default();
    let zones = zones::read(aws, Reader::Inventory).await;
    let zones = found.part.accept(&[Kind::RecordSet, Kind::HostedZoneAssociation], zones)?;
    let candidates = zones.iter().filter(|zone| zone.can_hold(cluster));
    let read = join_all(candidates.map(|zone| {
        Box::pin(async move {
            join(Box::pin(record_set::read(aws, cluster, zone)), Box::pin(association::read(aws, zone))).await
        })
    }));
    for (records, associations) in read.await {
        let records = found.part.accept(&[Kind::RecordSet], records)?;
        found.records.extend(records);
        let associations = found.part.accept(&[Kind::HostedZoneAssociation], associations)?;
        found.associations.extend(associations);
    }
    Ok(found)
}

impl Found {
    /// The part of the inventory, with the load balancers of the account and the resources of EC2 known.
    pub(crate) fn into_part(self, cluster: &ClusterName, balancers: &[Balancer], ec2: &[Observed]) -> Part {
        let Self { mut part, records, associations } = self;
        part.resources.extend(records.into_iter().filter_map(|record| record.observed(cluster, balancers)));
        part.resources.extend(associations.iter().filter_map(|(zone, vpc)| association::observed(zone, vpc, ec2)));
        part
    }
}

/// Does a step that begins with a resource of this service.
pub(crate) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let change = task.first()?;
    match (change.key.kind, task.step.verb) {
        (Kind::RecordSet, _) => record_set::realize(task).await,
        (Kind::HostedZoneAssociation, Verb::Create) => Ok(done(change, association::create(task, change).await?)),
        (Kind::HostedZoneAssociation, Verb::Delete) => {
            association::delete(task, change).await?;
            Ok(StepOutcome::default())
        }
        (_, verb) => Err(unsupported(verb, &change.key)),
    }
}

/// A name as Route 53 returns it, without the final dot, and with `\052` and the like as the characters that they stand for.
fn plain_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name.strip_suffix('.').unwrap_or(name);
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        plain.push_str(before);
        let digits = escaped.get(1..4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match digits {
            Some(byte) => {
                plain.push(char::from(byte));
                rest = escaped.get(4..).unwrap_or_default();
            }
            None => {
                plain.push('\\');
                rest = escaped.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(plain_name("api.a.example.com."), "api.a.example.com");
        assert_eq!(plain_name("\\052.example.com."), "*.example.com");
        assert_eq!(plain_name("a\\x"), "a\\x");
    }
}
