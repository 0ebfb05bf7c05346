//! What a manifest asks of add-ons that cannot be done.

use std::fmt;

/// A setting that add-ons cannot follow, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field as a path from the top of the `Cluster`, such as `spec.networking.kopeio`.
    pub field: String,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into(), hint: hint.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.field, self.why, self.hint)
    }
}

impl std::error::Error for Problem {}
