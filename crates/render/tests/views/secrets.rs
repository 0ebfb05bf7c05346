//! No view shows what users hide in the places that can hold a secret.

use std::sync::Arc;

use kedge_diag::{Severity, Source};
use kedge_render::plan::PlanTextOptions;
use kedge_render::view::markdown::{self, MarkdownOptions};
use kedge_render::view::{Failure, Planned, Problem, Review, Reviewed, github, html, json, junit, sarif, slack};
use kedge_resource::{Action, Inventory, Plan, Properties};
use kedge_spec::ParseOptions;

use crate::common::{MINIMAL, desired, holding, plan_from};

/// Begins every secret of these tests.
const SECRET: &str = "hunter2";

/// The small cluster with a secret, marked by `what`, wherever a user may keep one.
fn with_secrets(what: &str) -> String {
    let secret = format!("{SECRET}-{what}");
    MINIMAL
        .replace(
            "  machineType: t3.large\n",
            &format!(
                "  machineType: t3.large\n  cloudLabels:\n    deploy-token: {secret}-label\n  additionalUserData:\n  - name: \
                 setup.sh\n    type: text/x-shellscript\n    content: |\n      #!/bin/sh\n      export TOKEN={secret}-script\n  \
                 - name: cloud.cfg\n    type: text/cloud-config\n    content: |\n      password: {secret}-config\n  \
                 fileAssets:\n  - name: credentials\n    path: /etc/credentials\n    content: {secret}-group-asset\n  hooks:\n  \
                 - name: hook.service\n    manifest: |\n      [Service]\n      Environment=TOKEN={secret}-hook\n"
            ),
        )
        .replace(
            "  kubernetesVersion:",
            &format!(
                "  cloudLabels:\n    db_password: {secret}-cluster-label\n  fileAssets:\n  - name: token\n    path: \
                 /etc/token\n    content: {secret}-asset\n  egressProxy:\n    httpProxy:\n      host: \
                 user:{secret}-proxy@proxy.example.com\n      port: 3128\n  kubernetesVersion:"
            ),
        )
}

/// Every view that is published.
fn views(entry: impl Fn() -> Reviewed) -> Vec<(&'static str, String)> {
    let one = || Review { clusters: vec![entry()] };
    let two = || Review {
        clusters: vec![entry(), Reviewed::Failed(Failure { name: "other".to_owned(), ..Failure::default() })],
    };
    let mut all = Vec::new();
    for review in [one(), two()] {
        all.extend([
            ("markdown", markdown::render(&review, &MarkdownOptions::default())),
            ("json", json::render(&review).unwrap()),
            ("github", github::render(&review)),
            ("junit", junit::render(&review)),
            ("sarif", sarif::document(&review, "0.0.0").to_string()),
            ("slack", slack::document(&review, None).to_string()),
            ("html", html::render(&review)),
        ]);
    }
    all
}

fn assert_hidden(plan: &Plan, manifest: &str) {
    let shown = views(|| {
        let mut entry = Planned::new(plan);
        entry.desired = desired(manifest).resources;
        entry.into()
    });
    for (view, text) in shown {
        if let Some(at) = text.find(SECRET) {
            panic!("{view} shows {}", text.get(at.saturating_sub(200)..at + 60).unwrap_or_default());
        }
    }
}

#[test]
fn what_is_made_changed_and_removed_shows_no_secret() {
    let (one, two) = (with_secrets("old"), with_secrets("new"));
    let nothing = Inventory::empty(desired(MINIMAL).cluster);
    let made = plan_from(&nothing, &one);
    let changed = plan_from(&holding(&desired(&one)), &two);
    let removed = plan_from(&holding(&desired(&one)), MINIMAL);
    // The test would find nothing if there were nothing to hide.
    for plan in [&made, &changed, &removed] {
        let plain = serde_json::to_string(plan).unwrap();
        for place in ["script", "config", "label", "cluster-label"] {
            assert!(plain.contains(&format!("-{place}")), "{place} is not in the plan");
        }
    }
    assert!(changed.changes.iter().any(|change| change.action == Action::Update));
    assert_hidden(&made, &one);
    assert_hidden(&changed, &two);
    assert_hidden(&removed, MINIMAL);
    assert_hidden(&crate::common::removal(&one), &one);
}

#[test]
fn that_a_secret_changes_is_seen() {
    let plan = plan_from(&holding(&desired(&with_secrets("old"))), &with_secrets("new"));
    let review = Review { clusters: vec![Planned::new(&plan).into()] };
    let comment = markdown::render(&review, &MarkdownOptions::default());
    let line = comment.lines().find(|line| line.contains("UserData: ")).unwrap();
    let (old, new) = line.split_once(" -> ").unwrap();
    assert!(old.contains("(withheld: ") && new.contains("SHA-256 "), "{line}");
    assert_ne!(old.rsplit(' ').next(), new.rsplit(' ').next());
}

#[test]
fn withholding_changes_nothing_else() {
    let plan = plan_from(&Inventory::empty(desired(MINIMAL).cluster), MINIMAL);
    assert_eq!(*Planned::new(&plan).plan(), plan);
    let secret = plan_from(&Inventory::empty(desired(MINIMAL).cluster), &with_secrets("x"));
    let withheld = Planned::new(&secret);
    assert_eq!(withheld.plan().changes.len(), secret.changes.len());
    for (change, original) in withheld.plan().changes.iter().zip(&secret.changes) {
        let template = matches!(original.after, Some(Properties::LaunchTemplate(_)));
        assert!(template || change.key == original.key && change.needs == original.needs);
    }
}

#[test]
fn the_text_of_a_terminal_shows_user_data_because_somebody_has_to_review_it() {
    let plan = plan_from(&holding(&desired(&with_secrets("old"))), &with_secrets("new"));
    let text = kedge_render::plan::render(&plan, &PlanTextOptions::default()).to_string();
    assert!(text.contains("+export TOKEN=hunter2-new-script"), "{text}");
}

#[test]
fn what_stands_in_the_wrong_place_is_not_repeated() {
    for (number, wrong) in [
        "additionalUserData: hunter2-a",
        "additionalUserData:\n  - hunter2-b",
        "additionalUserData:\n  - name: a\n    type: text/x-shellscript\n    content: [hunter2-c]",
        "additionalUserData:\n  - name: a\n    type: text/x-shellscript\n    contents: hunter2-d",
        "additionalUserData:\n  - name: a\n    type: text/x-shellscript\n    content: \"hunter2-e",
        "fileAssets:\n  - hunter2-f",
        "fileAssets:\n  - name: a\n    path: /a\n    content: {a: hunter2-g}",
        "hooks: hunter2-h",
        "cloudLabels:\n    token: [hunter2-i]",
        "kubelet: hunter2-j",
    ]
    .into_iter()
    .enumerate()
    {
        let text = MINIMAL.replace("  machineType: t3.large\n", &format!("  machineType: t3.large\n  {wrong}\n"));
        let source = Arc::new(Source { name: "cluster.yaml".to_owned(), text });
        let (_, problems) = kedge_spec::parse(&[source], &ParseOptions::default());
        assert!(problems.has_errors(), "{wrong}");
        let problems: Vec<Problem> = problems.sorted().into_iter().map(Problem::of).collect();
        assert!(problems[0].position.is_some());
        let failure =
            || Reviewed::Failed(Failure { name: "x".to_owned(), problems: problems.clone(), ..Failure::default() });
        for (view, text) in views(failure) {
            assert!(!text.contains(SECRET), "{number}: {view} repeats {wrong}: {text}");
        }
    }
}

#[test]
fn texts_of_others_are_only_text() {
    let bad = "</script><script>alert(1)</script> `code` | cell ::error::x\n::set-output name=a::b <!channel> @all ]]> --> \u{1b}[2J";
    let failure = || {
        Reviewed::Failed(Failure {
            name: bad.to_owned(),
            summary: bad.to_owned(),
            causes: vec![bad.to_owned()],
            hints: vec![bad.to_owned()],
            problems: vec![Problem {
                severity: Severity::Error,
                code: bad.to_owned(),
                text: bad.to_owned(),
                position: Some(kedge_resource::Position { path: bad.to_owned(), line: 1, column: 1 }),
            }],
        })
    };
    for (view, text) in views(failure) {
        assert!(!text.contains('\u{1b}'), "{view}: {text}");
        match view {
            "markdown" => {
                let code: Vec<&str> = text.split("<script").collect();
                // Within code spans it is code; outside of them it is escaped.
                assert!(code.iter().rev().skip(1).all(|before| before.contains('`')), "{text}");
            }
            "github" => assert!(
                text.lines().all(|line| line.starts_with("::error ") || line.starts_with("::notice ")),
                "{text}"
            ),
            "junit" | "html" => {
                assert_eq!(
                    text.matches("alert(1)").count(),
                    text.matches("&lt;script&gt;alert(1)").count(),
                    "{view}: {text}"
                );
            }
            "slack" => assert!(!text.contains("<!channel>") || text.contains("plain_text"), "{text}"),
            _ => {}
        }
    }
}
