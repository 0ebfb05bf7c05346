//! Ids that depend on what a thing is called and not on when it was made.
//!
//! Steps run concurrently, so the order of calls varies from run to run. An id is therefore made from the account's seed,
//! the kind, the name and how often a thing of that name was made before.

use sha2::{Digest, Sha256};

use super::Account;

impl Account {
    /// Bytes for the next thing of a kind and name.
    pub(crate) fn draw(&mut self, kind: &str, name: &str) -> [u8; 32] {
        let count = self.counters.entry(format!("{kind} {name}")).or_default();
        *count += 1;
        digest(&[&self.id_seed, kind, name, &count.to_string()])
    }

    /// An id as EC2 makes them: prefix and 17 hexadecimal digits, the first of them 0.
    pub(crate) fn new_id(&mut self, prefix: &str, name: &str) -> String {
        let digits = hex(&self.draw(prefix, name));
        format!("{prefix}-0{}", digits.get(..16).unwrap_or_default())
    }

    /// Sixteen hexadecimal digits, as in ARNs of load balancers.
    pub(crate) fn new_digits(&mut self, kind: &str, name: &str) -> String {
        let mut digits = hex(&self.draw(kind, name));
        digits.truncate(16);
        digits
    }

    /// An id as IAM and Route 53 make them: prefix and capital letters and digits.
    pub(crate) fn new_capitals(&mut self, prefix: &str, name: &str) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let tail: String = self
            .draw(prefix, name)
            .iter()
            .take(17)
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).copied())
            .map(char::from)
            .collect();
        format!("{prefix}{tail}")
    }

    /// A number that depends on kind and name.
    pub(crate) fn new_number(&mut self, kind: &str, name: &str) -> u32 {
        let [a, b, c, d, ..] = self.draw(kind, name);
        u32::from_be_bytes([a, b, c, d])
    }

    /// An ARN of this account and region.
    pub(crate) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.account_id)
    }

    /// An ARN of IAM, which has no region.
    pub(crate) fn iam_arn(&self, rest: &str) -> String {
        format!("arn:{}:iam::{}:{rest}", self.partition, self.account_id)
    }
}

/// SHA-256 over parts that cannot run into each other.
pub(crate) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// Lower case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| DIGITS.get(usize::from(digit)).copied())
        .map(char::from)
        .collect()
}
