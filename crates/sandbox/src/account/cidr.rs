//! Address ranges.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::api_error::{ApiError, ApiResult};

/// Reads an IPv4 range; host bits are cleared, as EC2 does.
pub(crate) fn ipv4(parameter: &str, text: &str) -> ApiResult<Ipv4Net> {
    text.parse::<Ipv4Net>().map(|net| net.trunc()).map_err(|_| malformed(parameter, text))
}

/// Reads an IPv6 range.
pub(crate) fn ipv6(parameter: &str, text: &str) -> ApiResult<Ipv6Net> {
    text.parse::<Ipv6Net>().map(|net| net.trunc()).map_err(|_| malformed(parameter, text))
}

fn malformed(parameter: &str, text: &str) -> ApiError {
    ApiError::new(
        "InvalidParameterValue",
        format!("Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."),
    )
}

/// Whether two ranges, as text, share an address.
pub(crate) fn overlap(a: &str, b: &str) -> bool {
    match (a.parse::<IpNet>(), b.parse::<IpNet>()) {
        (Ok(a), Ok(b)) => a.contains(&b) || b.contains(&a),
        _ => false,
    }
}

/// Whether the range `outer` holds all of `inner`.
pub(crate) fn within(inner: &str, outer: &str) -> bool {
    match (inner.parse::<IpNet>(), outer.parse::<IpNet>()) {
        (Ok(inner), Ok(outer)) => outer.contains(&inner),
        _ => false,
    }
}

/// The canonical text of a range, or the text itself if it is none.
pub(crate) fn canonical(text: &str) -> String {
    text.parse::<IpNet>().map_or_else(|_| text.to_owned(), |net| net.trunc().to_string())
}

/// Block number `number` of 64 bits within a VPC's IPv6 range.
pub(crate) fn subnet_of_56(block: &str, number: u8) -> Option<String> {
    let net: Ipv6Net = block.parse().ok()?;
    let base = u128::from(net.trunc().network());
    Ipv6Net::new(Ipv6Addr::from(base | (u128::from(number) << 64)), 64).ok().map(|net| net.to_string())
}

/// An address of the subnet that is free: the one that `wish` falls on, or the next free one after it. AWS keeps the
/// first four addresses and the last one for itself.
pub(crate) fn free_address(cidr: &str, wish: u32, taken: impl Fn(&str) -> bool) -> Option<String> {
    let net: Ipv4Net = cidr.parse().ok()?;
    let size = 1_u64 << (32 - u32::from(net.prefix_len()));
    let usable = u32::try_from(size.checked_sub(5)?).ok().filter(|usable| *usable > 0)?;
    let base = u32::from(net.network());
    (0..usable)
        .map(|step| Ipv4Addr::from(base + 4 + (wish.wrapping_add(step) % usable)).to_string())
        .find(|address| !taken(address))
}

/// The IPv6 address of an interface: the subnet's first 64 bits and a number.
pub(crate) fn ipv6_address(cidr: &str, number: u32) -> Option<String> {
    let net: Ipv6Net = cidr.parse().ok()?;
    Some(Ipv6Addr::from(u128::from(net.network()) | u128::from(number | 0x1_0000)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_addresses_are_never_given() {
        let first = free_address("10.0.0.0/28", 0, |_| false);
        assert_eq!(first.as_deref(), Some("10.0.0.4"));
        let given: Vec<String> = (0..11).filter_map(|wish| free_address("10.0.0.0/28", wish, |_| false)).collect();
        assert_eq!(given.last().map(String::as_str), Some("10.0.0.14"));
        assert_eq!(free_address("10.0.0.0/28", 3, |_| true), None);
    }

    #[test]
    fn blocks_count_within_the_range_of_the_vpc() {
        assert_eq!(subnet_of_56("2600:1f18:1:ab00::/56", 0x1f).as_deref(), Some("2600:1f18:1:ab1f::/64"));
        assert!(overlap("10.0.0.0/16", "10.0.4.0/24"));
        assert!(!overlap("10.0.0.0/16", "10.1.0.0/16"));
        assert!(within("10.0.4.0/24", "10.0.0.0/16"));
        assert_eq!(canonical("10.0.0.7/24"), "10.0.0.0/24");
    }
}
