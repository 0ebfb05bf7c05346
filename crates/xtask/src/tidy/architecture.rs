//! The architecture page knows every crate, and no crate that is gone.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

const PAGE: &str = "docs/ARCHITECTURE.md";

/// Compares the code map with the folders.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let text = workspace.read(PAGE)?.unwrap_or_default();
    Ok(findings(&text, &workspace.crates()))
}

fn findings(text: &str, crates: &[&str]) -> Vec<Finding> {
    let described: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
    let mut found = Vec::new();
    for folder in crates.iter().filter(|folder| !described.contains(folder)) {
        found.push(Finding::error(PAGE, format!("does not describe {folder}")));
    }
    for folder in described.iter().filter(|name| name.starts_with("crates/") && !crates.contains(name)) {
        found.push(Finding::error(PAGE, format!("describes {folder}, which is gone")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_map_and_folders() {
        let text = "### `crates/a`\nwhat it is\n### `crates/b`\n";
        assert_eq!(findings(text, &["crates/a", "crates/b"]), []);
        assert_eq!(findings(text, &["crates/a", "crates/b", "crates/c"])[0].message, "does not describe crates/c");
        assert_eq!(findings(text, &["crates/a"])[0].message, "describes crates/b, which is gone");
    }
}
