//! What a manifest asks of instances that cannot be done.

use std::fmt;

/// A setting that instances cannot follow, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootProblem {
    /// The field, below `spec` of the cluster or of the group.
    pub field: String,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub hint: String,
}

impl BootProblem {
    pub(crate) fn new(field: impl Into<String>, why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into(), hint: hint.into() }
    }
}

impl fmt::Display for BootProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.{}: {}; {}", self.field, self.why, self.hint)
    }
}

impl std::error::Error for BootProblem {}
