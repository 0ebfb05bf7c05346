//! Secrets in a store.

use async_trait::async_trait;

use super::Place;
use crate::{OuterKey, Passphrase, Secret, StoreError, Wrapped};

/// A key of KMS by an alias: what one of them has wrapped any of them opens.
#[derive(Debug)]
struct Kms(&'static str);

#[async_trait]
impl OuterKey for Kms {
    async fn wrap(&self, key: &Secret, _: &str) -> Result<Wrapped, String> {
        Ok(Wrapped::Kms { key: format!("arn:{}", self.0), ciphertext: key.expose().to_vec() })
    }

    async fn unwrap(&self, wrapped: &Wrapped, _: &str) -> Result<Secret, String> {
        match wrapped {
            Wrapped::Kms { ciphertext, .. } => Ok(Secret::new(ciphertext.clone())),
            Wrapped::Passphrase { .. } => Err("it is wrapped by a passphrase".to_owned()),
        }
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Secret::new(text.as_bytes().to_vec())).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_secret_comes_back_with_the_right_passphrase_only() {
    let place = Place::new();
    let right = passphrase("a long passphrase\n");
    place.store.put_secret(&right, "dockerconfig", &secret("hunter2")).await.unwrap();
    let back = place.store.secret(&passphrase("a long passphrase"), "dockerconfig").await.unwrap();
    assert_eq!(back.expose(), b"hunter2");
    let error = place.store.secret(&passphrase("another passphrase"), "dockerconfig").await.unwrap_err();
    assert!(error.to_string().contains("not the right one"), "{error}");
    let error = place.store.secret(&right, "other").await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown { .. }), "{error}");
    let names: Vec<String> = place.store.secrets().await.unwrap().into_iter().map(|secret| secret.name).collect();
    assert_eq!(names, ["dockerconfig"]);
    place.store.delete_secret("dockerconfig").await.unwrap();
    assert!(place.store.secrets().await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_in_the_store_is_clear() {
    let place = Place::new();
    place.store.put_secret(&passphrase("a long passphrase"), "a", &secret("hunter2hunter2")).await.unwrap();
    for key in place.store.objects().list("").await.unwrap() {
        let bytes = place.store.objects().get(&key).await.unwrap().unwrap().bytes;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("hunter2") && !text.contains("a long passphrase"), "{key}: {text}");
    }
}

#[tokio::test]
async fn a_secret_under_another_name_does_not_open() {
    let place = Place::new();
    let key = passphrase("a long passphrase");
    place.store.put_secret(&key, "a", &secret("1")).await.unwrap();
    let folder = place.dir.path().join("c.example.com/secrets");
    fs_err::copy(folder.join("a.json"), folder.join("b.json")).unwrap();
    let error = place.store.secret(&key, "b").await.unwrap_err();
    assert!(error.to_string().contains("is the secret a"), "{error}");
    let text = fs_err::read_to_string(folder.join("a.json")).unwrap().replace("\"name\": \"a\"", "\"name\": \"b\"");
    fs_err::write(folder.join("b.json"), text).unwrap();
    let error = place.store.secret(&key, "b").await.unwrap_err();
    assert!(error.to_string().contains("changed or moved"), "{error}");
}

#[tokio::test]
async fn keys_are_replaced_and_an_interruption_loses_nothing() {
    let place = Place::new();
    let (old, new) = (passphrase("a long passphrase"), passphrase("a longer passphrase"));
    for name in ["a", "b", "c"] {
        place.store.put_secret(&old, name, &secret(name)).await.unwrap();
    }
    let folder = place.dir.path().join("c.example.com/secrets");
    let before = fs_err::read(folder.join("b.json")).unwrap();
    assert_eq!(place.store.rekey(&old, &new).await.unwrap(), 3);
    for name in ["a", "b", "c"] {
        assert_eq!(place.store.secret(&new, name).await.unwrap().expose(), name.as_bytes());
        place.store.secret(&old, name).await.unwrap_err();
    }
    assert_ne!(fs_err::read(folder.join("b.json")).unwrap(), before);

    // as after a crash between the keyring and the secrets: the ring has both keys, wrapped anew
    let newest = passphrase("the longest passphrase");
    let kept = fs_err::read(folder.join("b.json")).unwrap();
    fs_err::write(folder.join("b.json"), "torn").unwrap();
    place.store.rekey(&new, &newest).await.unwrap_err();
    fs_err::write(folder.join("b.json"), kept).unwrap();
    for name in ["a", "b", "c"] {
        assert_eq!(place.store.secret(&newest, name).await.unwrap().expose(), name.as_bytes());
    }
    place.store.rekey(&new, &newest).await.unwrap();
    for name in ["a", "b", "c"] {
        assert_eq!(place.store.secret(&newest, name).await.unwrap().expose(), name.as_bytes());
    }
}

#[test]
fn a_short_passphrase_is_refused() {
    assert!(Passphrase::new(secret("short\n")).is_err());
}

#[tokio::test]
async fn another_key_than_that_of_the_ring_is_refused() {
    let place = Place::new();
    let refused = async |outer: &dyn OuterKey| {
        let vault = match place.store.vault(outer).await {
            Ok(vault) => vault,
            Err(error) => return Some(error.to_string()),
        };
        place.store.refuse_another_key(outer, &vault).await.err().map(|error| error.to_string())
    };
    assert_eq!(refused(&Kms("any")).await, None, "there is no ring yet");
    place.store.put_secret(&Kms("one"), "a", &secret("1")).await.unwrap();
    assert_eq!(refused(&Kms("one")).await, None);
    let why = refused(&Kms("two")).await.unwrap();
    assert!(why.contains("arn:one") && why.contains("arn:two") && why.contains("rekey"), "{why}");
    assert!(refused(&passphrase("a long passphrase")).await.unwrap().contains("arn:one"));
    let words = Place::new();
    words.store.put_secret(&passphrase("a long passphrase"), "a", &secret("1")).await.unwrap();
    let right = passphrase("a long passphrase");
    let vault = words.store.vault(&right).await.unwrap();
    words.store.refuse_another_key(&right, &vault).await.unwrap();
}
