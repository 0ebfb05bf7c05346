//! Puts ids where AWS has issued them.
//!
//! After resolution a reference is the id of a resource that stays, or `${kind/name}` of one that this plan makes. The
//! IPv6 range of a subnet is resolved likewise: `/64#N` is block number N of the range that AWS gave to the VPC.

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;
use kedge_resource::inventory::Handle;
use kedge_resource::reference::Target;
use kedge_resource::{Kind, Properties, ResourceKey};

use crate::index::Index;
use crate::references::visit_references_mut;
use crate::wanted::Wanted;

/// What other resources can know of a desired resource.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// It exists and stays.
    Exists(Handle),
    /// This plan makes it, so that its id is known after that.
    Made,
    /// Its kind could not be read, or it waits for something that could not: it may exist, under an unknown id.
    Unknown,
}

/// Resolves the references of `properties`, given what became of the `wanted` resources before; `Err` names the first resource whose id cannot be known.
pub(crate) fn resolve(
    properties: &mut Properties,
    wanted: &Wanted<'_>,
    fates: &[Option<Fate>],
    index: &Index<'_>,
) -> Result<(), ResourceKey> {
    let mut unknown = None;
    visit_references_mut(properties, &mut |reference| {
        let Target::Managed(name) = reference.target() else { return };
        let number = wanted.named(reference.kind(), name);
        match number.and_then(|number| fates.get(number)).and_then(Option::as_ref) {
            Some(Fate::Exists(handle)) => reference.set_existing(handle.id.clone()),
            Some(Fate::Made) => {}
            Some(Fate::Unknown) | None => {
                unknown = unknown.take().or_else(|| reference.key());
            }
        }
    });
    if let Properties::Subnet(subnet) = properties
        && let Target::Existing(vpc) = subnet.vpc.target()
        && let Some(range) = index.by_id(Kind::Vpc, vpc).and_then(|(_, vpc)| vpc.handle.ipv6_cidr_block.as_deref())
        && let Some(number) = subnet.ipv6_cidr_block.as_deref().and_then(block_number)
        && let Some(block) = block(range, number)
    {
        subnet.ipv6_cidr_block = Some(block);
    }
    unknown.map_or(Ok(()), Err)
}

/// The number N of `/64#N`, which is hexadecimal.
pub(crate) fn block_number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("/64#")?, 16).ok()
}

/// The /64 with a number within a range; `None` if the range is too small for it.
fn block(range: &str, number: u64) -> Option<String> {
    let range: Ipv6Net = range.parse().ok()?;
    let bits = 64_u8.checked_sub(range.prefix_len())?;
    if bits < 64 && number >> bits != 0 {
        return None;
    }
    let start = u128::from(range.network()) | (u128::from(number) << 64);
    Some(Ipv6Net::new(Ipv6Addr::from(start), 64).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_in_hexadecimal_from_the_range_of_the_vpc() {
        assert_eq!(block_number("/64#1a"), Some(26));
        assert_eq!(block_number("2001:db8::/64"), None);
        assert_eq!(block("2001:db8:0:ff00::/56", 26).as_deref(), Some("2001:db8:0:ff1a::/64"));
        assert_eq!(block("2001:db8:0:ff00::/56", 256), None);
    }
}
