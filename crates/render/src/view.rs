//! Plans for people who are not at the terminal, and for programs: one file for each view.
//!
//! A [`Review`] is what every view shows: one entry for each cluster, planned or not. What users may have hidden in the texts of
//! a plan is withheld when an entry is made ([`Planned::new`]), so that no view can show it: comments, reports and pages are
//! read by more people than the terminal of whoever plans.

use std::collections::BTreeMap;

use kedge_diag::{Diagnostic, Severity};
use kedge_resource::plan::Purpose;
use kedge_resource::{Finding, Plan, Position, Resource, ResourceKey};

mod changes;
mod escape;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod remarks;
mod rolling;
pub mod sarif;
pub mod slack;
mod verdict;
mod withhold;

pub(crate) use withhold::described;
pub use withhold::withhold;

/// What is reviewed: one or more clusters.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// The clusters, in any order; views put the worst first.
    pub clusters: Vec<Reviewed>,
}

impl Review {
    /// The command whose result is shown: plans of an account, or differences of two versions of the manifests.
    pub(crate) fn command(&self) -> &'static str {
        let compares = |reviewed: &Reviewed| match reviewed {
            Reviewed::Planned(planned) => planned.plan.purpose == Purpose::Compare,
            Reviewed::Failed(_) => false,
        };
        if self.clusters.iter().any(compares) { "kedge diff" } else { "kedge plan" }
    }

    /// What views name that have no room for everything.
    pub(crate) fn whole(&self) -> &'static str {
        if self.command() == "kedge diff" { "The whole difference" } else { "The whole plan" }
    }
}

/// One cluster of a review.
#[derive(Clone, Debug)]
pub enum Reviewed {
    /// There is a plan.
    Planned(Box<Planned>),
    /// There is none.
    Failed(Failure),
}

/// A plan with what is known about it.
#[derive(Clone, Debug)]
pub struct Planned {
    plan: Plan,
    /// What policies found; absent if none were asked.
    pub findings: Option<Vec<Finding>>,
    /// Where the manifests decide about what changes and what is remarked.
    pub places: BTreeMap<ResourceKey, Position>,
    /// What is worth knowing about the manifests.
    pub problems: Vec<Problem>,
    /// The files that the plan is for, as they were named.
    pub manifests: Vec<String>,
    /// The file that holds the plan for `kedge apply`; absent if it was not saved.
    pub saved: Option<Saved>,
    /// Everything that AWS shall hold, for drawings; may be empty.
    pub desired: Vec<Resource>,
}

/// A plan in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The file.
    pub path: String,
    /// The plan's digest, as hexadecimal digits.
    pub digest: String,
}

/// Why there is no plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The cluster, or the file that does not say which it is of.
    pub name: String,
    /// What failed.
    pub summary: String,
    /// Why, the nearest cause first.
    pub causes: Vec<String>,
    /// What to do.
    pub hints: Vec<String>,
    /// What is wrong with the manifests.
    pub problems: Vec<Problem>,
}

/// Something about a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier such as `subnet-outside-vpc`.
    pub code: String,
    /// What, why, and what to do.
    pub text: String,
    /// Where.
    pub position: Option<Position>,
}

/// Code of problems whose detail repeats what stands in a field. What was meant as user data may stand in the wrong place.
const REPEATS_VALUES: &str = "wrong-type";

impl Problem {
    /// What a diagnostic says, in one text.
    #[must_use]
    pub fn of(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { severity, code, summary, detail, path, span, hint } = diagnostic;
        let what = if *code == REPEATS_VALUES { summary } else { detail.as_str() };
        let path = path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
        let hint = hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let position = span.as_ref().map(|span| {
            let (line, column) = span.line_column();
            Position { path: span.source.name.clone(), line, column }
        });
        Self { severity: *severity, code: (*code).to_owned(), text: format!("{path}{what}{hint}"), position }
    }
}

impl Planned {
    /// An entry for a plan, about which nothing else is known yet. What may be secret is withheld.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            plan: withhold(plan),
            findings: None,
            places: BTreeMap::new(),
            problems: Vec::new(),
            manifests: Vec::new(),
            saved: None,
            desired: Vec::new(),
        }
    }

    /// The plan, without what is withheld.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What policies found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.findings.as_deref().unwrap_or_default()
    }
}

impl Reviewed {
    /// The cluster, or what stands for it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Planned(planned) => planned.plan.cluster.as_str(),
            Self::Failed(failure) => &failure.name,
        }
    }
}

impl From<Planned> for Reviewed {
    fn from(planned: Planned) -> Self {
        Self::Planned(Box::new(planned))
    }
}
