//! The VPC and its further address ranges.

use kedge_resource::kind::{Vpc, VpcCidrBlock};
use kedge_spec::resolved;

use crate::lowering::Lowering;
use crate::tags;

/// Makes the VPC, unless the cluster uses one that exists: that one is neither changed nor tagged.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    let resolved::Vpc::Own { cidr } = &lowering.cluster.network.vpc else {
        return;
    };
    let name = lowering.name().as_str();
    lowering.add(
        name,
        Vpc {
            cidr_block: cidr.trunc().to_string(),
            // Also for IPv4 clusters, so that one can get IPv6 subnets later.
            amazon_provided_ipv6_cidr_block: true,
            enable_dns_hostnames: true,
            enable_dns_support: true,
            tags: tags::standard(lowering.cluster, name),
        },
    );
    for range in &lowering.cluster.network.additional_cidrs {
        let cidr_block = range.trunc().to_string();
        lowering.add(format!("{name} {cidr_block}"), VpcCidrBlock { vpc: lowering.vpc(), cidr_block });
    }
}
