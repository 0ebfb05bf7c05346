//! Keys and authorities of a cluster in a store.

use kedge_pki::{KeyPair, Keyset, Made, Purpose};
use ring::rand::SystemRandom;

use super::{Place, time};
use crate::{Keysets, Passphrase, Secret, StoreError};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Secret::new(text.as_bytes().to_vec())).unwrap()
}

/// A store with one keyset, and its private key.
async fn filled(place: &Place, outer: &Passphrase) -> (Keysets, String) {
    let made = Made::generate(Purpose::KubernetesCa, time(), &SystemRandom::new()).unwrap();
    let vault = place.store.vault_for_writing(outer).await.unwrap();
    place.store.put_private_key(&vault, Purpose::KubernetesCa, made.item.id, &made.private).await.unwrap();
    let mut keysets = place.store.keysets().await.unwrap();
    assert_eq!(keysets.missing(), Purpose::ALL);
    keysets.set(Keyset::new(Purpose::KubernetesCa, made.item));
    place.store.put_keysets(&keysets).await.unwrap();
    (place.store.keysets().await.unwrap(), made.private.expose().to_owned())
}

#[tokio::test]
async fn what_is_stored_comes_back_and_nothing_secret_is_clear() {
    let (place, outer) = (Place::new(), passphrase("a long passphrase"));
    let (keysets, private) = filled(&place, &outer).await;
    let keyset = keysets.get(Purpose::KubernetesCa).unwrap();
    assert_eq!(keysets.missing(), [Purpose::EtcdCa, Purpose::FrontProxyCa, Purpose::ServiceAccount]);
    let vault = place.store.vault(&outer).await.unwrap();
    let back = place.store.private_key(&vault, Purpose::KubernetesCa, keyset.primary).await.unwrap();
    assert_eq!(back.expose(), private);
    KeyPair::from_pem(back.expose(), &SystemRandom::new()).unwrap();

    let body = private.lines().nth(1).unwrap();
    let keys = place.store.objects().list("").await.unwrap();
    assert_eq!(keys.len(), 3, "{keys:?}");
    for key in keys {
        let bytes = place.store.objects().get(&key).await.unwrap().unwrap().bytes;
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(body) && !text.contains("PRIVATE KEY"), "{key}");
    }
    assert_eq!(place.store.secrets().await.unwrap(), []);
    assert_eq!(place.store.check().await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn of_two_writers_one_wins() {
    let (place, outer) = (Place::new(), passphrase("a long passphrase"));
    let (read, _) = filled(&place, &outer).await;
    let (mut one, mut two) = (read.clone(), read);
    let made = || Made::generate(Purpose::EtcdCa, time(), &SystemRandom::new()).unwrap().item;
    one.set(Keyset::new(Purpose::EtcdCa, made()));
    two.set(Keyset::new(Purpose::EtcdCa, made()));
    place.store.put_keysets(&one).await.unwrap();
    let error = place.store.put_keysets(&two).await.unwrap_err();
    assert!(matches!(error, StoreError::Moved { .. }), "{error}");
    assert_eq!(place.store.keysets().await.unwrap().all, one.all);
}

#[tokio::test]
async fn private_keys_are_encrypted_anew_with_the_secrets() {
    let (place, outer) = (Place::new(), passphrase("a long passphrase"));
    let (keysets, private) = filled(&place, &outer).await;
    place.store.put_secret(&outer, "token", &Secret::new(b"hunter2".to_vec())).await.unwrap();
    let new = passphrase("a longer passphrase");
    assert_eq!(place.store.rekey(&outer, &new).await.unwrap(), 2);
    let id = keysets.get(Purpose::KubernetesCa).unwrap().primary;
    let vault = place.store.vault(&new).await.unwrap();
    assert_eq!(place.store.private_key(&vault, Purpose::KubernetesCa, id).await.unwrap().expose(), private);
    assert_eq!(place.store.secret(&new, "token").await.unwrap().expose(), b"hunter2");
    place.store.vault(&outer).await.unwrap_err();
}

#[tokio::test]
async fn what_is_missing_or_foreign_is_told() {
    let (place, outer) = (Place::new(), passphrase("a long passphrase"));
    let (keysets, _) = filled(&place, &outer).await;
    let id = keysets.get(Purpose::KubernetesCa).unwrap().primary;
    place.store.delete_private_key(Purpose::KubernetesCa, id).await.unwrap();
    let vault = place.store.vault(&outer).await.unwrap();
    let error = place.store.private_key(&vault, Purpose::KubernetesCa, id).await.unwrap_err();
    assert!(matches!(error, StoreError::Torn { .. }), "{error}");

    let file = place.dir.path().join("c.example.com/pki/keysets.json");
    let text = fs_err::read_to_string(&file).unwrap();
    fs_err::write(&file, text.replace("c.example.com", "d.example.com")).unwrap();
    let error = place.store.keysets().await.unwrap_err();
    assert!(error.to_string().contains("is of the cluster d.example.com"), "{error}");
    fs_err::write(&file, "{").unwrap();
    assert_eq!(place.store.check().await.unwrap().faults.len(), 1);
}
