//! Subnets of a manifest with what facts know of the existing ones among them.

use ipnet::Ipv4Net;
use kedge_resource::facts::ExistingSubnet;
use kedge_resource::kind::Subnet;
use kedge_resource::{Facts, Ref};
use kedge_spec::resolved::{self, Cluster, Egress, SubnetType};

use crate::names;

/// A subnet whose zone is known.
#[derive(Clone, Debug)]
pub(crate) struct ZonedSubnet<'a> {
    /// The manifest's words.
    pub(crate) spec: &'a resolved::Subnet,
    /// Position in the manifest.
    pub(crate) index: usize,
    /// Zone; empty only for an existing subnet that the facts do not know, which the checks report.
    pub(crate) zone: &'a str,
    /// IPv4 range.
    pub(crate) cidr: Option<Ipv4Net>,
    /// What refers to it.
    pub(crate) reference: Ref<Subnet>,
    /// The subnet as the account has it, if it is one that exists.
    pub(crate) existing: Option<&'a ExistingSubnet>,
}

impl ZonedSubnet<'_> {
    /// Whether it exists already.
    pub(crate) fn shared(&self) -> bool {
        self.spec.id.is_some()
    }

    /// Whether its routes are somebody else's business.
    pub(crate) fn unmanaged(&self) -> bool {
        self.spec.egress == Egress::External
    }

    /// Whether it gets a route table: somebody else cares for the tables of existing and unmanaged subnets.
    pub(crate) fn routed(&self) -> bool {
        !self.shared() && !self.unmanaged()
    }

    /// Whether it is reached from the internet.
    pub(crate) fn public(&self) -> bool {
        matches!(self.spec.subnet_type, SubnetType::Public | SubnetType::Utility)
    }
}

/// All subnets, in the order of the manifest.
pub(crate) fn zoned<'a>(cluster: &'a Cluster, facts: &'a Facts) -> Vec<ZonedSubnet<'a>> {
    let existing = |id: &str| facts.subnets.iter().find(|subnet| subnet.id == id);
    cluster
        .network
        .subnets
        .iter()
        .enumerate()
        .map(|(index, spec)| {
            let found = spec.id.as_deref().and_then(existing);
            ZonedSubnet {
                spec,
                index,
                zone: spec.zone.as_deref().or(found.map(|found| found.zone.as_str())).unwrap_or_default(),
                cidr: spec.cidr.or_else(|| found?.cidr.as_deref()?.parse().ok()),
                reference: match &spec.id {
                    Some(id) => Ref::existing(id),
                    None => Ref::managed(names::subnet(&spec.name, &cluster.name)),
                },
                existing: found,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn existing_subnets_take_zone_and_range_from_the_account() {
        let mut spec = testing::minimal();
        let subnet = &mut spec.cluster.network.subnets[0];
        (subnet.id, subnet.zone, subnet.cidr) = (Some("subnet-1".to_owned()), None, None);
        let mut facts = testing::facts();
        facts.subnets.push(testing::existing_subnet("subnet-1", "vpc-1", "us-test-1b", "10.0.1.0/24"));
        let subnets = zoned(&spec.cluster, &facts);
        assert_eq!(subnets[0].zone, "us-test-1b");
        assert_eq!(subnets[0].cidr, Some("10.0.1.0/24".parse().unwrap()));
        assert_eq!(subnets[0].reference.existing_id(), Some("subnet-1"));
        assert!(!subnets[0].routed());
    }
}
