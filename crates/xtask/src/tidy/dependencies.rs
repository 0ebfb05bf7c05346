//! Crates form rings, and dependencies point inwards.
//!
//! Only what a crate links counts: its tests may use the crates around it.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Finding;
use crate::workspace::{Packages, Workspace};

/// The ring of each crate.
const RINGS: &[(u8, &[&str])] = &[
    (0, &["kedge-diag", "kedge-resource"]),
    (
        1,
        &[
            "kedge-spec",
            "kedge-model",
            "kedge-planner",
            "kedge-check",
            "kedge-policy",
            "kedge-render",
            "kedge-bootstrap",
            "kedge-pki",
            "kedge-addons",
        ],
    ),
    (2, &["kedge-cloud", "kedge-store"]),
    (3, &["kedge-aws", "kedge-etcd", "kedge-kube", "kedge-sandbox"]),
    (4, &["kedge-agent", "kedge-engine", "kedge-migrate"]),
    (5, &["kedge-ops"]),
    (6, &["kedge-cli", "kedge-node"]),
];

/// Crates outside the rings: nothing links them, and they link nothing of kedge.
const TOOLS: &[&str] = &["xtask", "kedge-testkit"];

/// Dependencies within a ring that are meant.
const WITHIN_A_RING: &[(&str, &str, &str)] = &[
    ("kedge-model", "kedge-spec", "the model reads the resolved specification"),
    ("kedge-bootstrap", "kedge-spec", "instances boot with what the specification says"),
    ("kedge-addons", "kedge-spec", "add-ons are those that the specification asks for"),
    ("kedge-addons", "kedge-bootstrap", "kube-proxy and DNS have the addresses that kubeadm gave them"),
    ("kedge-render", "kedge-check", "notes are rendered"),
    ("kedge-store", "kedge-cloud", "S3 fails as every cloud does, and a lease is a fence for writes"),
    ("kedge-migrate", "kedge-engine", "a migration applies plans"),
];

/// What the pure core links at no distance.
const IMPURE: &[&str] = &["tokio", "aws-", "kube", "k8s-openapi", "hyper", "reqwest", "mio", "async-trait"];

/// Packages that only the named crates link directly.
const RESERVED: &[(&str, &[&str])] = &[
    ("aws-", &["kedge-aws", "kedge-store"]),
    ("serde_yaml", &["kedge-spec"]),
    ("kube", &["kedge-kube"]),
    ("clap", &["kedge-cli", "kedge-node"]),
    ("indicatif", &["kedge-cli"]),
    ("anyhow", &["kedge-cli", "kedge-node", "kedge-testkit", "xtask"]),
];

/// Checks every crate of the workspace.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    Ok(findings(&workspace.packages))
}

fn findings(packages: &Packages) -> Vec<Finding> {
    let rings: BTreeMap<&str, u8> =
        RINGS.iter().flat_map(|(ring, names)| names.iter().map(move |name| (*name, *ring))).collect();
    let own = packages.own();
    let mut found = Vec::new();
    for (name, package) in &own {
        let direct = packages.direct(package);
        for (prefix, allowed) in RESERVED {
            for dependency in direct.iter().filter(|dependency| dependency.starts_with(prefix)) {
                if !allowed.contains(name) {
                    found.push(Finding::error(*name, format!("links {dependency}: only {} may", allowed.join(", "))));
                }
            }
        }
        let Some(&ring) = rings.get(name) else {
            if !TOOLS.contains(name) {
                found
                    .push(Finding::error(*name, "belongs to no ring: add it to crates/xtask/src/tidy/dependencies.rs"));
            }
            continue;
        };
        if ring <= 1 {
            for (dependency, path) in packages.transitive(package) {
                if IMPURE.iter().any(|impure| dependency.starts_with(impure)) {
                    found.push(Finding::error(*name, format!("is pure and must not link {dependency}: {path}")));
                }
            }
        }
        for dependency in direct.iter().filter(|dependency| own.contains_key(*dependency)) {
            let meant = WITHIN_A_RING.iter().any(|(from, to, _)| from == name && to == dependency);
            match rings.get(dependency) {
                Some(&other) if other < ring => {}
                Some(&other) if other == ring && meant => {}
                Some(&other) => found.push(Finding::error(
                    *name,
                    format!("is in ring {ring} and must not link {dependency} of ring {other}"),
                )),
                None => found.push(Finding::error(*name, format!("must not link {dependency}, a tool"))),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace::Package;

    /// Packages whose id is their name; those that start with `kedge-` are the workspace's own.
    fn packages(links: &[(&str, &[&str])]) -> Packages {
        let mut packages = Packages::default();
        for (name, dependencies) in links {
            let dependencies: BTreeSet<String> = dependencies.iter().map(|name| (*name).to_owned()).collect();
            for name in &dependencies {
                packages
                    .all
                    .entry(name.clone())
                    .or_insert_with(|| Package { name: name.clone(), dependencies: BTreeSet::new() });
            }
            packages.all.insert((*name).to_owned(), Package { name: (*name).to_owned(), dependencies });
        }
        packages.members = packages.all.keys().filter(|name| name.starts_with("kedge-")).cloned().collect();
        packages
    }

    fn messages(links: &[(&str, &[&str])]) -> Vec<String> {
        findings(&packages(links)).into_iter().map(|finding| format!("{}: {}", finding.at, finding.message)).collect()
    }

    #[test]
    fn inward_is_right() {
        assert_eq!(
            messages(&[("kedge-engine", &["kedge-planner", "kedge-cloud"]), ("kedge-model", &["kedge-spec"])]),
            [""; 0]
        );
    }

    #[test]
    fn outward_is_wrong() {
        assert_eq!(
            messages(&[("kedge-planner", &["kedge-engine"])]),
            ["kedge-planner: is in ring 1 and must not link kedge-engine of ring 4"]
        );
    }

    #[test]
    fn adapters_do_not_know_each_other() {
        assert_eq!(
            messages(&[("kedge-sandbox", &["kedge-aws"])]),
            ["kedge-sandbox: is in ring 3 and must not link kedge-aws of ring 3"]
        );
    }

    #[test]
    fn purity_reaches_through() {
        assert_eq!(
            messages(&[("kedge-spec", &["helper"]), ("helper", &["tokio"])]),
            ["kedge-spec: is pure and must not link tokio: kedge-spec → helper → tokio"]
        );
    }

    #[test]
    fn reserved_packages() {
        assert_eq!(
            messages(&[("kedge-ops", &["aws-sdk-ec2"]), ("kedge-aws", &["aws-sdk-ec2"])]),
            ["kedge-ops: links aws-sdk-ec2: only kedge-aws, kedge-store may"]
        );
    }

    #[test]
    fn every_crate_has_a_ring() {
        assert_eq!(messages(&[("kedge-new", &[])]).len(), 1);
    }
}
