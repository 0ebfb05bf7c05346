//! Reading from a cloud.

use std::future::Future;

use kedge_resource::inventory::Observed;
use kedge_resource::{ClusterName, Facts, FactsQuery, Inventory, Resource, ResourceKey};
use serde::{Deserialize, Serialize};

use crate::error::CloudError;

/// Who is asking, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Account id, twelve digits.
    pub account_id: String,
    /// ARN of the caller.
    pub caller: String,
    /// Partition such as `aws`.
    pub partition: String,
    /// Region such as `us-east-1`.
    pub region: String,
}

/// A cluster that was found by its ownership tags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSummary {
    /// Its name.
    pub name: ClusterName,
    /// Id of its own VPC, if it has one.
    pub vpc: Option<String>,
    /// Names of its instance groups, sorted.
    pub instance_groups: Vec<String>,
    /// Number of instances in its auto scaling groups.
    pub instances: usize,
}

/// How much of a cluster an inventory shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What manifests can ask for. Planning an apply needs no more, and a cluster may have thousands of instances.
    Manifests,
    /// That, and what auto scaling groups and controllers made: instances, network interfaces, classic load balancers.
    Everything,
}

/// Every read that kedge makes. Reads are retried inside; what fails here failed for good.
pub trait Observe: Send + Sync {
    /// Who is asking. Needs no permission on AWS.
    fn identity(&self) -> impl Future<Output = Result<Identity, CloudError>> + Send;

    /// What the account offers, as far as `query` asks for it. Things that do not exist are absent from the answer: the
    /// caller knows what it asked for.
    fn facts(&self, query: &FactsQuery) -> impl Future<Output = Result<Facts, CloudError>> + Send;

    /// Everything of a cluster, and foreign things that stand under names of the cluster. A denied read becomes an
    /// [`kedge_resource::inventory::Unreadable`] entry; other failures are errors. The result is sorted.
    fn inventory(
        &self,
        cluster: &ClusterName,
        scope: Scope,
    ) -> impl Future<Output = Result<Inventory, CloudError>> + Send;

    /// The clusters of the region, by name.
    fn clusters(&self) -> impl Future<Output = Result<Vec<ClusterSummary>, CloudError>> + Send;

    /// The text of something whose inventory shows a digest alone; nothing where there is no more to it.
    fn content(&self, _observed: &Observed) -> impl Future<Output = Result<Option<String>, CloudError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Of things that look as they are wanted those whose content is another one all the same, as far as that can be told
    /// without reading everything.
    fn damaged(
        &self,
        _wanted: &[Resource],
        _inventory: &Inventory,
    ) -> impl Future<Output = Result<Vec<ResourceKey>, CloudError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// The versions of Kubernetes that the control planes of these groups say they run, as far as somebody keeps that.
    fn control_plane_versions(&self, _groups: &[&str]) -> impl Future<Output = Result<Vec<String>, CloudError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }
}
