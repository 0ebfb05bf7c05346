//! What an account offers, as one document.

use kedge_cloud::Observe;
use kedge_resource::{Facts, FactsQuery};

use crate::error::OpError;
use crate::manifests::Specification;

/// Asks the account for what a specification needs to know; without one, for what every cluster needs to know.
///
/// # Errors
/// The account does not answer.
pub async fn facts<O: Observe>(cloud: &O, specification: Option<&Specification>) -> Result<Facts, OpError> {
    let query = match specification {
        Some(specification) => kedge_model::facts_query(&specification.resolved),
        None => FactsQuery { hosted_zones: true, ..FactsQuery::default() },
    };
    cloud.facts(&query).await.map_err(OpError::cloud("read what the account offers"))
}
