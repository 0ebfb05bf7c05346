//! Values of properties as text: on one line, or as the lines of a document.

use kedge_resource::reference::parse_managed;
use serde_json::Value;

/// Whether a value is a policy, which reads better as a whole.
pub(crate) fn is_document(value: &Value) -> bool {
    value.get("Statement").is_some()
}

/// The value on one line; `None` if it has several.
pub(crate) fn short(value: Option<&Value>) -> Option<String> {
    let Some(value) = value else { return Some("(not set)".to_owned()) };
    if is_long(Some(value)) {
        return None;
    }
    Some(match value {
        Value::String(text) => match parse_managed(text) {
            Some(key) => format!("(known after apply: {key})"),
            None => value.to_string(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            without_holes(value).to_string()
        }
    })
}

/// Whether a value is shown as a text of several lines.
pub(crate) fn is_long(value: Option<&Value>) -> bool {
    // A list of a few ids fits on a line; beyond that a diff of lines says better what changed.
    const LONGEST_ON_A_LINE: usize = 160;
    match value {
        Some(Value::String(text)) => text.contains('\n'),
        Some(value @ (Value::Array(_) | Value::Object(_))) => {
            is_document(value) || value.to_string().len() > LONGEST_ON_A_LINE
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => false,
    }
}

/// The value as lines.
pub(crate) fn long(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => {
            let mut pretty = serde_json::to_string_pretty(&without_holes(value)).unwrap_or_else(|_| value.to_string());
            pretty.push('\n');
            pretty
        }
    }
}

/// Ids that AWS has not issued yet, in words.
fn without_holes(value: &Value) -> Value {
    match value {
        Value::String(text) => match parse_managed(text) {
            Some(key) => Value::String(format!("(known after apply: {key})")),
            None => value.clone(),
        },
        Value::Array(list) => Value::Array(list.iter().map(without_holes).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, inner)| (name.clone(), without_holes(inner))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
