//! What no view shows: texts in which users keep secrets.
//!
//! User data is a script of the user's own, and what instances fetch with it has files and hooks of the user's own: those
//! hold tokens and passwords. A comment, a report or a page may be read by everybody who can read a repository, and what AWS
//! holds now may never have been in that repository. So the views say how long the text is and give a fingerprint, by which
//! one sees that it changes. Tags are shown, because whoever may look at the account sees them, except where their name says
//! that they hold a secret.

use std::fmt::Write as _;

use kedge_resource::Plan;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Begins the text that stands for one that is withheld.
const MARK: &str = "(withheld: ";

/// Names of the properties that are withheld, or looked into.
/// User data, and what instances fetch with it.
const TEXTS: [&str; 2] = ["UserData", "Content"];
const TAGS: &str = "Tags";

/// Parts of the names of tags that say that the value is a secret.
const SECRET: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "credential", "api-key", "apikey", "private-key"];

/// The plan with descriptions in the place of user data and of tags that hold secrets.
#[must_use]
pub fn withhold(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for change in &mut plan.changes {
        for field in &mut change.fields {
            let secret = is_secret(&field.path);
            for value in [&mut field.before, &mut field.after].into_iter().flatten() {
                if secret { hide(value) } else { clean(value) }
            }
        }
        if let Some(before) = &mut change.before {
            before.properties = cleaned(&before.properties);
        }
        change.after = change.after.as_ref().map(cleaned);
    }
    plan
}

/// The properties without secrets. Only texts are replaced by texts, so that they read as what they were.
fn cleaned<T: serde::Serialize + serde::de::DeserializeOwned>(properties: &T) -> T {
    let mut value = serde_json::to_value(properties).expect("properties serialise");
    clean(&mut value);
    serde_json::from_value(value).expect("texts in the place of texts read as properties again")
}

/// Hides user data, and tags that hold secrets, wherever they stand in a value.
fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                match (name.as_str(), inner) {
                    (name, inner) if TEXTS.contains(&name) => hide(inner),
                    (TAGS, Value::Object(tags)) => {
                        tags.iter_mut().filter(|(tag, _)| is_secret_tag(tag)).for_each(|(_, value)| hide(value));
                    }
                    (_, inner) => clean(inner),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether the value at the path of a differing property is withheld.
fn is_secret(path: &str) -> bool {
    let tag = path.split_once("Tags.").map(|(_, tag)| tag);
    TEXTS.contains(&path) || tag.is_some_and(is_secret_tag)
}

fn is_secret_tag(tag: &str) -> bool {
    let name = tag.to_ascii_lowercase().replace(['_', ' '], "-");
    SECRET.iter().any(|part| name.contains(part))
}

/// Replaces texts by what may be said of them.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) if !text.starts_with(MARK) => *value = Value::String(description(text)),
        Value::Object(map) => map.values_mut().for_each(hide),
        Value::Array(list) => list.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `(withheld: 12 lines, SHA-256 1a2b3c4d5e6f)`.
fn description(text: &str) -> String {
    let lines = text.lines().count();
    let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
    format!("{MARK}{lines}, SHA-256 {})", fingerprint(text.as_bytes()))
}

/// The first twelve digits of the SHA-256: enough to see that something changes.
fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).fold(String::new(), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _written = write!(digits, "{byte:02x}");
        digits
    })
}

/// The description, if that is what a text is.
pub(crate) fn described(text: &str) -> Option<&str> {
    text.strip_prefix(MARK)?.strip_suffix(')')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_with_telling_names_are_secrets_and_properties_are_not() {
        for secret in ["UserData", "Tags.db-password", "TagSpecifications[instance].Tags.API_KEY"] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in ["MetadataOptions.HttpTokens", "HttpTokens", "Tags.Name", "Tags.team", "ClientToken"] {
            assert!(!is_secret(open), "{open}");
        }
    }

    #[test]
    fn conditions_of_policies_are_no_tags() {
        let condition = json!({"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:a/b"}});
        let mut value = json!({"Condition": condition, "Tags": {"team": "a", "token": "b"}});
        clean(&mut value);
        assert_eq!(value["Condition"], condition);
        assert_eq!(value["Tags"]["team"], "a");
        assert!(value["Tags"]["token"].as_str().unwrap().starts_with(MARK));
    }

    #[test]
    fn a_description_says_how_long_and_which() {
        let mut value = Value::from("#!/bin/sh\nexport TOKEN=hunter2\n");
        hide(&mut value);
        assert_eq!(value, "(withheld: 2 lines, SHA-256 446f06ca0f27)");
        let once = value.clone();
        hide(&mut value);
        assert_eq!(value, once);
        assert_eq!(described("(withheld: 2 lines, SHA-256 x)"), Some("2 lines, SHA-256 x"));
    }
}
