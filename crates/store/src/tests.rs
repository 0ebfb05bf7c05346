//! Leases, heads and records in a directory.

mod budget;
mod checkup;
mod history;
mod journal;
mod keysets;
mod leases;
mod nodes;
mod rekeying;
mod secrets;
mod torn;

use std::sync::Arc;

use camino_tempfile::Utf8TempDir;
use jiff::Timestamp;
use kedge_resource::ClusterName;

use crate::{Clock, ClusterStore, Directory, LeaseRequest, head::Who};

/// A store of its own.
struct Place {
    dir: Utf8TempDir,
    store: ClusterStore,
}

impl Place {
    fn new() -> Self {
        let dir = camino_tempfile::tempdir().unwrap();
        let cluster = ClusterName::parse("c.example.com").unwrap();
        let store = ClusterStore::new(Arc::new(Directory::new(dir.path())), cluster);
        Self { dir, store }
    }
}

fn time() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn clock() -> Clock {
    Clock::new(time)
}

fn request(manifests: Option<&str>) -> LeaseRequest {
    LeaseRequest {
        command: "kedge apply".to_owned(),
        who: Who { user: "alice".to_owned(), host: "laptop".to_owned(), process: 1, caller: None },
        account_id: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        plan: "d".to_owned(),
        manifests: manifests.map(str::to_owned),
        now: time(),
        random: 7,
    }
}
