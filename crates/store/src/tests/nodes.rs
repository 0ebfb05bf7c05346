//! What instances leave in the store.

use jiff::SignedDuration;

use super::*;
use crate::nodes::{BootstrapToken, InitLock, JoinInfo, NodePhase, NodeStatus};

fn status(place: &Place, group: &str, instance: &str) -> NodeStatus {
    NodeStatus {
        format_version: 1,
        cluster: place.store.cluster().clone(),
        group: group.to_owned(),
        instance: instance.to_owned(),
        node: instance.to_owned(),
        control_plane: false,
        config: "ab".to_owned(),
        program: "0.1.0".to_owned(),
        phase: NodePhase::Waiting,
        step: "join".to_owned(),
        reason: "the API does not answer".to_owned(),
        since: time(),
    }
}

#[tokio::test]
async fn statuses_and_groups_are_found_among_the_rest() {
    let place = Place::new();
    assert!(place.store.node_statuses().await.unwrap().is_empty());
    for (group, instance) in [("nodes-a", "i-1"), ("nodes-b", "i-2")] {
        place.store.put_node_status(&status(&place, group, instance)).await.unwrap();
    }
    let any = crate::Condition::Any;
    for key in ["c.example.com/nodes/nodes-a/config/00.json", "c.example.com/nodes/kedge-node/amd64/00"] {
        place.store.objects().put(key, b"x", &any).await.unwrap();
    }
    let found: Vec<_> = place.store.node_statuses().await.unwrap().into_iter().map(|stored| stored.status).collect();
    assert_eq!(found, [status(&place, "nodes-a", "i-1"), status(&place, "nodes-b", "i-2")]);
    assert_eq!(place.store.node_groups().await.unwrap(), ["nodes-a"]);
    place.store.objects().put("c.example.com/nodes/nodes-a/status/i-3.json", b"{}", &any).await.unwrap();
    let error = place.store.node_statuses().await.unwrap_err().to_string();
    assert!(error.contains("formatVersion"), "{error}");
}

#[tokio::test]
async fn of_two_that_take_the_init_lock_one_gets_it() {
    let place = Place::new();
    let seen = place.store.init_lock().await.unwrap();
    let lock = |holder| InitLock::new(place.store.cluster().clone(), holder, time());
    let held = place.store.put_init_lock(&lock("i-1"), &seen).await.unwrap().unwrap();
    assert!(place.store.put_init_lock(&lock("i-2"), &seen).await.unwrap().is_none());
    let renewed = InitLock { renewals: 1, ..lock("i-1") };
    place.store.put_init_lock(&renewed, &held).await.unwrap().unwrap();
    assert!(place.store.put_init_lock(&renewed, &held).await.unwrap().is_none(), "an old version is none any more");
    let now = place.store.init_lock().await.unwrap();
    assert_eq!(now.lock.unwrap(), renewed);
}

#[tokio::test]
async fn a_token_is_stored_and_never_shown() {
    let place = Place::new();
    assert!(place.store.join_info("nodes").await.unwrap().is_none());
    let token = BootstrapToken::parse("abc123.0123456789abcdef").unwrap();
    let expires = time() + SignedDuration::from_hours(24);
    let cluster = place.store.cluster().clone();
    let info = JoinInfo::new(cluster, "api.internal.c.example.com:443", "PEM".to_owned(), token, expires);
    place.store.put_join_info("nodes", &info).await.unwrap();
    assert_eq!(place.store.join_info("nodes").await.unwrap().unwrap(), info);
    assert!(!format!("{info:?}").contains("0123456789abcdef"));
    for wrong in ["", "abc123", "abc123.0123456789abcde", "ABC123.0123456789abcdef", "abc123.0123456789abcde/"] {
        let error = BootstrapToken::parse(wrong).unwrap_err();
        assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
    }
}
