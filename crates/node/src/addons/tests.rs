use std::collections::VecDeque;

use camino_tempfile::{Utf8TempDir, tempdir};
use kedge_addons::{FORMAT_VERSION, Wave};
use kedge_agent::System;
use kedge_kube::Access;
use kedge_resource::ClusterName;
use kedge_store::{Condition, Directory, Object, Objects, Put, StoreError};
use serde_json::{Value, json};

use super::*;
use fake::Fake;

#[path = "../../../kube/tests/servers/fake.rs"]
#[expect(dead_code, reason = "another suite needs the rest of it")]
mod fake;

#[derive(Debug)]
struct Way {
    kubeconfig: String,
    holder: &'static str,
}

#[async_trait]
impl Reach for Way {
    async fn connect(&self) -> Result<Cluster, PortError> {
        Ok(Cluster::connect(&Access::Kubeconfig(&self.kubeconfig)).await.unwrap())
    }

    fn lease(&self, name: &'static str) -> Result<Lease, PortError> {
        Ok(Lease::new(name, self.holder, Duration::from_secs(60)))
    }
}

/// A store that shows some indexes before the one that it has.
struct Late {
    inner: Directory,
    before: Mutex<VecDeque<String>>,
    /// At which read of the index somebody takes the lease away.
    thief: Mutex<Option<(u32, Fake)>>,
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Late")
    }
}

#[async_trait]
impl Objects for Late {
    fn place(&self) -> String {
        self.inner.place()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let found = self.inner.get(key).await?;
        if !key.ends_with("addons/index.json") {
            return Ok(found);
        }
        let before = self.before.lock().unwrap().pop_front();
        if let Some((left, fake)) = &mut *self.thief.lock().unwrap() {
            *left = left.saturating_sub(1);
            if *left == 0 {
                fake.put("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kedge-addons", lease_of_thief());
            }
        }
        Ok(found.map(|object| Object { bytes: before.map_or(object.bytes.clone(), String::into_bytes), ..object }))
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        self.inner.put(key, bytes, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        self.inner.worries().await
    }
}

/// A cluster, its store, and control planes.
struct World {
    fake: Fake,
    objects: Arc<Late>,
    folder: Utf8TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let inner = Directory::new(&folder.path().join("store"));
        Self {
            fake: Fake::start().await,
            objects: Arc::new(Late { inner, before: Mutex::default(), thief: Mutex::default() }),
            folder,
        }
    }

    fn store(&self) -> ClusterStore {
        ClusterStore::new(self.objects.clone(), ClusterName::parse("c.example.com").unwrap())
    }

    fn control_plane(&self, holder: &'static str) -> ClusterAddOns {
        let way = Way { kubeconfig: self.fake.kubeconfig(), holder };
        let host = Arc::new(System::new(self.folder.path().as_std_path()));
        ClusterAddOns::new(Arc::new(way), self.store(), host, None)
    }

    /// What `kedge apply` does, and the index that comes of it.
    async fn deliver(&self, addons: &[Addon]) -> String {
        let store = self.store();
        let put = async |name: String, text: &str| {
            store.objects().put(&store.key(&name), text.as_bytes(), &Condition::Any).await.unwrap();
        };
        for addon in addons {
            put(format!("addons/objects/{}.yaml", addon.digest()), &addon.to_yaml()).await;
        }
        let index = Index::of(addons).to_json();
        put("addons/index.json".to_owned(), &index).await;
        index
    }

    /// What maps hold, by their names.
    fn maps(&self, addon: &str) -> Vec<(String, String)> {
        let objects = self.fake.labelled(addon).into_iter();
        objects.map(|(at, object)| (at.rsplit('/').next().unwrap().to_owned(), text(&object["data"]["a"]))).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn addon(name: &str, kubernetes: Option<&str>, maps: &[(&str, &str)]) -> Addon {
    let map = |(name, text): &(&str, &str)| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "default" }, "data": { "a": text } });
    Addon {
        format_version: FORMAT_VERSION,
        name: name.to_owned(),
        version: "v1".to_owned(),
        wave: Wave::System,
        kubernetes: kubernetes.map(str::to_owned),
        namespace: None,
        upstream: Vec::new(),
        patches: Vec::new(),
        objects: maps.iter().map(map).collect(),
        registry: None,
        certificates: Vec::new(),
    }
}

fn lease_of_thief() -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": "kedge-addons", "namespace": "kube-system" },
        "spec": { "holderIdentity": "thief", "leaseDurationSeconds": 60 },
    })
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[tokio::test]
async fn what_follows_kubernetes_waits_for_every_control_plane() {
    let world = World::new().await;
    let node = |version: &str| {
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": { "name": "i-2", "labels": { "node-role.kubernetes.io/control-plane": "" } },
            "status": { "nodeInfo": { "kubeletVersion": version } },
        })
    };
    world.fake.put("/api/v1/nodes/i-2", node("v1.99.0"));
    world.deliver(&[addon("proxy", Some("1.99.0"), &[("a", "1")])]).await;
    let one = world.control_plane("one");
    assert_eq!(one.apply().await.unwrap().as_deref(), Some("proxy (1 new, 0 changed, 0 gone)"));

    world.deliver(&[addon("dns", None, &[("c", "1")]), addon("proxy", Some("1.99.5"), &[("b", "2")])]).await;
    let line = one.apply().await.unwrap().unwrap();
    assert!(
        line.contains("proxy v1 waits until all control planes have Kubernetes 1.99.5: the oldest has v1.99.0"),
        "{line}"
    );
    assert!(line.contains("dns (1 new"), "the others do not wait: {line}");
    assert_eq!(world.maps("proxy"), [pair("a", "1")]);
    // The first one is replaced, and the other one not yet.
    world.fake.serves("v1.99.5");
    let new = world.control_plane("new");
    assert!(new.apply().await.unwrap().unwrap().contains("proxy v1 waits"));
    for control_plane in [&one, &new] {
        assert_eq!(control_plane.apply().await.unwrap(), None, "it is told once");
    }
    assert_eq!(world.maps("proxy"), [pair("a", "1")]);
    world.fake.put("/api/v1/nodes/i-2", node("v1.99.5"));
    assert_eq!(new.apply().await.unwrap().as_deref(), Some("proxy (1 new, 0 changed, 1 gone)"));
    assert_eq!(world.maps("proxy"), [pair("b", "2")]);
    assert_eq!(new.apply().await.unwrap(), None);
}

#[tokio::test]
async fn an_index_that_was_replaced_undoes_nothing() {
    let world = World::new().await;
    let old = world.deliver(&[addon("one", None, &[("a", "1")]), addon("three", None, &[("c", "1")])]).await;
    let new = [addon("one", None, &[("a", "2"), ("b", "2")]), addon("two", None, &[("d", "2")])];
    world.deliver(&new).await;
    world.control_plane("one").apply().await.unwrap();
    let before = world.fake.labelled("one");
    // The other one has read the index of before: as it looks whether there is something to do, and once more with the lease.
    let other = world.control_plane("two");
    for reads in 1..=2 {
        world.objects.before.lock().unwrap().extend(vec![old.clone(); reads]);
        other.apply().await.unwrap();
        assert_eq!(world.fake.labelled("one"), before, "{reads}");
        assert_eq!(world.maps("two"), [pair("d", "2")]);
        assert_eq!(world.maps("three"), []);
    }
    // It has taken up nothing of that, and is done with the index that is there.
    assert_eq!(other.apply().await.unwrap(), None);
}

#[tokio::test]
async fn only_one_at_a_time_applies() {
    let world = World::new().await;
    world.deliver(&[addon("one", None, &[("a", "1")])]).await;
    let somebody = Way { kubeconfig: world.fake.kubeconfig(), holder: "somebody" };
    let (cluster, lease) = (somebody.connect().await.unwrap(), somebody.lease("kedge-addons").unwrap());
    assert!(lease.take(&cluster).await.unwrap());
    let one = world.control_plane("one");
    assert_eq!(one.apply().await.unwrap(), None);
    assert_eq!(world.maps("one"), []);
    lease.give_back(&cluster).await.unwrap();
    one.apply().await.unwrap();
    assert_eq!(world.maps("one"), [pair("a", "1")]);
    assert!(lease.take(&cluster).await.unwrap(), "it was given back");
}

#[tokio::test]
async fn whoever_loses_the_lease_leaves_the_rest_to_others() {
    // At the second read it has the lease, at the third it has applied nothing yet, and at the fourth one of both.
    for (read, applied) in [(2, 0), (3, 1), (4, 2)] {
        let world = World::new().await;
        world.deliver(&[addon("one", None, &[("a", "1")]), addon("two", None, &[("b", "1")])]).await;
        *world.objects.thief.lock().unwrap() = Some((read, world.fake.clone()));
        let one = world.control_plane("one");
        let done = one.apply().await.unwrap();
        assert_eq!(done.is_some(), applied == 2, "{read}: {done:?}");
        assert_eq!(world.maps("one").len() + world.maps("two").len(), applied, "{read}");
        assert!(one.applied.lock().unwrap().is_some() == (applied == 2), "{read}");
    }
}
