//! Every source file says at its top what it is for.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

/// Checks every Rust file, and the doc strings of Python files.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for path in workspace.files_ending(".rs").chain(workspace.files_ending(".py")) {
        // The tests of a module have its name.
        if path.ends_with("/tests.rs") {
            continue;
        }
        let Some(text) = workspace.read(path)? else { continue };
        if !has_header(path, &text) {
            found.push(Finding::error(path, "does not start with what the file is for"));
        }
    }
    Ok(found)
}

fn has_header(path: &str, text: &str) -> bool {
    let first = text.lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
    let mark = if path.ends_with(".py") { "\"\"\"" } else { "//!" };
    first.strip_prefix(mark).is_some_and(|rest| !rest.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        assert!(has_header("a.rs", "//! What this is for.\n"));
        assert!(has_header("a.py", "#!/usr/bin/env python3\n\"\"\"What this is for.\"\"\"\n"));
        assert!(!has_header("a.rs", "use std::fmt;\n//! Too late here.\n"));
        assert!(!has_header("a.rs", "//!\n"));
        assert!(!has_header("a.py", "import os\n"));
    }
}
