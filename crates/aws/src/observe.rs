//! Everything of a cluster: the parts of all services, read at the same time and joined.

use kedge_cloud::{CloudError, ClusterSummary, ErrorClass, Identity, Observe, Scope};
use kedge_resource::inventory::Unreadable;
use kedge_resource::{ClusterName, Facts, FactsQuery, Inventory, Kind, Observed};

use crate::client::Aws;
use crate::{autoscaling, clusters, dns, ec2, elb, events, facts, iam, identity};

/// What one service has of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The resources.
    pub(crate) resources: Vec<Observed>,
    /// What could not be read.
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Part {
    /// Takes the answer of a read. One that is denied, or holds what kedge does not understand, is noted for the kinds that it
    /// leaves out, and counts as empty.
    pub(crate) fn accept<T: Default>(
        &mut self,
        kinds: &[Kind],
        answer: Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        match answer {
            Err(error) if matches!(error.class, ErrorClass::Denied | ErrorClass::Unreadable) => {
                self.unreadable.extend(kinds.iter().map(|kind| Unreadable {
                    kind: *kind,
                    call: error.call.clone(),
                    why: error.message.clone(),
                }));
                Ok(T::default())
            }
            other => other,
        }
    }

    /// Adds what another part has.
    pub(crate) fn extend(&mut self, other: Self) {
        self.resources.extend(other.resources);
        self.unreadable.extend(other.unreadable);
    }
}

impl Observe for Aws {
    async fn identity(&self) -> Result<Identity, CloudError> {
        identity::identity(self).await
    }

    async fn facts(&self, query: &FactsQuery) -> Result<Facts, CloudError> {
        Box::pin(facts::read(self, query)).await
    }

    async fn inventory(&self, cluster: &ClusterName, scope: Scope) -> Result<Inventory, CloudError> {
        let (ec2, autoscaling, (elb, balancers), zones, iam, events) = tokio::try_join!(
            Box::pin(ec2::observe(self, cluster, scope)),
            Box::pin(autoscaling::observe(self, cluster)),
            Box::pin(elb::observe(self, cluster, scope)),
            Box::pin(dns::observe(self, cluster)),
            Box::pin(iam::observe(self, cluster)),
            Box::pin(events::observe(self, cluster)),
        )?;
        let dns = zones.into_part(cluster, &balancers, &ec2.resources);
        let mut all = ec2;
        for part in [autoscaling, elb, dns, iam, events] {
            all.extend(part);
        }
        let mut inventory =
            Inventory { cluster: cluster.clone(), resources: all.resources, unreadable: all.unreadable };
        inventory.sort();
        Ok(inventory)
    }

    async fn clusters(&self) -> Result<Vec<ClusterSummary>, CloudError> {
        clusters::read(self).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_noted_and_other_failures_end_the_reading() {
        let mut part = Part::default();
        let mut failed = |class| {
            let answer: Result<Option<()>, _> = Err(CloudError::new(class, "iam:GetRole", "why"));
            part.accept(&[Kind::Role], answer).map_err(|error| error.class)
        };
        assert_eq!(failed(ErrorClass::Denied), Ok(None));
        assert_eq!(failed(ErrorClass::Unreadable), Ok(None));
        assert_eq!(failed(ErrorClass::Transient), Err(ErrorClass::Transient));
        let noted: Vec<_> = part.unreadable.iter().map(|one| (one.kind, one.call.as_str(), one.why.as_str())).collect();
        assert_eq!(noted, [(Kind::Role, "iam:GetRole", "why"); 2]);
    }
}
