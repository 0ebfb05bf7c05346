//! What was applied last for each add-on: one config map, a key for each.
//!
//! It is written before anything is applied, with what is there and what comes, and again at the end, with what is there: so
//! nothing is forgotten, wherever a run is cut off.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Form;
use crate::connect::Cluster;
use crate::error::{Class, KubeError};
use crate::labels;

/// Name of the config map.
const NAME: &str = "kedge-addons";
const NAMESPACE: &str = "kube-system";
const COLLECTION: &str = "/api/v1/namespaces/kube-system/configmaps";
/// How often a write is repeated that somebody else came before.
const TRIES: u32 = 8;

/// An object, by its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty for objects without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// The place of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
        }
    }

    /// Whether two places are of one object; versions of a group are views of the same objects.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let group = |version: &str| version.split_once('/').map_or("", |(group, _)| group).to_owned();
        group(&self.api_version) == group(&other.api_version)
            && (&self.kind, &self.namespace, &self.name) == (&other.kind, &other.namespace, &other.name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// What is there of an add-on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// Its version.
    pub version: String,
    /// SHA-256 of its document; empty while it is being applied.
    #[serde(default)]
    pub digest: String,
    /// Its objects.
    pub objects: Vec<ObjectRef>,
}

impl Cluster {
    /// What is there of all add-ons.
    ///
    /// # Errors
    /// The API refuses, or the config map has been changed into something else.
    pub async fn inventories(&self) -> Result<BTreeMap<String, Inventory>, KubeError> {
        let action = "read which add-ons are there";
        let Some(map) = self.find(action, &format!("{COLLECTION}/{NAME}")).await? else { return Ok(BTreeMap::new()) };
        let data = map.get("data").and_then(Value::as_object).into_iter().flatten();
        data.map(|(addon, text)| {
            let inventory = serde_json::from_str(text.as_str().unwrap_or_default()).map_err(|error| {
                let why = format!("config map {NAMESPACE}/{NAME}, key {addon}: {error}");
                KubeError::new(Class::Invalid, action, why)
            })?;
            Ok((addon.clone(), inventory))
        })
        .collect()
    }

    /// Writes what is there of an add-on; nothing, if it is gone. Control planes may write at the same time, each of them its
    /// key.
    pub(crate) async fn record(&self, addon: &str, inventory: Option<&Inventory>) -> Result<(), KubeError> {
        let action = format!("note what is there of add-on {addon}");
        let text = inventory.map(|inventory| serde_json::to_string(inventory).unwrap_or_default());
        let patch = json!({ "data": { addon: text } });
        for _ in 0..TRIES {
            match self.patch(&action, &format!("{COLLECTION}/{NAME}"), Form::Merge, &patch).await {
                Err(error) if error.class == Class::NotFound => {}
                done => return done.map(|_| ()),
            }
            let data: Value = text.as_ref().map_or_else(|| json!({}), |text| json!({ addon: text }));
            let map = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": { "name": NAME, "namespace": NAMESPACE, "labels": { labels::MANAGED_BY: "kedge" } },
                "data": data,
            });
            match self.create(&action, COLLECTION, &map).await {
                // Somebody else made it meanwhile.
                Err(error) if error.class == Class::Conflict => {}
                done => return done.map(|_| ()),
            }
        }
        Err(KubeError::new(Class::Conflict, action, format!("config map {NAMESPACE}/{NAME} comes and goes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_objects() {
        let object =
            json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a", "namespace": "b" } });
        let place = ObjectRef::of(&object);
        assert_eq!(place.to_string(), "Deployment b/a");
        assert!(place.is_same(&ObjectRef { api_version: "apps/v1beta1".to_owned(), ..place.clone() }));
        assert!(!place.is_same(&ObjectRef { api_version: "v1".to_owned(), ..place.clone() }));
    }
}
