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

    /// Writes the quantities of some flags as plain numbers.
    pub(crate) fn plain_numbers(&mut self, flags: &[&str]) {
        for arg in self.0.iter_mut().filter(|arg| flags.contains(&arg.name.as_str())) {
            if let Some(number) = plain_number(&arg.value) {
                arg.value = number;
            }
        }
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

/// A quantity such as `500m` or `2k` as a plain number; none for what is one already, or none at all.
fn plain_number(quantity: &str) -> Option<String> {
    let (number, unit) = quantity.split_at_checked(quantity.len().checked_sub(1)?)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit()) || number.is_empty() {
        return None;
    }
    let digits = format!("{whole}{part}");
    let (digits, places) = match unit {
        "m" => (digits, part.len() + 3),
        "k" => (digits + "000", part.len()),
        _ => return None,
    };
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at_checked(digits.len() - places)?;
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") })
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

    #[test]
    fn quantities_are_plain_numbers_behind_flags() {
        for (quantity, wanted) in [("500m", "0.5"), ("1500m", "1.5"), ("2k", "2000"), ("0m", "0"), ("1.5k", "1500")] {
            assert_eq!(plain_number(quantity).as_deref(), Some(wanted), "{quantity}");
        }
        for plain in ["3.14", "50", "", "m", "x", "1Gi", "1.2.3m", "é"] {
            assert_eq!(plain_number(plain), None, "{plain}");
        }
    }
}
