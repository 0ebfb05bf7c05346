//! Lints a plan: one function per rule.

use std::collections::BTreeSet;

use kedge_resource::plan::Note;
use kedge_resource::{Plan, ResourceKey};

/// What the person who applies has allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Stateful resources that may be deleted or replaced (`--allow-destroy KEY`).
    pub allow_destroy: BTreeSet<ResourceKey>,
    /// Resources that may never be (`kedge.dev/prevent-destroy`).
    pub protected: BTreeSet<ResourceKey>,
}

/// Runs every rule. The notes are sorted; one that is fatal blocks applying.
#[must_use]
pub fn check(plan: &Plan, options: &CheckOptions) -> Vec<Note> {
    let _ = (plan, options);
    Vec::new()
}
