//! Errors of the sandbox itself: its directory, its file, its options. What the account answers is an `ApiError`.

use camino::Utf8PathBuf;
use thiserror::Error;

/// The account could not be opened or kept.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The directory or a file in it could not be read or written.
    #[error("sandbox account: {0}")]
    Io(#[from] std::io::Error),
    /// The account file is not what this program writes.
    #[error(
        "{path} is not a readable sandbox account: {why}; restore it from a copy, or remove it to start with an empty \
         account (everything in it is lost)"
    )]
    Corrupt {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The account file was written by a later program.
    #[error(
        "{path} has format version {found}, this program reads up to {known}; use the newer kedge that wrote it, or \
         another directory"
    )]
    Newer {
        /// The file.
        path: Utf8PathBuf,
        /// Version in the file.
        found: u64,
        /// Newest version that is understood.
        known: u32,
    },
    /// Another process keeps the account for itself.
    #[error("{path} is locked by another process for {seconds} seconds; end that process, or use another directory")]
    Locked {
        /// The lock file.
        path: Utf8PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The facts to start from make no sense.
    #[error("the facts cannot become an account: {why}")]
    Seed {
        /// What is wrong with them.
        why: String,
    },
    /// The faults file is wrong.
    #[error("{path} is not a faults file: {why}")]
    Faults {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The speed is not a number that time can be multiplied by.
    #[error("{speed} is not a speed: 0 jumps over waiting, 1 is real time, 60 a minute each second")]
    Speed {
        /// What was asked for.
        speed: f64,
    },
    /// A manual change that the account cannot take.
    #[error("{what}: {why}")]
    ByHand {
        /// What was to be done.
        what: String,
        /// Why not.
        why: String,
    },
}
