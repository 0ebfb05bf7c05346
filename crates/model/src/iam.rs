//! IAM: roles and profiles of instances, roles of service accounts, and what each may do.

mod instance_roles;
mod oidc_provider;
mod permissions;
mod policy;
mod role;
mod service_accounts;

use crate::lowering::Lowering;

/// Makes roles, profiles, policies and the OIDC provider.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    instance_roles::lower(lowering);
    service_accounts::lower(lowering);
    oidc_provider::lower(lowering);
}

#[cfg(test)]
mod tests;
