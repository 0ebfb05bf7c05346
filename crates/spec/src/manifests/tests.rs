//! Kinds, sets of manifests, and places for the findings of others.

use proptest::prelude::*;

use super::*;
use crate::testing::{CLEAN, lines, problems, read};

/// The detail and the hint of the only error.
fn only_error(text: &str) -> (String, String) {
    let (manifests, mut diagnostics) = read(text);
    diagnostics.extend(manifests.resolve(&ResolveOptions::default()).1);
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == kedge_diag::Severity::Error).collect();
    let [error] = errors.as_slice() else { panic!("{:?}", lines(&diagnostics)) };
    (error.detail.clone(), error.hint.clone().unwrap_or_default())
}

#[test]
fn kinds_and_versions_are_told_apart() {
    for (document, expected) in [
        (
            "kind: KubeSchedulerConfiguration\napiVersion: kubescheduler.config.k8s.io/v1beta2",
            "note additional-object 71:7",
        ),
        ("kind: Keyset\napiVersion: kops.k8s.io/v1alpha2\nmetadata: {name: k}", "note additional-object 71:7"),
        ("kind: InstanceGrup\napiVersion: kops.k8s.io/v1alpha2", "error unknown-kind 71:7"),
        ("kind: Cluster\napiVersion: kops.k8s.io/v1alpha3", "error unknown-version 72:13"),
        ("kind: Cluster\napiVersion: kops.k8s.io/v1", "error unknown-version 72:13"),
        ("kind: Cluster\napiVersion: kop.k8s.io/v1alpha2", "error unknown-version 72:13"),
        ("kind: Cluster\nmetadata: {name: x}", "error missing-kind 72:18"),
        ("apiVersion: v1\nmetadata: {name: x}", "error missing-kind 72:18"),
        ("kind: Cluster\napiVersion: cluster.x-k8s.io/v1beta1", "note additional-object 71:7"),
    ] {
        assert_eq!(problems(&format!("{CLEAN}---\n{document}\n")), [expected], "{document}");
    }
    let (_, hint) = only_error(&format!("{CLEAN}---\nkind: InstanceGrup\napiVersion: kops.k8s.io/v1alpha2\n"));
    assert_eq!(hint, "did you mean `InstanceGroup`?");
}

#[test]
fn very_old_manifests_call_the_group_kops() {
    assert_eq!(problems(&CLEAN.replace("kops.k8s.io/v1alpha2", "kops/v1alpha2")), [""; 0]);
}

#[test]
fn a_broken_document_hides_no_other_problem_and_makes_none_up() {
    let broken =
        CLEAN.replacen("kind: InstanceGroup\n", "kind: [InstanceGroup\n", 1).replacen("maxSize: 3", "maxSize: 0", 1);
    assert_eq!(problems(&broken), ["error yaml-syntax 43:9", "error group-size 67:12"]);
}

#[test]
fn two_clusters_need_a_choice() {
    let cluster = CLEAN.split("---\n").next().unwrap();
    let both = format!("{CLEAN}---\n{}", cluster.replace("test.example.com", "other.example.com"));
    let (detail, hint) = only_error(&both);
    assert_eq!(
        detail,
        "`test.example.com` at cluster.yaml:4:9 and `other.example.com` here: one command works on one cluster"
    );
    assert_eq!(hint, "choose one, for example with `--name other.example.com`");
    let wanted = |name: &str| ResolveOptions { cluster: ClusterName::parse(name).ok(), ..ResolveOptions::default() };
    let (manifests, _) = read(&both);
    let (spec, diagnostics) = manifests.resolve(&wanted("test.example.com"));
    assert_eq!(lines(&diagnostics), [""; 0]);
    assert_eq!(spec.unwrap().groups.len(), 2);
    assert_eq!(lines(&manifests.resolve(&wanted("third.example.com")).1), ["error cluster-not-found -"]);
    // The groups of the one are not groups of the other.
    assert!(
        lines(&manifests.resolve(&wanted("other.example.com")).1).contains(&"error no-control-plane 74:9".to_owned())
    );
}

#[test]
fn one_cluster_twice_is_another_mistake() {
    let cluster = CLEAN.split("---\n").next().unwrap();
    assert_eq!(problems(&format!("{CLEAN}---\n{cluster}")), ["error duplicate-cluster 74:9"]);
}

#[test]
fn groups_belong_to_a_cluster() {
    let without = CLEAN.replacen("  labels:\n    kops.k8s.io/cluster: test.example.com\n", "", 1);
    assert_eq!(problems(&without), ["error no-cluster-label 43:1"]);
    let (_, hint) = only_error(&CLEAN.replacen("cluster: test.example.com", "cluster: tset.example.com", 1));
    assert_eq!(hint, "did you mean `test.example.com`?");
    let group = CLEAN.split("---\n").nth(1).unwrap();
    assert_eq!(problems(group), ["error no-cluster 4:9"]);
    assert_eq!(problems(""), ["error no-cluster -"]);
}

#[test]
fn names_are_needed() {
    assert_eq!(problems(&CLEAN.replacen("  name: nodes\n", "", 1)), ["error missing-name 58:1"]);
}

#[test]
fn findings_of_others_get_places() {
    let (manifests, _) = read(CLEAN);
    let mut found = Diagnostics::default();
    for path in ["Cluster/test.example.com: spec.networkCIDR", "InstanceGroup/nodes: spec.machineType", "Elsewhere: x"]
    {
        found.push(Diagnostic::error("x", "x", "x").at(path, None));
    }
    let places: Vec<_> =
        manifests.attach_spans(found).iter().map(|d| d.span.as_ref().map(kedge_diag::Span::line_column)).collect();
    assert_eq!(places, [Some((24, 16)), Some((64, 16)), None]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A sound manifest with a piece cut out and something put in is read or reported, never more.
    #[test]
    fn no_manifest_panics(at in 0..CLEAN.len(), cut in 0_usize..40, put in "[-:{}\\[\\],'\"|>&*!# \\n0-9a-z./]{0,12}") {
        let end = (at + cut).min(CLEAN.len());
        let (manifests, diagnostics) = read(&format!("{}{put}{}", &CLEAN[..at], &CLEAN[end..]));
        let (spec, further) = manifests.resolve(&ResolveOptions::default());
        prop_assert_eq!(spec.is_none(), diagnostics.has_errors() || further.has_errors());
    }
}

#[test]
fn fields_have_places_and_manifests_have_owners() {
    let (manifests, _) = read(CLEAN);
    let cluster = ClusterName::parse("test.example.com").unwrap();
    let place = |label: &str, field: &str| manifests.place(&cluster, label, field).map(|span| span.line_column());
    let line_of = |needle: &str| CLEAN.lines().position(|line| line.contains(needle)).unwrap() + 1;
    assert_eq!(place("InstanceGroup/nodes", "spec.maxSize").unwrap().0, line_of("maxSize: 3"));
    // What is left out stands where the name does.
    assert_eq!(place("InstanceGroup/nodes", "spec.maxPrice").unwrap().0, line_of("name: nodes"));
    assert_eq!(place("InstanceGroup/others", ""), None);
    assert_eq!(manifests.owners().into_iter().collect::<Vec<_>>(), ["test.example.com"]);
    let other = ClusterName::parse("other.example.com").unwrap();
    assert!(manifests.place(&other, "InstanceGroup/nodes", "").is_none());
}
