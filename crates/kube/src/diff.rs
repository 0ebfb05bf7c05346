//! What applying an add-on would change in the cluster, by asking the API server to try.

use std::collections::BTreeSet;

use kedge_addons::Addon;
use serde_json::Value;

use crate::FIELD_MANAGER;
use crate::api::Form;
use crate::certificates::places;
use crate::connect::Cluster;
use crate::error::{Class, KubeError};
use crate::inventory::ObjectRef;
use crate::labels;

/// What would become of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectDiff {
    /// The object.
    pub object: ObjectRef,
    /// What would change.
    pub change: ObjectChange,
}

/// What would change of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectChange {
    /// It would be made.
    Create,
    /// These fields would change.
    Change(Vec<FieldChange>),
    /// It would be deleted, if nothing speaks against it then.
    Delete,
    /// Others own fields of it that would be taken from them by force; the API's own words.
    Conflict(String),
}

/// A field that would change.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Its place, such as `spec.replicas`.
    pub path: String,
    /// What is there; null for nothing.
    pub before: Value,
    /// What would be there; null for nothing.
    pub after: Value,
}

/// Fields that API servers write.
const KEPT_BY_SERVERS: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

impl Cluster {
    /// What applying an add-on would change; objects that would stay as they are do not occur. Nothing is written.
    ///
    /// # Errors
    /// The API refuses an object, or does not answer.
    pub async fn diff(&self, addon: &Addon, objects: &[Value]) -> Result<Vec<ObjectDiff>, KubeError> {
        let mut diffs = Vec::new();
        let wanted: Vec<ObjectRef> = places(addon, objects);
        for (object, place) in objects.iter().zip(&wanted) {
            if let Some(change) = self.diff_object(addon, object, place).await? {
                diffs.push(ObjectDiff { object: place.clone(), change });
            }
        }
        let before = self.inventories().await?.remove(&addon.name).unwrap_or_default();
        for gone in before.objects.iter().filter(|old| !wanted.iter().any(|new| new.is_same(old))) {
            let found = match self.path(gone).await {
                Ok(path) => self.find(&format!("look at {gone}"), &path).await?,
                Err(error) if error.class == Class::NoKind => None,
                Err(error) => return Err(error),
            };
            if found.is_some_and(|found| labels::addon_of(&found) == Some(labels::value(&addon.name).as_str())) {
                diffs.push(ObjectDiff { object: gone.clone(), change: ObjectChange::Delete });
            }
        }
        Ok(diffs)
    }

    async fn diff_object(
        &self,
        addon: &Addon,
        object: &Value,
        place: &ObjectRef,
    ) -> Result<Option<ObjectChange>, KubeError> {
        let action = format!("compare {place}");
        let path = match self.path(place).await {
            Ok(path) => path,
            // Its kind comes with the add-on, or with another one.
            Err(error) if error.class == Class::NoKind => return Ok(Some(ObjectChange::Create)),
            Err(error) => return Err(error),
        };
        let Some(live) = self.find(&action, &path).await? else { return Ok(Some(ObjectChange::Create)) };
        let mut wanted = object.clone();
        labels::mark(&mut wanted, &addon.name, &addon.version);
        let query = |force: bool| format!("{path}?dryRun=All&fieldManager={FIELD_MANAGER}&force={force}");
        let tried = match self.patch(&action, &query(false), Form::Apply, &wanted).await {
            Err(error) if error.class == Class::Conflict => return Ok(Some(ObjectChange::Conflict(error.why))),
            tried => tried?,
        };
        // Bundles are put in where it is applied.
        let ignored = |field: &FieldChange| field.path.ends_with("caBundle") && field.after.is_null();
        let mut fields = Vec::new();
        compare("", &without_bookkeeping(live), &without_bookkeeping(tried), &mut fields);
        fields.retain(|field| !ignored(field));
        Ok((!fields.is_empty()).then_some(ObjectChange::Change(fields)))
    }
}

/// An object without what API servers write.
fn without_bookkeeping(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in KEPT_BY_SERVERS {
                metadata.remove(field);
            }
        }
    }
    object
}

/// Notes the fields in which two values differ.
fn compare(path: &str, before: &Value, after: &Value, fields: &mut Vec<FieldChange>) {
    match (before, after) {
        (Value::Object(one), Value::Object(two)) => {
            let keys: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
            for key in keys {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&inner, one.get(key).unwrap_or(&Value::Null), two.get(key).unwrap_or(&Value::Null), fields);
            }
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            for (index, (one, two)) in one.iter().zip(two).enumerate() {
                compare(&format!("{path}[{index}]"), one, two, fields);
            }
        }
        _ if before == after => {}
        _ => fields.push(FieldChange { path: path.to_owned(), before: before.clone(), after: after.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_differ_are_named() {
        let live = json!({ "metadata": { "uid": "1", "labels": { "a": "b" } }, "spec": { "x": [1, { "y": 2 }], "z": [1] }, "status": 1 });
        let wanted = json!({ "metadata": { "uid": "2", "labels": {} }, "spec": { "x": [1, { "y": 3 }], "z": [1, 2] } });
        let mut fields = Vec::new();
        compare("", &without_bookkeeping(live), &without_bookkeeping(wanted), &mut fields);
        let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["metadata.labels.a", "spec.x[1].y", "spec.z"]);
    }
}
