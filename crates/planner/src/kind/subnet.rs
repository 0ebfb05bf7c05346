//! Subnets: `/64#N` names a range that AWS reports in full.

use ipnet::Ipv6Net;
use kedge_resource::kind::Subnet;

use crate::resolve::block_number;

/// In a VPC that is not the cluster's own the range of the VPC is not known here; AWS assigns a /56, so that the last
/// eight bits before the /64 are the number of the block.
pub(super) fn disregard(want: &Subnet, have: &mut Subnet) {
    let number = want.ipv6_cidr_block.as_deref().and_then(block_number);
    let range = have.ipv6_cidr_block.as_deref().and_then(|text| text.parse::<Ipv6Net>().ok());
    if let (Some(number), Some(range)) = (number, range)
        && want.vpc.key().is_none()
        && range.prefix_len() == 64
        && u128::from(range.network()) >> 64 & 0xff == u128::from(number)
    {
        have.ipv6_cidr_block.clone_from(&want.ipv6_cidr_block);
    }
}

#[cfg(test)]
mod tests {
    use kedge_resource::kind::PrivateDnsNameOptions;
    use kedge_resource::{Ref, Tags};

    use super::*;

    fn subnet(ipv6: &str) -> Subnet {
        Subnet {
            vpc: Ref::existing("vpc-1"),
            availability_zone: "us-test-1a".to_owned(),
            cidr_block: None,
            ipv6_cidr_block: Some(ipv6.to_owned()),
            assign_ipv6_address_on_creation: true,
            ipv6_native: true,
            enable_dns64: true,
            private_dns_name_options_on_launch: PrivateDnsNameOptions {
                hostname_type: "resource-name".to_owned(),
                enable_resource_name_dns_a_record: false,
                enable_resource_name_dns_aaaa_record: true,
            },
            tags: Tags::default(),
        }
    }

    #[test]
    fn the_block_with_the_number_is_the_wanted_one() {
        let want = subnet("/64#1a");
        let mut have = subnet("2001:db8:0:ff1a::/64");
        disregard(&want, &mut have);
        assert_eq!(have, want);
        let mut other = subnet("2001:db8:0:ff1b::/64");
        disregard(&want, &mut other);
        assert_ne!(other, want);
    }
}
