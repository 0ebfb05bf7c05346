//! What instances boot with, before the test server: in a bucket, with keys that a key of KMS wraps.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

#[path = "common/place.rs"]
mod place;
#[path = "common/wire.rs"]
mod wire_server;

use std::collections::BTreeMap;

use kedge_cloud::{Observe as _, Scope};
use kedge_resource::{ClusterName, Properties};
use kedge_store::Objects as _;
use place::{Place, request};
use ring::digest::{SHA256, digest};

const PROGRAM: &str = "a program for instances\n";

async fn bucket_of(bucket: &str) -> impl kedge_store::Objects {
    wire_server::connect().await.bucket(bucket, "")
}

/// Everything that a bucket holds.
async fn held(bucket: &str) -> BTreeMap<String, Vec<u8>> {
    let bucket = bucket_of(bucket).await;
    let mut all = BTreeMap::new();
    for key in bucket.list("").await.unwrap() {
        let object = bucket.get(&key).await.unwrap().unwrap();
        all.insert(key, object.bytes);
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// User data of the launch templates of a cluster.
async fn user_data(cluster: &str) -> Vec<String> {
    let cluster = ClusterName::parse(cluster).unwrap();
    let inventory = wire_server::connect().await.inventory(&cluster, Scope::Manifests).await.unwrap();
    let text = |properties: &Properties| match properties {
        Properties::LaunchTemplate(template) => template.user_data.clone(),
        _ => None,
    };
    inventory.resources.iter().filter_map(|observed| text(&observed.properties)).collect()
}

#[test]
fn what_is_missing_in_the_store_is_delivered_again() {
    let place = Place::sandbox("boot-sandbox.example.com");
    fs_err::write(place.directory.path().join("kedge-node-amd64"), PROGRAM).unwrap();
    let apply = ["apply", "-f", "cluster.yaml", "--yes", "--node-binaries", "."];
    let plan = ["plan", "-f", "cluster.yaml", "--detailed-exitcode"];
    assert_eq!(place.run(&apply).0, 0);
    let store = place.directory.path().join(".kedge-sandbox/store").join(&place.cluster);
    for (lost, told) in [
        (store.join("nodes/nodes/config"), "store-object/nodes/nodes/config"),
        (store.join("addons/index.json"), "store-object/addons"),
    ] {
        if lost.is_dir() { fs_err::remove_dir_all(&lost) } else { fs_err::remove_file(&lost) }.unwrap();
        let (code, text) = place.run(&plan);
        assert!(code == 2 && text.contains(told), "{code}: {text}");
        let (code, text) = place.run(&apply);
        assert_eq!(code, 0, "{text}");
        let (code, text) = place.run(&plan);
        assert_eq!(code, 0, "{text}");
    }
    // Deleted and purged by one command, which knows of what it has removed itself.
    let purge = format!("--purge={}", place.cluster);
    let (code, text) = place.run(&["delete", "cluster", "--name", &place.cluster, "--yes", &purge]);
    assert!(code == 0 && text.contains("Removed from "), "{code}: {text}");
    assert!(!store.join("head.json").exists() && !store.join("nodes/init.json").exists());
}

mod wire {
    use super::*;

    #[tokio::test]
    async fn what_user_data_names_is_in_the_bucket() {
        if !wire_server::is_there() {
            return;
        }
        let place = Place::wire("boot.example.com", "s3://kedge-boot/state").unwrap();
        let cluster = place.cluster.as_str();
        let endpoint = place.environment[0].1.clone();
        let headers = "X-Amz-Target: TrentService.CreateKey\r\nContent-Type: application/x-amz-json-1.1\r\n";
        let answer = request(&endpoint, "kms", "POST /", headers, "{}");
        let key = answer.split("\"KeyId\":").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap().to_owned();
        fs_err::write(place.directory.path().join("kedge-node-amd64"), PROGRAM).unwrap();
        let manifest = place.directory.path().join("cluster.yaml");
        let discovery =
            "  cloudProvider: aws\n  serviceAccountIssuerDiscovery: {discoveryStore: \"s3://kedge-boot/keys\"}";
        let text = fs_err::read_to_string(&manifest).unwrap().replace("  cloudProvider: aws", discovery);
        fs_err::write(manifest, text).unwrap();
        // No instance could ever open keys that a passphrase wraps.
        fs_err::write(place.directory.path().join("passphrase"), "correct horse battery").unwrap();
        let passphrase =
            ["apply", "-f", "cluster.yaml", "--yes", "--passphrase-file", "passphrase", "--node-binaries", "."];
        let (code, text) = place.run(&passphrase);
        assert!(code == 1 && text.contains("no instance can know the passphrase"), "{code}: {text}");
        assert!(!held("kedge-boot").await.keys().any(|key| key.contains("/pki/")), "nothing is made");

        let apply = ["apply", "-f", "cluster.yaml", "--yes", "--kms-key", &key, "--node-binaries", "."];
        let (code, text) = place.run(&apply);
        assert_eq!(code, 0, "{text}");
        let (code, text) = place.run(&["plan", "-f", "cluster.yaml", "--detailed-exitcode", "--node-binaries", "."]);
        assert_eq!(code, 0, "{text}");
        // Another key of KMS opens what the first one has wrapped, and is not taken for it.
        let answer = request(&endpoint, "kms", "POST /", headers, "{}");
        let other = answer.split("\"KeyId\":").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap().to_owned();
        for command in
            [&["rotate", "ca", "--stage", "prepare", "--name", cluster][..], &["apply", "-f", "cluster.yaml", "--yes"]]
        {
            let (code, text) = place.run(&[command, &["--kms-key", &other]].concat());
            assert!(code == 1 && text.contains("is named: name the former"), "{code}: {text}");
        }
        // Nobody has to have the program: the bucket has it.
        let (code, text) = place.run(&["plan", "-f", "cluster.yaml", "--detailed-exitcode"]);
        assert_eq!(code, 0, "{text}");
        let (code, text) = place.run(&["plan", "--drift", "--name", cluster, "--detailed-exitcode"]);
        assert_eq!(code, 0, "{text}");

        let objects = held("kedge-boot").await;
        let templates = user_data(cluster).await;
        assert_eq!(templates.len(), 2);
        for template in &templates {
            let start = template.find("CONFIG = ").unwrap() + "CONFIG = ".len();
            let mut settings = serde_json::Deserializer::from_str(&template[start..]).into_iter::<serde_json::Value>();
            let settings = settings.next().unwrap().unwrap();
            assert_eq!(settings["bucket"], "kedge-boot");
            for payload in [&settings["node"]["amd64"], &settings["config"]] {
                let bytes = &objects[payload["key"].as_str().unwrap()];
                assert_eq!(hex(bytes), payload["sha256"], "{payload}");
            }
            assert_eq!(objects[settings["node"]["amd64"]["key"].as_str().unwrap()], PROGRAM.as_bytes());
        }
        // What signs tokens is known to whoever looks where the manifest says.
        let keys = String::from_utf8_lossy(&objects["keys/openid/v1/jwks"]);
        assert!(keys.contains("\"kid\""), "{keys}");
        let discovery = String::from_utf8_lossy(&objects["keys/.well-known/openid-configuration"]);
        assert!(discovery.contains("https://kedge-boot.s3.us-east-1.amazonaws.com/keys/openid/v1/jwks"), "{discovery}");
        // Private keys are nowhere in the clear: not in the bucket, not in templates.
        assert!(objects.keys().filter(|key| key.contains("/pki/private/")).count() >= 4);
        for (name, bytes) in objects
            .iter()
            .map(|(key, bytes)| (key.as_str(), bytes.as_slice()))
            .chain(templates.iter().map(|template| ("user data", template.as_bytes())))
        {
            assert!(!String::from_utf8_lossy(bytes).contains("PRIVATE KEY"), "{name}");
        }

        let (code, text) = place.run(&["delete", "cluster", "--name", cluster, "--yes"]);
        assert_eq!(code, 0, "{text}");
        let left = held("kedge-boot").await;
        let left: Vec<&String> =
            left.keys().filter(|key| key.contains("/nodes/") || key.contains("/addons/")).collect();
        assert!(left.is_empty(), "{left:?}");
        // Keys, manifests and operations stay until they are asked to go, and what is none of kedge's stays then too.
        let mine = |held: &BTreeMap<String, Vec<u8>>| held.keys().filter(|key| key.contains(cluster)).count();
        let other = format!("state/{cluster}/notes.txt");
        bucket_of("kedge-boot").await.put(&other, b"x", &kedge_store::Condition::Any).await.unwrap();
        assert!(mine(&held("kedge-boot").await) > 8);
        let neighbours =
            |held: BTreeMap<String, Vec<u8>>| held.into_keys().filter(|key| !key.contains(cluster)).collect();
        let before: Vec<String> = neighbours(held("kedge-boot").await);
        let purge = format!("--purge={cluster}");
        let (code, text) = place.run(&["delete", "cluster", "--name", cluster, "--yes", &purge]);
        assert!(code == 0 && text.contains("Removed from s3://kedge-boot/state"), "{code}: {text}");
        let after = held("kedge-boot").await;
        assert_eq!((mine(&after), after.contains_key(&other)), (1, true), "{:?}", after.keys());
        let after: Vec<String> = neighbours(after);
        assert_eq!(before, after);
    }
}
