//! Network load balancers of the API and of the bastions, with listeners and target groups.

mod api;
mod bastion;
mod mappings;
mod parts;

pub(crate) use mappings::candidate_subnets;

use crate::lowering::Lowering;

/// Port of the API without the certificate of the manifest, for clients with certificates of their own: a load balancer
/// that ends TLS does not pass those on.
pub(crate) const SECOND_API_PORT: u16 = 8443;
/// Port at which nodes register.
pub(crate) const CONTROLLER_PORT: u16 = 3988;
/// Port of the etcd cluster of Cilium.
pub(crate) const CILIUM_ETCD_PORT: u16 = 4003;

/// Makes the load balancers.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    api::lower(lowering);
    bastion::lower(lowering);
}

#[cfg(test)]
mod tests;
