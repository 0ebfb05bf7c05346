//! Which kinds the API has, and where objects of them are.

use serde_json::Value;

use crate::api::encode;
use crate::connect::Cluster;
use crate::error::{Class, KubeError};
use crate::inventory::ObjectRef;

/// A kind of objects.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// What it is called in URLs.
    pub(crate) plural: String,
    /// Whether its objects are in namespaces.
    pub(crate) namespaced: bool,
}

impl Cluster {
    /// A kind.
    pub(crate) async fn kind(&self, api_version: &str, kind: &str) -> Result<Kind, KubeError> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(known) = self.kinds.lock().await.get(&key) {
            return Ok(known.clone());
        }
        let action = format!("find out where the API has objects of {api_version} {kind}");
        let not_yet = |why: &str| KubeError::new(Class::NoKind, &action, why);
        let list = match self.get(&action, &root(api_version)).await {
            Ok(list) => list,
            Err(error) if error.class == Class::NotFound => return Err(not_yet("the API does not have that group")),
            Err(error) => return Err(error),
        };
        let resources = list.get("resources").and_then(Value::as_array).into_iter().flatten();
        let mut kinds = self.kinds.lock().await;
        for resource in resources {
            let text = |field: &str| resource.get(field).and_then(Value::as_str).unwrap_or_default();
            // Others are parts of objects, such as `pods/status`.
            if !text("name").contains('/') {
                let namespaced = resource.get("namespaced").and_then(Value::as_bool) == Some(true);
                let found = Kind { plural: text("name").to_owned(), namespaced };
                kinds.insert((api_version.to_owned(), text("kind").to_owned()), found);
            }
        }
        kinds.get(&key).cloned().ok_or_else(|| not_yet("the API does not have that kind"))
    }

    /// Path of a kind's objects: in a namespace, or in all of them.
    pub(crate) async fn collection(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
    ) -> Result<String, KubeError> {
        let found = self.kind(api_version, kind).await?;
        let root = root(api_version);
        Ok(match namespace.filter(|_| found.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{}/{}", encode(namespace), found.plural),
            None => format!("{root}/{}", found.plural),
        })
    }

    /// Path of an object.
    pub(crate) async fn path(&self, object: &ObjectRef) -> Result<String, KubeError> {
        // As kubectl does.
        let namespace = Some(object.namespace.as_str()).filter(|name| !name.is_empty()).or(Some("default"));
        let collection = self.collection(&object.api_version, &object.kind, namespace).await?;
        Ok(format!("{collection}/{}", encode(&object.name)))
    }
}

/// Path of a group and version.
fn root(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}
