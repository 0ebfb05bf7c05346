//! Values to YAML text.

/// Documents as one text, with keys in the order of the alphabet as kops writes them.
pub(crate) fn write(documents: &[serde_json::Value]) -> String {
    let mut text = String::new();
    for document in documents {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        // Values that come from JSON are always YAML.
        text.push_str(&serde_yaml::to_string(document).unwrap_or_default());
    }
    text
}
