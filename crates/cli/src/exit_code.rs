//! What the exit code says. Scripts rely on these numbers: they never change their meaning.

/// How kedge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// Everything was done, or there was nothing to do.
    Done = 0,
    /// It failed: wrong usage, bad input, an account that refused, changes that were not all made.
    Failed = 1,
    /// `plan --detailed-exitcode` found changes, or `validate` something that is not as it should be.
    ChangesPending = 2,
    /// Somebody interrupted it (Ctrl-C, SIGTERM).
    Interrupted = 130,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
