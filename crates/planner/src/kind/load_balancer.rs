//! Load balancers: AWS reports every attribute there is, and the addresses that it chose. What is off by default counts as
//! off where an endpoint leaves it out.

use kedge_resource::kind::LoadBalancer;

/// The value of access logs, cross-zone balancing and deletion protection until somebody turns them on.
const OFF: &str = "false";

pub(super) fn disregard(want: &LoadBalancer, have: &mut LoadBalancer) {
    have.load_balancer_attributes.retain(|key, _| want.load_balancer_attributes.contains_key(key));
    for (key, value) in want.load_balancer_attributes.iter().filter(|(_, value)| *value == OFF) {
        have.load_balancer_attributes.entry(key.clone()).or_insert_with(|| value.clone());
    }
    for mapping in &mut have.subnet_mappings {
        let Some(wanted) = want.subnet_mappings.iter().find(|wanted| wanted.subnet == mapping.subnet) else { continue };
        if wanted.allocation_id.is_none() {
            mapping.allocation_id = None;
        }
        if wanted.private_ipv4_address.is_none() {
            mapping.private_ipv4_address = None;
        }
    }
}
