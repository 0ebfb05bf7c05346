//! User data: a small program that fetches everything else, and what the manifest adds.
//!
//! It holds no secret. It is Python, because cloud-init is, so that every image that reads user data can run it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kedge_spec::resolved::UserDataPart;
use serde::Serialize;
use thiserror::Error;

use crate::egress::Proxy;
use crate::group::Arch;

/// Most bytes of user data before it is encoded, by AWS.
pub const LIMIT: usize = 16 * 1024;
/// The program; the line with its settings is replaced.
const PROGRAM: &str = include_str!("user_data/boot.py");
/// The name that the program has as a part of user data.
const PROGRAM_NAME: &str = "kedge.py";
const SETTINGS: &str = "CONFIG = {}\n";
/// Characters in a line of base64.
const LINE: usize = 76;

/// An object of the store, and what it has to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payload {
    /// Its key in the bucket.
    pub key: String,
    /// SHA-256 as hexadecimal digits.
    pub sha256: String,
}

/// What user data is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserData {
    /// Region of the bucket.
    pub region: String,
    /// The bucket of the store.
    pub bucket: String,
    /// URL of S3, where it is not that of AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The proxy by which the store is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// `kedge-node` for each architecture.
    pub node: BTreeMap<Arch, Payload>,
    /// The configuration of the group.
    pub config: Payload,
}

/// Why there is no user data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UserDataError {
    /// It is larger than AWS takes.
    #[error(
        "user data has {size} bytes, and AWS takes {LIMIT}: shorten `additionalUserData`, which has {added} of them"
    )]
    TooLarge {
        /// Bytes in all.
        size: usize,
        /// Bytes of the parts that the manifest adds.
        added: usize,
    },
    /// A part cannot be written.
    #[error("the part {name:?} of `additionalUserData` has a name or type that cannot stand in a header")]
    Part {
        /// Its name.
        name: String,
    },
}

impl UserData {
    /// The text: MIME with the program first and the parts of the manifest after it.
    ///
    /// # Errors
    /// It becomes larger than AWS takes, or a part has an impossible name.
    pub fn write(&self, parts: &[UserDataPart]) -> Result<String, UserDataError> {
        let mut all = vec![part("text/x-shellscript", PROGRAM_NAME, &self.program())];
        for added in parts {
            let plain = |text: &str| text.chars().all(|c| !c.is_control() && c != '"' && c.is_ascii());
            if !plain(&added.name) || !plain(&added.content_type) || added.content_type.is_empty() {
                return Err(UserDataError::Part { name: added.name.clone() });
            }
            all.push(part(&added.content_type, &added.name, &added.content));
        }
        let boundary = boundary(&all);
        let mut text = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\nMIME-Version: 1.0\n\n");
        for part in &all {
            text.extend(["--", &boundary, "\n", part, "\n"]);
        }
        text.extend(["--", &boundary, "--\n"]);
        if text.len() > LIMIT {
            let added = parts.iter().map(|part| part.content.len()).sum();
            return Err(UserDataError::TooLarge { size: text.len(), added });
        }
        Ok(text)
    }

    /// Whether user data is such a text, with whatever settings.
    #[must_use]
    pub fn is_in(text: &str) -> bool {
        text.contains(&format!("filename=\"{PROGRAM_NAME}\""))
    }

    fn program(&self) -> String {
        // What JSON writes here, Python reads: texts, lists and mappings only.
        let settings = serde_json::to_string_pretty(self).unwrap_or_default();
        PROGRAM.replacen(SETTINGS, &format!("CONFIG = {settings}\n"), 1)
    }
}

fn part(content_type: &str, name: &str, content: &str) -> String {
    let mut text = format!("Content-Type: {content_type}; charset=\"utf-8\"\nMIME-Version: 1.0\n");
    if !name.is_empty() {
        text.extend(["Content-Disposition: attachment; filename=\"", name, "\"\n"]);
    }
    let plain = content.is_ascii() && !content.contains('\r') && content.lines().all(|line| line.len() < 900);
    if plain {
        text.extend(["Content-Transfer-Encoding: 7bit\n\n", content]);
    } else {
        text.push_str("Content-Transfer-Encoding: base64\n\n");
        let encoded = STANDARD.encode(content);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, next) = rest.split_at(rest.len().min(LINE));
            text.extend([line, "\n"]);
            rest = next;
        }
    }
    text
}

/// A line that stands in no part.
fn boundary(parts: &[String]) -> String {
    let mut boundary = "==kedge==".to_owned();
    while parts.iter().any(|part| part.contains(&boundary)) {
        boundary.insert(2, '=');
    }
    boundary
}

#[cfg(test)]
mod tests;
