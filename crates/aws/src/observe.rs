//! Everything of a cluster: the parts of all services, read at the same time and joined.

use kedge_cloud::{CloudError, ClusterSummary, ErrorClass, Identity, Observe};
use kedge_resource::inventory::Unreadable;
use kedge_resource::{ClusterName, Facts, FactsQuery, Inventory, Kind, Observed};

use crate::client::Aws;
use crate::{autoscaling, ec2};

/// What one service has of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The resources.
    pub(crate) resources: Vec<Observed>,
    /// What could not be read.
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Part {
    /// Takes the answer of a read. A denied one is noted for the kinds that it leaves out, and counts as empty.
    pub(crate) fn accept<T: Default>(
        &mut self,
        kinds: &[Kind],
        answer: Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        match answer {
            Err(error) if error.class == ErrorClass::Denied => {
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
        Err(CloudError::new(ErrorClass::Other, "sts:GetCallerIdentity", "not read here"))
    }

    async fn facts(&self, _query: &FactsQuery) -> Result<Facts, CloudError> {
        Err(CloudError::new(ErrorClass::Other, "ec2:DescribeRegions", "not read here"))
    }

    async fn inventory(&self, cluster: &ClusterName) -> Result<Inventory, CloudError> {
        let (ec2, autoscaling) =
            tokio::try_join!(Box::pin(ec2::observe(self, cluster)), Box::pin(autoscaling::observe(self, cluster)))?;
        let mut all = ec2;
        all.extend(autoscaling);
        let mut inventory =
            Inventory { cluster: cluster.clone(), resources: all.resources, unreadable: all.unreadable };
        inventory.sort();
        Ok(inventory)
    }

    async fn clusters(&self) -> Result<Vec<ClusterSummary>, CloudError> {
        ec2::clusters(self).await
    }
}
