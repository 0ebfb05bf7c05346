//! What the state store keeps of a cluster that is deleted, and removing that for good.
//!
//! Only keys below the cluster's own name are looked at, and of these only such as kedge writes: kops keeps objects of its own
//! below the same name, and they stay.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kedge_cloud::Fence;
use kedge_pki::{ItemId, Purpose};
use kedge_store::{ClusterStore, StoreError, is_digest};

/// How many objects are removed at the same time.
const CONCURRENCY: usize = 16;
/// The object without which kedge knows nothing of the cluster; the last one to go.
const HEAD: &str = "head.json";

/// What a store has below the name of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Names of objects of kedge, without the cluster.
    pub own: BTreeSet<String>,
    /// How many objects of others stand beside them.
    pub others: usize,
}

impl Kept {
    /// Folders and files: `head.json, pki/`.
    #[must_use]
    pub fn describe(&self) -> String {
        let part = |name: &'_ String| name.find('/').and_then(|end| name.get(..=end)).unwrap_or(name).to_owned();
        self.own.iter().map(part).collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// Lists what a store has of a cluster.
///
/// # Errors
/// The store does not answer.
pub async fn kept(store: &ClusterStore) -> Result<Kept, StoreError> {
    let prefix = store.key("");
    let mut kept = Kept::default();
    for key in store.objects().list(&prefix).await? {
        match key.strip_prefix(&prefix).filter(|name| is_own(name)) {
            Some(name) => {
                kept.own.insert(name.to_owned());
            }
            None => kept.others += 1,
        }
    }
    Ok(kept)
}

/// Removes objects of kedge; `head.json`, with which it can be done again, only when all others are gone. `fence` is asked
/// before each: whoever lost the right to change the cluster removes nothing of somebody else's.
///
/// # Errors
/// The store does not answer, or the right was lost. What was removed until then is gone.
pub async fn purge(store: &ClusterStore, kept: &Kept, fence: &Fence) -> Result<usize, StoreError> {
    let remove = |name: &str| {
        let key = store.key(name);
        async move {
            fence.check().map_err(|why| StoreError::Lost { why })?;
            store.objects().delete(&key).await
        }
    };
    let own = || kept.own.iter().filter(|name| is_own(name));
    let first: Vec<_> = own().filter(|name| *name != HEAD).map(|name| remove(name)).collect();
    stream::iter(first).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    remove(HEAD).await?;
    Ok(own().count())
}

/// Whether kedge writes objects of this name.
fn is_own(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [HEAD] | ["pki", "keysets.json"] | ["nodes", "endpoint.json" | "init.json" | "turn.json"] => true,
        ["manifests", file] => file.strip_suffix(".yaml").is_some_and(is_number),
        ["operations", number, file] => {
            let chunk = file.strip_prefix("events-").and_then(|rest| rest.strip_suffix(".jsonl"));
            is_number(number) && (*file == "record.json" || chunk.is_some_and(is_number))
        }
        ["pki", "private", purpose, file] => {
            Purpose::ALL.iter().any(|known| known.as_str() == *purpose)
                && file.strip_suffix(".json").is_some_and(|id| ItemId::from_str(id).is_ok())
        }
        ["secrets" | "journal", file] => file.ends_with(".json"),
        ["nodes", "kedge-node", "amd64" | "arm64", digest] => is_digest(digest),
        ["nodes", _, "join.json"] => true,
        ["nodes", _, "status", file] => file.ends_with(".json"),
        ["nodes", _, "config", file] => file.strip_suffix(".json").is_some_and(is_digest),
        ["addons", "index.json"] => true,
        ["addons", "objects", file] => file.strip_suffix(".yaml").is_some_and(is_digest),
        ["backups", "etcd", _, "restore.json"] => true,
        ["backups", "etcd", _, "members", file] => file.ends_with(".json"),
        ["backups", "etcd", _, _, file] => {
            *file == "meta.json"
                || file.strip_prefix("snapshot.db").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kedge_resource::ClusterName;
    use kedge_store::{Condition, Directory, Objects};

    use super::*;

    const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    /// Names of kedge, and names that kops has below the same cluster.
    fn names() -> (Vec<String>, Vec<String>) {
        let own = [
            "head.json",
            "manifests/000001.yaml",
            "operations/000001/record.json",
            "operations/000001/events-0001.jsonl",
            "pki/keysets.json",
            "pki/private/kubernetes-ca/7612345678901234567.json",
            "pki/private/service-account/1.json",
            "secrets/keyring.json",
            "secrets/dockerconfig.json",
            "journal/20261127T064500.123Z-00000007.json",
            "nodes/endpoint.json",
            "nodes/init.json",
            "nodes/turn.json",
            "nodes/nodes/join.json",
            "nodes/nodes/status/i-1.json",
            "addons/index.json",
            "backups/etcd/main/restore.json",
            "backups/etcd/main/members/a.json",
            "backups/etcd/main/2026-11-27T06:45:00Z/snapshot.db",
            "backups/etcd/main/2026-11-27T06:45:00Z/snapshot.db.1",
            "backups/etcd/main/2026-11-27T06:45:00Z/meta.json",
        ];
        let of_digest = [
            format!("nodes/kedge-node/arm64/{DIGEST}"),
            format!("nodes/nodes/config/{DIGEST}.json"),
            format!("addons/objects/{DIGEST}.yaml"),
        ];
        let others = [
            "config",
            "cluster-completed.spec",
            "instancegroup/nodes",
            "igconfig/node/nodes/nodeupconfig.yaml",
            "manifests/etcd/main-control-plane.yaml",
            "manifests/static/kube-apiserver-healthcheck.yaml",
            "pki/private/kubernetes-ca/keyset.yaml",
            "pki/private/kubernetes-ca/7612345678901234567.key",
            "pki/private/others-ca/7612345678901234567.json",
            "pki/issued/kubernetes-ca/keyset.yaml",
            "pki/ssh/public/admin/9f",
            "secrets/admin",
            "addons/bootstrap-channel.yaml",
            "addons/coredns.addons.k8s.io/k8s-1.12.yaml",
            "backups/etcd/main/control/etcd-cluster-spec",
            "backups/etcd/main/2026-11-27T06:45:00Z-000001/etcd.backup.gz",
            "head.json/x",
            "notes.txt",
        ];
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        ([text(&own), of_digest.to_vec()].concat(), text(&others))
    }

    async fn filled(root: &camino::Utf8Path, cluster: &str, names: &[String]) -> ClusterStore {
        let objects: Arc<dyn Objects> = Arc::new(Directory::new(root));
        let store = ClusterStore::new(objects, ClusterName::parse(cluster).unwrap());
        for name in names {
            store.objects().put(&store.key(name), b"x", &Condition::Any).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn what_kedge_wrote_goes_and_nothing_else() {
        let folder = camino_tempfile::tempdir().unwrap();
        let (own, others) = names();
        let others: Vec<String> = others.into_iter().filter(|name| name != "head.json/x").collect();
        let neighbour = filled(folder.path(), "c.example.com.au", &own).await;
        let longer = filled(folder.path(), "a.c.example.com", &own).await;
        let store = filled(folder.path(), "c.example.com", &[own.clone(), others.clone()].concat()).await;
        let before = kept(&store).await.unwrap();
        assert_eq!((before.own.len(), before.others), (own.len(), others.len()));
        let parts = "addons/, backups/, head.json, journal/, manifests/, nodes/, operations/, pki/, secrets/";
        assert_eq!(before.describe(), parts);
        assert_eq!(purge(&store, &before, &Fence::open()).await.unwrap(), own.len());
        let after = kept(&store).await.unwrap();
        assert_eq!((after.own.len(), after.others), (0, others.len()));
        for store in [neighbour, longer] {
            assert_eq!(kept(&store).await.unwrap().own.len(), own.len(), "another cluster is not touched");
        }
    }

    #[tokio::test]
    async fn whoever_lost_the_lease_removes_nothing() {
        let folder = camino_tempfile::tempdir().unwrap();
        let store = filled(folder.path(), "c.example.com", &names().0).await;
        let before = kept(&store).await.unwrap();
        let closed = Fence::new(|| Err("it was broken".to_owned()));
        assert!(matches!(purge(&store, &before, &closed).await, Err(StoreError::Lost { .. })));
        assert_eq!(kept(&store).await.unwrap(), before);
        // A name that is none of kedge's is not removed, whoever lists it.
        let forged = Kept { own: ["notes.txt".to_owned()].into(), others: 0 };
        store.objects().put(&store.key("notes.txt"), b"x", &Condition::Any).await.unwrap();
        assert_eq!(purge(&store, &forged, &Fence::open()).await.unwrap(), 0);
        assert!(store.objects().get(&store.key("notes.txt")).await.unwrap().is_some());
    }

    #[test]
    fn names_of_others_are_told_apart() {
        let (own, others) = names();
        for name in own {
            assert!(is_own(&name), "{name}");
        }
        for name in others {
            assert!(!is_own(&name), "{name}");
        }
    }
}
