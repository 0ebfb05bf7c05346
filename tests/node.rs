//! `kedge-node` as it is: the program itself, over the wire, before a metadata service, a state store in S3 with keys of KMS,
//! volumes of EC2 and an API server. Only the programs that it calls are others (`node/programs.py`).
//!
//! Runs when `KEDGE_TEST_ENDPOINT` names a server that `tests/moto/server.py` started; says that it is skipped otherwise.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where something is not as it should be")]

#[path = "node/http.rs"]
mod http;
#[path = "node/instance.rs"]
mod instance;

use jiff::{SignedDuration, Timestamp};
use kedge_store::{BootstrapToken, JoinInfo, NodePhase};

use crate::instance::{Account, Instance};

/// Whether there is a test server; says that the test is skipped if there is none.
#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
#[expect(clippy::disallowed_methods, reason = "the test runner hands the endpoint over in the environment")]
fn is_there() -> bool {
    let there = std::env::var_os("KEDGE_TEST_ENDPOINT").is_some();
    if !there {
        eprintln!("skipped: KEDGE_TEST_ENDPOINT is not set (tests/run sets it)");
    }
    there
}

/// An instance of a group of workers, with a cluster that it can join.
async fn worker(account: &Account) -> Instance {
    let mut worker = account.instance("nodes").await;
    worker.token = "abcdef.0123456789abcdef".to_owned();
    let token = BootstrapToken::parse(&worker.token).unwrap();
    let expires = Timestamp::now() + SignedDuration::from_hours(20);
    let cluster = account.store.cluster().clone();
    let info = JoinInfo::new(cluster, "api.internal.x:443", account.authorities(), token, expires);
    account.store.put_join_info("nodes", &info).await.unwrap();
    worker
}

/// A name that no earlier run has left anything under.
fn cluster(name: &str) -> String {
    format!("{name}-{}.example.com", std::process::id())
}

#[tokio::test]
async fn a_control_plane_makes_a_cluster() {
    if !is_there() {
        return;
    }
    let account = Account::new(&cluster("first")).await;
    let first = account.instance("control-plane").await;
    let said = first.becomes_a_node();
    for line in ["etcd-volume: done: vol-", "kubernetes: done: the cluster is made", "ready: it is a node"] {
        assert!(said.contains(line), "{said}");
    }
    for key in ["ca", "etcd/ca", "front-proxy-ca", "sa"] {
        assert_eq!(first.mode(&format!("/etc/kubernetes/pki/{key}.key")), 0o600);
    }
    assert_eq!(first.text("/etc/kubernetes/encryption-config.yaml").unwrap(), "kind: EncryptionConfiguration");
    assert_eq!(first.state()["disk"]["TYPE"], "ext4");
    let lock = account.store.init_lock().await.unwrap().lock.unwrap();
    assert!(lock.holder == first.id && lock.done.is_some());
    let info = account.store.join_info("control-plane").await.unwrap().unwrap();
    assert!(info.expires > Timestamp::now() + SignedDuration::from_hours(23));
    {
        let held = first.held.lock().unwrap();
        assert_eq!(held.tokens.len(), 1);
        assert_eq!(held.tokens[0]["stringData"]["token-secret"], info.token.secret());
        assert_eq!(held.nodes[&first.id]["metadata"]["labels"]["kops.k8s.io/instancegroup"], "control-plane");
    }
    assert!(!said.contains(info.token.secret()) && !said.contains("PRIVATE KEY"), "{said}");
    let statuses = account.store.nodes().await.unwrap().statuses;
    assert_eq!(statuses[0].status.phase, NodePhase::Ready);
    assert!(first.run(&["status"], 0).status.success());

    // Again: everything is there, and nothing is made anew.
    first.becomes_a_node();
    assert_eq!(first.state()["made"], 1);
    assert_eq!(first.held.lock().unwrap().tokens.len(), 1);
}

#[tokio::test]
async fn a_worker_that_is_killed_at_its_programs_becomes_a_node_all_the_same() {
    if !is_there() {
        return;
    }
    let account = Account::new(&cluster("killed")).await;
    let undisturbed = worker(&account).await;
    undisturbed.becomes_a_node();
    let wanted = undisturbed.state();
    let calls = wanted["calls"].as_array().unwrap().len();
    assert!(calls > 20, "{wanted:#}");
    for kill in (1..=calls).step_by(3) {
        let killed = worker(&account).await;
        let output = killed.boot(kill);
        assert_eq!(
            output.status.code(),
            None,
            "call {kill} did not kill it: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        killed.becomes_a_node();
        for part in ["packages", "enabled", "active", "held"] {
            assert_eq!(killed.state()[part], wanted[part], "killed at call {kill}: {part}");
        }
        assert_eq!(killed.text("/etc/kubernetes/kubelet.conf").as_deref(), Some("joined"));
        assert_eq!(killed.text("/etc/kubernetes/discovery.conf"), None, "the token is still there");
    }
}

#[tokio::test]
async fn a_configuration_that_is_none_is_refused() {
    if !is_there() {
        return;
    }
    let account = Account::new(&cluster("refused")).await;
    let worker = worker(&account).await;
    fs_err::write(worker.folder.path().join("etc/kedge/group.json"), "{\"formatVersion\": 99}").unwrap();
    let output = worker.boot(0);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("is no configuration of a group") && said.contains("format version 99"), "{said}");
    assert_eq!(worker.run(&["status"], 0).status.code(), Some(1));
}
