//! The rules of the repository that neither the compiler nor clippy checks, one file each.
//!
//! A check returns the findings; nothing here changes a file.

mod architecture;
mod cases;
mod dependencies;
mod headers;
mod links;
mod manifests;
mod purity;
mod sizes;
mod words;

use anyhow::Result;

use crate::workspace::Workspace;

type Check = fn(&Workspace) -> Result<Vec<Finding>>;

/// Every check, with what it looks at.
const CHECKS: &[(&str, Check)] = &[
    ("dependencies between crates", dependencies::check),
    ("what the pure core may call", purity::check),
    ("manifests of crates", manifests::check),
    ("module headers", headers::check),
    ("file sizes", sizes::check),
    ("test cases", cases::check),
    ("words", words::check),
    ("links in documents", links::check),
    ("architecture page", architecture::check),
];

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `path` or `path:line`.
    at: String,
    message: String,
    severity: Severity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    /// Worth a look.
    Warning,
    Error,
}

impl Finding {
    fn error(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), severity: Severity::Error }
    }

    fn warning(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), severity: Severity::Warning }
    }
}

/// Runs every check and prints what it found; true if nothing is wrong.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let (mut errors, mut warnings) = (0, 0);
    for (name, check) in CHECKS {
        for Finding { at, message, severity } in check(workspace)? {
            match severity {
                Severity::Error => {
                    errors += 1;
                    println!("error: {at}: {message} [{name}]");
                }
                Severity::Warning => {
                    warnings += 1;
                    println!("warning: {at}: {message} [{name}]");
                }
            }
        }
    }
    println!(
        "tidy: {} checks over {} files: {errors} errors, {warnings} warnings",
        CHECKS.len(),
        workspace.files.len()
    );
    Ok(errors == 0)
}
