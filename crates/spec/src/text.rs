//! YAML that is no manifest: documents that kedge writes for others, and files of others that it adds to.

use serde_json::Value;

pub use crate::yaml::write;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let value = serde_json::json!({ "a": [1, "2", { "b": null }], "c": "on", "d": "line\nline\n" });
        let text = write(std::slice::from_ref(&value));
        assert_eq!(text, "a:\n- 1\n- '2'\n- b: null\nc: on\nd: |\n  line\n  line\n");
        assert_eq!(read(&text), Ok(value));
        assert_eq!(read(" \n"), Ok(Value::Null));
        assert!(read("a: [").is_err());
        assert!(read("a: 1\n---\nb: 2\n").is_err());
    }
}
