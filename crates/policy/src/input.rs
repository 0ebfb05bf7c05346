//! What policies see.

use kedge_resource::{Kind, Plan, Resource, ResourceKey};
use serde::Serialize;
use serde_json::Value;

/// The input of policies: the plan document with more beside it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Input<'a> {
    /// The document.
    #[serde(flatten)]
    pub plan: &'a Plan,
    /// Everything that the manifests ask for, also what stays as it is; empty when a cluster is deleted.
    pub desired: Vec<Wanted<'a>>,
    /// The manifests of the cluster as they are written.
    pub manifests: Vec<Value>,
}

/// A resource that the manifests ask for.
#[derive(Debug, Serialize)]
pub struct Wanted<'a> {
    /// Its key.
    pub key: &'a ResourceKey,
    /// Its kind, as keys begin.
    pub kind: &'static str,
    /// Its name, as keys end.
    pub name: &'a str,
    /// Its properties, under CloudFormation's names.
    pub properties: Value,
}

impl<'a> From<&'a Resource> for Wanted<'a> {
    fn from(resource: &'a Resource) -> Self {
        let Resource { key, properties } = resource;
        let kind: Kind = key.kind;
        Self { key, kind: kind.slug(), name: &key.name, properties: properties.to_value() }
    }
}
