//! `kedge plan --drift`: somebody else changes the account, with a state store of their own.

use crate::repository::{Repository, Run};

const CLUSTER: &str = include_str!("../../specs/minimal.yaml");
const DRIFT: [&str; 5] = ["plan", "--drift", "--sandbox", "--name=minimal.example.com", "--detailed-exitcode"];

fn group(name: &str) -> String {
    let group = CLUSTER.rsplit("---\n").next().expect("a group");
    format!("---\n{}", group.replace("name: nodes", &format!("name: {name}")))
}

/// Applies manifests with a store that kedge's own does not know of, as somebody else would change the account.
fn meddle(place: &Repository, manifests: &str) {
    place.write("theirs.yaml", manifests);
    let store = format!("--store=file://{}", place.path().join("their-store"));
    let run = place.kedge(&["apply", "-f", "theirs.yaml", "--sandbox", "--yes", "-q", &store]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

fn applied() -> Repository {
    let place = Repository::new();
    place.write("cluster.yaml", CLUSTER);
    let run = place.kedge(&["apply", "-f", "cluster.yaml", "--sandbox", "--yes", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    place
}

fn says(run: &Run, wanted: &[&str]) {
    for text in wanted {
        assert!(run.stdout.contains(text), "no {text:?} in\n{}\n{}", run.stdout, run.stderr);
    }
}

#[test]
fn what_was_applied_is_no_drift_and_what_was_not_is_none_either() {
    let place = applied();
    // An edit that nobody has applied is no business of --drift.
    place.write("cluster.yaml", &CLUSTER.replace("maxSize: 3", "maxSize: 7"));
    let run = place.kedge(&DRIFT);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    says(&run, &["No drift of minimal.example.com", "Compared with manifests 1, which operation 1 of"]);
    let run = place.kedge(&[&DRIFT[..3], &["-f", "cluster.yaml", "-q"]].concat());
    says(&run, &["No drift"]);
}

#[test]
fn what_somebody_else_changed_added_and_removed_is_shown_and_nothing_else() {
    let place = applied();
    let theirs =
        CLUSTER.replace("maxSize: 3", "maxSize: 9").replace("  sshAccess:\n  - 203.0.113.0/24\n", "") + &group("extra");
    meddle(&place, &theirs);
    let run = place.kedge(&DRIFT);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    says(
        &run,
        &["MaxSize: 9 -> 3", "-   auto-scaling-group/extra.minimal.example.com", "+   rule tcp 22 from 203.0.113.0/24"],
    );
    assert!(!run.stdout.contains("instances-do-not-join"), "{}", run.stdout);
    // An apply goes the way back.
    place.write("cluster.yaml", CLUSTER);
    let run = place.kedge(&["apply", "-f", "cluster.yaml", "--sandbox", "--yes", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(place.kedge(&DRIFT).code, 0);
}

#[test]
fn without_anything_applied_there_is_nothing_to_compare_with() {
    let place = Repository::new();
    let run = place.kedge(&DRIFT);
    assert!(run.code == 1 && run.stderr.contains("there is no sandbox"), "{}", run.stderr);
    place.write("cluster.yaml", CLUSTER);
    assert_eq!(place.kedge(&["plan", "-f", "cluster.yaml", "--sandbox", "-q"]).code, 0);
    let run = place.kedge(&DRIFT);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("has no manifests of minimal.example.com"), "{}", run.stderr);
    let run = place.kedge(&["plan", "--drift", "--name=minimal.example.com"]);
    assert!(run.stderr.contains("no state store is named"), "{}", run.stderr);
}
