//! YAML that is no manifest: documents that kedge writes for others, and files of others that it adds to.

use serde::Deserialize as _;
use serde_json::Value;

use crate::yaml;

/// Words that readers of YAML 1.1 take for booleans, and Kubernetes has such readers: they need quotes where they are texts.
const BOOLEANS: [&str; 22] = [
    "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF", "true", "True",
    "TRUE", "false", "False", "FALSE",
];
/// What stands around such a word until it gets its quotes: characters that no document has, as nobody may assign them.
const MARK: char = '\u{fdd0}';

/// Documents as one text, with keys in the order of the alphabet.
#[must_use]
pub fn write(documents: &[Value]) -> String {
    let marked: Vec<Value> = documents.iter().map(mark).collect();
    yaml::write(&marked).replace(MARK, "'")
}

/// A value whose texts that look like booleans are marked.
fn mark(value: &Value) -> Value {
    match value {
        Value::String(text) if BOOLEANS.contains(&text.as_str()) => Value::String(format!("{MARK}{text}{MARK}")),
        Value::Array(items) => Value::Array(items.iter().map(mark).collect()),
        Value::Object(fields) => Value::Object(fields.iter().map(|(key, value)| (key.clone(), mark(value))).collect()),
        other => other.clone(),
    }
}

/// Reads one YAML document as the value that it would be in JSON; an empty text is null.
///
/// # Errors
/// It is no YAML, several documents, or has keys that are no texts.
pub fn read(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}

/// Reads all documents of a YAML text as the values that they would be in JSON, without those that hold nothing.
///
/// # Errors
/// It is no YAML, or has keys that are no texts; says which document it is.
pub fn read_all(text: &str) -> Result<Vec<Value>, String> {
    let mut documents = Vec::new();
    for (index, document) in serde_yaml::Deserializer::from_str(text).enumerate() {
        let value = Value::deserialize(document).map_err(|error| format!("document {}: {error}", index + 1))?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_one_by_one() {
        assert_eq!(
            read_all("a: 1\n---\n# nothing\n---\nb: [x]\n"),
            Ok(vec![serde_json::json!({"a": 1}), serde_json::json!({"b": ["x"]})])
        );
        assert_eq!(read_all(""), Ok(vec![]));
        assert!(read_all("a: 1\n---\nb: [").is_err_and(|error| error.starts_with("document 2: ")));
    }

    #[test]
    fn what_is_written_is_read() {
        let value = serde_json::json!({ "a": [1, "2", { "b": null }], "c": "on", "d": "line\nline\n", "e": "true" });
        let text = write(std::slice::from_ref(&value));
        assert_eq!(text, "a:\n- 1\n- '2'\n- b: null\nc: 'on'\nd: |\n  line\n  line\ne: 'true'\n");
        assert_eq!(read(&text), Ok(value));
        assert_eq!(read(" \n"), Ok(Value::Null));
        assert!(read("a: [").is_err());
        assert!(read("a: 1\n---\nb: 2\n").is_err());
    }
}
