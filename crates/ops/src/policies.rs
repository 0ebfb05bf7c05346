//! What the policies of whoever runs kedge have to say about a plan.

use std::sync::Arc;

use camino::Utf8PathBuf;
use kedge_diag::{Diagnostics, Source};
use kedge_policy::{Input, Policies, Wanted};
use kedge_resource::{Finding, Plan, Resource};

use crate::load::{self, LoadError};
use crate::manifests::Specification;

/// Reads the policies of directories and files: `.rego`, without those that end in `_test.rego`.
///
/// # Errors
/// One is missing, cannot be read, or has no policies.
pub fn sources(paths: &[Utf8PathBuf]) -> Result<Vec<Arc<Source>>, LoadError> {
    let mut sources = Vec::new();
    for path in paths {
        let files = load::with_extensions(path, &["rego"])?.into_iter().map(|(_, source)| source);
        let policies: Vec<_> = files.filter(|source| !kedge_policy::is_test(&source.name)).collect();
        if policies.is_empty() {
            return Err(LoadError::NoPolicies { path: path.clone() });
        }
        sources.extend(policies);
    }
    Ok(sources)
}

/// What policies find in a plan, the worst first, with the places in the manifests that decide it.
///
/// # Errors
/// A policy fails.
pub fn findings(
    policies: &Policies,
    plan: &Plan,
    desired: &[Resource],
    specification: &Specification,
) -> Result<Vec<Finding>, Diagnostics> {
    let input = Input {
        plan,
        desired: desired.iter().map(Wanted::from).collect(),
        manifests: specification.manifests.values(specification.cluster()),
    };
    let mut findings = policies.evaluate(&input)?;
    for finding in &mut findings {
        finding.position = match &finding.key {
            Some(key) => match plan.changes.iter().find(|change| change.key == *key) {
                Some(change) => specification.place_of_change(change),
                None => specification.place_of(key),
            },
            None => specification.place_of_cluster(),
        };
    }
    Ok(findings)
}
