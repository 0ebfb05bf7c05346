use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use camino_tempfile::Utf8TempDir;
use kedge_pki::{Authority, ItemState};
use kedge_resource::ClusterName;
use kedge_store::{Condition, Directory, Object, Objects, Passphrase, Put, Secret};
use ring::rand::SystemRandom;

use super::*;

struct Place {
    dir: Utf8TempDir,
    store: ClusterStore,
    outer: Passphrase,
    random: SystemRandom,
}

impl Place {
    fn new() -> Self {
        let dir = camino_tempfile::tempdir().unwrap();
        let cluster = ClusterName::parse("c.example.com").unwrap();
        let store = ClusterStore::new(Arc::new(Directory::new(dir.path())), cluster);
        let outer = Passphrase::new(Secret::new(b"a long passphrase".to_vec())).unwrap();
        Self { dir, store, outer, random: SystemRandom::new() }
    }

    async fn ensure(&self) -> Vec<Purpose> {
        let keysets = self.store.keysets().await.unwrap();
        ensure(&self.store, keysets, &self.outer, now(), &self.random).await.unwrap()
    }

    async fn rotate(&self, purpose: Purpose, step: Step) -> Result<Keyset, KeypairError> {
        rotate(&self.store, purpose, step, false, now()).await
    }

    async fn prepare(&self, custom: Option<Custom>) -> Result<Keyset, KeypairError> {
        prepare(&self.store, &self.outer, Purpose::KubernetesCa, custom, now(), &self.random).await
    }

    /// Every private key in the store, by its place.
    async fn private(&self) -> Vec<String> {
        self.store.objects().list("c.example.com/pki/private/").await.unwrap()
    }
}

/// A place that loses an answer: the keysets are written, somebody replaces the front proxy's authority at once, and asking
/// again finds what nobody knows.
#[derive(Debug)]
struct Losing {
    inner: Directory,
    other: ClusterStore,
    lost: AtomicBool,
}

#[async_trait]
impl Objects for Losing {
    fn place(&self) -> String {
        self.inner.place()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.inner.get(key).await
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        let put = self.inner.put(key, bytes, condition).await?;
        if !key.ends_with("keysets.json") || self.lost.swap(true, Ordering::Relaxed) {
            return Ok(put);
        }
        let mut keysets = self.other.keysets().await?;
        let made = Made::generate(Purpose::FrontProxyCa, now(), &SystemRandom::new()).unwrap();
        keysets.set(Keyset::new(Purpose::FrontProxyCa, made.item));
        self.other.put_keysets(&keysets).await?;
        Ok(Put::Refused)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

impl Place {
    /// The same store, whose next answer about keysets is lost.
    fn losing(&self) -> ClusterStore {
        let (inner, other) = (Directory::new(self.dir.path()), self.store.clone());
        let losing = Losing { inner, other, lost: AtomicBool::new(false) };
        ClusterStore::new(Arc::new(losing), self.store.cluster().clone())
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

#[tokio::test]
async fn a_keyring_that_is_there_already_is_used() {
    let place = Place::new();
    let secret = Secret::new(b"hunter2".to_vec());
    place.store.put_secret(&place.outer, "a", &secret).await.unwrap();
    let ring = fs_err::read(place.dir.path().join("c.example.com/secrets/keyring.json")).unwrap();
    // A key that does not open it is known before anything is made.
    let wrong = Passphrase::new(Secret::new(b"another passphrase".to_vec())).unwrap();
    let keysets = place.store.keysets().await.unwrap();
    Missing::of(&place.store, keysets, &wrong).await.unwrap_err();
    assert_eq!(place.private().await, [""; 0]);
    assert_eq!(place.ensure().await, Purpose::ALL);
    assert_eq!(fs_err::read(place.dir.path().join("c.example.com/secrets/keyring.json")).unwrap(), ring);
    let vault = place.store.vault(&place.outer).await.unwrap();
    let keysets = place.store.keysets().await.unwrap();
    for keyset in &keysets.all {
        place.store.private_key(&vault, keyset.purpose, keyset.primary).await.unwrap();
    }
}

#[tokio::test]
async fn missing_keys_are_made_once() {
    let place = Place::new();
    assert_eq!(place.ensure().await, Purpose::ALL);
    let keysets = place.store.keysets().await.unwrap();
    assert_eq!(place.ensure().await, []);
    assert_eq!(place.store.keysets().await.unwrap().all, keysets.all);
    let names: Vec<(String, ItemState)> =
        list(&keysets).unwrap().into_iter().map(|found| (found.name.to_string(), found.state)).collect();
    let primary = |name: &str| (name.to_owned(), ItemState::Primary);
    assert_eq!(names, ["kubernetes-ca", "etcd-ca", "apiserver-aggregator-ca", "service-account"].map(primary));
    // each private key opens and fits
    let vault = place.store.vault(&place.outer).await.unwrap();
    for keyset in &keysets.all {
        let key = place.store.private_key(&vault, keyset.purpose, keyset.primary).await.unwrap();
        if let Some(certificate) = &keyset.primary().unwrap().certificate {
            Authority::from_pem(certificate, key.expose(), &place.random).unwrap();
        }
    }
}

#[tokio::test]
async fn two_who_make_them_at_once_have_the_same() {
    let place = Place::new();
    let (one, two) = tokio::join!(place.ensure(), place.ensure());
    assert_eq!(one.len() + two.len(), 4, "{one:?} {two:?}");
    assert_eq!(place.private().await.len(), 4);
}

#[tokio::test]
async fn what_was_written_without_an_answer_keeps_its_private_keys() {
    let place = Place::new();
    let losing = place.losing();
    let keysets = losing.keysets().await.unwrap();
    let made = ensure(&losing, keysets, &place.outer, now(), &place.random).await.unwrap();
    assert_eq!(made, [Purpose::KubernetesCa, Purpose::EtcdCa, Purpose::ServiceAccount]);
    let purpose = Purpose::EtcdCa;
    let prepared = prepare(&place.losing(), &place.outer, purpose, None, now(), &place.random).await.unwrap();
    let keysets = place.store.keysets().await.unwrap();
    assert_eq!(keysets.get(purpose), Some(&prepared));
    let vault = place.store.vault(&place.outer).await.unwrap();
    for keyset in keysets.all.iter().filter(|keyset| keyset.purpose != Purpose::FrontProxyCa) {
        for item in &keyset.items {
            place.store.private_key(&vault, keyset.purpose, item.id).await.unwrap();
        }
    }
    // that of the front proxy, which the other took out of the keysets, is gone
    assert_eq!(place.private().await.len(), 4);
}

#[tokio::test]
async fn a_key_is_replaced_in_stages_and_back() {
    let place = Place::new();
    place.ensure().await;
    let purpose = Purpose::KubernetesCa;
    let before = place.store.keysets().await.unwrap();
    let prepared = place.prepare(None).await.unwrap();
    assert_eq!(prepared.bundle().matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(place.private().await.len(), 5);
    let promoted = place.rotate(purpose, Step::Promote(Direction::Forward)).await.unwrap();
    assert_ne!(promoted.primary, prepared.primary);
    let retired = place.rotate(purpose, Step::Retire(Direction::Forward)).await.unwrap();
    assert_eq!(retired.trusted().len(), 1);
    for step in [Step::Retire(Direction::Back), Step::Promote(Direction::Back), Step::Unprepare] {
        place.rotate(purpose, step).await.unwrap();
    }
    assert_eq!(place.store.keysets().await.unwrap().all, before.all);
    assert_eq!(place.private().await.len(), 4);
    let error = place.rotate(purpose, Step::Unprepare).await.unwrap_err();
    assert!(matches!(error, KeypairError::Stage { .. }), "{error}");
}

#[tokio::test]
async fn an_authority_of_a_user_is_the_first_one() {
    let place = Place::new();
    let own = Authority::generate("Example CA", 1, now(), &place.random).unwrap();
    let custom = |key: &Authority| Custom { certificate: Some(own.certificate().pem()), key: key.key().pem().clone() };
    let other = Authority::generate("Example CA", 2, now(), &place.random).unwrap();
    let error = place.prepare(Some(custom(&other))).await.unwrap_err();
    assert!(matches!(error, KeypairError::Pki { .. }), "{error}");
    assert_eq!(place.private().await, Vec::<String>::new());

    place.prepare(Some(custom(&own))).await.unwrap();
    assert_eq!(place.ensure().await.len(), 3);
    let found = list(&place.store.keysets().await.unwrap()).unwrap();
    assert_eq!(found[0].authority.as_deref(), Some("Example CA"));
    assert_eq!((found[0].state, found[0].custom), (ItemState::Primary, true));
}

#[tokio::test]
async fn a_key_is_for_one_purpose() {
    let place = Place::new();
    let own = Authority::generate("Example CA", 1, now(), &place.random).unwrap();
    let bring = async |purpose, certificate: Option<String>| {
        let custom = Some(Custom { certificate, key: own.key().pem().clone() });
        prepare(&place.store, &place.outer, purpose, custom, now(), &place.random).await
    };
    bring(Purpose::KubernetesCa, Some(own.certificate().pem())).await.unwrap();
    let error = bring(Purpose::EtcdCa, Some(own.certificate().pem())).await.unwrap_err();
    assert_eq!(error.to_string(), "the given key cannot be that of etcd-ca: kubernetes-ca has it");
    bring(Purpose::ServiceAccount, None).await.unwrap_err();
    assert_eq!(place.private().await.len(), 1);
    // nor one that was retired: there are certificates that it has issued
    place.ensure().await;
    place.prepare(None).await.unwrap();
    for step in [Step::Promote(Direction::Forward), Step::Retire(Direction::Forward)] {
        place.rotate(Purpose::KubernetesCa, step).await.unwrap();
    }
    bring(Purpose::EtcdCa, Some(own.certificate().pem())).await.unwrap_err();
    // the same key with another certificate renews an authority
    bring(Purpose::KubernetesCa, Some(own.certificate().pem())).await.unwrap();
}

#[tokio::test]
async fn nothing_is_replaced_that_is_not_there() {
    let place = Place::new();
    let error = place.rotate(Purpose::EtcdCa, Step::Promote(Direction::Forward)).await.unwrap_err();
    assert_eq!(error.to_string(), "the cluster has no etcd-ca yet");
}

#[tokio::test]
async fn the_end_of_an_authority_is_told_in_time() {
    let place = Place::new();
    place.ensure().await;
    let keysets = place.store.keysets().await.unwrap();
    let after = |days: i64| worries(&keysets, now() + SignedDuration::from_hours(24 * days));
    assert_eq!(after(3650 - 181), Vec::<String>::new());
    assert_eq!(
        after(3650 - 10)[1],
        "the authority etcd-ca ends on 2037-01-12, in 10 days; begin to replace it with `kedge rotate etcd --stage prepare`"
    );
    let ended = after(3651);
    assert_eq!(ended.len(), 3);
    assert!(ended[0].starts_with("the authority kubernetes-ca ended on 2037-01-12: "), "{ended:?}");
}

#[tokio::test]
async fn a_stage_that_would_cut_instances_off_is_refused() {
    let place = Place::new();
    place.ensure().await;
    let store = &place.store;
    let fingerprints = |keyset: &Keyset| -> Vec<String> {
        let certificate = |item: &&Item| item.read_certificate().unwrap().unwrap().fingerprint;
        keyset.trusted().iter().map(certificate).collect()
    };
    let says = async |instance: &str, trust: Option<kedge_store::NodeTrust>| {
        let status = kedge_store::NodeStatus {
            format_version: 1,
            cluster: store.cluster().clone(),
            group: "nodes".to_owned(),
            instance: instance.to_owned(),
            node: instance.to_owned(),
            control_plane: false,
            config: String::new(),
            program: String::new(),
            kubernetes: None,
            phase: kedge_store::NodePhase::Ready,
            step: "ready".to_owned(),
            reason: String::new(),
            since: now(),
            trust,
        };
        store.put_node_status(&status).await.unwrap();
    };
    let knows =
        |authorities: Vec<String>, kubelet: Option<String>| Some(kedge_store::NodeTrust { authorities, kubelet });
    let ca = Purpose::KubernetesCa;
    let before = fingerprints(store.keysets().await.unwrap().get(ca).unwrap());
    says("i-1", knows(before.clone(), before.first().cloned())).await;
    says("i-2", None).await;
    let prepared = prepare(store, &place.outer, ca, None, now(), &place.random).await.unwrap();
    let both = fingerprints(&prepared);
    let promote = Step::Promote(Direction::Forward);
    let refused = rotate(store, ca, promote, false, now()).await.unwrap_err().to_string();
    assert!(refused.contains("i-1 (nodes), i-2 (nodes) would be cut off"), "{refused}");
    says("i-1", knows(both.clone(), before.first().cloned())).await;
    says("i-2", knows(both.clone(), before.first().cloned())).await;
    let keyset = rotate(store, ca, promote, false, now()).await.unwrap();
    let new = keyset.primary().unwrap().read_certificate().unwrap().unwrap().fingerprint;
    let retire = Step::Retire(Direction::Forward);
    says("i-1", knows(both.clone(), Some(new))).await;
    let refused = rotate(store, ca, retire, false, now()).await.unwrap_err().to_string();
    assert!(refused.contains(": i-2 (nodes) would be cut off"), "{refused}");
    // Back is always possible, and so is going on without them for whoever says so.
    rotate(store, ca, Step::Promote(Direction::Back), false, now()).await.unwrap();
    rotate(store, ca, promote, true, now()).await.unwrap();
    rotate(store, ca, retire, true, now()).await.unwrap();
}
