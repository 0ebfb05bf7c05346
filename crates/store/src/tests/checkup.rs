//! What a check finds of keys and of what instances boot with.

use kedge_pki::{Keyset, Made, Purpose};
use ring::rand::SystemRandom;

use super::{Place, time};
use crate::manifests::digest;
use crate::{Condition, Passphrase, Secret};

impl Place {
    async fn put(&self, name: &str, text: &str) {
        self.store.objects().put(&self.store.key(name), text.as_bytes(), &Condition::Any).await.unwrap();
    }

    async fn remove(&self, name: &str) {
        self.store.objects().delete(&self.store.key(name)).await.unwrap();
    }

    async fn read(&self, name: &str) -> String {
        let object = self.store.objects().get(&self.store.key(name)).await.unwrap().unwrap();
        String::from_utf8(object.bytes).unwrap()
    }

    /// Asserts what a check says: one sentence for each fault, in which these words are.
    async fn finds(&self, expected: &[&[&str]]) {
        let found = self.store.check().await.unwrap().faults;
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, words) in found.iter().zip(expected) {
            assert!(words.iter().all(|word| found.contains(word)), "{found}: {words:?}");
        }
    }
}

#[tokio::test]
async fn keys_that_nobody_can_use_are_found() {
    let place = Place::new();
    let outer = Passphrase::new(Secret::new(b"a long passphrase".to_vec())).unwrap();
    place.store.put_secret(&outer, "dockerconfig", &Secret::new(b"hunter2".to_vec())).await.unwrap();
    let vault = place.store.vault(&outer).await.unwrap();
    let mut keysets = place.store.keysets().await.unwrap();
    let made = Made::generate(Purpose::KubernetesCa, time(), &SystemRandom::new()).unwrap();
    let private = format!("pki/private/kubernetes-ca/{}.json", made.item.id);
    place.store.put_private_key(&vault, Purpose::KubernetesCa, made.item.id, &made.private).await.unwrap();
    keysets.set(Keyset::new(Purpose::KubernetesCa, made.item));
    place.store.put_keysets(&keysets).await.unwrap();
    assert_eq!(place.store.check().await.unwrap().sealed, 2);
    place.finds(&[]).await;

    let whole = place.read(&private).await;
    place.put(&private, &whole[..whole.len() / 2]).await;
    place.finds(&[&[&private]]).await;
    place.remove(&private).await;
    place.finds(&[&[&private, "is missing"]]).await;
    place.put(&private, &whole).await;

    let ring = place.read("secrets/keyring.json").await;
    let other = ring.replace("\"id\": 1", "\"id\": 7");
    assert_ne!(other, ring);
    place.put("secrets/keyring.json", &other).await;
    place.finds(&[&["secrets/dockerconfig.json", "key 1 of"], &[&private, "key 1 of"]]).await;
    place.remove("secrets/keyring.json").await;
    place.finds(&[&["secrets/dockerconfig.json", "key 1 of"], &[&private, "key 1 of"]]).await;
    // Of what cannot be read nothing follows.
    place.put("secrets/keyring.json", "{").await;
    place.finds(&[&["secrets/keyring.json"]]).await;
}

#[tokio::test]
async fn what_instances_boot_with_is_what_its_names_say() {
    let place = Place::new();
    let program = format!("nodes/kedge-node/amd64/{}", digest("program"));
    let config = format!("nodes/nodes/config/{}.json", digest("config"));
    let addon = format!("addons/objects/{}.yaml", digest("addon"));
    let index = format!(r#"{{"formatVersion": 1, "addons": [{{"name": "a", "digest": "{}"}}]}}"#, digest("addon"));
    let latest = "nodes/kedge-node/latest-amd64";
    for (name, text) in [
        (program.as_str(), "program"),
        (&config, "config"),
        (&addon, "addon"),
        ("addons/index.json", &index),
        (latest, &digest("program")),
        // What instances may write under a name like that is nothing of ours.
        (&format!("nodes/kedge-node/status/{}", digest("x")), "y"),
        ("nodes/nodes/status/i-1.json", "{}"),
    ] {
        place.put(name, text).await;
    }
    assert_eq!(place.store.check().await.unwrap().delivered, 3);
    place.finds(&[]).await;
    for (name, text) in [(&program, "program"), (&config, "config"), (&addon, "addon")] {
        // As long as before.
        place.put(name, &text.replacen(|_| true, "X", 1)).await;
        place.finds(&[&[name, "something else"]]).await;
        place.put(name, text).await;
    }
    place.remove(&addon).await;
    place.finds(&[&[&addon, "is missing"]]).await;
    place.put(&addon, "addon").await;
    place.put("addons/index.json", "[").await;
    place.finds(&[&["addons/index.json"]]).await;
    place.put("addons/index.json", &index).await;
    place.put(latest, &digest("another")).await;
    place.finds(&[&[latest]]).await;
    place.put(latest, &digest("program")).await;
    place.put("nodes/endpoint.json", "{").await;
    place.finds(&[&["nodes/endpoint.json"]]).await;
}
