//! Feature gates: a component that is asked for one that it does not know, or for another value than the fixed one, ends as it
//! starts.
//!
//! Gates come with a minor version, are fixed in a later one, and go with another. All components know the same ones.

use std::ops::RangeInclusive;

use kedge_spec::Settings;
use serde_json::{Map, Value};

use crate::problem::BootProblem;

/// The gates of some minor versions.
const TABLE: &str = include_str!("gates/known.txt");
/// The minor versions that the table is of. Of others nothing is said.
const VERSIONS: RangeInclusive<u32> = 32..=36;
/// Gates for many others at once, which every version has.
const GROUPS: [&str; 2] = ["AllAlpha", "AllBeta"];

/// What is known of a gate.
struct Gate {
    /// The minor versions that have it.
    known: RangeInclusive<u32>,
    /// Minor versions in which it has a value that nobody may change.
    fixed: Vec<(RangeInclusive<u32>, bool)>,
}

/// The gates of a setting as booleans. `field` is where it stands; what no component of this minor version takes is told.
pub(crate) fn gates(
    field: &str,
    settings: &Settings,
    minor: u32,
    problems: &mut Vec<BootProblem>,
) -> Map<String, Value> {
    let mut gates = Map::new();
    for (name, value) in settings.map("featureGates") {
        let Ok(on) = value.parse::<bool>() else {
            let why = format!("the feature gate {name} is `{value}`");
            problems.push(BootProblem::new(field, why, "write `true` or `false`"));
            continue;
        };
        if let Some((why, hint)) = fault(name, on, minor) {
            problems.push(BootProblem::new(field, why, hint));
        }
        gates.insert(name.to_owned(), on.into());
    }
    gates
}

/// What is wrong with a gate, and what to do.
fn fault(name: &str, on: bool, minor: u32) -> Option<(String, String)> {
    if !VERSIONS.contains(&minor) || GROUPS.contains(&name) {
        return None;
    }
    let Some(gate) = find(name) else {
        let why = format!("no component of Kubernetes 1.{minor} knows the feature gate {name}, and none would start");
        return Some((why, "leave it out, or correct its name".to_owned()));
    };
    let (first, last) = (gate.known.start(), gate.known.end());
    if minor < *first {
        let why = format!(
            "the feature gate {name} comes with Kubernetes 1.{first}, and no component of 1.{minor} would start"
        );
        return Some((why, "leave it out until the cluster is upgraded".to_owned()));
    }
    if minor > *last {
        let why = format!(
            "Kubernetes 1.{last} was the last with the feature gate {name}, and no component of 1.{minor} would start"
        );
        return Some((
            why,
            "leave it out: what it was for is either always there by now, or has been given up".to_owned(),
        ));
    }
    let fixed = gate.fixed.iter().find(|(range, value)| range.contains(&minor) && *value != on);
    fixed.map(|(_, value)| {
        let why = format!(
            "the feature gate {name} is `{value}` for good in Kubernetes 1.{minor}, and no component would start"
        );
        (why, "leave it out".to_owned())
    })
}

fn find(name: &str) -> Option<Gate> {
    let line = TABLE.lines().find(|line| line.split(' ').next() == Some(name))?;
    let mut words = line.split(' ').skip(1);
    let known = range(words.next()?)?;
    let fixed = words.filter_map(|word| {
        let (value, versions) = word.split_once('@')?;
        Some((range(versions)?, value.parse().ok()?))
    });
    Some(Gate { known, fixed: fixed.collect() })
}

fn range(text: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = text.split_once('-')?;
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let mut count = 0;
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            let gate = find(words[0]).unwrap();
            assert_eq!(gate.fixed.len(), words.len() - 2, "{line}");
            let all = gate.fixed.iter().map(|(range, _)| range).chain([&gate.known]);
            for range in all {
                assert!(range.start() <= range.end(), "{line}");
                assert!(VERSIONS.contains(range.start()) && VERSIONS.contains(range.end()), "{line}");
            }
            count += 1;
        }
        assert!(count > 250, "{count}");
        for minor in VERSIONS {
            assert!(fault("RotateKubeletServerCertificate", false, minor).is_none());
        }
    }

    #[test]
    fn what_ends_components_is_told() {
        let told = |name: &str, on: bool, minor: u32| fault(name, on, minor).map(|(why, _)| why).unwrap_or_default();
        assert_eq!(told("SidecarContainers", true, 33), "");
        assert!(told("SidecarContainers", false, 33).contains("is `true` for good in Kubernetes 1.33"));
        assert_eq!(told("SidecarContainers", false, 32), "");
        assert!(told("AppArmor", true, 34).contains("1.32 was the last with"));
        assert!(told("GangScheduling", true, 34).contains("comes with Kubernetes 1.35"));
        assert!(told("GangSheduling", true, 35).contains("knows the feature gate GangSheduling"));
        assert_eq!(told("AllAlpha", true, 34), "");
        // Of versions that are not in the table nothing is known.
        assert_eq!(told("GangSheduling", true, 37), "");
    }
}
