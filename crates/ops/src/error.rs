//! Why an operation gave no result.

use kedge_cloud::CloudError;
use kedge_diag::Diagnostics;
use kedge_planner::PlanError;
use thiserror::Error;

/// Why an operation gave no result.
#[derive(Debug, Error)]
pub enum OpError {
    /// The account did not answer as it should.
    #[error("{doing}")]
    Cloud {
        /// What was being done: reads after "failed to".
        doing: &'static str,
        /// The answer.
        #[source]
        source: CloudError,
    },
    /// The manifests ask for what this account cannot give.
    #[error("the manifests do not fit the account")]
    Manifests(Diagnostics),
    /// The planner found no plan: a bug.
    #[error("compute the plan")]
    Plan(#[source] PlanError),
}

impl OpError {
    /// Says what was being done when the cloud failed.
    pub(crate) fn cloud(doing: &'static str) -> impl Fn(CloudError) -> Self {
        move |source| Self::Cloud { doing, source }
    }
}
