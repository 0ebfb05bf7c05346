//! A folder of test cases that no harness reads tests nothing.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

/// Folders of `tests` that are no cases: shared code, the test server, measurements.
const NO_CASES: &[&str] = &["bench", "common", "moto", "proxy", "pull_requests", "reliability"];

/// Checks that a harness names every folder of cases, and that cargo runs every harness.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let harnesses: Vec<&str> = workspace
        .files_ending(".rs")
        .filter(|path| path.starts_with("tests/") && path.matches('/').count() == 1)
        .collect();
    let mut code = String::new();
    for path in workspace.files_ending(".rs").filter(|path| path.starts_with("tests/") || path.contains("/tests/")) {
        code.push_str(&workspace.read(path)?.unwrap_or_default());
    }
    let mut manifests = String::new();
    for folder in workspace.crates() {
        manifests.push_str(&workspace.read(&format!("{folder}/Cargo.toml"))?.unwrap_or_default());
    }
    Ok(findings(&workspace.files, &harnesses, &code, &manifests))
}

fn findings(files: &[String], harnesses: &[&str], code: &str, manifests: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for harness in harnesses {
        if !manifests.contains(&format!("path = \"../../{harness}\"")) {
            found.push(Finding::error(*harness, "no crate has a [[test]] with this path: it never runs"));
        }
    }
    let folders: BTreeSet<&str> = files
        .iter()
        .filter_map(|path| path.strip_prefix("tests/")?.split_once('/').map(|(folder, _)| folder))
        .filter(|folder| !NO_CASES.contains(folder))
        .collect();
    for folder in folders {
        let named = [format!("tests/{folder}"), format!("\"{folder}"), format!("/{folder}\"")];
        if !named.iter().any(|name| code.contains(name)) {
            found.push(Finding::error(format!("tests/{folder}"), "no harness reads these cases"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_harnesses() {
        let files = ["tests/cli/plan/a/cmd", "tests/moto/server.py", "tests/run"].map(str::to_owned);
        let manifest = "path = \"../../tests/e2e.rs\"";
        assert_eq!(findings(&files, &["tests/e2e.rs"], "root.join(\"tests/cli\")", manifest), []);
        assert_eq!(findings(&files, &["tests/e2e.rs"], "", manifest)[0].at, "tests/cli");
        assert_eq!(findings(&files, &["tests/e2e.rs"], "tests/cli", "")[0].at, "tests/e2e.rs");
    }
}
