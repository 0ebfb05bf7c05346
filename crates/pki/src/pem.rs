//! Text armour: `-----BEGIN …-----`, base64, `-----END …-----`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::PkiError;

/// Characters in a line.
const LINE: usize = 64;

/// A block of a PEM text. What it holds is wiped from memory with it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pem {
    /// What stands between `BEGIN` and the dashes, such as `CERTIFICATE`.
    pub(crate) label: String,
    /// What it holds.
    pub(crate) der: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pem({}, not shown)", self.label)
    }
}

impl Pem {
    /// Every block of a text. What stands between blocks is left alone, as OpenSSL writes notes there.
    ///
    /// # Errors
    /// A block does not end, or does not hold base64. `what` names the text in the message.
    pub(crate) fn read_all(what: &'static str, text: &str) -> Result<Vec<Self>, PkiError> {
        let wrong = |why: String| PkiError::Pem { what, why };
        let mut found = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(label) = line.trim().strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"))
            else {
                continue;
            };
            let end = format!("-----END {label}-----");
            let mut body = Zeroizing::new(String::with_capacity(text.len()));
            loop {
                match lines.next().map(str::trim) {
                    None => return Err(wrong(format!("the block {label} has no end"))),
                    Some(line) if line == end => break,
                    Some(line) => body.push_str(line),
                }
            }
            let der = STANDARD.decode(body.as_bytes());
            let der = der.map_err(|_| wrong(format!("the block {label} is not plain base64")))?;
            found.push(Self { label: label.to_owned(), der: Zeroizing::new(der) });
        }
        Ok(found)
    }

    /// The text of a block.
    pub(crate) fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
        let body = Zeroizing::new(STANDARD.encode(der));
        // Its full size from the start: a text that grows leaves copies of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / LINE + 2 * label.len() + 40));
        let mut push = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
        push(&["-----BEGIN ", label, "-----\n"]);
        let mut rest = body.as_str();
        while !rest.is_empty() {
            // Base64 is ASCII, so that every place is between characters.
            let (line, next) = rest.split_at(rest.len().min(LINE));
            push(&[line, "\n"]);
            rest = next;
        }
        push(&["-----END ", label, "-----\n"]);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 47, 48, 49, 300] {
            let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let text = Pem::write("TEST DATA", &bytes);
            let found = Pem::read_all("it", &format!("a note\n{}and\n{}", *text, *text)).unwrap();
            assert_eq!(found.len(), 2);
            assert!(found.iter().all(|block| block.label == "TEST DATA" && *block.der == bytes));
            assert!(text.lines().all(|line| line.len() <= LINE));
        }
    }

    #[test]
    fn broken_blocks_are_told() {
        let error = |text| Pem::read_all("the key", text).unwrap_err().to_string();
        assert_eq!(error("-----BEGIN X-----\nAAAA\n"), "the key is not readable as PEM: the block X has no end");
        assert_eq!(
            error("-----BEGIN X-----\n?\n-----END X-----\n"),
            "the key is not readable as PEM: the block X is not plain base64"
        );
        assert_eq!(Pem::read_all("it", "no block at all").unwrap(), []);
    }
}
