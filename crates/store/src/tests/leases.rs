//! Who may change a cluster, and when.

use std::time::Duration;

use kedge_resource::plan::Totals;
use kedge_resource::{Action, Event};

use super::{Place, clock, request};
use crate::operation::{Ended, StampedEvent};
use crate::{Keeper, Lease, LeaseOptions, Standing, StoreError};

const OPTIONS: LeaseOptions = LeaseOptions { seconds: 60 };

#[tokio::test]
async fn one_has_it_and_others_are_told_who() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let mut first = Lease::take(&place.store, &base, request(Some("a: 1\n")), OPTIONS).await.unwrap();
    // somebody who looked at the same moment
    let error = Lease::take(&place.store, &base, request(None), OPTIONS).await.unwrap_err();
    assert!(matches!(&error, StoreError::Held { standing: Standing::Held { .. }, .. }), "{error}");
    assert!(error.to_string().contains("operation 1 by alice@laptop (process 1), `kedge apply`"), "{error}");
    // somebody who looked later
    let now = place.store.snapshot().await.unwrap();
    assert!(now.held().is_some());
    first.release(true).await.unwrap();
    // the first look is too old even when nobody holds it
    let error = Lease::take(&place.store, &base, request(None), OPTIONS).await.unwrap_err();
    assert!(matches!(error, StoreError::Moved { .. }), "{error}");
    let now = place.store.snapshot().await.unwrap();
    assert_eq!(now.head.as_ref().map(|head| (head.serial, head.operations)), Some((1, 1)));
    let second = Lease::take(&place.store, &now, request(None), OPTIONS).await.unwrap();
    assert_eq!((second.operation(), second.serial()), (2, 1));
}

#[tokio::test]
async fn of_many_at_once_one_wins() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let takes = (0..8).map(|_| {
        let (store, base) = (place.store.clone(), base.clone());
        tokio::spawn(async move { Lease::take(&store, &base, request(None), OPTIONS).await.map(|lease| (lease, ())) })
    });
    let mut won = Vec::new();
    for take in takes {
        match take.await.unwrap() {
            Ok(lease) => won.push(lease),
            Err(error) => assert!(matches!(error, StoreError::Held { .. }), "{error}"),
        }
    }
    assert_eq!(won.len(), 1);
}

#[tokio::test]
async fn events_tell_how_far_an_operation_was_that_ended_without_a_word() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let lease = Lease::take(&place.store, &base, request(Some("a: 1\n")), OPTIONS).await.unwrap();
    let at = clock().now();
    let started = Event::RunStarted {
        format_version: 1,
        cluster: "c.example.com".to_owned(),
        totals: Totals { create: 44, ..Totals::default() },
        steps: 35,
    };
    let finished = || Event::StepFinished { results: Vec::new(), action: Action::Create };
    let events = std::iter::once(started).chain((0..27).map(|_| finished()));
    let events: Vec<StampedEvent> = events.map(|event| StampedEvent { at, event }).collect();
    place.store.put_events(lease.operation(), 1, &events).await.unwrap();
    // As long as it lives its renewals tell.
    let now = place.store.snapshot().await.unwrap();
    assert_eq!(now.held().unwrap().0.progress.describe(), "no step reported yet");
    drop(lease);
    let now = place.store.snapshot().await.unwrap();
    assert_eq!(now.interrupted().unwrap().progress.describe(), "27 of 35 steps done");
    let next = Lease::take(&place.store, &now, request(None), OPTIONS).await.unwrap();
    let record = place.store.record(1).await.unwrap().unwrap();
    assert_eq!(record.ending, Ended::Interrupted { done: 27, steps: 35, found_by: next.operation() });
}

#[tokio::test]
async fn the_end_of_a_process_ends_its_lease_in_a_directory() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let lease = Lease::take(&place.store, &base, request(Some("a: 1\n")), OPTIONS).await.unwrap();
    // as a killed process would: nothing is given back
    drop(lease);
    let now = place.store.snapshot().await.unwrap();
    assert_eq!(now.standing, Some(Standing::Dead));
    assert_eq!(now.interrupted().map(|lease| lease.operation), Some(1));
    let next = Lease::take(&place.store, &now, request(Some("a: 2\n")), OPTIONS).await.unwrap();
    // its number for manifests was used
    assert_eq!((next.operation(), next.serial()), (2, 2));
    let record = place.store.record(1).await.unwrap().unwrap();
    assert_eq!(record.ending.as_str(), "interrupted");
}

#[test]
fn only_age_ends_a_lease_that_nothing_else_tells_of() {
    let mut lease = crate::head::LeaseRecord {
        id: "1-x".to_owned(),
        operation: 1,
        command: String::new(),
        who: crate::head::Who::default(),
        taken: super::time(),
        seconds: 60,
        renewals: 0,
        watched: false,
        plan: String::new(),
        serial: None,
        progress: crate::head::Progress::default(),
    };
    assert_eq!(lease.standing(Duration::from_secs(20)), Standing::Held { left: Duration::from_secs(41) });
    // ages have whole seconds in some stores: a second more than the holder believes
    assert_eq!(lease.standing(Duration::from_secs(60)), Standing::Held { left: Duration::from_secs(1) });
    assert_eq!(lease.standing(Duration::from_secs(61)), Standing::Expired);
    // a clock that was set back makes nobody younger than new
    assert_eq!(lease.standing(Duration::ZERO), Standing::Held { left: Duration::from_secs(61) });
    lease.seconds = 2;
    assert_eq!(lease.standing(Duration::from_secs(3)), Standing::Expired);
}

#[tokio::test]
async fn a_broken_lease_closes_the_fence_and_says_why() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let lease = Lease::take(&place.store, &base, request(None), OPTIONS).await.unwrap();
    let id = lease.record().unwrap().id.clone();
    let fence = lease.fence();
    let wrong = place.store.break_lease("9-x", "bob", "why not", super::time()).await.unwrap_err();
    assert!(matches!(wrong, StoreError::Unknown { .. }), "{wrong}");
    fence.check().unwrap();

    place.store.break_lease(&id, "bob@desk", "alice is on holiday", super::time()).await.unwrap();
    let mut lease = lease;
    let error = lease.renew(&crate::head::Progress::default()).await.unwrap_err();
    assert!(error.to_string().contains("bob@desk broke it: alice is on holiday"), "{error}");
    assert!(fence.check().unwrap_err().contains("alice is on holiday"));
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_in_time_closes_the_fence() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let lease = Lease::take(&place.store, &base, request(None), LeaseOptions { seconds: 2 }).await.unwrap();
    let fence = lease.fence();
    fence.check().unwrap();
    // before the two seconds are over
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert!(fence.check().unwrap_err().contains("in time"));
}

#[tokio::test]
async fn a_keeper_renews_and_tells_of_a_loss() {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    let lease = Lease::take(&place.store, &base, request(None), LeaseOptions { seconds: 6 }).await.unwrap();
    let id = lease.record().unwrap().id.clone();
    let keeper = Keeper::start(lease, clock());
    // longer than the lease would be
    tokio::time::sleep(Duration::from_secs(8)).await;
    keeper.fence().check().unwrap();
    let renewals = place.store.snapshot().await.unwrap().head.unwrap().lease.unwrap().renewals;
    assert!(renewals >= 2, "{renewals} renewals in 8 s");
    place.store.break_lease(&id, "bob", "test", super::time()).await.unwrap();
    assert!(keeper.lost().await.contains("bob broke it: test"));
    keeper.fence().check().unwrap_err();
}
