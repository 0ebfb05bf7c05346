//! Plans as JSON: for one cluster the plan document with its totals, for several a list of them.

use kedge_diag::Severity;
use kedge_resource::plan::Totals;
use kedge_resource::{Finding, Plan, Position};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, Planned, Problem, Review, Reviewed};

/// Version of the document of several clusters that this code writes.
pub const PLANS_FORMAT_VERSION: u32 = 1;

/// A plan document, its totals, and what policies found. A reader of plan documents ignores what it does not know. What users
/// may have hidden in user data and in tags is replaced by a description.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// The document.
    #[serde(flatten)]
    pub plan: Plan,
    /// Numbers of changes.
    pub totals: Totals,
    /// What policies found; absent if none were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<Finding>>,
}

/// The plans of several clusters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlansView {
    /// Version of this format; a reader refuses versions that it does not know.
    pub format_version: u32,
    /// The clusters, by name.
    pub clusters: Vec<ClusterView>,
}

/// One of several clusters: exactly one of `plan` and `failure` is there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    /// The cluster, or the file that does not say which it is of.
    pub name: String,
    /// The plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanView>,
    /// Why there is no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
}

/// Why there is no plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureView {
    /// What failed.
    pub summary: String,
    /// Why, the nearest cause first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// What is wrong with the manifests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ProblemView>,
}

/// Something about a manifest.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemView {
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier such as `subnet-outside-vpc`.
    pub code: String,
    /// What, why, and what to do.
    pub text: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// The document as text: that of the one cluster, or the list.
///
/// # Errors
/// A plan holds something that JSON cannot: a bug.
pub fn render(review: &Review) -> Result<String, serde_json::Error> {
    let text = match review.clusters.as_slice() {
        [Reviewed::Planned(planned)] => serde_json::to_string_pretty(&of_plan(planned))?,
        clusters => {
            let mut clusters: Vec<ClusterView> = clusters.iter().map(of_cluster).collect();
            clusters.sort_by(|a, b| a.name.cmp(&b.name));
            serde_json::to_string_pretty(&PlansView { format_version: PLANS_FORMAT_VERSION, clusters })?
        }
    };
    Ok(text + "\n")
}

fn of_cluster(reviewed: &Reviewed) -> ClusterView {
    let (plan, failure) = match reviewed {
        Reviewed::Planned(planned) => (Some(of_plan(planned)), None),
        Reviewed::Failed(failure) => (None, Some(of_failure(failure))),
    };
    ClusterView { name: reviewed.name().to_owned(), plan, failure }
}

fn of_plan(planned: &Planned) -> PlanView {
    let plan = planned.plan().clone();
    PlanView { totals: plan.totals(), plan, findings: planned.findings.clone() }
}

fn of_failure(failure: &Failure) -> FailureView {
    let Failure { name: _, summary, causes, hints, problems } = failure;
    let problems = problems.iter().map(|problem| {
        let Problem { severity, code, text, position } = problem.clone();
        ProblemView { severity, code, text, position }
    });
    FailureView { summary: summary.clone(), causes: causes.clone(), hints: hints.clone(), problems: problems.collect() }
}
