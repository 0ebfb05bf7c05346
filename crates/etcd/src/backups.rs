//! What the state store keeps of an etcd cluster.

use std::sync::Arc;

use kedge_store::Objects;

/// What the state store keeps of an etcd cluster, below `backups/etcd/<etcd cluster>/` of the cluster's part.
///
/// | key | holds |
/// |---|---|
/// | `<time>/snapshot.db` | a snapshot; `snapshot.db.1` and so on continue a large one |
/// | `<time>/meta.json` | its digest, size, revision and versions; written last |
/// | `members/<place>.json` | which member lives on the volume of a place |
/// | `restore.json` | the snapshot that control planes shall go back to, and how far they are |
#[derive(Clone, Debug)]
pub struct Backups {
    objects: Arc<dyn Objects>,
    prefix: String,
    etcd_cluster: String,
}

impl Backups {
    /// `prefix` is what keys of the cluster begin with, without a slash at its end.
    pub fn new(objects: Arc<dyn Objects>, prefix: &str, etcd_cluster: &str) -> Self {
        let slash = if prefix.is_empty() { "" } else { "/" };
        let prefix = format!("{prefix}{slash}backups/etcd/{etcd_cluster}/");
        Self { objects, prefix, etcd_cluster: etcd_cluster.to_owned() }
    }

    /// The etcd cluster.
    #[must_use]
    pub fn etcd_cluster(&self) -> &str {
        &self.etcd_cluster
    }

    /// The whole key of an object.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What the keys begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The store.
    #[must_use]
    pub fn objects(&self) -> &dyn Objects {
        &*self.objects
    }
}
