//! What the tests of this crate have in common.

use jiff::Timestamp;
use ring::rand::SystemRandom;

/// A generator: tests never depend on what it gives.
pub(crate) fn random() -> SystemRandom {
    SystemRandom::new()
}

/// A time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// An RSA key in the old form.
pub(crate) const RSA_KEY: &str = include_str!("../testdata/rsa-pkcs1.pem");
