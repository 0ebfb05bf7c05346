//! Why a step is not done.

use std::io;
use std::time::Duration;

use thiserror::Error;

/// Why the machine did not do something.
#[derive(Debug, Error)]
pub enum HostError {
    /// A file could not be read or written.
    #[error("{doing} {path}: {}", explain(.source))]
    Io {
        /// `read`, `write` and so on.
        doing: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("`{command}` cannot be run: {source}")]
    NotRun {
        /// The command.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A program ended badly.
    #[error("`{command}` ended with {status}: {said}")]
    Failed {
        /// The command.
        command: String,
        /// Its exit status.
        status: String,
        /// The last line that it said.
        said: String,
    },
    /// A program did not end in time.
    #[error("`{command}` was ended after {} s without a result", .after.as_secs())]
    TimedOut {
        /// The command.
        command: String,
        /// How long it had.
        after: Duration,
    },
}

/// A full disk is so common that it gets words of its own.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full; make room, or give the group a larger root volume".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the filesystem is read-only; see `dmesg` for why".to_owned(),
        _ => match error.raw_os_error() {
            // What wraps errors with the path puts it into the message a second time.
            Some(code) => io::Error::from_raw_os_error(code).to_string(),
            None => error.to_string(),
        },
    }
}

/// Why something outside the machine did not do something: one line, which may be followed by what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct PortError(pub String);

/// Why a step is not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StepError {
    /// Trying again may help.
    #[error("{0}")]
    Wait(String),
    /// Trying again does not help: something has to be changed first.
    #[error("{0}")]
    Refused(String),
    /// Somebody else goes first, and nothing is wrong.
    #[error("{0}")]
    Turn(String),
}

impl StepError {
    /// Trying again may help.
    pub(crate) fn wait(why: impl Into<String>) -> Self {
        Self::Wait(why.into())
    }

    /// Trying again does not help.
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

impl From<HostError> for StepError {
    fn from(error: HostError) -> Self {
        Self::Wait(error.to_string())
    }
}

impl From<PortError> for StepError {
    fn from(error: PortError) -> Self {
        Self::Wait(error.to_string())
    }
}

impl From<kedge_store::StoreError> for StepError {
    fn from(error: kedge_store::StoreError) -> Self {
        Self::Wait(line(&error, error.hint()))
    }
}

/// An error with its causes and what to do about it, in one line.
fn line(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    match hint {
        Some(hint) => format!("{text}; {hint}"),
        None => text,
    }
}
