use std::sync::Arc;

use kedge_store::{Condition, Directory};

use super::*;

fn backups() -> (camino_tempfile::Utf8TempDir, Backups) {
    let folder = camino_tempfile::tempdir().unwrap();
    let backups = Backups::new(Arc::new(Directory::new(folder.path())), "prod.example.com", "main");
    (folder, backups)
}

/// A snapshot in two parts.
async fn written(backups: &Backups, name: &str) -> Meta {
    use sha2::Digest as _;
    let mut bytes = vec![3_u8; 1024];
    let digest = sha2::Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    let mut parts = Vec::new();
    for (number, part) in bytes.chunks(600).enumerate() {
        let name_of_part = part_name(number);
        backups.objects().put(&backups.key(&format!("{name}/{name_of_part}")), part, &Condition::Any).await.unwrap();
        parts.push(Part { name: name_of_part, size: part.len() as u64, sha256: part::digest(part) });
    }
    let meta = Meta {
        format_version: FORMAT_VERSION,
        etcd_cluster: "main".to_owned(),
        taken: name.parse().unwrap(),
        node: "i-1".to_owned(),
        member: MemberId(1),
        cluster: EtcdClusterId(2),
        etcd_version: "3.5.16".to_owned(),
        kedge_version: "0.1.0".to_owned(),
        revision: 7,
        size: 1056,
        sha256: part::digest(&bytes),
        parts,
    };
    put(backups, name, &meta).await;
    meta
}

async fn put(backups: &Backups, name: &str, meta: &Meta) {
    let json = serde_json::to_vec(meta).unwrap();
    backups.objects().put(&backups.key(&format!("{name}/meta.json")), &json, &Condition::Any).await.unwrap();
}

const NAME: &str = "2026-11-27T06:45:00Z";

#[tokio::test]
async fn a_snapshot_comes_back_as_it_was() {
    let (folder, backups) = backups();
    let meta = written(&backups, NAME).await;
    let file = folder.path().join("back");
    assert_eq!(backups.fetch(NAME, &file).await.unwrap(), meta);
    assert_eq!(part::digest(&fs_err::read(&file).unwrap()), meta.sha256);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs_err::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn damaged_snapshots_say_what_is_wrong() {
    let (folder, backups) = backups();
    let file = folder.path().join("back");
    let missing = backups.fetch(NAME, &file).await.unwrap_err().to_string();
    assert!(missing.contains("none of that name"), "{missing}");
    let meta = written(&backups, NAME).await;
    let second = backups.key(&format!("{NAME}/snapshot.db.1"));
    backups.objects().put(&second, b"other", &Condition::Any).await.unwrap();
    let changed = backups.fetch(NAME, &file).await.unwrap_err().to_string();
    assert!(changed.contains("snapshot.db.1 has the digest"), "{changed}");
    backups.objects().delete(&second).await.unwrap();
    let gone = backups.fetch(NAME, &file).await.unwrap_err().to_string();
    assert!(gone.contains("snapshot.db.1 is missing"), "{gone}");
    let mut short = meta.clone();
    short.parts.truncate(1);
    put(&backups, NAME, &short).await;
    assert!(backups.fetch(NAME, &file).await.unwrap_err().to_string().contains("not as large"));
    short.size = 600;
    put(&backups, NAME, &short).await;
    assert!(backups.fetch(NAME, &file).await.unwrap_err().to_string().contains("without a digest"));
    put(&backups, NAME, &Meta { format_version: 2, ..meta }).await;
    assert!(backups.fetch(NAME, &file).await.unwrap_err().to_string().contains("format version 2"));
}

#[tokio::test]
async fn only_finished_ones_are_whole_and_other_objects_are_none() {
    let (_folder, backups) = backups();
    written(&backups, NAME).await;
    for key in [
        "2026-11-27T06:30:00Z/snapshot.db",
        "members/a.json",
        "restore.json",
        "control/etcd-cluster-spec",
        "2018-01-01T00:00:00Z-000001/_etcd_backup.meta",
    ] {
        backups.objects().put(&backups.key(key), b"x", &Condition::Any).await.unwrap();
    }
    let listed = backups.list().await.unwrap();
    let shown: Vec<_> = listed.iter().map(|listed| (listed.name.as_str(), listed.whole)).collect();
    assert_eq!(shown, [("2026-11-27T06:30:00Z", false), (NAME, true)]);
    backups.remove(NAME).await.unwrap();
    assert_eq!(backups.list().await.unwrap().len(), 1);
    assert_eq!(backups.meta(NAME).await.unwrap(), None);
}
