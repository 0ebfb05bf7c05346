//! What the account cannot give the manifests, all of it at once.
//!
//! Only what needs facts is checked here; what manifests say about themselves was checked when they were read.

mod dns;
mod groups;
mod near;
mod network;
mod oddities;

use crate::lowering::Lowering;

/// Reports what is missing in the account.
pub(crate) fn check(lowering: &mut Lowering<'_>) {
    network::check(lowering);
    dns::check(lowering);
    groups::check(lowering);
}

/// Says what a person should know who reads the plan.
pub(crate) fn remarks(lowering: &mut Lowering<'_>) {
    oddities::remark(lowering);
}

#[cfg(test)]
mod tests;
