//! A plan as JSON: the document itself, with the totals that the text ends in.

use kedge_resource::Plan;
use kedge_resource::plan::Totals;
use serde::Serialize;

/// A plan document and its totals. A reader of plan documents ignores the totals.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanView<'a> {
    /// The document.
    #[serde(flatten)]
    pub plan: &'a Plan,
    /// Numbers of changes.
    pub totals: Totals,
}

/// The view of a plan.
#[must_use]
pub fn view(plan: &Plan) -> PlanView<'_> {
    PlanView { plan, totals: plan.totals() }
}
