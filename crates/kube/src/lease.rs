//! Leases: what only one does at a time.
//!
//! Whether a lease has ended is decided by whoever waits for it, by its own clock: it has to have seen the same version of the
//! object for as long as the lease lasts. Clocks of different machines are never compared.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api::Form;
use crate::connect::Cluster;
use crate::error::{Class, KubeError};

const COLLECTION: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

/// A lease in `kube-system`, as somebody who may hold it knows it.
#[derive(Debug)]
pub struct Lease {
    name: &'static str,
    holder: String,
    lasts: Duration,
    /// The version of the object that was seen last while somebody else had it, and since when.
    seen: Mutex<Option<(String, Instant)>>,
}

impl Lease {
    /// A lease that `holder` may take, for so long each time.
    #[must_use]
    pub fn new(name: &'static str, holder: &str, lasts: Duration) -> Self {
        Self { name, holder: holder.to_owned(), lasts, seen: Mutex::default() }
    }

    /// Takes it, or renews it. Says whether it is held now: not so while somebody else holds it, who may have ended without a
    /// word: then it is free when it was not renewed for as long as it lasts.
    ///
    /// # Errors
    /// The API refuses.
    pub async fn take(&self, cluster: &Cluster) -> Result<bool, KubeError> {
        let action = format!("take the lease {}", self.name);
        let path = format!("{COLLECTION}/{}", self.name);
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let mut spec = json!({
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self.lasts.as_secs().max(1),
            "renewTime": now,
        });
        let Some(found) = cluster.find(&action, &path).await? else {
            put(&mut spec, "acquireTime", now);
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": { "name": self.name, "namespace": "kube-system" },
                "spec": spec,
            });
            return held(cluster.create(&action, COLLECTION, &lease).await);
        };
        let version = text(&found, "/metadata/resourceVersion");
        if text(&found, "/spec/holderIdentity") != self.holder {
            if !self.is_free(&found, version) {
                return Ok(false);
            }
            put(&mut spec, "acquireTime", now);
        }
        let patch = json!({ "metadata": { "resourceVersion": version }, "spec": spec });
        held(cluster.patch(&action, &path, Form::Merge, &patch).await)
    }

    /// Lets others have it at once.
    ///
    /// # Errors
    /// The API refuses.
    pub async fn give_back(&self, cluster: &Cluster) -> Result<(), KubeError> {
        let action = format!("give the lease {} back", self.name);
        let path = format!("{COLLECTION}/{}", self.name);
        let Some(found) = cluster.find(&action, &path).await? else { return Ok(()) };
        if text(&found, "/spec/holderIdentity") != self.holder {
            return Ok(());
        }
        let version = text(&found, "/metadata/resourceVersion");
        let patch = json!({ "metadata": { "resourceVersion": version }, "spec": { "holderIdentity": null } });
        held(cluster.patch(&action, &path, Form::Merge, &patch).await).map(drop)
    }

    /// Whether nobody holds what was found.
    fn is_free(&self, found: &Value, version: &str) -> bool {
        if text(found, "/spec/holderIdentity").is_empty() {
            return true;
        }
        let lasts = found.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64);
        let lasts = lasts.map_or(self.lasts, Duration::from_secs);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some((known, since)) if known == version => since.elapsed() >= lasts,
            _ => {
                *seen = Some((version.to_owned(), Instant::now()));
                false
            }
        }
    }
}

/// Whether a write was done: somebody else may have come before.
fn held(written: Result<Value, KubeError>) -> Result<bool, KubeError> {
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.class == Class::Conflict || error.is_overtaken() => Ok(false),
        Err(error) => Err(error),
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn put(spec: &mut Value, field: &str, text: String) {
    if let Some(fields) = spec.as_object_mut() {
        fields.insert(field.to_owned(), text.into());
    }
}
