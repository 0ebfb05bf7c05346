//! Snapshots of etcd in the state store, and going back to one.

use jiff::{SignedDuration, Timestamp};
use kedge_etcd::restore::{self, Request};
use kedge_etcd::snapshots::Meta;
use kedge_etcd::{Backups, EtcdError};
use kedge_store::ClusterStore;
use serde::Serialize;

/// What stands for the newest snapshot.
pub const LATEST: &str = "latest";

/// What the store has of an etcd cluster.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The etcd cluster.
    pub etcd_cluster: String,
    /// The newest snapshots, the newest first.
    pub snapshots: Vec<Entry>,
    /// How many there are.
    pub count: usize,
    /// The restore that was asked for last.
    pub restore: Option<Request>,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Seconds since it was taken.
    pub age_seconds: i64,
    /// What is known of it; absent if it cannot be read.
    pub meta: Option<Meta>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// The part of the store that belongs to an etcd cluster.
#[must_use]
pub fn backups(store: &ClusterStore, etcd_cluster: &str) -> Backups {
    Backups::new(store.shared(), store.cluster().as_str(), etcd_cluster)
}

/// The newest snapshots, at most `limit`, and the restore that was asked for last.
///
/// # Errors
/// The store does not answer. A snapshot that cannot be read is an entry.
pub async fn show(backups: &Backups, limit: usize, now: Timestamp) -> Result<Shown, EtcdError> {
    let (count, newest) = backups.newest(limit).await?;
    let mut snapshots = Vec::new();
    for (listed, meta) in newest {
        let (meta, problem) = match meta {
            Ok(Some(meta)) => (Some(meta), None),
            Ok(None) => (None, Some("it is not finished".to_owned())),
            Err(error @ EtcdError::Store(_)) => return Err(error),
            Err(error) => (None, Some(error.to_string())),
        };
        let age_seconds = now.duration_since(listed.taken).as_secs();
        snapshots.push(Entry { name: listed.name, age_seconds, meta, problem });
    }
    let restore = restore::current(backups).await?;
    Ok(Shown { etcd_cluster: backups.etcd_cluster().to_owned(), snapshots, count, restore })
}

/// A snapshot that can be gone back to, by its name or as [`LATEST`].
///
/// # Errors
/// There is none, or what the store has is not ours.
pub async fn find(backups: &Backups, name: &str) -> Result<(String, Meta), EtcdError> {
    let name = if name == LATEST {
        let listed = backups.list().await?;
        let none = || EtcdError::Snapshot { name: LATEST.to_owned(), why: "there is no snapshot yet".to_owned() };
        listed.into_iter().rev().find(|listed| listed.whole).ok_or_else(none)?.name
    } else {
        name.to_owned()
    };
    let missing = || EtcdError::Snapshot { name: name.clone(), why: "there is none of that name".to_owned() };
    let meta = backups.meta(&name).await?.ok_or_else(missing)?;
    Ok((name, meta))
}

/// A time span in its largest unit, for people.
#[must_use]
pub fn span(span: SignedDuration) -> String {
    match (span.as_hours() / 24, span.as_hours(), span.as_mins()) {
        (days @ 2.., _, _) => format!("{days} d"),
        (_, hours @ 2.., _) => format!("{hours} h"),
        (_, _, minutes @ 1..) => format!("{minutes} min"),
        _ => format!("{} s", span.as_secs().max(0)),
    }
}

/// Bytes, for people.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (kib, mib) = (bytes.div_ceil(1 << 10), bytes >> 20);
    if mib == 0 { format!("{kib} KiB") } else { format!("{mib} MiB") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kedge_resource::ClusterName;
    use kedge_store::{Condition, Directory};

    use super::*;

    #[test]
    fn spans_and_sizes_are_round() {
        for (seconds, shown) in
            [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(span(SignedDuration::from_secs(seconds)), shown);
        }
        for (bytes, shown) in [(0, "0 KiB"), (20_512, "21 KiB"), (1 << 20, "1 MiB"), (5 << 30, "5120 MiB")] {
            assert_eq!(size(bytes), shown);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_listed_with_why() {
        let folder = camino_tempfile::tempdir().unwrap();
        let name = ClusterName::parse("prod.example.com").unwrap();
        let store = ClusterStore::new(Arc::new(Directory::new(folder.path())), name);
        let backups = backups(&store, "main");
        for (key, text) in [
            ("2027-01-15T07:00:00Z/snapshot.db", "x"),
            ("2027-01-15T07:15:00Z/meta.json", "{"),
            ("2027-01-15T07:15:00Z/snapshot.db", "x"),
        ] {
            let key = format!("prod.example.com/backups/etcd/main/{key}");
            store.objects().put(&key, text.as_bytes(), &Condition::Any).await.unwrap();
        }
        let shown = show(&backups, 10, "2027-01-15T08:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!((shown.count, shown.restore), (2, None));
        let problems: Vec<_> =
            shown.snapshots.iter().map(|entry| (entry.age_seconds, entry.problem.as_deref())).collect();
        assert!(problems[0].0 == 2700 && problems[0].1.unwrap().contains("meta.json cannot be read"), "{problems:?}");
        assert_eq!(problems[1], (3600, Some("it is not finished")));
        assert_eq!(show(&backups, 1, Timestamp::UNIX_EPOCH).await.unwrap().snapshots.len(), 1);
        assert!(matches!(find(&backups, LATEST).await, Err(EtcdError::Corrupt { .. })));
        assert!(matches!(find(&backups, "2027-01-15T07:00:00Z").await, Err(EtcdError::Snapshot { .. })));
    }
}
