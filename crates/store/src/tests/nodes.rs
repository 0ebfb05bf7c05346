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
        kubernetes: None,
        phase: NodePhase::Waiting,
        step: "join".to_owned(),
        reason: "the API does not answer".to_owned(),
        since: time(),
        trust: None,
    }
}

#[tokio::test]
async fn statuses_and_groups_are_found_among_the_rest() {
    let place = Place::new();
    assert!(place.store.nodes().await.unwrap().statuses.is_empty());
    for (group, instance) in [("nodes-a", "i-1"), ("nodes-b", "i-2")] {
        place.store.put_node_status(&status(&place, group, instance)).await.unwrap();
    }
    let any = crate::Condition::Any;
    let keys =
        ["nodes/nodes-a/config/00.json", "nodes/kedge-node/amd64/00", "nodes/nodes-a/join.json", "nodes/init.json"];
    for key in keys {
        place.store.objects().put(&place.store.key(key), b"x", &any).await.unwrap();
    }
    let statuses = |nodes: crate::Nodes| nodes.statuses.into_iter().map(|stored| stored.status).collect::<Vec<_>>();
    let wanted = [status(&place, "nodes-a", "i-1"), status(&place, "nodes-b", "i-2")];
    assert_eq!(statuses(place.store.nodes().await.unwrap()), wanted);
    assert_eq!(place.store.node_groups().await.unwrap(), ["nodes-a".to_owned()].into());
    let one = place.store.node_status("nodes-a", "i-1").await.unwrap().unwrap();
    assert_eq!(one.status, wanted[0]);
    assert!(place.store.node_status("nodes-b", "i-1").await.unwrap().is_none());
}

#[tokio::test]
async fn a_status_that_is_none_hides_no_other() {
    let place = Place::new();
    place.store.put_node_status(&status(&place, "nodes", "i-1")).await.unwrap();
    let key = place.store.key("nodes/nodes/status/i-3.json");
    place.store.objects().put(&key, b"{}", &crate::Condition::Any).await.unwrap();
    let nodes = place.store.nodes().await.unwrap();
    assert_eq!(nodes.statuses.len(), 1);
    assert!(nodes.unreadable.len() == 1 && nodes.unreadable[0].contains("i-3.json"), "{:?}", nodes.unreadable);
}

#[tokio::test]
async fn statuses_of_instances_that_are_gone_are_removed_after_a_while() {
    let place = Place::new();
    for instance in ["i-1", "i-2"] {
        place.store.put_node_status(&status(&place, "nodes", instance)).await.unwrap();
    }
    let living = ["i-1"].into();
    let hour = std::time::Duration::from_secs(3600);
    assert_eq!(place.store.remove_node_statuses(&living, hour).await.unwrap(), Vec::<String>::new());
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let short = std::time::Duration::from_millis(1);
    assert_eq!(place.store.remove_node_statuses(&living, short).await.unwrap(), ["i-2"]);
    assert_eq!(place.store.nodes().await.unwrap().statuses.len(), 1);
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
    // Whose turn it is is another lock.
    let free = place.store.turn().await.unwrap();
    assert!(free.lock.is_none());
    place.store.put_turn(&lock("i-3"), &free).await.unwrap().unwrap();
    assert!(place.store.put_turn(&lock("i-4"), &free).await.unwrap().is_none());
    assert_eq!(place.store.init_lock().await.unwrap().lock.unwrap(), renewed);
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
