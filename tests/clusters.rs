//! Whole clusters as kops wrote them: made, found unchanged, and removed, in the sandbox and over the wire.
//!
//! The manifests are kops's data and not part of this project: `KEDGE_KOPS_CASES` names the folder that holds
//! `clusters/*.yaml`, `cases/*/cluster.yaml` and the account `account.json`. Without it these tests say that they are
//! skipped.

#[path = "clusters/cases.rs"]
mod cases;
#[path = "common/mod.rs"]
mod common;
#[path = "common/others.rs"]
mod others;
#[path = "common/wire.rs"]
mod wire_server;

use std::future::Future;

use camino::Utf8PathBuf;
use common::World;
use kedge_cloud::{Observe, Realize};
use kedge_resource::{ClusterName, Facts};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
#[expect(clippy::disallowed_methods, reason = "the test runner hands these over in the environment")]
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        eprintln!("skipped: {name} is not set");
    }
    value
}

fn read(path: &str) -> Option<String> {
    let folder = Utf8PathBuf::from(variable("KEDGE_KOPS_CASES")?);
    Some(fs_err::read_to_string(folder.join(path)).expect("a file of kops's"))
}

async fn live<B: Observe + Realize>(backend: &B, cluster: &str, manifest: &str) {
    let world = World::new(backend, &ClusterName::parse(cluster).expect("a cluster name"));
    world.apply(manifest).await;
    world.assert_settled(manifest).await;
    world.delete().await;
}

fn in_sandbox(cluster: &str, path: &str, seed: Option<&str>) {
    let Some(manifest) = read(path) else { return };
    let facts: Option<Facts> =
        seed.map(|path| serde_json::from_str(&read(path).expect("the account")).expect("account facts"));
    let sandbox = kedge_sandbox::Sandbox::in_memory(facts, None).expect("an account");
    block_on(live(&sandbox, cluster, &manifest));
}

fn over_the_wire(cluster: &str, path: &str) {
    let Some(manifest) = read(path).filter(|_| wire_server::is_there()) else { return };
    block_on(async { live(&wire_server::connect().await, cluster, &manifest).await });
}

#[test]
fn a_in_the_sandbox() {
    in_sandbox("a.example.com", "clusters/a.yaml", None);
}

#[test]
fn b_in_the_sandbox() {
    in_sandbox("b.example.com", "clusters/b.yaml", None);
}

#[test]
fn c_in_the_sandbox() {
    in_sandbox("c.example.com", "clusters/c.yaml", None);
}

#[test]
fn a_over_the_wire() {
    over_the_wire("a.example.com", "clusters/a.yaml");
}

#[test]
fn b_over_the_wire() {
    over_the_wire("b.example.com", "clusters/b.yaml");
}

#[test]
fn c_over_the_wire() {
    over_the_wire("c.example.com", "clusters/c.yaml");
}
