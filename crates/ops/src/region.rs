//! Which region a specification is for: the one of its zones, as kops has it.

use kedge_diag::Diagnostic;
use kedge_resource::Facts;
use kedge_spec::ResolvedSpec;

/// The region of the first subnet that names a zone.
#[must_use]
pub fn of(spec: &ResolvedSpec) -> Option<String> {
    spec.cluster.network.subnets.iter().filter_map(|subnet| subnet.zone.as_deref()).find_map(of_zone)
}

/// What is wrong if facts are of another region than the zones of a specification.
#[must_use]
pub fn elsewhere(spec: &ResolvedSpec, facts: &Facts) -> Option<Diagnostic> {
    let zones = spec.cluster.network.subnets.iter().enumerate();
    let (index, zone, region) = zones
        .filter_map(|(index, subnet)| Some((index, subnet.zone.as_deref()?)))
        .find_map(|(index, zone)| Some((index, zone, of_zone(zone)?)))?;
    if region == facts.region {
        return None;
    }
    let detail = format!("{zone} is in {region}, and the facts are of {}", facts.region);
    let path = format!("Cluster/{}: spec.subnets[{index}].zone", spec.cluster.name);
    Some(
        Diagnostic::error("facts-of-another-region", "the facts are of another region", detail)
            .at(path, None)
            .hint("`kedge facts -f …` prints those that these manifests need"),
    )
}

/// The region of a zone: `us-east-1` for `us-east-1a`, and `us-west-2` for the local zone `us-west-2-lax-1a`.
#[must_use]
pub fn of_zone(zone: &str) -> Option<String> {
    let mut region: Vec<&str> = Vec::new();
    for part in zone.split('-') {
        if part.starts_with(|c: char| c.is_ascii_digit()) {
            let number = part.trim_end_matches(|c: char| c.is_ascii_lowercase());
            region.push(number);
            return (region.len() >= 3 && number.bytes().all(|b| b.is_ascii_digit())).then(|| region.join("-"));
        }
        region.push(part);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::of_zone;

    #[test]
    fn regions_of_zones() {
        for (zone, region) in [
            ("us-east-1a", Some("us-east-1")),
            ("us-gov-west-1b", Some("us-gov-west-1")),
            ("ap-southeast-10c", Some("ap-southeast-10")),
            ("us-west-2-lax-1a", Some("us-west-2")),
            ("us-east-1-wl1-bos-wlz-1", Some("us-east-1")),
            ("nowhere", None),
            ("a-1x2a", None),
        ] {
            assert_eq!(of_zone(zone).as_deref(), region, "{zone}");
        }
    }
}
