//! Fingerprints of imported public keys, as AWS shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use sha2::Sha256;

/// The fingerprint of a key in OpenSSH form: MD5 over the DER form for RSA, SHA-256 for ED25519. `None` if the text is no
/// such key.
pub(crate) fn fingerprint(material: &str) -> Option<String> {
    let mut words = material.split_whitespace();
    let (kind, body) = (words.next()?, words.next()?);
    let blob = STANDARD.decode(body).ok()?;
    let mut fields = Fields(&blob);
    if fields.next()? != kind.as_bytes() {
        return None;
    }
    match kind {
        "ssh-ed25519" => {
            fields.next().filter(|key| key.len() == 32)?;
            Some(STANDARD.encode(Sha256::digest(&blob)))
        }
        "ssh-rsa" => {
            let (exponent, modulus) = (fields.next()?, fields.next()?);
            let digest = Md5::digest(public_key_info(modulus, exponent));
            let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(pairs.join(":"))
        }
        _ => None,
    }
}

/// Length-prefixed fields of a public key blob.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let field = rest.get(..length)?;
        self.0 = rest.get(length..)?;
        Some(field)
    }
}

/// `SubjectPublicKeyInfo` of an RSA key; the numbers come with the leading zero that both encodings ask for.
fn public_key_info(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    const INTEGER: u8 = 0x02;
    const BIT_STRING: u8 = 0x03;
    const SEQUENCE: u8 = 0x30;
    // rsaEncryption with null parameters
    const ALGORITHM: &[u8] =
        &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let numbers = [element(INTEGER, modulus), element(INTEGER, exponent)].concat();
    let bits = [vec![0], element(SEQUENCE, &numbers)].concat();
    element(SEQUENCE, &[ALGORITHM.to_vec(), element(BIT_STRING, &bits)].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    match (u8::try_from(content.len()), u8::try_from(significant.len())) {
        (Ok(short), _) if short < 128 => out.push(short),
        (_, Ok(count)) => {
            out.push(0x80 | count);
            out.extend(significant);
        }
        // A slice has no length of more than eight bytes.
        (_, Err(_)) => {}
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with ssh-keygen; the fingerprints with `openssl pkey -pubin -outform DER | openssl md5 -c`
    // and `ssh-keygen -l -E sha256`.
    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDKjeEaoVYi8FqIfQKnLHlw/lIQDY1ZgFDka8dvn9QqoZC8elEVfoHQzLjaYBN/xEX7Kpu6tGVzp4HFciFdrekjYwxUbeZ215WvXaHWh/y3bGVibCaVu6cdEojSw2AqOI1/Dhfrhkc2ByAUyT+iSuvETHQoPJIheA5k7EGJ5KaEGcu1r7gvsEHa9kG2JSAxUld4O3sppfkWm2sRMRXmQr9aMEkH0bzM3KJM0M0Am+uABmfCISvkEQ00hhFWdwe7TnfmLW7VAgimqzndi6qLBNk66VVaA1yX41TWtH0M33LOKBUZMh4JKjLybyqHOTk1zfhcsYAK6xKX/0RGeB8zI75l me@example.com";
    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINH9zLQ5g+PirZ5JAfKa/099qQKygE/9BKt04Lv1P2Vo me@example.com";

    #[test]
    fn fingerprints_are_those_of_aws() {
        assert_eq!(fingerprint(RSA).as_deref(), Some("a4:d3:32:4f:c3:cf:8c:52:1e:7b:b6:ba:ad:b8:95:f7"));
        assert_eq!(fingerprint(ED25519).as_deref(), Some("zaqDQSM86LjYe2a1Yd9NLXqP3Rvpl+gzPgU3PINQSqg="));
        assert_eq!(fingerprint("ssh-rsa AAAA"), None);
        assert_eq!(fingerprint("nonsense"), None);
    }
}
