//! What is remembered of operations and manifests.

use kedge_resource::event::Outcome;
use kedge_resource::plan::{PLAN_FORMAT_VERSION, PlanReport, Purpose};
use kedge_resource::{Event, Plan};

use super::{Place, clock, request};
use crate::{Ending, Keeper, Lease, LeaseOptions, StoreError};

fn plan() -> Plan {
    Plan {
        format_version: PLAN_FORMAT_VERSION,
        purpose: Purpose::Apply,
        cluster: "c.example.com".parse().unwrap(),
        account_id: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        handles: std::collections::BTreeMap::new(),
        unchanged: 0,
        changes: Vec::new(),
        report: PlanReport::default(),
    }
}

pub(super) fn ending(done: usize) -> Ending {
    let outcome = Outcome { done, failed: 0, skipped: 0, stopped: false };
    Ending { kedge: "1.0.0".to_owned(), outcome, plan: plan() }
}

#[tokio::test]
async fn a_run_is_recorded_with_every_event() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let lease = Lease::take(&place.store, &base, request(Some("a: 1\n")), LeaseOptions::default()).await.unwrap();
    let keeper = Keeper::start(lease, clock());
    let take = |number: u32| keeper.take(&Event::StepWaiting { keys: Vec::new(), what: number.to_string() });
    (0..95).for_each(take);
    // Whatever is there goes into one chunk; what comes after it is too little for another one.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    (95..110).for_each(take);
    let record = keeper.finish(ending(3)).await.unwrap();
    assert_eq!((record.chunks.len(), record.events.len(), record.serial), (1, 15, 1));

    let record = place.store.record(1).await.unwrap().unwrap();
    let events = place.store.events(1, Some(&record)).await.unwrap();
    let whats: Vec<String> = events
        .into_iter()
        .map(|event| match event.event {
            Event::StepWaiting { what, .. } => what,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(whats, (0..110).map(|number: u32| number.to_string()).collect::<Vec<_>>());
    assert_eq!(place.store.operations().await.unwrap(), [1]);
    let head = place.store.snapshot().await.unwrap().head.unwrap();
    assert_eq!((head.serial, head.lease), (1, None));
    assert_eq!(place.store.manifests(1).await.unwrap(), "a: 1\n");
}

#[tokio::test]
async fn manifests_have_numbers_that_are_never_used_twice() {
    let place = Place::new();
    for (serial, text) in [(1, "a: 1\n"), (2, "a: 2\n"), (3, "a: 1\n")] {
        let base = place.store.snapshot().await.unwrap();
        assert_eq!(place.store.accept(&base, request(Some(text))).await.unwrap(), serial);
        assert_eq!(place.store.manifests(serial).await.unwrap(), text);
    }
    assert_eq!(place.store.serials().await.unwrap(), [1, 2, 3]);
    let error = place.store.manifests(4).await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn a_store_of_another_account_is_refused() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    place.store.accept(&base, request(Some("a: 1\n"))).await.unwrap();
    let base = place.store.snapshot().await.unwrap();
    let mut other = request(None);
    other.account_id = "999999999999".to_owned();
    let error = place.store.accept(&base, other).await.unwrap_err();
    assert!(error.to_string().contains("account 123456789012 and region eu-west-1"), "{error}");
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_handed_over() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let lease = Lease::take(&place.store, &base, request(None), LeaseOptions::default()).await.unwrap();
    let keeper = Keeper::start(lease, clock());
    for number in 0..50 {
        keeper.take(&Event::StepWaiting { keys: Vec::new(), what: number.to_string() });
    }
    // a file where the folder of operations has to be
    fs_err::remove_dir_all(place.dir.path().join("c.example.com/operations")).ok();
    fs_err::write(place.dir.path().join("c.example.com/operations"), "").unwrap();
    let unrecorded = keeper.finish(ending(1)).await.unwrap_err();
    assert_eq!(unrecorded.record.events.len(), 50);
    assert!(matches!(unrecorded.error, StoreError::Io { .. }), "{}", unrecorded.error);
}
