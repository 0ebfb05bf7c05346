//! Compares what AWS shall hold with what it holds, and decides every change and its order.
mod error;
mod schedule;

pub use error::PlanError;
pub use schedule::{CycleError, Schedule, ScheduledStep, Verb, schedule};

use kedge_resource::{Desired, Inventory, Plan};

/// Where a plan is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanContext {
    /// Account id, twelve digits.
    pub account_id: String,
    /// Region such as `us-east-1`.
    pub region: String,
}

/// Plans what makes AWS hold what is desired.
///
/// # Errors
/// The desired resources break the contract between model and planner.
pub fn plan_apply(desired: &Desired, inventory: &Inventory, context: &PlanContext) -> Result<Plan, PlanError> {
    let _ = (desired, inventory, context);
    unimplemented!()
}

/// Plans the removal of everything that the cluster owns.
///
/// # Errors
/// Resources hold each other in a cycle.
pub fn plan_delete(inventory: &Inventory, context: &PlanContext) -> Result<Plan, PlanError> {
    let _ = (inventory, context);
    unimplemented!()
}
