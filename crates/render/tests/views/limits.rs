//! Comments on plans that are too long for a comment.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kedge_render::view::markdown::{LIMIT, MarkdownOptions, is_marker, marker_line, render};
use kedge_render::view::{Failure, Review, Reviewed};
use kedge_resource::{Action, Inventory, Plan};

use crate::common::{MINIMAL, PRIVATE, desired, holding, plan, plan_from, planned, removal};

/// The small cluster with this many further groups.
fn with_groups(count: usize, machine_type: &str) -> String {
    let mut text = MINIMAL.to_owned();
    for number in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: workers-{number:03}\n  labels:\n    \
             kops.k8s.io/cluster: minimal.example.com\nspec:\n  role: Node\n  image: \
             ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id\n  machineType: \
             {machine_type}\n  minSize: 1\n  maxSize: 3\n  subnets:\n  - us-east-1a\n"
        );
    }
    text
}

fn comment(plans: &[&Plan]) -> String {
    let review = Review { clusters: plans.iter().map(|plan| planned(plan).into()).collect() };
    let options = MarkdownOptions { marker: Some("m".to_owned()), link: Some("https://ci.example.com/1".to_owned()) };
    let text = render(&review, &options);
    assert!(text.len() < LIMIT, "{} characters", text.len());
    balanced(&text);
    text
}

/// Every fence and every folded part is closed, and the marker comes first.
fn balanced(text: &str) {
    assert!(text.starts_with(&format!("{}\n", marker_line("m"))), "{}", &text[..200]);
    let (mut fence, mut folded) = (None, 0);
    for line in text.lines() {
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.trim_end_matches("diff")),
            None if line.starts_with("<details") => folded += 1,
            None if line == "</details>" => folded -= 1,
            None => {}
        }
    }
    assert_eq!((fence, folded), (None, 0), "something is left open:\n{text}");
}

/// Everything that is removed or replaced is listed: by its key, or by its kind and the name of what it belongs to.
fn assert_destroys_are_listed(plan: &Plan, text: &str) {
    let mut of_kinds: BTreeSet<(String, String)> = BTreeSet::new();
    let mut kinds: Vec<&str> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("- ")) {
        match (line.strip_suffix(" of"), line.strip_prefix("    ")) {
            (Some(list), None) => kinds = list.split(", ").collect(),
            (_, Some(names)) => {
                for name in names.split(", ").map(|name| name.trim_end_matches(',')) {
                    of_kinds.extend(kinds.iter().map(|kind| ((*kind).to_owned(), name.to_owned())));
                }
            }
            _ => kinds.clear(),
        }
    }
    let destroyed = plan.changes.iter().filter(|change| matches!(change.action, Action::Delete | Action::Replace));
    for key in destroyed.map(|change| &change.key) {
        let whole = key.name.split(' ').next().unwrap().replace(".minimal.example.com", "");
        let listed = text.contains(&key.to_string()) || of_kinds.contains(&(key.kind.slug().to_owned(), whole));
        // Below what they belong to, parts have no kind.
        let part = key.name.split_once(' ').is_some_and(|(_, part)| text.contains(part));
        assert!(listed || part, "{key} is missing:\n{text}");
    }
}

#[test]
fn five_hundred_groups_are_created() {
    let nothing = Inventory::empty(desired(MINIMAL).cluster);
    let plan = plan_from(&nothing, &with_groups(500, "t3.medium"));
    assert!(plan.changes.len() > 1500);
    let text = comment(&[&plan]);
    assert!(text.contains("**Shortened to fit into a comment:**"), "{text}");
    assert!(text.contains("creations"), "{text}");
    assert!(text.contains("<https://ci.example.com/1>"), "{text}");
}

#[test]
fn five_hundred_groups_are_removed_and_each_is_named() {
    let plan = plan(&with_groups(500, "t3.medium"), MINIMAL);
    assert_eq!(plan.totals().delete, 1500);
    let text = comment(&[&plan]);
    assert_destroys_are_listed(&plan, &text);
    assert!(!text.contains("is not complete"));
}

#[test]
fn what_is_removed_stays_when_the_rest_has_to_go() {
    // 250 groups go, 500 change, 250 come.
    let before = with_groups(500, "t3.medium");
    let after = with_groups(750, "m6i.large").replace("workers-1", "others-1").replace("workers-2", "others-2");
    let plan = plan(&before, &after);
    let totals = plan.totals();
    assert!(totals.delete > 300 && totals.update > 200 && totals.create > 300, "{totals:?}");
    let text = comment(&[&plan]);
    assert_destroys_are_listed(&plan, &text);
    let left_out = text.lines().find(|line| line.starts_with("> **Shortened")).unwrap();
    // In the fixed order.
    let at = |what: &str| left_out.find(what).unwrap_or_else(|| panic!("{what} is not in {left_out}"));
    assert!(at("values of updates") < at("properties of creations"), "{left_out}");
    assert!(!left_out.contains("removals"), "{left_out}");
}

#[test]
fn a_whole_cluster_of_five_hundred_groups_is_removed() {
    let plan = removal(&with_groups(500, "t3.medium"));
    let text = comment(&[&plan]);
    assert!(!text.contains("is not complete"), "{text}");
    assert_destroys_are_listed(&plan, &text);
}

#[test]
fn names_that_are_shared_are_listed_for_each_kind() {
    // The group of nodes goes with five hundred others, and a rule of the security group of that name, which stays.
    let before = with_groups(500, "t3.medium");
    let after = MINIMAL.replace("  name: nodes\n", "  name: others\n").replace("203.0.113.0/24", "198.51.100.0/24");
    let mut plan = plan(&before, &after);
    // Long reasons and ids keep the keys from fitting.
    for change in &mut plan.changes {
        if let Some(before) = &mut change.before {
            before.handle.id = format!("id-{}", "0".repeat(60));
        }
    }
    let text = comment(&[&plan]);
    assert!(text.contains("security-group-rule/nodes.minimal.example.com tcp 22 from 203.0.113.0/24"), "{text}");
    assert_destroys_are_listed(&plan, &text);
    let creates = plan_from(&Inventory::empty(desired(MINIMAL).cluster), &with_groups(500, "t3.medium"));
    let text = comment(&[&creates]);
    for key in ["load-balancer", "record-set/api.minimal.example.com A in Z0SANDBOXEXAMPLE"] {
        assert!(text.contains(key), "{key} is missing:\n{text}");
    }
}

#[test]
fn even_names_alone_may_be_too_many() {
    let plan = plan(&with_groups(2000, "t3.medium").replace("workers-", &format!("{}-", "w".repeat(45))), MINIMAL);
    let text = comment(&[&plan]);
    assert!(text.contains("**This comment is not complete"), "{}", &text[..400]);
    assert!(text.contains("The whole plan: <https://ci.example.com/1>"));
}

#[test]
fn many_clusters_fit_and_the_worst_comes_first() {
    let small = plan(MINIMAL, MINIMAL);
    let grows = plan(PRIVATE, &PRIVATE.replace("maxSize: 9", "maxSize: 12"));
    let creates = plan_from(&Inventory::empty(desired(PRIVATE).cluster), PRIVATE);
    let loses = removal(PRIVATE);
    let mut clusters: Vec<Reviewed> = [&small, &grows, &loses].iter().map(|plan| planned(plan).into()).collect();
    for number in 0..100 {
        let mut other = creates.clone();
        other.cluster = format!("c{number:02}.example.com").parse().unwrap();
        clusters.push(planned(&other).into());
    }
    clusters.push(Reviewed::Failed(Failure {
        name: "clusters/broken.yaml".to_owned(),
        summary: "the manifests cannot be used as they are".to_owned(),
        ..Failure::default()
    }));
    let text = render(&Review { clusters }, &MarkdownOptions { marker: Some("m".to_owned()), link: None });
    assert!(text.len() < LIMIT);
    balanced(&text);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), 104);
    assert!(rows[0].contains("clusters/broken.yaml") && rows[1].contains("| 121 |"), "{}\n{}", rows[0], rows[1]);
    assert!(text.contains("volume/c.etcd-main.private.example.com") || text.contains("c.etcd-main"), "{text}");
}

#[test]
fn five_hundred_groups_change_and_roll() {
    let plan = plan(&with_groups(500, "t3.medium"), &with_groups(500, "m6i.large"));
    let text = comment(&[&plan]);
    assert!(text.contains("Instances to replace after applying") && text.contains("480 more"), "{text}");
}

#[test]
fn markers_cannot_end_the_comment_that_they_are_in() {
    for good in ["default", "prod/eu-west-1", "a.b:c"] {
        assert!(is_marker(good), "{good}");
    }
    for bad in ["", "a--b", "a-", "-->", "a b", "ü"] {
        assert!(!is_marker(bad), "{bad}");
    }
}

#[test]
fn the_small_cluster_is_what_the_others_are_made_of() {
    assert!(plan_from(&holding(&desired(MINIMAL)), MINIMAL).is_empty());
    assert!(plan_from(&holding(&desired(PRIVATE)), PRIVATE).is_empty());
}
