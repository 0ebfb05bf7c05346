//! What an account has to offer so that a cluster can be tried in it: what a new sandbox begins with.

use kedge_model::assumed_facts;
use kedge_resource::Facts;
use kedge_resource::facts::HostedZone;
use kedge_spec::ResolvedSpec;

/// Zones that a region has, whatever manifests name.
const ZONES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// `facts` in another region, with what a specification names there: local zones, and the hosted zone that it needs. Other zones
/// than those that a region can have, images, machine types and things that are to exist already are not made up: whether they are
/// there is what somebody tries.
#[must_use]
pub fn begin(facts: Facts, region: &str, spec: Option<&ResolvedSpec>) -> Facts {
    let mut facts = facts;
    if facts.region != region {
        facts.availability_zones = ZONES.map(|zone| format!("{region}{zone}")).to_vec();
        region.clone_into(&mut facts.region);
    }
    let Some(spec) = spec else { return facts };
    let assumed = assumed_facts(spec, region);
    facts.partition = assumed.partition;
    let local = |zone: &String| !zone.starts_with(region) || zone.len() > region.len() + 1;
    facts.availability_zones.extend(assumed.availability_zones.into_iter().filter(local));
    facts.availability_zones.sort();
    facts.availability_zones.dedup();
    for zone in assumed.hosted_zones {
        if !serves(&facts.hosted_zones, &zone, spec) {
            // An id that somebody wrote stands for itself; a name does not.
            let id = match zone.id.contains('.') {
                true => format!("Z0SANDBOX{}", capitals(&zone.name)),
                false => zone.id,
            };
            facts.hosted_zones.push(HostedZone { id, ..zone });
        }
    }
    facts
}

/// Whether one of the zones does for what is wanted.
fn serves(zones: &[HostedZone], wanted: &HostedZone, spec: &ResolvedSpec) -> bool {
    let above = |zone: &HostedZone| spec.cluster.name.as_str().ends_with(&format!(".{}", zone.name));
    zones.iter().filter(|zone| zone.private == wanted.private).any(|zone| match &spec.cluster.dns.zone {
        Some(written) if written.contains('.') => zone.name == wanted.name,
        Some(_) => zone.id == wanted.id,
        None => above(zone),
    })
}

fn capitals(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kedge_diag::Source;

    use super::*;
    use crate::manifests::{ManifestOptions, Specification};

    const MINIMAL: &str = include_str!("../../../specs/minimal.yaml");

    fn usual() -> Facts {
        let zone = HostedZone { id: "Z1".to_owned(), name: "example.com".to_owned(), private: false, vpcs: Vec::new() };
        Facts {
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            availability_zones: vec!["us-east-1a".to_owned()],
            hosted_zones: vec![zone],
            ..Facts::default()
        }
    }

    fn begun(changes: &[(&str, &str)], region: &str) -> Facts {
        let text = changes.iter().fold(MINIMAL.to_owned(), |text, (old, new)| text.replace(old, new));
        let source = Arc::new(Source { name: "minimal.yaml".to_owned(), text });
        let specification = Specification::read(&[source], &ManifestOptions::default()).unwrap();
        begin(usual(), region, Some(&specification.resolved))
    }

    fn zones(facts: &Facts) -> Vec<(&str, &str, bool)> {
        facts.hosted_zones.iter().map(|zone| (zone.id.as_str(), zone.name.as_str(), zone.private)).collect()
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let usual = usual();
        assert_eq!(begun(&[], "us-east-1"), usual);
        assert_eq!(begin(usual.clone(), "us-east-1", None), usual);
        let deep = begun(&[("minimal.example.com", "a.b.example.com")], "us-east-1");
        assert_eq!(zones(&deep), [("Z1", "example.com", false)]);
    }

    #[test]
    fn a_region_has_its_own_zones_and_partition() {
        let ireland = begun(&[("us-east-1a", "eu-west-1a")], "eu-west-1");
        assert_eq!(ireland.region, "eu-west-1");
        assert!(ireland.availability_zones.iter().all(|zone| zone.starts_with("eu-west-1")));
        assert_eq!(ireland.availability_zones.len(), 6);
        let local = begun(&[("us-east-1a", "us-west-2-lax-1a")], "us-west-2");
        assert!(local.availability_zones.contains(&"us-west-2-lax-1a".to_owned()));
        let wrong = begun(&[("us-east-1a", "us-east-1z")], "us-east-1");
        assert!(!wrong.availability_zones.contains(&"us-east-1z".to_owned()));
        assert_eq!(begun(&[("us-east-1a", "cn-north-1a")], "cn-north-1").partition, "aws-cn");
    }

    #[test]
    fn a_hosted_zone_is_there_for_the_names() {
        let other = begun(&[("minimal.example.com", "prod.example.org")], "us-east-1");
        assert_eq!(zones(&other), [("Z1", "example.com", false), ("Z0SANDBOXEXAMPLEORG", "example.org", false)]);
        let named = begun(&[("spec:\n  cloudProvider", "spec:\n  dnsZone: Z9\n  cloudProvider")], "us-east-1");
        assert_eq!(zones(&named), [("Z1", "example.com", false), ("Z9", "example.com", false)]);
    }
}
