//! The suite of places that keep objects, for a directory.

use std::sync::Arc;

use kedge_store::{Directory, Objects, Presence};

#[cfg(test)]
#[path = "../../../tests/common/objects.rs"]
mod objects;

#[tokio::test]
async fn a_directory_keeps_objects() {
    let dir = camino_tempfile::tempdir().unwrap();
    objects::suite(Arc::new(Directory::new(&dir.path().join("deep/store")))).await;
    // nothing of the writing is left, and others cannot read
    let store = Directory::new(&dir.path().join("deep/store"));
    assert!(store.list("").await.unwrap().iter().all(|key| !key.contains(".new")));
    assert_eq!(store.worries().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn who_is_present_is_known_until_the_end() {
    let dir = camino_tempfile::tempdir().unwrap();
    let store = Directory::new(dir.path());
    let ours = store.presence("c/.lease").await.unwrap();
    assert!(matches!(ours, Presence::Ours(_)));
    assert!(matches!(store.presence("c/.lease").await.unwrap(), Presence::Other));
    drop(ours);
    assert!(matches!(store.presence("c/.lease").await.unwrap(), Presence::Ours(_)));
    assert_eq!(store.list("c/").await.unwrap(), Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_others_can_read_is_a_worry() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = camino_tempfile::tempdir().unwrap();
    fs_err::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let worries = Directory::new(dir.path()).worries().await.unwrap();
    assert!(worries[0].contains("chmod 700"), "{worries:?}");
}
