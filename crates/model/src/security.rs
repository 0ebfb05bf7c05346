//! Security groups and their rules.
//!
//! Rules are made for existing groups (overrides) as for the cluster's own. A rule between two roles exists for every pair
//! of their groups.

mod api;
mod bastion;
mod external_access;
mod groups;
mod instances;
mod rule;

pub(crate) use groups::load_balancer_group;

use crate::lowering::Lowering;

/// Makes groups and rules.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    let roles = groups::Roles::new(lowering);
    groups::lower(lowering);
    instances::lower(lowering, &roles);
    external_access::lower(lowering, &roles);
    api::lower(lowering, &roles);
    bastion::lower(lowering, &roles);
}

#[cfg(test)]
mod tests;
