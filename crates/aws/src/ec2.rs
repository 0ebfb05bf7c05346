//! EC2.

use kedge_cloud::{CloudError, ClusterSummary, StepOutcome};
use kedge_resource::ClusterName;

use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, bug};

pub(crate) async fn observe(_aws: &Aws, _cluster: &ClusterName) -> Result<Part, CloudError> {
    Ok(Part::default())
}
pub(crate) async fn clusters(_aws: &Aws) -> Result<Vec<ClusterSummary>, CloudError> {
    Ok(Vec::new())
}
pub(crate) async fn realize(_task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    Err(bug("x"))
}
