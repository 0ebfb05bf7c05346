//! What a specification needs to know of the account.

use kedge_resource::FactsQuery;
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{DnsType, Egress, Vpc};

/// What to ask the account for, so that [`crate::lower`] finds everything that it looks up, and nothing is asked in vain.
#[must_use]
pub fn facts_query(spec: &ResolvedSpec) -> FactsQuery {
    let cluster = &spec.cluster;
    let mut query = FactsQuery { hosted_zones: cluster.dns.dns_type != DnsType::None, ..FactsQuery::default() };
    if let Vpc::Shared { id, .. } = &cluster.network.vpc {
        query.vpc = Some(id.clone());
    }
    for subnet in &cluster.network.subnets {
        match &subnet.egress {
            Egress::ElasticIp(id) => {
                query.addresses.insert(id.clone());
            }
            Egress::NatGateway(id) => {
                query.nat_gateways.insert(id.clone());
            }
            Egress::Default | Egress::External | Egress::TransitGateway(_) | Egress::Instance(_) => {}
        }
    }
    if let Some(load_balancer) = &cluster.api.load_balancer {
        query.addresses.extend(load_balancer.subnets.iter().filter_map(|subnet| subnet.allocation_id.clone()));
    }
    // Karpenter finds machine types and images of its groups itself.
    for group in spec.groups.iter().filter(|group| !group.karpenter) {
        query.images.insert(group.image.clone());
        query.instance_types.extend(group.machine_types.iter().cloned());
        if let Some(policy) = &group.mixed_instances_policy {
            query.instance_types.extend(policy.instances.iter().cloned());
        }
        query.instance_profiles.extend(group.instance_profile.clone());
    }
    query
}

#[cfg(test)]
mod tests {
    use kedge_spec::resolved::MixedInstancesPolicy;

    use super::*;
    use crate::testing;

    #[test]
    fn only_what_the_manifests_mention_is_asked_for() {
        let mut spec = testing::minimal();
        spec.groups[1].mixed_instances_policy =
            Some(MixedInstancesPolicy { instances: vec!["m5.large".to_owned()], ..MixedInstancesPolicy::default() });
        spec.groups[1].instance_profile = Some("custom".to_owned());
        spec.cluster.network.subnets[0].egress = Egress::NatGateway("nat-1".to_owned());
        let query = facts_query(&spec);
        assert!(query.hosted_zones);
        assert_eq!(query.vpc, None);
        assert_eq!(query.images, [testing::IMAGE.to_owned()].into());
        assert_eq!(query.instance_types, ["m5.large", "t3.medium"].map(str::to_owned).into());
        assert_eq!(query.nat_gateways, ["nat-1".to_owned()].into());
        assert_eq!(query.instance_profiles, ["custom".to_owned()].into());
        spec.cluster.dns.dns_type = DnsType::None;
        assert!(!facts_query(&spec).hosted_zones);
    }
}
