//! The add-ons that a cluster shall have, as one document: what a plan compares, and what pruning follows from.

use std::collections::BTreeMap;
use std::fmt;

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

/// What becomes of an add-on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "change")]
pub enum AddonChange {
    /// It is new.
    Add {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
    /// It has another version, or other settings where both versions are the same.
    Update {
        /// Its name.
        name: String,
        /// Version before.
        from: String,
        /// Version after.
        to: String,
    },
    /// It goes: its objects are pruned.
    Remove {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
}

impl AddonChange {
    /// The add-on's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Add { name, .. } | Self::Update { name, .. } | Self::Remove { name, .. } => name,
        }
    }
}

impl fmt::Display for AddonChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { name, version } => write!(f, "{name} {version} is added"),
            Self::Update { name, from, to } if from == to => write!(f, "{name} {to} gets other settings"),
            Self::Update { name, from, to } => write!(f, "{name} {from} becomes {to}"),
            Self::Remove { name, version } => write!(f, "{name} {version} is removed"),
        }
    }
}

/// What changes from one index to another: in the order of the new one, then what goes.
#[must_use]
pub fn diff(old: Option<&Index>, new: &Index) -> Vec<AddonChange> {
    let known: BTreeMap<&str, &Entry> =
        old.into_iter().flat_map(|old| &old.addons).map(|entry| (entry.name.as_str(), entry)).collect();
    let mut changes = Vec::new();
    for entry in &new.addons {
        let (name, version) = (entry.name.clone(), entry.version.clone());
        match known.get(name.as_str()) {
            None => changes.push(AddonChange::Add { name, version }),
            Some(before) if before.digest != entry.digest => {
                changes.push(AddonChange::Update { name, from: before.version.clone(), to: version });
            }
            Some(_) => {}
        }
    }
    let gone = known.values().filter(|entry| new.entry(&entry.name).is_none());
    changes.extend(gone.map(|entry| AddonChange::Remove { name: entry.name.clone(), version: entry.version.clone() }));
    changes
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
    fn changes_are_told_apart() {
        let old = index(&[("a", "1", "x"), ("b", "1", "x"), ("c", "1", "x"), ("d", "1", "x")]);
        let new = index(&[("b", "1", "x"), ("c", "1", "y"), ("d", "2", "y"), ("e", "1", "x")]);
        let lines: Vec<String> = diff(Some(&old), &new).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["c 1 gets other settings", "d 1 becomes 2", "e 1 is added", "a 1 is removed"]);
        assert_eq!(diff(Some(&new), &new), []);
        assert_eq!(diff(None, &index(&[("a", "1", "x")])).len(), 1);
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
