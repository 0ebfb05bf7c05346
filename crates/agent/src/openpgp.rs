//! Fingerprints of OpenPGP keys, so that the key of a repository is compared before anything trusts it.
//!
//! Only what that takes: armour (RFC 4880, 6.2) and the primary keys of version 4 among the packets (5.5.2, 12.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use crate::settled::hex;

/// Tag of the packet of a primary key.
const PUBLIC_KEY: u8 = 6;

/// Fingerprints of all primary keys, as upper case hexadecimal digits.
///
/// # Errors
/// It is no key, or not of version 4.
pub(crate) fn fingerprints(text: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not armoured".to_owned())?;
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        let (body, after) = after.split_once("-----END PGP PUBLIC KEY BLOCK-----").ok_or("its armour has no end")?;
        // Headers end with an empty line; a line that begins with `=` is a checksum.
        let body = body.replace('\r', "");
        let (_, data) = body.split_once("\n\n").ok_or("its armour has no empty line")?;
        let data: String = data.lines().map(str::trim).take_while(|line| !line.starts_with('=')).collect();
        let packets = STANDARD.decode(data).map_err(|_| "its armour is not base64".to_owned())?;
        primary_keys(&packets, &mut found)?;
        rest = after;
    }
    if found.is_empty() { Err("there is no public key in it".to_owned()) } else { Ok(found) }
}

fn primary_keys(mut packets: &[u8], found: &mut Vec<String>) -> Result<(), String> {
    while let Some(Packet { tag, body, rest }) = packet(packets)? {
        if tag == PUBLIC_KEY {
            if body.first() != Some(&4) {
                return Err("it is not of version 4".to_owned());
            }
            let length = u16::try_from(body.len()).map_err(|_| "a key in it is too long".to_owned())?;
            let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
            digest.update(&[0x99]);
            digest.update(&length.to_be_bytes());
            digest.update(body);
            found.push(hex(digest.finish().as_ref()).to_uppercase());
        }
        packets = rest;
    }
    Ok(())
}

/// A packet: its tag, what it holds, what follows it.
struct Packet<'a> {
    tag: u8,
    body: &'a [u8],
    rest: &'a [u8],
}

/// The next packet, with a header of either format.
fn packet(bytes: &[u8]) -> Result<Option<Packet<'_>>, String> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let cut = || "it ends in the middle of a packet".to_owned();
    let number = |bytes: &[u8]| bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    let take =
        |rest: &'_ [u8], width: usize| -> Result<usize, String> { Ok(number(rest.get(..width).ok_or_else(cut)?)) };
    let (tag, header, length) = if first & 0x40 != 0 {
        let (header, length) = match rest.first().copied().ok_or_else(cut)? {
            short @ 0..=191 => (1, usize::from(short)),
            192..=223 => (2, take(rest, 2)? - (192 << 8) + 192),
            255 => (5, take(rest.get(1..).ok_or_else(cut)?, 4)?),
            _ => return Err("it has a packet in parts".to_owned()),
        };
        (first & 0x3f, header, length)
    } else {
        let width = match first & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return Err("it has a packet without a length".to_owned()),
        };
        (first >> 2 & 0x0f, width, take(rest, width)?)
    };
    if first & 0x80 == 0 {
        return Err("it holds what is no packet".to_owned());
    }
    let body = rest.get(header..).ok_or_else(cut)?;
    let (body, rest) = body.split_at_checked(length).ok_or_else(cut)?;
    Ok(Some(Packet { tag, body, rest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of version 4 with a packet of another kind behind it.
    fn armoured(key: &[u8], header: &[u8]) -> String {
        let mut packets = header.to_vec();
        packets.extend(key);
        packets.extend([0xb4, 1, b'x']);
        format!(
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\n{}\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
            STANDARD.encode(packets)
        )
    }

    #[test]
    fn both_forms_of_headers_lead_to_the_same_fingerprint() {
        let key = [[4].as_slice(), &[7; 299]].concat();
        // `printf '\x99\x01\x2c\x04' | cat - <(printf '\x07%.0s' {1..299}) | sha1sum`
        let wanted = ["14988298A3995F09A8D164BAF14E6E0698216973".to_owned()];
        let old = fingerprints(armoured(&key, &[0x99, 0x01, 0x2c]).as_bytes()).unwrap();
        let new = fingerprints(armoured(&key, &[0xc6, 192, 108]).as_bytes()).unwrap();
        let long = fingerprints(armoured(&key, &[0xc6, 255, 0, 0, 1, 44]).as_bytes()).unwrap();
        assert_eq!((&old, &new), (&new, &long));
        assert_eq!(old.len(), 1);
        assert_eq!(old, wanted);
    }

    #[test]
    fn what_is_no_key_is_told() {
        for (text, why) in [
            (String::new(), "no public key"),
            ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA".to_owned(), "no end"),
            (armoured(&[3, 1], &[0x99, 0, 2]), "version 4"),
            (armoured(&[4, 1], &[0x99, 9, 9]), "middle"),
        ] {
            let error = fingerprints(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
