//! Compares what AWS shall hold with what it holds, and decides every change and its order.
//!
//! [`plan_apply`] and [`plan_delete`] are functions of their arguments: the same desired resources and inventory give the
//! same plan, byte for byte. [`compare`] does the same with two versions of what is desired. [`schedule`] turns a plan, also
//! one that was saved, into steps for the engine. Nothing here reads or writes anything, and nothing is decided after planning.
//!
//! In a plan, references to resources that stay are ids, and what else AWS knows of those resources is in
//! [`Plan::handles`](kedge_resource::Plan); `${kind/name}` stands for an id that this plan brings about.

mod apply;
mod batch;
mod compare;
mod delete;
mod diff;
mod error;
mod graph;
mod handles;
mod index;
mod kind;
mod legal;
mod needs;
mod references;
mod removal;
mod replacement;
mod resolve;
mod roll;
mod schedule;
mod tags;
mod undesired;
mod wanted;

#[cfg(test)]
mod tests;

pub use apply::plan_apply;
pub use compare::compare;
pub use delete::plan_delete;
pub use error::PlanError;
pub use references::{AnyRef, managed_references, visit_references, visit_references_mut};
pub use schedule::{CycleError, Schedule, ScheduledStep, Verb, schedule};

/// Where a plan is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanContext {
    /// Account id, twelve digits.
    pub account_id: String,
    /// Region such as `us-east-1`.
    pub region: String,
}
