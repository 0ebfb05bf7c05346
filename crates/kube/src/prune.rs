//! Deleting what an add-on has no longer.
//!
//! Only what carries the add-on's label is deleted: an object that somebody took over, or that had that name before, is not
//! kedge's to delete. What holds data of others is kept unless somebody said that it goes.

use serde_json::{Value, json};

use crate::api::encode;
use crate::connect::Cluster;
use crate::error::{Class, KubeError};
use crate::inventory::ObjectRef;
use crate::labels;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// What pruning did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Objects that were deleted, in that order.
    pub deleted: Vec<ObjectRef>,
    /// Objects that were not, and why.
    pub kept: Vec<Kept>,
}

/// An object that is no longer wanted and was not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The object.
    pub object: ObjectRef,
    /// Why, and what to do.
    pub why: String,
    /// Whether it still carries the add-on's label, so that it is looked at again.
    pub ours: bool,
}

impl Cluster {
    /// Deletes objects of an add-on.
    pub(crate) async fn prune(&self, addon: &str, objects: &[ObjectRef], destroy: bool) -> Result<Pruned, KubeError> {
        let mut pruned = Pruned::default();
        for object in objects {
            let action = format!("prune {object}");
            let path = match self.path(object).await {
                Ok(path) => path,
                // With its definition all objects of a kind are gone.
                Err(error) if error.class == Class::NoKind => continue,
                Err(error) => return Err(error),
            };
            let Some(found) = self.find(&action, &path).await? else { continue };
            match labels::addon_of(&found) {
                Some(known) if known == labels::value(addon) => {}
                // Another add-on has it now.
                Some(_) => continue,
                None => {
                    let why = format!("it has no label {}={addon}: somebody else looks after it", labels::NAME);
                    pruned.kept.push(Kept { object: object.clone(), why, ours: false });
                    continue;
                }
            }
            if !destroy && let Some(why) = self.holds(object, &found).await? {
                pruned.kept.push(Kept { object: object.clone(), why, ours: true });
                continue;
            }
            // What was looked at is deleted, and nothing that took its place meanwhile.
            let uid = found.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
            let options = json!({
                "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", "preconditions": { "uid": uid },
            });
            self.delete(&action, &path, &options).await?;
            if object.kind == "CustomResourceDefinition" {
                self.kinds.lock().await.clear();
            }
            pruned.deleted.push(object.clone());
        }
        Ok(pruned)
    }

    /// What of others would be lost with an object.
    async fn holds(&self, object: &ObjectRef, found: &Value) -> Result<Option<String>, KubeError> {
        let place =
            if object.namespace.is_empty() { String::new() } else { format!(" --namespace {}", object.namespace) };
        let delete = format!("`kubectl delete{place} {} {}` deletes it", object.kind.to_lowercase(), object.name);
        match object.kind.as_str() {
            "Namespace" => Ok(Some(format!("everything within it would go too; {delete}"))),
            "PersistentVolume" | "PersistentVolumeClaim" => Ok(Some(format!("its data would be lost; {delete}"))),
            "CustomResourceDefinition" => {
                let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                let versions = found.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
                let served =
                    versions.into_iter().find(|version| version.get("served").and_then(Value::as_bool) == Some(true));
                let Some(version) = served.and_then(|version| version.get("name")).and_then(Value::as_str) else {
                    return Ok(Some(format!(
                        "whether there are objects of it cannot be seen, as no version is served; {delete}"
                    )));
                };
                let path = format!("/apis/{}/{version}/{}", text("/spec/group"), text("/spec/names/plural"));
                let count = match self.list(&format!("look for objects of {object}"), &path).await {
                    Ok(items) => items.len(),
                    Err(error) if error.class == Class::NotFound => 0,
                    Err(error) => return Err(error),
                };
                Ok((count > 0).then(|| format!("there are {count} objects of it, which would go too; {delete}")))
            }
            "StatefulSet" => {
                let deletes = found.pointer("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted");
                let deletes = deletes.and_then(Value::as_str) == Some("Delete");
                Ok(deletes.then(|| format!("it deletes its volume claims with it, and their data; {delete}")))
            }
            _ if self.is_custom(object).await? => {
                Ok(Some(format!("whoever it is for may delete what it stands for, with its data; {delete}")))
            }
            _ => Ok(None),
        }
    }

    /// Whether objects of a kind are custom resources.
    async fn is_custom(&self, object: &ObjectRef) -> Result<bool, KubeError> {
        // Groups without a dot, such as `apps`, are built in.
        let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
        if !group.contains('.') {
            return Ok(false);
        }
        let kind = self.kind(&object.api_version, &object.kind).await?;
        let definition = format!("{DEFINITIONS}/{}", encode(&format!("{}.{group}", kind.plural)));
        Ok(self.find(&format!("look for the definition of {object}"), &definition).await?.is_some())
    }
}
