//! A file that nobody can hold in mind is two files.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

/// Lines of code above which a file is looked at, and above which it is refused. Tests at its end do not count.
const CODE: (usize, usize) = (400, 800);
/// The same for files that are tests.
const TESTS: (usize, usize) = (800, 1200);

/// Counts the lines of every source file.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for path in &workspace.files {
        if !(path.ends_with(".rs") || path.ends_with(".py")) {
            continue;
        }
        if let Some(text) = workspace.read(path)? {
            found.extend(finding(path, &text));
        }
    }
    Ok(found)
}

fn finding(path: &str, text: &str) -> Option<Finding> {
    let tests = path.ends_with("/tests.rs") || path.starts_with("tests/") || path.contains("/tests/");
    let lines =
        if tests { text.lines().count() } else { text.lines().take_while(|line| *line != "#[cfg(test)]").count() };
    let (look, refuse) = if tests { TESTS } else { CODE };
    if lines > refuse {
        Some(Finding::error(path, format!("has {lines} lines: split it ({refuse} at most)")))
    } else if lines > look {
        Some(Finding::warning(path, format!("has {lines} lines: is it one thing?")))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    fn severity(path: &str, lines: usize, rest: &str) -> Option<Severity> {
        finding(path, &format!("{}{rest}", "code\n".repeat(lines))).map(|finding| finding.severity)
    }

    #[test]
    fn code() {
        assert_eq!(severity("crates/a/src/lib.rs", 400, ""), None);
        assert_eq!(severity("crates/a/src/lib.rs", 401, ""), Some(Severity::Warning));
        assert_eq!(severity("crates/a/src/lib.rs", 801, ""), Some(Severity::Error));
    }

    #[test]
    fn tests_do_not_count() {
        let tests = format!("#[cfg(test)]\n{}", "test\n".repeat(1000));
        assert_eq!(severity("crates/a/src/lib.rs", 10, &tests), None);
        assert_eq!(severity("crates/a/src/lib/tests.rs", 800, ""), None);
        assert_eq!(severity("crates/a/src/lib/tests.rs", 1201, ""), Some(Severity::Error));
    }
}
