//! Settings to flags of a component.
//!
//! A table names the flag of each setting. Names of flags differ from those of settings in too many ways to derive them.

use kedge_spec::Settings;
use serde::Serialize;
use serde_json::Value;

/// A flag and its value, as kubeadm has them. A flag may be there more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Arg {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The flags of a component, in the order of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Args(pub(crate) Vec<Arg>);

impl Args {
    /// The flags that a table makes of settings.
    pub(crate) fn of(settings: &Settings, table: &[(&str, &str)]) -> Self {
        let mut args = Self::default();
        for (setting, flag) in table {
            if let Some(value) = settings.get(setting).and_then(text) {
                args.push(flag, value);
            }
        }
        args
    }

    /// Adds a flag.
    pub(crate) fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(Arg { name: name.to_owned(), value: value.into() });
    }

    /// Adds a flag that is not there yet.
    pub(crate) fn usual(&mut self, name: &str, value: impl Into<String>) {
        if self.get(name).is_none() {
            self.push(name, value);
        }
    }

    /// The value of a flag.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|arg| arg.name == name).map(|arg| arg.value.as_str())
    }

    /// Takes a flag out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|arg| arg.name != name);
    }
}

/// A value as it stands behind a flag: lists with commas, mappings as `a=1,b=2`.
pub(crate) fn text(value: &Value) -> Option<String> {
    let join = |parts: Vec<String>| (!parts.is_empty()).then(|| parts.join(","));
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => (!value.is_empty()).then(|| value.clone()),
        Value::Array(items) => join(items.iter().filter_map(text).collect()),
        Value::Object(fields) => {
            join(fields.iter().filter_map(|(key, value)| Some(format!("{key}={}", text(value)?))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_behind_flags() {
        assert_eq!(text(&json!(["a", "b"])).as_deref(), Some("a,b"));
        assert_eq!(text(&json!({ "b": "true", "a": 1 })).as_deref(), Some("a=1,b=true"));
        assert_eq!(text(&json!(false)).as_deref(), Some("false"));
        assert_eq!([text(&json!("")), text(&json!([])), text(&Value::Null)], [None, None, None]);
    }
}
