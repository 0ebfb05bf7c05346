//! The hosted zones of the account.

use std::collections::BTreeSet;

use kedge_cloud::{CloudError, ErrorClass};
use kedge_resource::ClusterName;
use kedge_resource::facts::HostedZone;
use tokio::sync::Mutex;

use super::plain_name;
use crate::client::Aws;

/// A hosted zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Id without `/hostedzone/`.
    pub(super) id: String,
    /// Name without the final dot.
    pub(super) name: String,
    /// Whether only VPCs see it.
    pub(super) private: bool,
    /// How many records it has.
    pub(super) records: i64,
}

impl Zone {
    /// Whether names of the cluster can be in it.
    pub(super) fn can_hold(&self, cluster: &ClusterName) -> bool {
        let rest = cluster.as_str().strip_suffix(self.name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// Who asks for the zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The facts.
    Facts,
    /// The inventory.
    Inventory,
}

/// A plan needs the list of zones twice, for the facts and for the inventory, and Route 53 allows an account five calls a
/// second. Whoever reads the list first leaves a copy for the other one, who takes it away: reading facts or inventory again
/// asks again.
#[derive(Debug, Default)]
pub(crate) struct ZoneMemo {
    left: Mutex<Left>,
}

#[derive(Debug, Default)]
struct Left {
    for_facts: Option<Vec<Zone>>,
    for_inventory: Option<Vec<Zone>>,
}

/// The zones of the account, in the order of their names.
pub(super) async fn read(aws: &Aws, reader: Reader) -> Result<Vec<Zone>, CloudError> {
    // held while the other one reads: it is the same answer that is waited for
    let mut left = aws.zones().left.lock().await;
    let mine = match reader {
        Reader::Facts => left.for_facts.take(),
        Reader::Inventory => left.for_inventory.take(),
    };
    if let Some(zones) = mine {
        return Ok(zones);
    }
    let zones = list(aws).await?;
    match reader {
        Reader::Facts => left.for_inventory = Some(zones.clone()),
        Reader::Inventory => left.for_facts = Some(zones.clone()),
    }
    Ok(zones)
}

async fn list(aws: &Aws) -> Result<Vec<Zone>, CloudError> {
    let mut zones = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .read("route53:ListHostedZones", || aws.route53().list_hosted_zones().set_marker(marker.clone()).send())
            .await?;
        zones.extend(page.hosted_zones.into_iter().map(|raw| Zone {
            id: short_id(&raw.id).to_owned(),
            name: plain_name(&raw.name),
            private: raw.config.is_some_and(|config| config.private_zone),
            records: raw.resource_record_set_count.unwrap_or_default(),
        }));
        marker = page.next_marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            zones.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            return Ok(zones);
        }
    }
}

/// The zones for the facts. Which VPCs see a private zone is asked for the one VPC that matters: an existing one that the
/// manifest names. A VPC of the cluster's own is in the inventory.
pub(crate) async fn facts(aws: &Aws, vpc: Option<&str>) -> Result<Vec<HostedZone>, CloudError> {
    let (zones, seen) = tokio::try_join!(
        Box::pin(read(aws, Reader::Facts)),
        Box::pin(async {
            match vpc {
                Some(vpc) => seen_by(aws, vpc).await,
                None => Ok(BTreeSet::new()),
            }
        })
    )?;
    Ok(zones
        .into_iter()
        .map(|Zone { id, name, private, records: _ }| {
            let vpcs = vpc.filter(|_| private && seen.contains(&id)).map(str::to_owned).into_iter().collect();
            HostedZone { id, name, private, vpcs }
        })
        .collect())
}

/// Ids of the private zones that a VPC sees.
async fn seen_by(aws: &Aws, vpc: &str) -> Result<BTreeSet<String>, CloudError> {
    let mut seen = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let answer = aws
            .read("route53:ListHostedZonesByVPC", || {
                aws.route53()
                    .list_hosted_zones_by_vpc()
                    .vpc_id(vpc)
                    .vpc_region(aws.region().into())
                    .set_next_token(token.clone())
                    .send()
            })
            .await;
        let page = match answer {
            Ok(page) => page,
            // a VPC that does not exist is for the model to complain about
            Err(error)
                if matches!(error.class, ErrorClass::NotFound | ErrorClass::NotReadyYet | ErrorClass::Invalid) =>
            {
                return Ok(seen);
            }
            Err(error) => return Err(error),
        };
        seen.extend(page.hosted_zone_summaries.into_iter().map(|zone| short_id(&zone.hosted_zone_id).to_owned()));
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(seen);
        }
    }
}

/// A zone id without `/hostedzone/`.
fn short_id(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zones_above_the_cluster_can_hold_its_names() {
        let cluster = ClusterName::parse("a.example.com").unwrap();
        for (name, can) in [
            ("example.com", true),
            ("a.example.com", true),
            ("com", true),
            ("xample.com", false),
            ("b.a.example.com", false),
        ] {
            let zone = Zone { id: "Z1".to_owned(), name: name.to_owned(), private: false, records: 2 };
            assert_eq!(zone.can_hold(&cluster), can, "{name}");
        }
    }
}
