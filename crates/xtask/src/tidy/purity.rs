//! The pure core must not touch files, time, environment or network, which clippy checks by a file in each crate.
//!
//! Clippy takes the nearest `.clippy.toml` alone, so a pure crate without one, or with a shorter one, is not checked.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

const PURE: &[&str] =
    &["diag", "resource", "spec", "model", "planner", "check", "policy", "render", "bootstrap", "pki", "addons"];

/// Compares the files with each other.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut texts = Vec::new();
    for name in PURE {
        let folder = format!("crates/{name}");
        if !workspace.crates().contains(&folder.as_str()) {
            continue;
        }
        let path = format!("{folder}/.clippy.toml");
        let text = if workspace.files.contains(&path) { workspace.read(&path)? } else { None };
        texts.push((path, text));
    }
    Ok(findings(&texts))
}

fn findings(texts: &[(String, Option<String>)]) -> Vec<Finding> {
    let first = texts.iter().find_map(|(path, text)| text.as_ref().map(|text| (path, text)));
    let mut found = Vec::new();
    for (path, text) in texts {
        match (text, first) {
            (None, _) => found.push(Finding::error(path, "a pure crate lists the calls that are banned in it")),
            (Some(text), Some((model, wanted))) if text != wanted => {
                found.push(Finding::error(path, format!("differs from {model}")));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_different_files() {
        let texts = [
            ("a".to_owned(), Some("banned".to_owned())),
            ("b".to_owned(), Some("banned".to_owned())),
            ("c".to_owned(), Some("less".to_owned())),
            ("d".to_owned(), None),
        ];
        let found = findings(&texts);
        let at: Vec<&str> = found.iter().map(|finding| finding.at.as_str()).collect();
        assert_eq!(at, ["c", "d"]);
    }
}
