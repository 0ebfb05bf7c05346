//! Why a key or certificate could not be made or read.

use thiserror::Error;

use crate::custom::CaFault;

/// Why a key or certificate could not be made or read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PkiError {
    /// The generator gave no random numbers.
    #[error("the random number generator failed")]
    NoRandom,
    /// A text is not PEM of the wanted kind.
    #[error("{what} is not readable as PEM: {why}")]
    Pem {
        /// What should have been there.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A private key cannot be used.
    #[error("the private key cannot be used: {0}")]
    Key(String),
    /// A certificate cannot be read.
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// A certificate and key that a user brought make no authority.
    #[error("it makes no certificate authority: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Custom(Vec<CaFault>),
    /// An authority has ended, or has not begun.
    #[error("the authority {name} is valid from {from} to {until} only")]
    AuthorityEnded {
        /// Its common name.
        name: String,
        /// When it begins.
        from: jiff::Timestamp,
        /// When it ends.
        until: jiff::Timestamp,
    },
    /// A name cannot stand in a certificate.
    #[error("{0:?} cannot stand in a certificate")]
    Name(String),
    /// A certificate could not be made: a fault of kedge.
    #[error("the certificate could not be made: {0}")]
    Make(String),
}
