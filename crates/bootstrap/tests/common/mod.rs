//! A small cluster whose settings are changed one by one, for the tests that look at all of them.

#[path = "../../../spec/tests/samples/mod.rs"]
mod samples;

use std::sync::Arc;

use kedge_bootstrap::{ApiEndpoint, GroupConfig, StorePlace, configure};
use kedge_diag::Source;
use kedge_spec::resolved::Role;
use kedge_spec::{ParseOptions, ResolveOptions, parse, text};
use serde_json::{Value, json};

pub(crate) use samples::{setup, values};

/// The manifest of a small cluster, to be changed.
#[derive(Clone)]
pub(crate) struct Manifests(Vec<Value>);

impl Manifests {
    pub(crate) fn new() -> Self {
        Self::read(include_str!("../../testdata/cluster.yaml"))
    }

    /// Those of a text.
    pub(crate) fn read(text: &str) -> Self {
        let documents = text.split("\n---").map(|document| text::read(document.trim_start_matches("---")).unwrap());
        Self(documents.filter(Value::is_object).collect())
    }

    pub(crate) fn set(&mut self, kind: &str, path: &str, value: &Value) {
        for document in self.0.iter_mut().filter(|document| document["kind"] == kind) {
            set(document, path, value.clone());
        }
    }

    /// The configurations of both groups, or what is wrong.
    pub(crate) fn configs(&self) -> Result<Vec<GroupConfig>, String> {
        let source = Source { name: "cluster.yaml".to_owned(), text: text::write(&self.0) };
        let (manifests, diagnostics) = parse(&[Arc::new(source)], &ParseOptions::default());
        let (spec, further) = manifests.resolve(&ResolveOptions::default());
        let spec = spec.ok_or_else(|| format!("{diagnostics:?} {further:?}"))?;
        let store = StorePlace {
            region: "us-east-1".to_owned(),
            bucket: "store".to_owned(),
            prefix: "c.example.com".to_owned(),
            endpoint: None,
        };
        let endpoint = ApiEndpoint::of(&spec, Some("api-1.elb.example.com")).unwrap();
        // kubeadm makes no API servers without etcd, which is told.
        let groups = spec.groups.iter().filter(|group| group.role != Role::ApiServer);
        let configs = groups.map(|group| configure(&spec, group, false, &endpoint, &store));
        let configs: Result<Vec<_>, _> = configs.collect();
        configs.map(|configs| configs.into_iter().flatten().collect()).map_err(|problems| format!("{problems:?}"))
    }
}

/// Sets what stands at a path; `[]` is the first item of a list.
fn set(value: &mut Value, path: &str, new: Value) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, is_list) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
    if name == "<key>" {
        *value = new;
        return;
    }
    if !value.is_object() {
        *value = json!({});
    }
    let mut inner = &mut value[name];
    if is_list && rest.is_some() {
        if !inner.is_array() {
            *inner = json!([{}]);
        }
        inner = &mut inner[0];
    }
    match rest {
        Some(rest) => set(inner, rest, new),
        None => *inner = new,
    }
}
