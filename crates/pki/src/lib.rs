//! Certificate authorities, the certificates they issue, kubeconfigs, and the keys that sign service account tokens.
//!
//! Nothing here has a clock, random numbers or files of its own: the time and the generator are parameters, and what comes
//! back are values that the state store keeps or an instance writes. Names, organisations, alternative names and usages are
//! those that kubeadm gives its certificates ([`Leaf`]), so that kubeadm finds them done and does not make its own.
//!
//! Keys are ECDSA on P-256, which ring can make; keys and certificates that a user brings may be RSA or ECDSA on P-384 too.

mod authority;
mod certificate;
mod custom;
mod der;
mod error;
mod key;
mod keyset;
mod kubeconfig;
mod leaf;
mod oidc;
mod pem;
mod public_key;
mod rotation;
mod secret;
#[cfg(test)]
mod testing;

pub use authority::{Authority, Issued};
pub use certificate::Certificate;
pub use custom::CaFault;
pub use error::PkiError;
pub use key::KeyPair;
pub use keyset::{Item, ItemId, ItemState, Keyset, Made, Purpose};
pub use kubeconfig::{KubeConfig, User};
pub use leaf::{Leaf, Subject};
pub use oidc::{Discovery, JWKS_PATH, Jwk, Jwks};
pub use public_key::PublicKey;
pub use rotation::{Direction, RotationError};
pub use secret::SecretText;
