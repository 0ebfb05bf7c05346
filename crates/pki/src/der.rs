//! As much of DER as old private keys and RSA public keys need, which ring does not take apart.

/// Splits the first element off: tag, content, rest. Lengths up to 65535 are enough for keys.
pub(crate) fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(&length, rest)| (usize::from(length), rest))?,
        0x82 => rest.split_first_chunk::<2>().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// An ECDSA key in the form of SEC 1, as `openssl ecparam -genkey` and kubeadm write it.
pub(crate) struct Sec1<'a> {
    /// The private number.
    pub(crate) private: &'a [u8],
    /// The public point, if it is there.
    pub(crate) public: Option<&'a [u8]>,
}

impl<'a> Sec1<'a> {
    /// Reads one.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let (0x30, content, []) = element(der)? else { return None };
        let (0x02, [1], content) = element(content)? else { return None };
        let (0x04, private, mut content) = element(content)? else { return None };
        let mut public = None;
        while !content.is_empty() {
            let (tag, inner, rest) = element(content)?;
            if tag == 0xa1 {
                // A bit string, of which no bit is unused.
                let (0x03, [0, point @ ..], []) = element(inner)? else { return None };
                public = Some(point);
            }
            content = rest;
        }
        Some(Self { private, public })
    }
}

/// Modulus and exponent of an RSA public key as it stands in a certificate, without zeros in front.
pub(crate) fn rsa_parts(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (0x30, content, []) = element(der)? else { return None };
    let (0x02, modulus, content) = element(content)? else { return None };
    let (0x02, exponent, []) = element(content)? else { return None };
    // Numbers are signed in DER: a zero in front keeps large ones positive.
    let plain = |bytes: &'_ [u8]| bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    Some((modulus.get(plain(modulus)..)?, exponent.get(plain(exponent)..)?))
}
