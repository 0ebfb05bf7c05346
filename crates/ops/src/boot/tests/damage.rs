//! Objects that hold something else than their keys say.

use std::sync::Mutex;

use async_trait::async_trait;
use kedge_cloud::{Handles, Observe as _, Scope, Step, StepChange, Verb};
use kedge_resource::{ClusterName, Desired, Inventory, Resource};
use kedge_store::{ClusterStore, Condition, Directory, Listed, Object, Objects, Put, StoreError};
use md5::{Digest as _, Md5};

use super::running::{Account, CLUSTER};
use super::*;
use crate::boot::account::Booting;
use crate::boot::deliver;
use crate::boot::store::BootSource;
use crate::plan::with_contents;

/// A bucket: its lists have digests, or what stands there where a key of KMS encrypts.
#[derive(Debug)]
struct Bucket {
    inner: Directory,
    kms: bool,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Objects for Bucket {
    fn place(&self) -> String {
        self.inner.place()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.asked.lock().unwrap().push(format!("get {key}"));
        self.inner.get(key).await
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        self.asked.lock().unwrap().push(format!("put {key}"));
        self.inner.put(key, bytes, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn list_sizes(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut all = self.inner.list_sizes(prefix).await?;
        for listed in &mut all {
            let bytes = self.inner.get(&listed.key).await?.unwrap().bytes;
            let tag = if self.kms { Md5::digest([&bytes[..], b"kms"].concat()) } else { Md5::digest(&bytes) };
            listed.md5 = Some(tag.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        Ok(all)
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

/// What a cluster wants in its store, and a store that has it.
struct Place {
    folder: camino_tempfile::Utf8TempDir,
    wanted: Vec<Resource>,
    objects: Arc<Bucket>,
}

impl Place {
    async fn new(kms: bool) -> Self {
        let specification = specification(&[]);
        let (facts, store) = facts(&specification, &["amd64"]);
        let wanted =
            wanted(&specification.resolved, &facts, &store, &BTreeMap::new(), &BTreeMap::new()).unwrap().objects;
        let folder = camino_tempfile::tempdir().unwrap();
        let objects = Arc::new(Bucket { inner: Directory::new(folder.path()), kms, asked: Mutex::default() });
        let place = Self { folder, wanted, objects };
        let source = place.source();
        for (key, text) in place.keys() {
            source.store.objects().put(&source.store.key(&key), text.as_bytes(), &Condition::Any).await.unwrap();
        }
        place.objects.asked.lock().unwrap().clear();
        place
    }

    /// A source that has not looked yet.
    fn source(&self) -> BootSource {
        let store =
            ClusterStore::new(Arc::clone(&self.objects) as Arc<dyn Objects>, ClusterName::parse(CLUSTER).unwrap());
        BootSource::new(store, "state".to_owned(), "p/minimal.example.com".to_owned(), None, BTreeMap::new())
    }

    fn keys(&self) -> Vec<(String, String)> {
        let key = |resource: &Resource| {
            let Properties::StoreObject(object) = &resource.properties else { panic!("{}", resource.key) };
            let key = Name::parse(&resource.key.name).unwrap().key(object.sha256.as_deref().unwrap());
            (key, object.content.clone().unwrap_or_default())
        };
        self.wanted.iter().map(key).collect()
    }

    fn key(&self, name: &str) -> String {
        let number = self.wanted.iter().position(|resource| resource.key.name == name).unwrap();
        self.keys().remove(number).0
    }

    fn path(&self, key: &str) -> camino::Utf8PathBuf {
        self.folder.path().join(CLUSTER).join(key)
    }

    /// What of the objects is known to hold what it has to.
    async fn inventory(&self, source: &BootSource) -> Inventory {
        let account = Account(Inventory::empty(ClusterName::parse(CLUSTER).unwrap()));
        let account = Booting::new(&account, Some(source));
        let inventory = account.inventory(source.store.cluster(), Scope::Manifests).await.unwrap();
        let desired = Desired { resources: self.wanted.clone(), ..desired() };
        with_contents(&account, &desired, &inventory).await.unwrap().into_owned()
    }

    /// The names of damaged objects.
    async fn damaged(&self, source: &BootSource) -> Vec<String> {
        let unknown = |observed: &kedge_resource::inventory::Observed| match &observed.properties {
            Properties::StoreObject(object) => object.sha256.is_none(),
            _ => false,
        };
        let found = self.inventory(source).await.resources;
        assert_eq!(found.len(), self.wanted.len());
        found.into_iter().filter(unknown).map(|observed| observed.key.name).collect()
    }

    async fn deliver(&self, source: &BootSource, name: &str) {
        let before = self.inventory(source).await.resources.into_iter().find(|observed| observed.key.name == name);
        let resource = self.wanted.iter().find(|resource| resource.key.name == name).unwrap().clone();
        let verb = if before.is_some() { Verb::Update } else { Verb::Create };
        let change = StepChange {
            key: resource.key,
            before,
            after: Some(resource.properties),
            fields: vec!["Sha256".to_owned()],
        };
        deliver::realize(source, &Step { verb, changes: vec![change] }, &Handles::default()).await.unwrap();
    }

    /// The requests about a key since the last time.
    fn asked(&self, what: &str) -> usize {
        let asked = std::mem::take(&mut *self.objects.asked.lock().unwrap());
        asked.iter().filter(|request| request.starts_with(what)).count()
    }
}

fn desired() -> Desired {
    let specification = specification(&[]);
    kedge_model::lower(&specification.resolved, &facts(&specification, &[]).0).unwrap()
}

#[tokio::test]
async fn what_has_another_size_or_is_gone_is_written_anew() {
    for kms in [false, true] {
        let place = Place::new(kms).await;
        assert_eq!(place.damaged(&place.source()).await, [""; 0]);
        let addon = place.wanted.iter().find(|resource| resource.key.name.starts_with("addons/")).unwrap();
        let names = [addon.key.name.as_str(), "nodes/nodes/config"];
        fs_err::remove_file(place.path(&place.key(names[0]))).unwrap();
        fs_err::write(place.path(&place.key(names[1])), "torn").unwrap();
        let source = place.source();
        assert_eq!(place.damaged(&source).await, names);
        for name in names {
            place.deliver(&source, name).await;
        }
        assert_eq!(place.damaged(&place.source()).await, [""; 0]);
        for (key, text) in place.keys() {
            assert_eq!(fs_err::read_to_string(place.path(&key)).unwrap(), text, "{key}");
        }
    }
}

#[tokio::test]
async fn what_has_another_digest_is_read_before_it_is_written_anew() {
    let place = Place::new(false).await;
    let path = place.path(&place.key("nodes/nodes/config"));
    let whole = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, whole.replacen("nodes", "n0des", 1)).unwrap();
    let source = place.source();
    assert_eq!(place.damaged(&source).await, ["nodes/nodes/config"]);
    place.deliver(&source, "nodes/nodes/config").await;
    assert_eq!(fs_err::read_to_string(&path).unwrap(), whole);
}

#[tokio::test]
async fn digests_that_tell_nothing_do_not_make_a_plan_read_everything() {
    let place = Place::new(true).await;
    assert_eq!(place.damaged(&place.source()).await, [""; 0]);
    // The index, which a plan always reads, and one object that shows that digests are others here.
    assert_eq!(place.asked("get"), 2);
}

#[tokio::test]
async fn what_an_apply_wrote_before_it_was_cut_off_is_not_written_again() {
    let place = Place::new(false).await;
    fs_err::remove_file(place.path("addons/index.json")).unwrap();
    let addon = place.wanted.iter().find(|resource| resource.key.name.starts_with("addons/")).unwrap();
    let source = place.source();
    let found = Booting::new(&Account(Inventory::empty(ClusterName::parse(CLUSTER).unwrap())), Some(&source))
        .inventory(source.store.cluster(), Scope::Manifests)
        .await
        .unwrap();
    // Without the index nobody knows what it is.
    assert!(!found.resources.iter().any(|observed| observed.key == addon.key));
    let change =
        StepChange { key: addon.key.clone(), before: None, after: Some(addon.properties.clone()), fields: Vec::new() };
    let step = Step { verb: Verb::Create, changes: vec![change] };
    deliver::realize(&source, &step, &Handles::default()).await.unwrap();
    assert_eq!(place.asked("put"), 0);
    fs_err::write(place.path(&place.key(&addon.key.name)), "torn").unwrap();
    deliver::realize(&place.source(), &step, &Handles::default()).await.unwrap();
    assert_eq!(place.asked("put"), 1);
}
