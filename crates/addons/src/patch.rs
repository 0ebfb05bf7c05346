//! Changes to objects of upstream files: what a cluster sets, laid over what others wrote.
//!
//! A change whose object, container or flag is missing is an error and not ignored: files are pinned, so that it can only
//! mean that a new version was pinned and its changes were not looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A change of one object, known by kind and name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Patch {
    /// Kind of the object.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is done with it.
    pub change: Change,
}

/// What is done with an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// A JSON merge patch (RFC 7386): blocks are merged, null removes, everything else replaces.
    Merge(Value),
    /// The object is left out.
    Omit,
    /// One container of its pods.
    Container(Box<Container>),
    /// A container of its pods is left out.
    WithoutContainer(String),
    /// The volumes of its pods.
    Volumes {
        /// Volumes that it gets besides.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<Value>,
        /// Names of volumes that it loses.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
}

/// A change of a container, or of an init container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Flags `--name=value` that take the place of flags of the same name, or come last. They go where the container has its
    /// flags: into `args`, or into `command`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Names of flags that are left out, with their dashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Variables of its environment; null leaves one out, and what is no text is a source (`valueFrom`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Value>,
    /// Resources, merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Value>,
    /// Volumes that are mounted besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Value>,
    /// Places of mounts that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_mounts: Vec<String>,
    /// Numbers of its named ports.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<String, u16>,
    /// What is done when it starts and ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Value>,
    /// Commands of its probes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub probe_commands: BTreeMap<String, Vec<String>>,
    /// Its security context, merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<Value>,
}

impl Patch {
    /// A change of an object.
    #[must_use]
    pub fn new(kind: &str, name: &str, change: Change) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned(), change }
    }

    /// Whether it is about an object.
    pub(crate) fn concerns(&self, object: &Value) -> bool {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        text("/kind") == Some(&self.kind) && text("/metadata/name") == Some(&self.name)
    }

    /// Changes an object; says what was not found.
    pub(crate) fn apply(&self, object: &mut Value) -> Result<(), String> {
        match &self.change {
            Change::Merge(patch) => merge(object, patch),
            Change::Omit => {}
            Change::Container(container) => container.apply(object)?,
            Change::WithoutContainer(name) => {
                let containers = pods(object)?.get_mut("containers").and_then(Value::as_array_mut);
                let containers = containers.ok_or("its `containers` are no list")?;
                take(containers, "name", name).ok_or_else(|| format!("it has no container `{name}`"))?;
            }
            Change::Volumes { add, remove } => {
                let volumes = pods(object)?.entry("volumes").or_insert_with(|| json!([]));
                let volumes = volumes.as_array_mut().ok_or("its `volumes` are no list")?;
                for name in remove {
                    take(volumes, "name", name).ok_or_else(|| format!("it has no volume `{name}`"))?;
                }
                volumes.extend(add.iter().cloned());
            }
        }
        Ok(())
    }
}

impl Container {
    /// A change of the container of this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn apply(&self, object: &mut Value) -> Result<(), String> {
        let spec = pods(object)?;
        let mut found = false;
        for list in ["initContainers", "containers"] {
            let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
            for container in containers.filter_map(Value::as_object_mut) {
                if container.get("name").and_then(Value::as_str) == Some(&self.name) {
                    self.change(container)?;
                    found = true;
                }
            }
        }
        if found { Ok(()) } else { Err(format!("it has no container `{}`", self.name)) }
    }

    fn change(&self, container: &mut Map<String, Value>) -> Result<(), String> {
        if let Some(image) = &self.image {
            container.insert("image".to_owned(), image.as_str().into());
        }
        if !self.flags.is_empty() || !self.without.is_empty() {
            let has_flags = |list: &str| {
                let items = container.get(list).and_then(Value::as_array).into_iter().flatten();
                items.filter_map(Value::as_str).any(|item| item.starts_with('-'))
            };
            let list = if !has_flags("args") && has_flags("command") { "command" } else { "args" };
            let items = container.entry(list).or_insert_with(|| json!([]));
            let items = items.as_array_mut().ok_or_else(|| format!("`{list}` of its container is no list"))?;
            for name in &self.without {
                let before = items.len();
                items.retain(|item| item.as_str().map(flag_name) != Some(name));
                if items.len() == before {
                    return Err(format!("container `{}` has no flag `{name}`", self.name));
                }
            }
            for flag in &self.flags {
                let same = |item: &&mut Value| item.as_str().map(flag_name) == Some(flag_name(flag));
                match items.iter_mut().find(same) {
                    Some(item) => *item = flag.as_str().into(),
                    None => items.push(flag.as_str().into()),
                }
            }
        }
        set_env(container, &self.env)?;
        if let Some(resources) = &self.resources {
            merge(container.entry("resources").or_insert_with(|| json!({})), resources);
        }
        if !self.mounts.is_empty() || !self.without_mounts.is_empty() {
            let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
            let mounts = mounts.as_array_mut().ok_or("`volumeMounts` of its container is no list")?;
            for path in &self.without_mounts {
                take(mounts, "mountPath", path)
                    .ok_or_else(|| format!("container `{}` mounts nothing at `{path}`", self.name))?;
            }
            mounts.extend(self.mounts.clone());
        }
        for (name, port) in &self.ports {
            let ports = container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten();
            let known = ports.into_iter().find(|known| known.get("name").and_then(Value::as_str) == Some(name));
            let known = known.and_then(Value::as_object_mut);
            let known = known.ok_or_else(|| format!("container `{}` has no port `{name}`", self.name))?;
            known.insert("containerPort".to_owned(), (*port).into());
        }
        for (probe, command) in &self.probe_commands {
            let known = container.get_mut(probe).and_then(|probe| probe.get_mut("exec")).and_then(Value::as_object_mut);
            let known = known.ok_or_else(|| format!("container `{}` has no command as `{probe}`", self.name))?;
            known.insert("command".to_owned(), command.as_slice().into());
        }
        for (field, value) in [("lifecycle", &self.lifecycle), ("securityContext", &self.security)] {
            if let Some(value) = value {
                merge(container.entry(field).or_insert_with(|| json!({})), value);
            }
        }
        Ok(())
    }
}

/// The specification of an object's pods.
fn pods(object: &mut Value) -> Result<&mut Map<String, Value>, String> {
    let places = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"];
    let at = places.into_iter().find(|at| object.pointer(at).is_some()).ok_or("it has no pods")?;
    object.pointer_mut(at).and_then(Value::as_object_mut).ok_or_else(|| "its pods are no block".to_owned())
}

/// Takes the item out of a list whose field has this value.
fn take(list: &mut Vec<Value>, field: &str, value: &str) -> Option<Value> {
    let at = list.iter().position(|item| item.get(field).and_then(Value::as_str) == Some(value))?;
    Some(list.remove(at))
}

/// Sets variables of a container's environment.
fn set_env(container: &mut Map<String, Value>, env: &BTreeMap<String, Value>) -> Result<(), String> {
    if env.is_empty() {
        return Ok(());
    }
    let list = container.entry("env").or_insert_with(|| json!([]));
    let list = list.as_array_mut().ok_or("`env` of its container is no list")?;
    for (name, value) in env {
        let variable = match value {
            Value::Null => None,
            Value::String(text) => Some(json!({ "name": name, "value": text })),
            source => Some(json!({ "name": name, "valueFrom": source })),
        };
        let at = list.iter().position(|known| known.get("name").and_then(Value::as_str) == Some(name));
        match (at.and_then(|at| list.get_mut(at)), variable) {
            (Some(known), Some(variable)) => *known = variable,
            (None, Some(variable)) => list.push(variable),
            (_, None) => list.retain(|known| known.get("name").and_then(Value::as_str) != Some(name)),
        }
    }
    Ok(())
}

/// The name of a flag, with its dashes and without its value.
fn flag_name(flag: &str) -> &str {
    flag.split_once('=').map_or(flag, |(name, _)| name)
}

/// Lays a merge patch over a value.
pub(crate) fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    let Some(fields) = value.as_object_mut() else { return };
    for (key, change) in changes {
        if change.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload() -> Value {
        json!({
            "kind": "DaemonSet", "metadata": { "name": "a" },
            "spec": { "template": { "spec": {
                "initContainers": [{ "name": "first" }],
                "containers": [
                    { "name": "x", "image": "i:1", "args": ["--a=1", "--b", "run"], "env": [{ "name": "E", "value": "1" }] },
                    { "name": "y", "command": ["/bin/y", "--c=1"] },
                ],
            } } },
        })
    }

    fn changed(change: Container) -> Result<Value, String> {
        let mut object = workload();
        let patch = Patch::new("DaemonSet", "a", Change::Container(Box::new(change)));
        assert!(patch.concerns(&object));
        patch.apply(&mut object)?;
        Ok(object.pointer("/spec/template/spec/containers").cloned().unwrap())
    }

    #[test]
    fn containers_are_changed_by_name() {
        let change = Container {
            image: Some("i:2".to_owned()),
            flags: vec!["--a=2".to_owned(), "--d=3".to_owned()],
            without: vec!["--b".to_owned()],
            env: [("E".to_owned(), "2".into()), ("F".to_owned(), json!({ "fieldRef": {} }))].into(),
            resources: Some(json!({ "requests": { "cpu": "1" } })),
            mounts: vec![json!({ "name": "v", "mountPath": "/v" })],
            ..Container::named("x")
        };
        let found = changed(change).unwrap();
        let wanted = json!({
            "name": "x", "image": "i:2", "args": ["--a=2", "run", "--d=3"],
            "env": [{ "name": "E", "value": "2" }, { "name": "F", "valueFrom": { "fieldRef": {} } }],
            "resources": { "requests": { "cpu": "1" } },
            "volumeMounts": [{ "name": "v", "mountPath": "/v" }],
        });
        assert_eq!(found[0], wanted);
        let found = changed(Container { flags: vec!["--c=2".to_owned()], ..Container::named("y") }).unwrap();
        assert_eq!(found[1]["command"], json!(["/bin/y", "--c=2"]));
        let change = Container { env: [("E".to_owned(), Value::Null)].into(), ..Container::named("x") };
        assert_eq!(changed(change).unwrap()[0]["env"], json!([]));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(changed(Container::named("z")), Err("it has no container `z`".to_owned()));
        let change = Container { without: vec!["--z".to_owned()], ..Container::named("x") };
        assert_eq!(changed(change), Err("container `x` has no flag `--z`".to_owned()));
        let patch = Patch::new("ConfigMap", "a", Change::Container(Box::new(Container::named("x"))));
        assert_eq!(patch.apply(&mut json!({ "kind": "ConfigMap" })), Err("it has no pods".to_owned()));
    }

    #[test]
    fn merging_follows_the_standard() {
        let mut value = json!({ "a": { "b": 1, "c": 2 }, "d": [1], "e": "x" });
        merge(&mut value, &json!({ "a": { "b": null, "f": { "g": 1 } }, "d": [2], "e": { "h": null, "i": 1 } }));
        assert_eq!(value, json!({ "a": { "c": 2, "f": { "g": 1 } }, "d": [2], "e": { "i": 1 } }));
    }
}
