//! The add-ons that a cluster shall have, as one document: what a plan compares, and what pruning follows from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::addon::{Addon, AddonError, FORMAT_VERSION, Wave};

/// Add-ons in the order in which they are applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Index {
    /// Version of the format.
    pub format_version: u32,
    /// The add-ons.
    pub addons: Vec<Entry>,
}

/// An add-on of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When it is applied.
    pub wave: Wave,
    /// SHA-256 of its document, as hexadecimal digits.
    pub digest: String,
    /// SHA-256 of the upstream files that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<String>,
}

impl Index {
    /// The index of add-ons.
    #[must_use]
    pub fn of(addons: &[Addon]) -> Self {
        let entry = |addon: &Addon| Entry {
            name: addon.name.clone(),
            version: addon.version.clone(),
            wave: addon.wave,
            digest: addon.digest(),
            upstream: addon.upstream.iter().map(|file| file.sha256.clone()).collect(),
        };
        let mut addons: Vec<Entry> = addons.iter().map(entry).collect();
        addons.sort_by(|one, other| (one.wave, &one.name).cmp(&(other.wave, &other.name)));
        Self { format_version: FORMAT_VERSION, addons }
    }

    /// The add-on of this name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.addons.iter().find(|entry| entry.name == name)
    }

    /// The document as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every key is a text, so that it always is JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a document.
    ///
    /// # Errors
    /// It is none, or of a later format.
    pub fn from_json(document: &str) -> Result<Self, AddonError> {
        let value: serde_json::Value =
            serde_json::from_str(document).map_err(|error| AddonError::Form(error.to_string()))?;
        match value.get("formatVersion").and_then(serde_json::Value::as_u64) {
            Some(version) if version > u64::from(FORMAT_VERSION) => return Err(AddonError::Later { version }),
            _ => {}
        }
        serde_json::from_value(value).map_err(|error| AddonError::Form(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(entries: &[(&str, &str, &str)]) -> Index {
        let entry = |&(name, version, digest): &(&str, &str, &str)| Entry {
            name: name.to_owned(),
            version: version.to_owned(),
            wave: Wave::System,
            digest: digest.to_owned(),
            upstream: Vec::new(),
        };
        Index { format_version: FORMAT_VERSION, addons: entries.iter().map(entry).collect() }
    }

    #[test]
    fn what_is_written_is_read() {
        let one = index(&[("a", "1", "x")]);
        assert_eq!(Index::from_json(&one.to_json()), Ok(one.clone()));
        let later = one.to_json().replace("\"formatVersion\": 1", "\"formatVersion\": 2");
        assert_eq!(Index::from_json(&later), Err(AddonError::Later { version: 2 }));
        assert!(Index::from_json("{}").is_err());
    }
}
