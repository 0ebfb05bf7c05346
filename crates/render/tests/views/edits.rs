//! What a reviewer sees of an edit: for each, the difference of the manifests and the comment about it, side by side in
//! `tests/views/comments`. `SNAPSHOTS=overwrite` records them again.

use std::path::Path;

use kedge_render::view::markdown::{LIMIT, MarkdownOptions, render};
use kedge_render::view::{Planned, Review, Saved, github, html, junit, sarif};
use kedge_resource::finding::Severity;
use kedge_resource::{Finding, Position};
use snapbox::{Assert, Data};

use crate::common::{MINIMAL, PRIVATE, plan, planned};

/// Lines of a comment that are not folded: as many as a screen shows.
const SCREEN: usize = 40;

/// An edit: a name, the manifest, and what is replaced by what.
type Edit = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const GROUP: &str = "---
apiVersion: kops.k8s.io/v1alpha2
kind: InstanceGroup
metadata:
  name: NAME
  labels:
    kops.k8s.io/cluster: private.example.com
spec:
  role: Node
  image: ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id
  machineType: m6i.large
  minSize: 1
  maxSize: 3
  subnets:
  - us-east-1a
";

const EDITS: &[Edit] = &[
    ("nothing", PRIVATE, &[]),
    ("bigger-nodes", PRIVATE, &[("machineType: m6i.xlarge", "machineType: m6i.large")]),
    ("more-nodes", PRIVATE, &[("maxSize: 9", "maxSize: 12")]),
    ("renames-a-group", PRIVATE, &[("  name: batch\n", "  name: jobs\n")]),
    ("removes-a-group", PRIVATE, &[("  name: batch\n", "  name: REMOVED\n")]),
    (
        "adds-three-groups",
        PRIVATE,
        &[(
            "\n---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: batch",
            "\nGROUP+blue,green,red\n---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: batch",
        )],
    ),
    (
        "renames-shrinks-and-adds-three",
        PRIVATE,
        &[
            ("  name: batch\n", "  name: jobs\n"),
            ("cidr: 10.80.192.0/18", "cidr: 10.80.192.0/19"),
            (
                "\n---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: nodes",
                "\nGROUP+blue,green,red\n---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: nodes",
            ),
        ],
    ),
    ("shrinks-a-subnet", MINIMAL, &[("cidr: 172.20.32.0/19", "cidr: 172.20.32.0/20")]),
    ("moves-the-network", PRIVATE, &[("10.80.", "10.90.")]),
    ("opens-ssh-to-everybody", MINIMAL, &[("sshAccess:\n  - 203.0.113.0/24", "sshAccess:\n  - 0.0.0.0/0")]),
    (
        "closes-the-api",
        MINIMAL,
        &[("kubernetesApiAccess:\n  - 0.0.0.0/0", "kubernetesApiAccess:\n  - 198.51.100.0/24")],
    ),
    ("bigger-root-volumes", PRIVATE, &[("rootVolumeSize: 100", "rootVolumeSize: 200")]),
    (
        "another-image",
        PRIVATE,
        &[(
            "ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            "099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260801",
        )],
    ),
    ("another-team", PRIVATE, &[("team: platform", "team: sre")]),
    ("another-label", PRIVATE, &[("example.com/pool: general", "example.com/pool: web")]),
    (
        "removes-the-bastion",
        PRIVATE,
        &[
            ("    bastion:\n      bastionPublicName: bastion.private.example.com\n", ""),
            ("  name: bastions\n", "  name: REMOVED\n"),
        ],
    ),
    (
        "bigger-etcd-volumes",
        MINIMAL,
        &[("      encryptedVolume: true", "      encryptedVolume: true\n      volumeSize: 40")],
    ),
    (
        "renames-an-etcd-member",
        MINIMAL,
        &[("name: main\n    etcdMembers:\n    - name: a", "name: main\n    etcdMembers:\n    - name: b")],
    ),
    (
        "user-data",
        MINIMAL,
        &[(
            "  machineType: t3.large\n",
            "  machineType: t3.large\n  additionalUserData:\n  - name: setup.sh\n    type: text/x-shellscript\n    content: |\n      #!/bin/sh\n      echo ready\n",
        )],
    ),
    (
        "more-permissions",
        MINIMAL,
        &[(
            "  kubernetesVersion:",
            "  additionalPolicies:\n    node: |\n      [{\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\"], \"Resource\": [\"arn:aws:s3:::example-data/*\"]}]\n  kubernetesVersion:",
        )],
    ),
    ("spot-prices", MINIMAL, &[("  machineType: t3.large\n", "  machineType: t3.large\n  maxPrice: \"0.05\"\n")]),
    (
        "from-three-zones-to-two",
        PRIVATE,
        &[(
            "  - us-east-1c\n---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: batch",
            "---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: batch",
        )],
    ),
    ("from-nothing", "", &[]),
];

/// The manifest after an edit.
fn edited((name, before, replacements): &Edit) -> String {
    let mut after = (*before).to_owned();
    for (old, new) in *replacements {
        assert!(after.contains(old), "{name}: there is no {old:?}");
        after = after.replace(old, new);
    }
    let mut documents: Vec<String> = Vec::new();
    for document in after.split("---\n").filter(|document| !document.contains("name: REMOVED")) {
        match document.split_once("GROUP+") {
            Some((whole, names)) => {
                let (names, rest) = names.split_once('\n').unwrap();
                documents.push(whole.to_owned());
                for group in names.split(',') {
                    documents.push(GROUP.trim_start_matches("---\n").replace("NAME", group));
                }
                assert_eq!(rest, "", "{name}");
            }
            None => documents.push(document.to_owned()),
        }
    }
    documents.join("---\n")
}

/// The plan, the difference of the manifests, and the comment.
fn comment(edit: &Edit) -> (String, String) {
    let (name, before, _) = edit;
    let (plan, after) = if before.is_empty() {
        let nothing = kedge_resource::Inventory::empty(crate::common::desired(MINIMAL).cluster);
        (crate::common::plan_from(&nothing, MINIMAL), MINIMAL.to_owned())
    } else {
        let after = edited(edit);
        (plan(before, &after), after)
    };
    let mut planned = planned(&plan);
    planned.desired = crate::common::desired(if before.is_empty() { MINIMAL } else { &after }).resources;
    if name.len() % 2 == 0 {
        planned.saved = Some(Saved { path: "plan.json".to_owned(), digest: "0123456789abcdef".repeat(4) });
    }
    let difference = kedge_render::unified::diff(before, &after, "before", "after").to_string();
    let review = Review { clusters: vec![planned.into()] };
    (difference, render(&review, &MarkdownOptions { marker: Some("prod".to_owned()), link: None }))
}

/// What policies say of an edit: nothing, or that it must not be.
fn with_findings(findings: Vec<Finding>) -> Planned {
    let edit = EDITS.iter().find(|edit| edit.0 == "opens-ssh-to-everybody").unwrap();
    let mut planned = planned(&plan(edit.1, &edited(edit)));
    planned.findings = Some(findings);
    planned
}

/// Two findings about the same rule of a security group.
fn findings() -> Vec<Finding> {
    let finding = |severity, policy: &str, message: &str| Finding {
        severity,
        policy: policy.to_owned(),
        message: message.to_owned(),
        key: Some("security-group-rule/nodes.minimal.example.com tcp 22 from 0.0.0.0/0".parse().unwrap()),
        position: Some(Position { path: "clusters/prod.yaml".to_owned(), line: 28, column: 5 }),
    };
    vec![
        finding(
            Severity::Deny,
            "no_open_ssh",
            "SSH is open to everybody; name the networks of the people who need it.",
        ),
        finding(Severity::Warn, "owner_label", "No label says who the owner is."),
    ]
}

#[test]
fn findings_are_shown_as_recorded() {
    let assert = Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/views/findings");
    let options = MarkdownOptions::default();
    for (name, findings) in [("denied.md", findings()), ("agreed.md", Vec::new())] {
        let comment = render(&Review { clusters: vec![with_findings(findings).into()] }, &options);
        let expected = Data::read_from(&folder.join(name), Some(snapbox::data::DataFormat::Text));
        assert.try_eq(Some(&name), comment.into(), expected).unwrap();
    }
    let review = Review { clusters: vec![with_findings(findings()).into()] };
    let sarif = serde_json::to_string_pretty(&sarif::document(&review, "0.1.0")).unwrap() + "\n";
    for (name, text) in
        [("denied.sarif", sarif), ("denied.xml", junit::render(&review)), ("denied.github", github::render(&review))]
    {
        let expected = Data::read_from(&folder.join(name), Some(snapbox::data::DataFormat::Text));
        assert.try_eq(Some(&name), text.into(), expected).unwrap();
    }
}

#[test]
fn the_page_of_an_edit_is_as_recorded() {
    let edit = EDITS.iter().find(|edit| edit.0 == "shrinks-a-subnet").unwrap();
    let after = edited(edit);
    let mut planned = planned(&plan(edit.1, &after));
    planned.desired = crate::common::desired(&after).resources;
    let page = html::render(&Review { clusters: vec![planned.into()] });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/views/shrinks-a-subnet.html");
    let expected = Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
    let assert = Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV);
    assert.try_eq(Some(&"shrinks-a-subnet.html"), page.into(), expected).unwrap();
}

/// Lines that are seen without unfolding anything.
fn unfolded(comment: &str) -> usize {
    let mut folded = false;
    comment
        .lines()
        .filter(|line| {
            folded |= line.starts_with("<details>");
            let seen = !folded;
            folded &= *line != "</details>";
            seen
        })
        .count()
}

#[test]
fn comments_are_as_recorded() {
    let assert = Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/views/comments");
    let mut wrong = Vec::new();
    for edit in EDITS {
        let (difference, comment) = comment(edit);
        for (ending, actual) in [("diff", difference), ("md", comment)] {
            let path = folder.join(format!("{}.{ending}", edit.0));
            let expected = Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
            if let Err(error) = assert.try_eq(Some(&path.display()), actual.into(), expected) {
                wrong.push(error.to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn small_edits_fit_on_a_screen() {
    for edit in EDITS {
        let (_, comment) = comment(edit);
        let lines = unfolded(&comment);
        assert!(lines <= SCREEN || ["moves-the-network"].contains(&edit.0), "{}: {lines} lines\n{comment}", edit.0);
        assert!(comment.len() < LIMIT);
    }
}
