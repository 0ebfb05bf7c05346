//! How many requests an operation makes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kedge_resource::Event;

use super::history::ending;
use super::{Place, clock, request};
use crate::{
    ClusterStore, Condition, Directory, Keeper, Lease, LeaseOptions, Object, Objects, Presence, Put, StoreError,
};

/// Counts what S3 would count.
#[derive(Debug)]
struct Counting(Directory, AtomicUsize);

impl Counting {
    fn count(&self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Objects for Counting {
    fn place(&self) -> String {
        self.0.place()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.count();
        let object = self.0.get(key).await?;
        // S3 tells it with the object
        Ok(object.map(|object| Object { age: Some(Duration::ZERO), ..object }))
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        self.count();
        self.0.put(key, bytes, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.count();
        self.0.delete(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.count();
        self.0.list(prefix).await
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn presence(&self, _key: &str) -> Result<Presence, StoreError> {
        Ok(Presence::Unknown)
    }
}

/// Requests of an apply with so many events.
async fn requests(place: &Place, events: usize, manifests: Option<&str>) -> usize {
    let counting = Arc::new(Counting(Directory::new(place.dir.path()), AtomicUsize::new(0)));
    let store = ClusterStore::new(counting.clone(), place.store.cluster().clone());
    let base = store.snapshot().await.unwrap();
    let lease = Lease::take(&store, &base, request(manifests), LeaseOptions::default()).await.unwrap();
    let keeper = Keeper::start(lease, clock());
    for _ in 0..events {
        keeper.take(&Event::Stopping);
    }
    keeper.finish(ending(1)).await.unwrap();
    counting.1.load(Ordering::Relaxed)
}

#[tokio::test]
async fn an_apply_makes_at_most_four_requests_and_one_for_twenty_events() {
    let place = Place::new();
    place.store.accept(&place.store.snapshot().await.unwrap(), request(Some("a: 0\n"))).await.unwrap();
    for (round, events) in [1, 4, 19, 20, 21, 39, 40, 41, 79, 80, 81, 200, 1000].into_iter().enumerate() {
        let budget = 4 + usize::div_ceil(events, 20);
        let with_manifests = requests(&place, events, Some(&format!("a: {}\n", round + 1))).await;
        let without = requests(&place, events, None).await;
        assert!(
            with_manifests <= budget && without <= budget,
            "{events} events: {with_manifests}, {without} > {budget}"
        );
    }
}
