//! Errors of a cloud, classified once.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an error means for whoever called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorClass {
    /// The thing does not exist.
    NotFound,
    /// A thing of that name exists.
    AlreadyExists,
    /// Too many calls; the same call succeeds later.
    Throttled,
    /// The cloud failed or was not reached, and for certain did nothing; the same call may succeed later.
    Transient,
    /// A write was sent and its answer was lost: it may have been done. Look before doing it again.
    Ambiguous,
    /// Something that this depends on is not ready or not visible yet; the same call succeeds later.
    NotReadyYet,
    /// Something still uses the thing; the same call succeeds when that is gone.
    InUse,
    /// The caller may not do this.
    Denied,
    /// Credentials are missing, wrong or expired.
    Credentials,
    /// A quota of the account is used up.
    Quota,
    /// The thing is in a state in which this cannot be done.
    Conflict,
    /// The request is wrong.
    Invalid,
    /// The answer arrived, and what it holds is not understood.
    Unreadable,
    /// The endpoint was not reached.
    Unreachable,
    /// The run may not write any longer: its lease is lost. Nothing was sent.
    Fenced,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// Whether the same call, made later, may succeed without anybody doing anything.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Throttled | Self::Transient | Self::NotReadyYet | Self::InUse)
    }

    /// The class in words, as events and messages show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Ambiguous => "answer lost",
            Self::NotReadyYet => "not ready yet",
            Self::InUse => "in use",
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::Quota => "quota",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Unreadable => "not readable",
            Self::Unreachable => "unreachable",
            Self::Fenced => "lease lost",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call to the cloud that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{call}: {message}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
#[serde(rename_all = "camelCase")]
pub struct CloudError {
    /// What it means.
    pub class: ErrorClass,
    /// The call, as IAM names it: `ec2:CreateVpc`.
    pub call: String,
    /// The cloud's own code, such as `VpcLimitExceeded`.
    pub code: Option<String>,
    /// The cloud's own message, or what went wrong on the way.
    pub message: String,
    /// What to do next, if there is something to say.
    pub hint: Option<String>,
}

impl CloudError {
    /// An error without code or hint.
    pub fn new(class: ErrorClass, call: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, call: call.into(), code: None, message: message.into(), hint: None }
    }

    /// Adds the cloud's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
