//! The network: VPC, gateways, subnets, route tables, NAT gateways.

mod dhcp_options;
mod gateways;
mod nat;
mod route_tables;
mod subnets;
mod vpc;

pub(crate) use gateways::{needs_egress_only_gateway, needs_internet_gateway};

use crate::lowering::Lowering;

/// Makes the network.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    vpc::lower(lowering);
    dhcp_options::lower(lowering);
    gateways::lower(lowering);
    subnets::lower(lowering);
    route_tables::lower(lowering);
    nat::lower(lowering);
}

#[cfg(test)]
mod tests;
