//! From an add-on and the upstream files that it names to the objects that are applied, in the order in which they are.

use std::collections::{BTreeMap, BTreeSet};

use kedge_spec::text;
use serde_json::Value;

use crate::addon::{Addon, Registry, sha256};
use crate::objects::put;
use crate::patch::Change;

/// Annotation of pods with the digest of the config maps that they read.
const CONFIGURATION: &str = "addon.kedge.dev/configuration";

/// Kinds that have no namespace. Kinds of custom resources are not here: upstream files name their namespaces.
const CLUSTER_WIDE: [&str; 19] = [
    "APIService",
    "CSIDriver",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeSnapshotClass",
];

/// Kinds in the order in which they are applied; webhooks come last, so that they stop nothing of their own add-on.
const ORDER: [&str; 15] = [
    "CustomResourceDefinition",
    "Namespace",
    "PriorityClass",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "PodDisruptionBudget",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
];
const LAST: [&str; 4] = [
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Whether a kind of Kubernetes itself has no namespace.
#[must_use]
pub fn is_cluster_wide(kind: &str) -> bool {
    CLUSTER_WIDE.contains(&kind)
}

/// Place of a kind in the order of applying.
fn place(kind: &str) -> usize {
    if LAST.contains(&kind) {
        return ORDER.len() + 1;
    }
    ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len())
}

impl Addon {
    /// The objects: those of the upstream files with the changes of the add-on, and its own. `files` has the texts of the
    /// files under their SHA-256; what it says of a digest is checked.
    ///
    /// # Errors
    /// A file is missing or is another one, is no YAML, or a change does not fit it; an object is none.
    pub fn render(&self, files: &BTreeMap<String, String>) -> Result<Vec<Value>, RenderError> {
        let error = |what: String| RenderError { addon: self.name.clone(), what };
        let mut objects = Vec::new();
        for file in &self.upstream {
            let Some(text) = files.get(&file.sha256) else {
                return Err(error(format!("{} with the SHA-256 {} is not there", file.url, file.sha256)));
            };
            let found = sha256(text.as_bytes());
            if found != file.sha256 {
                return Err(error(format!("{} has the SHA-256 {found} and not {}", file.url, file.sha256)));
            }
            for document in read(text).map_err(|why| error(format!("{}: {why}", file.url)))? {
                flatten(document, &mut objects);
            }
        }
        for patch in &self.patches {
            let named = || format!("{} `{}`", patch.kind, patch.name);
            if !objects.iter().any(|object| patch.concerns(object)) {
                return Err(error(format!("the upstream files have no {}", named())));
            }
            if patch.change == Change::Omit {
                objects.retain(|object| !patch.concerns(object));
            }
            for object in objects.iter_mut().filter(|object| patch.concerns(object)) {
                patch.apply(object).map_err(|why| error(format!("{} cannot be changed: {why}", named())))?;
            }
        }
        for object in &mut objects {
            let wide = object.get("kind").and_then(Value::as_str).is_some_and(is_cluster_wide);
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| wide) {
                // Some files name one, which API servers ignore.
                metadata.remove("namespace");
            }
        }
        if let Some(namespace) = &self.namespace {
            for object in &mut objects {
                let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
                let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
                if let Some(metadata) = metadata.filter(|_| !is_cluster_wide(&kind)) {
                    metadata.entry("namespace").or_insert_with(|| namespace.as_str().into());
                }
                complete_subjects(object, namespace);
            }
        }
        objects.extend(self.objects.iter().cloned());
        if let Some(registry) = &self.registry {
            objects.iter_mut().for_each(|object| rename_images(object, registry));
        }
        mark_configurations(&mut objects);
        for object in &objects {
            check(object).map_err(|why| error(format!("{why}: {object}")))?;
        }
        let kind = |object: &Value| place(object.get("kind").and_then(Value::as_str).unwrap_or_default());
        objects.sort_by_key(kind);
        Ok(objects)
    }
}

/// Notes at pods the digest of the config maps that they read: pods start anew where one of them changes, as few programs
/// notice that.
fn mark_configurations(objects: &mut [Value]) {
    let maps: BTreeMap<(String, String), String> = objects
        .iter()
        .filter(|object| object.get("kind").and_then(Value::as_str) == Some("ConfigMap"))
        .map(|map| {
            let text = |pointer: &str| map.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let data = map.get("data").map(Value::to_string).unwrap_or_default();
            ((text("/metadata/namespace"), text("/metadata/name")), data)
        })
        .collect();
    for object in objects {
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(pods) = object.pointer_mut("/spec/template").filter(|pods| pods.pointer("/spec/containers").is_some())
        else {
            continue;
        };
        let mut names = BTreeSet::new();
        maps_read(pods, &mut names);
        let read: Vec<&str> =
            names.into_iter().filter_map(|name| maps.get(&(namespace.clone(), name)).map(String::as_str)).collect();
        if !read.is_empty() {
            let digest: String = sha256(read.concat().as_bytes()).chars().take(16).collect();
            put(pods, &["metadata", "annotations", CONFIGURATION], digest.into());
        }
    }
}

/// Names of config maps that pods read: as volumes, and as variables.
fn maps_read(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                if ["configMap", "configMapKeyRef", "configMapRef"].contains(&field.as_str()) {
                    names.extend(value.get("name").and_then(Value::as_str).map(str::to_owned));
                }
                maps_read(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| maps_read(item, names)),
        _ => {}
    }
}

/// Images of pods come from another registry.
fn rename_images(object: &mut Value, registry: &Registry) {
    for pods in ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"] {
        let Some(spec) = object.pointer_mut(pods).and_then(Value::as_object_mut) else { continue };
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(Value::String(image)) = container.get_mut("image") {
                    *image = registry.image(image);
                }
            }
        }
    }
}

/// Documents that are written for Kubernetes, whose reader takes numbers with a zero before them for octal ones: modes of
/// files are written so.
pub(crate) fn read(text: &str) -> Result<Vec<Value>, String> {
    let mut documents = text::read_all(text)?;
    documents.iter_mut().for_each(octal_modes);
    Ok(documents)
}

fn octal_modes(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let mode = value.as_str().filter(|text| text.len() > 1 && text.starts_with('0'));
                let mode = mode.and_then(|text| u32::from_str_radix(text, 8).ok());
                match mode.filter(|_| field == "mode" || field == "defaultMode") {
                    Some(mode) => *value = mode.into(),
                    None => octal_modes(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(octal_modes),
        _ => {}
    }
}

/// Lists are their items.
fn flatten(document: Value, objects: &mut Vec<Value>) {
    let is_list = document.get("kind").and_then(Value::as_str) == Some("List");
    match document.get("items").and_then(Value::as_array) {
        Some(items) if is_list => objects.extend(items.iter().cloned()),
        _ => objects.push(document),
    }
}

/// Service accounts that a binding of upstream names without their namespace.
fn complete_subjects(object: &mut Value, namespace: &str) {
    let subjects = object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten();
    for subject in subjects.filter_map(Value::as_object_mut) {
        if subject.get("kind").and_then(Value::as_str) == Some("ServiceAccount") {
            subject.entry("namespace").or_insert_with(|| namespace.into());
        }
    }
}

/// Whether a value is an object of Kubernetes.
pub(crate) fn check(object: &Value) -> Result<(), &'static str> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("/apiVersion").is_none() {
        Err("an object has no `apiVersion`")
    } else if text("/kind").is_none() {
        Err("an object has no `kind`")
    } else if text("/metadata/name").is_none() {
        Err("an object has no `metadata.name`")
    } else {
        Ok(())
    }
}

/// Why an add-on has no objects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("add-on {addon}: {what}")]
pub struct RenderError {
    /// The add-on.
    pub addon: String,
    /// What is wrong.
    pub what: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::addon::{FORMAT_VERSION, UpstreamFile, Wave};
    use crate::patch::Patch;

    const FILE: &str = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {containers: [{name: c, image: \"quay.io/a/b:1\"}]}}}}\n---\n\
        apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n\
        subjects: [{kind: ServiceAccount, name: s}]\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n";

    fn addon(patches: Vec<Patch>) -> (Addon, BTreeMap<String, String>) {
        let sha256 = sha256(FILE.as_bytes());
        let files = BTreeMap::from([(sha256.clone(), FILE.to_owned())]);
        let addon = Addon {
            format_version: FORMAT_VERSION,
            name: "a".to_owned(),
            version: "1".to_owned(),
            wave: Wave::User,
            kubernetes: None,
            namespace: Some("n".to_owned()),
            upstream: vec![UpstreamFile { url: "https://example.com/a".to_owned(), sha256 }],
            patches,
            objects: vec![
                json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "s", "namespace": "n" } }),
            ],
            registry: Some(Registry::Proxy("proxy.example.com".to_owned())),
            certificates: Vec::new(),
        };
        (addon, files)
    }

    #[test]
    fn objects_come_in_order_and_with_their_namespaces() {
        let (addon, files) = addon(Vec::new());
        let objects = addon.render(&files).unwrap();
        let kinds: Vec<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["Namespace", "ServiceAccount", "ClusterRoleBinding", "Deployment"]);
        assert_eq!(objects[3]["metadata"]["namespace"], "n");
        assert_eq!(objects[3]["spec"]["template"]["spec"]["containers"][0]["image"], "proxy.example.com/a/b:1");
        assert_eq!(objects[0]["metadata"].get("namespace"), None);
        assert_eq!(objects[2]["subjects"][0]["namespace"], "n");
    }

    #[test]
    fn changes_are_made_or_refused() {
        let (omitting, files) = addon(vec![Patch::new("Namespace", "n", Change::Omit)]);
        assert_eq!(omitting.render(&files).unwrap().len(), 3);
        let (wrong, files) = addon(vec![Patch::new("Namespace", "m", Change::Omit)]);
        assert_eq!(wrong.render(&files).unwrap_err().to_string(), "add-on a: the upstream files have no Namespace `m`");
    }

    #[test]
    fn pods_start_anew_where_their_configuration_changes() {
        let digest = |data: &str| {
            let map = |name: &str, data: &str| json!({ "kind": "ConfigMap", "metadata": { "name": name, "namespace": "n" }, "data": { "a": data } });
            let pods = json!({ "containers": [{ "env": [{ "valueFrom": { "configMapKeyRef": { "name": "m" } } }] }] });
            let workload = json!({ "kind": "Deployment", "metadata": { "namespace": "n" }, "spec": { "template": { "spec": pods } } });
            let mut objects = vec![map("m", data), map("other", data), workload];
            mark_configurations(&mut objects);
            objects[2]["spec"]["template"]["metadata"]["annotations"][CONFIGURATION].as_str().unwrap().to_owned()
        };
        assert_eq!(digest("1").len(), 16);
        assert_eq!(digest("1"), digest("1"));
        assert_ne!(digest("1"), digest("2"));
    }

    #[test]
    fn modes_of_files_are_octal() {
        let documents =
            read("a: {defaultMode: 0644, items: [{mode: 0400, path: '0644'}]}\nb: {defaultMode: 420}\n").unwrap();
        let wanted = json!({
            "a": { "defaultMode": 420, "items": [{ "mode": 256, "path": "0644" }] },
            "b": { "defaultMode": 420 },
        });
        assert_eq!(documents, [wanted]);
    }

    #[test]
    fn files_are_those_that_are_named() {
        let (addon, mut files) = addon(Vec::new());
        for text in files.values_mut() {
            text.push('\n');
        }
        let error = addon.render(&files).unwrap_err().to_string();
        assert!(error.contains("has the SHA-256") && error.contains("and not"), "{error}");
        assert!(addon.render(&BTreeMap::new()).unwrap_err().to_string().ends_with("is not there"));
    }
}
