//! A stream of bytes cut into parts, and whether etcd's own digest at its end is right.
//!
//! etcd ends a snapshot with the SHA-256 of everything before it. The database is made of pages whose sizes are multiples of
//! 512, so that a snapshot without the digest, or one that was cut off, is told by its length.

use sha2::{Digest as _, Sha256};

use super::hex;

/// Bytes of the digest.
const DIGEST: usize = 32;
/// What the length of a database is a multiple of.
const PAGE: u64 = 512;

/// Cuts a stream into parts.
#[derive(Debug)]
pub(super) struct Cutter {
    limit: usize,
    buffer: Vec<u8>,
    /// Of everything.
    whole: Sha256,
    /// Of everything but the last 32 bytes, which are in `tail`.
    content: Sha256,
    tail: Vec<u8>,
    size: u64,
}

/// What a whole stream was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// The last part.
    pub(super) last: Vec<u8>,
    /// Bytes of all.
    pub(super) size: u64,
    /// SHA-256 of all.
    pub(super) sha256: String,
}

impl Cutter {
    /// Into parts of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, buffer: Vec::new(), whole: Sha256::new(), content: Sha256::new(), tail: Vec::new(), size: 0 }
    }

    /// Takes bytes that nobody wants to have as parts.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
        self.size += bytes.len() as u64;
        self.tail.extend_from_slice(bytes);
        let sure = self.tail.len().saturating_sub(DIGEST);
        self.content.update(self.tail.drain(..sure).as_slice());
    }

    /// Takes bytes; gives the parts that are full.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.pass(bytes);
        self.buffer.extend_from_slice(bytes);
        let mut full = Vec::new();
        while self.buffer.len() > self.limit {
            let rest = self.buffer.split_off(self.limit);
            full.push(std::mem::replace(&mut self.buffer, rest));
        }
        full
    }

    /// The end of the stream: what it was, or why it is not a whole snapshot.
    pub(super) fn finish(self) -> Result<Whole, String> {
        if self.tail.len() < DIGEST || !(self.size - DIGEST as u64).is_multiple_of(PAGE) || self.size == DIGEST as u64 {
            return Err(format!("it ends after {} bytes, without a digest", self.size));
        }
        let (wanted, found) = (hex(&self.tail), hex(&self.content.finalize()));
        if wanted != found {
            return Err(format!("its digest is {found}, and etcd says {wanted}"));
        }
        Ok(Whole { last: self.buffer, size: self.size, sha256: hex(&self.whole.finalize()) })
    }
}

/// SHA-256 of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn snapshot(pages: usize, byte: u8) -> Vec<u8> {
        let mut bytes = vec![byte; pages * 512];
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    fn cut(bytes: &[u8], step: usize, limit: usize) -> (Vec<Vec<u8>>, Result<Whole, String>) {
        let mut cutter = Cutter::new(limit);
        let parts = bytes.chunks(step).flat_map(|chunk| cutter.push(chunk)).collect();
        (parts, cutter.finish())
    }

    proptest! {
        #[test]
        fn parts_make_the_whole(pages in 1_usize..9, byte: u8, step in 1_usize..700, limit in 64_usize..2000) {
            let bytes = snapshot(pages, byte);
            let (mut parts, whole) = cut(&bytes, step, limit);
            let whole = whole.unwrap();
            prop_assert!(parts.iter().all(|part| part.len() == limit));
            prop_assert!(!whole.last.is_empty() && whole.last.len() <= limit);
            parts.push(whole.last);
            prop_assert_eq!(parts.concat(), &bytes[..]);
            prop_assert_eq!(whole.size, bytes.len() as u64);
            prop_assert_eq!(whole.sha256, digest(&bytes));
        }

        #[test]
        fn damage_is_found(at in 0_usize..1056, bit in 0_u8..8, step in 1_usize..700) {
            let mut bytes = snapshot(2, 7);
            bytes[at] ^= 1 << bit;
            prop_assert!(cut(&bytes, step, 600).1.is_err());
        }

        #[test]
        fn a_part_of_it_is_not_the_whole(length in 0_usize..1056) {
            prop_assert!(cut(&snapshot(2, 7)[..length], 100, 600).1.is_err());
        }
    }
}
