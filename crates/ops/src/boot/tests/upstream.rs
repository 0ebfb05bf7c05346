//! Upstream files in the store.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use kedge_addons::{Addon, FORMAT_VERSION, Index, UpstreamFile, Wave, sha256};
use kedge_kube::{Fetch, FetchError};
use kedge_resource::ClusterName;
use kedge_store::{ClusterStore, Condition, Directory};

use crate::boot::store::BootSource;
use crate::boot::{Delivered, deliver_upstream};

/// Files that are there, and what was asked for.
struct Shelf(BTreeMap<&'static str, &'static str>, Mutex<Vec<String>>);

#[async_trait]
impl Fetch for Shelf {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        self.1.lock().unwrap().push(url.to_owned());
        let found = self.0.get(url).map(|text| text.as_bytes().to_vec());
        found.ok_or_else(|| FetchError::Unreachable { url: url.to_owned(), source: "no network".into() })
    }
}

fn addon(name: &str, files: &[(&str, &str)]) -> Addon {
    let file = |(url, text): &(&str, &str)| UpstreamFile { url: (*url).to_owned(), sha256: sha256(text.as_bytes()) };
    Addon {
        format_version: FORMAT_VERSION,
        name: name.to_owned(),
        version: "v1".to_owned(),
        wave: Wave::System,
        kubernetes: None,
        namespace: None,
        upstream: files.iter().map(file).collect(),
        patches: Vec::new(),
        objects: Vec::new(),
        registry: None,
        certificates: Vec::new(),
    }
}

async fn source(folder: &camino::Utf8Path, addons: &[Addon]) -> BootSource {
    let cluster = ClusterName::parse("c.example.com").unwrap();
    let store = ClusterStore::new(std::sync::Arc::new(Directory::new(folder)), cluster);
    let put = async |name: String, text: String| {
        store.objects().put(&store.key(&name), text.as_bytes(), &Condition::Any).await.unwrap();
    };
    for addon in addons {
        put(format!("addons/objects/{}.yaml", addon.digest()), addon.to_yaml()).await;
    }
    put("addons/index.json".to_owned(), Index::of(addons).to_json()).await;
    BootSource::new(store, "bucket".to_owned(), "c.example.com".to_owned(), None, BTreeMap::new())
}

#[tokio::test]
async fn what_add_ons_name_is_fetched_once_and_stands_beside_them() {
    let folder = camino_tempfile::tempdir().unwrap();
    let addons = [
        addon("one", &[("https://x/a", "a: 1\n")]),
        addon("two", &[("https://x/a", "a: 1\n"), ("https://x/b", "b: 1\n")]),
    ];
    let source = source(folder.path(), &addons).await;
    let shelf = Shelf([("https://x/a", "a: 1\n"), ("https://x/b", "b: 2\n")].into(), Mutex::default());
    let delivered = deliver_upstream(&source, &shelf).await.unwrap();
    assert_eq!((delivered.files, delivered.failures.len()), (1, 1));
    assert!(delivered.failures[0].contains("https://x/b has the SHA-256"), "{delivered:?}");
    let held = |text: &str| {
        let path = format!("c.example.com/addons/objects/{}.yaml", sha256(text.as_bytes()));
        fs_err::read_to_string(folder.path().join(path)).ok()
    };
    assert_eq!((held("a: 1\n").as_deref(), held("b: 1\n"), held("b: 2\n")), (Some("a: 1\n"), None, None));
    // What is there is not asked for again.
    let shelf = Shelf([("https://x/b", "b: 1\n")].into(), Mutex::default());
    assert_eq!(deliver_upstream(&source, &shelf).await.unwrap(), Delivered { files: 1, failures: Vec::new() });
    assert_eq!(*shelf.1.lock().unwrap(), ["https://x/b"]);
    let shelf = Shelf(BTreeMap::new(), Mutex::default());
    assert_eq!(deliver_upstream(&source, &shelf).await.unwrap(), Delivered::default());
}

#[tokio::test]
async fn without_a_network_not_every_file_is_waited_for() {
    let folder = camino_tempfile::tempdir().unwrap();
    let files: Vec<(&str, &str)> = vec![("https://x/a", "a"), ("https://x/b", "b"), ("https://x/c", "c")];
    let source = source(folder.path(), &[addon("one", &files)]).await;
    let shelf = Shelf(BTreeMap::new(), Mutex::default());
    let delivered = deliver_upstream(&source, &shelf).await.unwrap();
    assert_eq!((delivered.files, shelf.1.lock().unwrap().len()), (0, 2));
    assert!(delivered.failures[0].ends_with(": no network"), "{delivered:?}");
}
