//! Fingerprints of SSH public keys.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use thiserror::Error;

/// Why a text is no public key that EC2 takes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FingerprintError {
    /// It has no second word, where the key should stand.
    #[error("the text has no key: a public key is a line such as \"ssh-ed25519 AAAA… name\"")]
    NoKey,
    /// The second word is not base64.
    #[error("the key is not base64")]
    NotBase64,
    /// The key does not begin with the name of its algorithm.
    #[error("the key is damaged: it does not say that it is {algorithm}")]
    Damaged {
        /// The first word of the line.
        algorithm: String,
    },
    /// EC2 does not import keys of this algorithm.
    #[error("EC2 takes RSA and ED25519 keys, not {algorithm}")]
    Unsupported {
        /// The first word of the line.
        algorithm: String,
    },
}

/// The MD5 fingerprint of a key in OpenSSH form, in hexadecimal with colons, as `ssh-keygen -l -E md5` prints it.
///
/// kops names key pairs by it, whatever the algorithm. It only tells keys apart here and protects nothing.
///
/// # Errors
/// The text is no RSA or ED25519 public key.
pub fn openssh_fingerprint(public_key: &str) -> Result<String, FingerprintError> {
    let mut words = public_key.split_whitespace();
    let (Some(algorithm), Some(encoded)) = (words.next(), words.next()) else {
        return Err(FingerprintError::NoKey);
    };
    let blob = STANDARD.decode(encoded).map_err(|_| FingerprintError::NotBase64)?;
    // The blob begins with the algorithm once more, after its length in four bytes (RFC 4253, section 6.6).
    let length = u32::try_from(algorithm.len()).unwrap_or(u32::MAX).to_be_bytes();
    let says = blob.strip_prefix(&length).is_some_and(|rest| rest.starts_with(algorithm.as_bytes()));
    if !says {
        return Err(FingerprintError::Damaged { algorithm: algorithm.to_owned() });
    }
    if !matches!(algorithm, "ssh-rsa" | "ssh-ed25519") {
        return Err(FingerprintError::Unsupported { algorithm: algorithm.to_owned() });
    }
    let mut text = String::new();
    for (index, byte) in Md5::digest(&blob).iter().enumerate() {
        let colon = if index == 0 { "" } else { ":" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{colon}{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCtWu40XQo8dczLsCq0OWV+hxm9uV3WxeH9Kgh4sMzQxNtoU1pvW0XdjpkBesRKGoolfWeCLXWxpyQb1IaiMkKoz7MdhQ/6UKjMjP66aFWWp3pwD0uj0HuJ7tq4gKHKRYGTaZIRWpzUiANBrjugVgA+Sd7E/mYwc/DMXkIyRZbvhQ==";
    // A key of zeros only.
    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn fingerprints_are_those_of_ssh_keygen() {
        assert_eq!(openssh_fingerprint(RSA).unwrap(), "c4:a6:ed:9a:a8:89:b9:e2:c3:9c:d6:63:eb:9c:71:57");
        assert_eq!(openssh_fingerprint(&format!("{RSA} somebody@somewhere")), openssh_fingerprint(RSA));
        assert_eq!(openssh_fingerprint(ED25519).unwrap(), "3d:52:38:ce:ff:94:f5:d7:81:a4:a4:f9:2b:4f:fe:a0");
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        assert_eq!(openssh_fingerprint("ssh-rsa"), Err(FingerprintError::NoKey));
        assert_eq!(openssh_fingerprint("ssh-rsa ???"), Err(FingerprintError::NotBase64));
        let damaged = RSA.replace("ssh-rsa", "ssh-ed25519");
        assert!(matches!(openssh_fingerprint(&damaged), Err(FingerprintError::Damaged { .. })));
        let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=";
        assert!(matches!(openssh_fingerprint(ecdsa), Err(FingerprintError::Unsupported { .. })));
    }
}
