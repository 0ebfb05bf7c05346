use std::sync::Arc;

use jiff::Timestamp;
use kedge_store::{Condition, Directory};

use super::*;
use crate::{Backups, EtcdClusterId, EtcdError, MemberId};

async fn backups() -> (camino_tempfile::Utf8TempDir, Backups) {
    let folder = camino_tempfile::tempdir().unwrap();
    let backups = Backups::new(Arc::new(Directory::new(folder.path())), "prod.example.com", "main");
    let meta = crate::snapshots::Meta {
        format_version: 1,
        etcd_cluster: "main".to_owned(),
        taken: now(),
        node: "i-1".to_owned(),
        member: MemberId(1),
        cluster: EtcdClusterId(2),
        etcd_version: "3.5.16".to_owned(),
        kedge_version: "0.1.0".to_owned(),
        revision: 7,
        size: 0,
        sha256: String::new(),
        parts: Vec::new(),
    };
    let key = backups.key("2027-01-15T08:00:00Z/meta.json");
    backups.objects().put(&key, &serde_json::to_vec(&meta).unwrap(), &Condition::Any).await.unwrap();
    (folder, backups)
}

const NAME: &str = "2027-01-15T08:00:00Z";

fn now() -> Timestamp {
    NAME.parse().unwrap()
}

#[tokio::test]
async fn a_request_names_a_snapshot_that_is_there() {
    let (_folder, backups) = backups().await;
    let error = ask(&backups, "2027-01-15T07:00:00Z", "eve@host", now(), false).await.unwrap_err();
    assert!(matches!(error, EtcdError::Snapshot { .. }), "{error}");
    assert_eq!(current(&backups).await.unwrap(), None);
}

#[tokio::test]
async fn one_request_at_a_time() {
    let (_folder, backups) = backups().await;
    let first = ask(&backups, NAME, "ann@host", now(), false).await.unwrap();
    assert_eq!((first.number, first.is_open()), (1, true));
    let error = ask(&backups, NAME, "bob@host", now(), false).await.unwrap_err().to_string();
    assert!(
        error.starts_with("a restore of 2027-01-15T08:00:00Z goes on already") && error.contains("taken it up"),
        "{error}"
    );
    assert_eq!(ask(&backups, NAME, "bob@host", now(), true).await.unwrap().number, 2);
}

#[tokio::test]
async fn of_two_that_move_a_request_on_one_does() {
    let (_folder, backups) = backups().await;
    ask(&backups, NAME, "ann@host", now(), false).await.unwrap();
    let (one, two) = (backups.request().await.unwrap().unwrap(), backups.request().await.unwrap().unwrap());
    let lead = |place: &str| Lead { place: place.to_owned(), node: format!("i-{place}") };
    assert!(backups.advance(&one, State::Stopping { lead: lead("a"), made: EtcdClusterId(7) }).await.unwrap());
    assert!(!backups.advance(&two, State::Stopping { lead: lead("b"), made: EtcdClusterId(7) }).await.unwrap());
    let now = current(&backups).await.unwrap().unwrap();
    assert_eq!(now.state, State::Stopping { lead: lead("a"), made: EtcdClusterId(7) });
    assert!(now.shown().contains("i-a begins anew"));
}

#[tokio::test]
async fn requests_of_a_later_kedge_are_not_followed() {
    let (_folder, backups) = backups().await;
    for text in [r#"{"formatVersion":2,"state":{"step":"elsewhere"}}"#, "{", r#"{"formatVersion":1}"#] {
        backups.objects().put(&backups.key("restore.json"), text.as_bytes(), &Condition::Any).await.unwrap();
        assert!(matches!(current(&backups).await.unwrap_err(), EtcdError::Corrupt { .. }), "{text}");
    }
}

#[tokio::test]
async fn a_request_is_taken_back_before_it_is_taken_up_and_not_later() {
    let (_folder, backups) = backups().await;
    assert_eq!(cancel(&backups, "ann@host").await.unwrap(), None);
    ask(&backups, NAME, "ann@host", now(), false).await.unwrap();
    assert_eq!(cancel(&backups, "bob@host").await.unwrap().unwrap().snapshot, NAME);
    let taken_back = current(&backups).await.unwrap().unwrap();
    assert!(taken_back.shown().contains("bob@host has taken it back"), "{}", taken_back.shown());
    assert_eq!(cancel(&backups, "bob@host").await.unwrap(), None);
    ask(&backups, NAME, "ann@host", now(), false).await.unwrap();
    let read = backups.request().await.unwrap().unwrap();
    let lead = Lead { place: "a".to_owned(), node: "i-1".to_owned() };
    assert!(backups.stop_for(&read, lead, EtcdClusterId(7), Vec::new()).await.unwrap());
    let error = cancel(&backups, "ann@host").await.unwrap_err().to_string();
    assert!(error.contains("cannot be taken back") && error.contains("--replace"), "{error}");
}

#[tokio::test]
async fn a_request_knows_what_those_before_it_have_made_and_gives_way_to_them() {
    let (_folder, backups) = backups().await;
    let (old, first, second) = (EtcdClusterId(2), EtcdClusterId(3), EtcdClusterId(4));
    let lead = Lead { place: "a".to_owned(), node: "i-1".to_owned() };
    ask(&backups, NAME, "ann@host", now(), false).await.unwrap();
    let read = backups.request().await.unwrap().unwrap();
    backups.stop_for(&read, lead.clone(), first, vec![old, first]).await.unwrap();
    // What the lead has made counts as replaced from now on, whether it says that it serves or not.
    let next = ask(&backups, NAME, "bob@host", now(), true).await.unwrap();
    assert_eq!((next.replaced.as_slice(), next.number), ([old, first].as_slice(), 2));
    assert!(next.replaces(old) && next.replaces(first) && !next.replaces(second));
    // Everybody has stopped for the first one: without the second it is asked for again.
    let again = cancel(&backups, "bob@host").await.unwrap().unwrap();
    assert_eq!(again.by, "bob@host");
    let now_asked = current(&backups).await.unwrap().unwrap();
    assert_eq!((now_asked.state.clone(), now_asked.by.as_str(), now_asked.number), (State::Requested, "ann@host", 3));
    assert!(
        now_asked.replaces(first) && now_asked.shown().contains("bob@host has taken it back"),
        "{}",
        now_asked.shown()
    );
    // One that serves goes on to serve.
    let read = backups.request().await.unwrap().unwrap();
    backups.advance(&read, State::Restored { lead: lead.clone(), cluster: second }).await.unwrap();
    let next = ask(&backups, NAME, "bob@host", now(), false).await.unwrap();
    assert!(next.replaces(second));
    let read = backups.request().await.unwrap().unwrap();
    assert!(backups.give_up(&read, "it is damaged").await.unwrap());
    let restored = current(&backups).await.unwrap().unwrap();
    assert_eq!(restored.state, State::Restored { lead, cluster: second });
    assert!(!restored.replaces(second) && restored.replaces(old) && restored.number == 5);
}
