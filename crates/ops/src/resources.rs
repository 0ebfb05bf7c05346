//! What AWS shall hold, as the neutral resource list.

use kedge_cloud::Observe;
use kedge_resource::Facts;

use crate::error::OpError;
use crate::manifests::Specification;
use crate::{facts, plan};

/// The list for given facts.
///
/// # Errors
/// The facts cannot give what the manifests ask for.
pub fn resources(specification: &Specification, facts: &Facts) -> Result<serde_json::Value, OpError> {
    Ok(kedge_model::neutral(&plan::desired(specification, facts)?))
}

/// The list for an account.
///
/// # Errors
/// The account does not answer or cannot give what the manifests ask for.
pub async fn resources_in<O: Observe>(cloud: &O, specification: &Specification) -> Result<serde_json::Value, OpError> {
    resources(specification, &facts::facts(cloud, Some(specification)).await?)
}
