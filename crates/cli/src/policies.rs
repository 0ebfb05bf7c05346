//! `--policy`: which policies there are, what they find, and what follows from it.

use camino::Utf8PathBuf;
use clap::Args;
use kedge_ops::policies::{findings, sources};
use kedge_ops::{Proposal, Specification};
use kedge_policy::Policies;
use kedge_resource::Finding;
use kedge_resource::finding::Severity;

use crate::error::CliError;

/// Policies that a plan has to keep.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PolicyArgs {
    /// Check the plan by the Rego policies of this directory or file, and refuse what they deny; repeatable
    #[arg(long, value_name = "DIR")]
    policy: Vec<Utf8PathBuf>,
}

impl PolicyArgs {
    /// Whether any are named.
    pub(crate) fn is_given(&self) -> bool {
        !self.policy.is_empty()
    }

    /// Compiles the policies, if any are named. Before an account is asked, so that mistakes in them cost no time.
    pub(crate) fn compile(&self) -> Result<Option<Policies>, CliError> {
        if self.policy.is_empty() {
            return Ok(None);
        }
        Ok(Some(Policies::compile(&sources(&self.policy)?).map_err(CliError::policies)?))
    }
}

/// What the policies find in a plan.
pub(crate) fn check(
    policies: Option<&Policies>,
    proposal: &Proposal,
    specification: &Specification,
) -> Result<Vec<Finding>, CliError> {
    match policies {
        Some(policies) => {
            findings(policies, proposal.plan(), proposal.desired(), specification).map_err(CliError::policies)
        }
        None => Ok(Vec::new()),
    }
}

/// Refuses what is denied.
pub(crate) fn refuse<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Result<(), CliError> {
    let denied: Vec<&Finding> = findings.into_iter().filter(|finding| finding.severity == Severity::Deny).collect();
    let Some(first) = denied.first() else { return Ok(()) };
    let heading = match denied.len() {
        1 => format!("the policy {} denies this plan; nothing was changed", first.policy),
        count => format!("policies deny this plan {count} times; nothing was changed"),
    };
    Err(CliError::user(heading).hint("change the manifests, or have the policy changed"))
}
