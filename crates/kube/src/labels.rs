//! Labels by which kedge knows what it applied.

use serde_json::{Value, json};

/// The add-on that an object belongs to.
pub(crate) const NAME: &str = "addon.kedge.dev/name";
/// Its version.
pub(crate) const VERSION: &str = "addon.kedge.dev/version";
/// Who looks after an object.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Marks an object as part of an add-on.
pub(crate) fn mark(object: &mut Value, addon: &str, version: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else { return };
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if !labels.is_object() {
        *labels = json!({});
    }
    let Some(labels) = labels.as_object_mut() else { return };
    for (label, text) in [(NAME, addon), (VERSION, version), (MANAGED_BY, "kedge")] {
        labels.insert(label.to_owned(), value(text).into());
    }
}

/// The add-on that an object is part of.
pub(crate) fn addon_of(object: &Value) -> Option<&str> {
    object.get("metadata")?.get("labels")?.get(NAME)?.as_str()
}

/// A text as the value of a label: other characters become dashes, and 63 are the most.
pub(crate) fn value(text: &str) -> String {
    let allowed = |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
    let cut: String = text.chars().map(allowed).take(63).collect();
    cut.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_marked() {
        let mut object = json!({ "metadata": { "name": "a", "labels": { "b": "c", MANAGED_BY: "Helm" } } });
        mark(&mut object, "x", "1+2");
        let wanted = json!({ "b": "c", NAME: "x", VERSION: "1-2", MANAGED_BY: "kedge" });
        assert_eq!(object["metadata"]["labels"], wanted);
        assert_eq!(addon_of(&object), Some("x"));
        assert_eq!(value(&format!("-{}", "a".repeat(80))).len(), 62);
    }
}
