//! Which subnets a load balancer stands in.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kedge_diag::Diagnostic;
use kedge_resource::Ref;
use kedge_resource::kind::SubnetMapping;
use kedge_spec::resolved::{LoadBalancerSubnet, Role, SubnetType};

use crate::lowering::Lowering;
use crate::subnets::ZonedSubnet;

/// A load balancer's subnets, and whether all of them have IPv6.
pub(super) struct Mappings {
    pub(super) subnets: Vec<SubnetMapping>,
    pub(super) dual_stack: bool,
}

impl Mappings {
    /// `ipv4` or `dualstack`.
    pub(super) fn ip_address_type(&self) -> &'static str {
        if self.dual_stack { "dualstack" } else { "ipv4" }
    }

    fn new(mut chosen: Vec<(&ZonedSubnet<'_>, Option<&LoadBalancerSubnet>)>) -> Self {
        chosen.sort_by_key(|(subnet, _)| subnet.reference.clone());
        Self {
            dual_stack: !chosen.is_empty() && chosen.iter().all(|(subnet, _)| subnet.spec.ipv6_cidr.is_some()),
            subnets: chosen
                .into_iter()
                .map(|(subnet, wish)| SubnetMapping {
                    subnet: subnet.reference.clone(),
                    allocation_id: wish.and_then(|wish| wish.allocation_id.as_deref()).map(Ref::existing),
                    private_ipv4_address: wish.and_then(|wish| wish.private_ipv4_address.clone()),
                })
                .collect(),
        }
    }
}

/// Subnets in which a load balancer can stand: an internal one in those that the internet does not reach.
pub(crate) fn candidate_subnets<'l, 'a>(
    lowering: &'l Lowering<'a>,
    internal: bool,
) -> impl Iterator<Item = &'l ZonedSubnet<'a>> {
    lowering.subnets.iter().filter(move |subnet| subnet.public() != internal)
}

/// The subnets that a manifest names.
pub(super) fn named(lowering: &Lowering<'_>, wishes: &[LoadBalancerSubnet]) -> Mappings {
    Mappings::new(wishes.iter().filter_map(|wish| Some((lowering.subnet(&wish.name)?, Some(wish)))).collect())
}

/// The best subnet of each zone.
pub(super) fn best(lowering: &mut Lowering<'_>, internal: bool, path: &str) -> Mappings {
    let mut zones: BTreeMap<&str, &ZonedSubnet<'_>> = BTreeMap::new();
    for subnet in candidate_subnets(lowering, internal) {
        let rank = |subnet: &ZonedSubnet<'_>| (Reverse(score(lowering, subnet)), subnet.spec.name.clone());
        let best = zones.entry(subnet.zone).or_insert(subnet);
        if rank(subnet) < rank(best) {
            *best = subnet;
        }
    }
    let mappings = Mappings::new(zones.into_values().map(|subnet| (subnet, None)).collect());
    if mappings.subnets.is_empty() {
        let (kind, types) =
            if internal { ("internal", "Private or DualStack") } else { ("public", "Public or Utility") };
        let detail = format!("{kind} load balancers stand in subnets of type {types}, and there is none");
        let diagnostic = Diagnostic::error("no-subnet-for-load-balancer", "no place for a load balancer", detail)
            .hint(format!("add a subnet of type {types}, or change the load balancer's type"));
        lowering.report_cluster(path, diagnostic);
    }
    mappings
}

/// How good a subnet is for a load balancer.
fn score(lowering: &Lowering<'_>, subnet: &ZonedSubnet<'_>) -> u8 {
    let by_type = match subnet.spec.subnet_type {
        SubnetType::Utility => 3,
        SubnetType::DualStack => 2,
        SubnetType::Public | SubnetType::Private => 0,
    };
    let control_plane = lowering.groups(Role::ControlPlane).any(|group| group.subnets.contains(&subnet.spec.name));
    by_type + u8::from(control_plane)
}
