//! A plan that waits for somebody to agree to it.

use std::collections::BTreeSet;

use kedge_check::{CheckOptions, check};
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Plan, Resource, ResourceKey};

/// A plan with the verdict of the checks among its notes.
#[derive(Clone, Debug)]
pub struct Proposal {
    plan: Plan,
    own_notes: Vec<Note>,
    options: CheckOptions,
    desired: Vec<Resource>,
}

impl Proposal {
    /// Checks a plan.
    #[must_use]
    pub fn new(plan: Plan, options: CheckOptions) -> Self {
        let own_notes = plan.report.notes.clone();
        let mut proposal = Self { plan, own_notes, options, desired: Vec::new() };
        proposal.check();
        proposal
    }

    /// A plan that is only read: its notes stay as they are.
    pub(crate) fn unchecked(plan: Plan) -> Self {
        let own_notes = plan.report.notes.clone();
        Self { plan, own_notes, options: CheckOptions::default(), desired: Vec::new() }
    }

    /// Keeps what the plan was made for.
    #[must_use]
    pub fn with_desired(self, desired: Vec<Resource>) -> Self {
        Self { desired, ..self }
    }

    /// The plan alone, for whoever has read what it was made for: that is as large as the plan.
    #[must_use]
    pub fn without_desired(self) -> Self {
        Self { desired: Vec::new(), ..self }
    }

    /// Everything that the manifests ask for; nothing if the cluster is deleted.
    #[must_use]
    pub fn desired(&self) -> &[Resource] {
        &self.desired
    }

    /// The plan, with every note.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, with every note, for reading or for its record.
    #[must_use]
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// Remarks for which applying is refused.
    #[must_use]
    pub fn fatal(&self) -> Vec<&Note> {
        self.plan.report.notes.iter().filter(|note| note.severity == Severity::Fatal).collect()
    }

    /// Whether a part of the account that matters to the plan could not be read: then the plan is not the whole truth.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.fatal().iter().any(|note| note.code == "unreadable")
    }

    /// Allows that these resources, which hold state, are removed or replaced, and checks again.
    pub fn allow_destroy(&mut self, keys: impl IntoIterator<Item = ResourceKey>) {
        self.options.allow_destroy.extend(keys);
        self.check();
    }

    /// Resources whose loss has been allowed.
    #[must_use]
    pub fn allowed(&self) -> &BTreeSet<ResourceKey> {
        &self.options.allow_destroy
    }

    fn check(&mut self) {
        let mut notes = self.own_notes.clone();
        notes.extend(check(&self.plan, &self.options));
        notes.sort();
        notes.dedup();
        self.plan.report.notes = notes;
    }
}
