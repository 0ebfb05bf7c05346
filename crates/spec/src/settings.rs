//! Settings of the software on instances: what manifests say, checked for its form and otherwise as it is written.
//!
//! Nothing here has a default. Which component takes which setting, and what it does without one, `kedge-bootstrap` knows.

use std::collections::BTreeMap;

use serde_json::Value;

/// A block of settings, under the names of the manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// The block that a value is; empty if it is none.
    pub(crate) fn of(value: Value) -> Self {
        match value {
            Value::Object(fields) => Self(fields.into_iter().collect()),
            _ => Self::default(),
        }
    }

    /// A setting, if it is written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A boolean.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }

    /// A list of texts; empty if it is not written.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// A mapping from texts to texts; empty if it is not written.
    #[must_use]
    pub fn map(&self, name: &str) -> BTreeMap<&str, &str> {
        let fields = self.get(name).and_then(Value::as_object).into_iter().flatten();
        fields.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
    }

    /// A block within; empty if it is not written.
    #[must_use]
    pub fn block(&self, name: &str) -> Self {
        self.get(name).cloned().map(Self::of).unwrap_or_default()
    }

    /// Blocks in a list.
    #[must_use]
    pub fn blocks(&self, name: &str) -> Vec<Self> {
        self.get(name).and_then(Value::as_array).into_iter().flatten().cloned().map(Self::of).collect()
    }

    /// The names of everything that is written, in the order of the alphabet.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// These settings with those of another block over them, field by field.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        let mut fields = self.0.clone();
        fields.extend(over.0.clone());
        Self(fields)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{CLEAN, resolved};

    #[test]
    fn fields_of_every_effect_are_handed_on_with_their_types() {
        let mut text = CLEAN.replacen(
            "spec:\n",
            "spec:\n  kubeAPIServer:\n    auditLogMaxAge: \"10\"\n    anonymousAuth: no\n    featureGates: {A: true}\n    \
             env: [{name: A, value: 1}]\n  kubelet: {maxPods: 50}\n",
            1,
        );
        text.push('\n');
        let spec = resolved(&text);
        let api = spec.cluster.settings.block("kubeAPIServer");
        assert_eq!(api.integer("auditLogMaxAge"), Some(10));
        assert_eq!(api.boolean("anonymousAuth"), Some(false));
        assert_eq!(api.map("featureGates"), [("A", "true")].into());
        assert_eq!(api.get("env"), Some(&json!([{ "name": "A", "value": 1 }])));
        assert_eq!(spec.cluster.settings.block("kubelet").integer("maxPods"), Some(50));
        // what acts elsewhere is there as well
        assert!(spec.cluster.settings.get("kubernetesVersion").is_some());
        assert!(spec.groups.iter().all(|group| group.settings.get("role").is_some()));
    }

    #[test]
    fn blocks_lie_over_each_other() {
        let one = Settings::of(json!({ "a": 1, "b": 2 }));
        let two = Settings::of(json!({ "b": 3 }));
        assert_eq!(one.overlaid(&two), Settings::of(json!({ "a": 1, "b": 3 })));
    }
}
