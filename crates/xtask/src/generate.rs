//! Checked-in files that follow from others: written by `generate`, compared by `generate --check`.
//!
//! They are checked in because people read them in the repository, and compared because nobody edits them by hand.

mod kedge;

use anyhow::Result;

use crate::workspace::Workspace;
use kedge::Kedge;

/// Whether to write or to compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// A generated file and the arguments with which kedge prints it.
struct Page {
    path: &'static str,
    arguments: &'static [&'static str],
}

const PAGES: &[Page] = &[
    Page { path: "docs/reference/difference.schema.json", arguments: &["schema", "difference"] },
    Page { path: "docs/reference/event.schema.json", arguments: &["schema", "event"] },
    Page { path: "docs/reference/fields.md", arguments: &["schema", "fields"] },
    Page { path: "docs/reference/facts.schema.json", arguments: &["schema", "facts"] },
    Page { path: "docs/reference/manifest.schema.json", arguments: &["schema", "manifest"] },
    Page { path: "docs/reference/snapshot.schema.json", arguments: &["schema", "snapshot"] },
    Page { path: "docs/reference/plan.schema.json", arguments: &["schema", "plan"] },
    Page { path: "docs/reference/plans.schema.json", arguments: &["schema", "plans"] },
];

/// Generates every page; false if one differs in check mode.
pub(crate) fn run(workspace: &Workspace, mode: Mode) -> Result<bool> {
    let kedge = Kedge::find(workspace)?;
    let mut same = true;
    for page in PAGES {
        let wanted = kedge.print(page.arguments)?;
        let path = workspace.root.join(page.path);
        let current = fs_err::read_to_string(&path).unwrap_or_default();
        if current == wanted {
            continue;
        }
        if mode == Mode::Write {
            if let Some(folder) = path.parent() {
                fs_err::create_dir_all(folder)?;
            }
            fs_err::write(&path, wanted)?;
            println!("wrote {}", page.path);
        } else {
            same = false;
            println!("error: {} is out of date: run `cargo xtask generate`", page.path);
        }
    }
    println!("generate: {} files{}", PAGES.len(), if same { "" } else { ", some out of date" });
    Ok(same)
}
