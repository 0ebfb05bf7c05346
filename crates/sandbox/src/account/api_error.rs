//! What an AWS API answers when it refuses.

/// An answer that is an error, with AWS's own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// AWS's code, such as `DependencyViolation`.
    pub(crate) code: String,
    /// AWS's message.
    pub(crate) message: String,
    /// HTTP status.
    pub(crate) status: u16,
}

/// Answer of one call.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// A refusal (status 400).
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400 }
    }

    /// The wording of EC2 for an id that it does not know.
    pub(crate) fn unknown(code: &str, what: &str, id: &str) -> Self {
        Self::new(code, format!("The {what} ID '{id}' does not exist"))
    }

    /// The wording of EC2 for something that is still in use.
    pub(crate) fn dependency(what: &str, id: &str) -> Self {
        Self::new("DependencyViolation", format!("The {what} '{id}' has dependencies and cannot be deleted."))
    }
}

/// Refuses unless `holds`.
pub(crate) fn require(holds: bool, error: impl FnOnce() -> ApiError) -> ApiResult<()> {
    if holds { Ok(()) } else { Err(error()) }
}
