//! Versions and lints are written once, in the root manifest.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

/// What every crate takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// Checks the manifest of every crate.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for folder in workspace.crates() {
        let path = format!("{folder}/Cargo.toml");
        if let Some(text) = workspace.read(&path)? {
            found.extend(findings(&path, &text));
        }
    }
    Ok(found)
}

fn findings(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut section = "";
    let (mut lints, mut package) = (false, Vec::new());
    for (index, line) in text.lines().enumerate() {
        let at = || format!("{path}:{}", index + 1);
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_start_matches('[').trim_end_matches(']');
            if dependency_table(section).is_some_and(|name| !name.is_empty()) {
                found.push(Finding::error(at(), "write the dependency as one line: `name.workspace = true`"));
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        // `a.workspace = true`, and `a = { workspace = true, … }`.
        let inherited = line.replace(' ', "").contains("workspace=true");
        if dependency_table(section) == Some("") && !inherited {
            found.push(Finding::error(at(), "the version belongs into [workspace.dependencies] of the root manifest"));
        }
        lints |= section == "lints" && inherited;
        if section == "package" && inherited {
            package.extend(line.split('.').next());
        }
    }
    if !lints {
        found.push(Finding::error(path, "has no `[lints] workspace = true`"));
    }
    for key in INHERITED.iter().filter(|key| !package.contains(key)) {
        found.push(Finding::error(path, format!("has no `{key}.workspace = true`")));
    }
    found
}

/// The rest of the name of a dependency table: empty for the table itself, the dependency's name for a table of its own.
fn dependency_table(section: &str) -> Option<&str> {
    let section = if section.starts_with("target.") {
        section.rsplit_once('.').map_or(section, |(_, last)| last)
    } else {
        section
    };
    let rest = ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .find_map(|name| section.strip_prefix(name))?;
    Some(rest.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\
        [dependencies]\nb.workspace = true # why\nc = { workspace = true, optional = true }\n[lints]\nworkspace = true\n";

    #[test]
    fn a_good_manifest() {
        assert_eq!(findings("Cargo.toml", GOOD), []);
    }

    #[test]
    fn a_version_of_its_own() {
        for broken in ["b = \"1\"", "b = { version = \"1\" }", "[dependencies.b]"] {
            assert_eq!(findings("Cargo.toml", &GOOD.replace("b.workspace = true", broken)).len(), 1, "{broken}");
        }
        let dev = GOOD.replace("[dependencies]", "[dev-dependencies]").replace("b.workspace = true", "b = \"1\"");
        assert_eq!(findings("Cargo.toml", &dev)[0].at, "Cargo.toml:9");
    }

    #[test]
    fn lints_and_edition_of_its_own() {
        assert_eq!(findings("Cargo.toml", &GOOD.replace("[lints]\nworkspace = true\n", "")).len(), 1);
        assert_eq!(findings("Cargo.toml", &GOOD.replace("edition.workspace = true", "edition = \"2024\"")).len(), 1);
    }
}
