//! Lints a plan before anybody agrees to it: one function per rule, one rule a file.
//!
//! A rule looks at the plan and nothing else, and says what it finds as [`Note`]s. A note that is fatal keeps the plan
//! from being applied. Rules never change a plan: what must not happen at all is the planner's business.

use std::collections::BTreeSet;

use kedge_resource::plan::Note;
use kedge_resource::{Plan, ResourceKey};

mod rule;

#[cfg(test)]
mod testing;

/// What the person who applies has allowed and forbidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Stateful resources that may be deleted or replaced (`--allow-destroy KEY`).
    pub allow_destroy: BTreeSet<ResourceKey>,
    /// Resources that may never be (`kedge.dev/prevent-destroy`).
    pub protected: BTreeSet<ResourceKey>,
}

/// Runs every rule. The notes are sorted, the worst first; one that is fatal keeps the plan from being applied.
#[must_use]
pub fn check(plan: &Plan, options: &CheckOptions) -> Vec<Note> {
    let mut notes = Vec::new();
    for rule in rule::ALL {
        notes.extend(rule(plan, options));
    }
    notes.sort();
    notes
}
