//! The clusters of `specs/` cut short at every call, and with the answer to every write lost, in the sandbox.
//!
//! However a command ended, the next one has to leave the same resources as one that was never disturbed: none missing, none
//! twice, none left over, in the whole account and not only in what kedge takes for its own.

#[path = "common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::future::Future;

use common::World;
use kedge_resource::{ClusterName, Inventory, Kind, Plan};
use kedge_sandbox::{FaultAction, FaultCondition, Faults, Sandbox};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// How much of what an account holds.
type Holdings = BTreeMap<&'static str, usize>;

fn holdings(sandbox: &Sandbox) -> Holdings {
    sandbox.holdings().expect("an account")
}

/// What is in an inventory, by name; instances and their interfaces have none.
fn names(inventory: &Inventory) -> Vec<String> {
    let named = inventory.resources.iter().filter(|o| !matches!(o.key.kind, Kind::Instance | Kind::NetworkInterface));
    named.map(|o| format!("{} {:?}", o.key, o.ownership)).collect()
}

/// A cluster's life when nothing goes wrong.
struct Life {
    yaml: &'static str,
    cluster: ClusterName,
    /// The account without and with the cluster.
    without: Sandbox,
    with: Sandbox,
    creation: Plan,
    deletion: Plan,
    names: Vec<String>,
    /// Writes of the creation and the deletion as service and action, each with its number of occurrences.
    writes: [BTreeMap<(String, String), u64>; 2],
}

impl Life {
    async fn of(yaml: &'static str, cluster: &str) -> Self {
        let cluster = ClusterName::parse(cluster).expect("a name");
        let without = Sandbox::in_memory(None, None).expect("an account");
        let sandbox = without.copy().expect("an account");
        let world = World::new(&sandbox, &cluster);
        let creation = world.apply(yaml).await;
        let made = writes(&sandbox);
        world.assert_settled(yaml).await;
        let (with, names) = (sandbox.copy().expect("an account"), names(&world.inventory().await));
        let deletion = world.plan_deletion().await;
        sandbox.forget_calls();
        world.delete().await;
        let removed = writes(&sandbox);
        assert_eq!(holdings(&sandbox), holdings(&without), "a deletion leaves something");
        Self { yaml, cluster, without, with, creation, deletion, names, writes: [made, removed] }
    }

    /// Nothing is missing, twice or left over, and planning again finds nothing.
    async fn assert_made(&self, sandbox: &Sandbox, after: &str) {
        let world = World::new(sandbox, &self.cluster);
        assert_eq!(names(&world.inventory().await), self.names, "{after}");
        assert_eq!(holdings(sandbox), holdings(&self.with), "{after}");
        world.assert_settled(self.yaml).await;
    }

    /// Applies with a fault, and again without. Whether the fault struck.
    async fn disturbed_apply(&self, faults: Faults, after: &str) -> bool {
        let sandbox = self.without.copy().expect("an account");
        let world = World::new(&sandbox, &self.cluster);
        sandbox.restart(Some(faults));
        let done = world.run(&self.creation).await.outcome.complete();
        if !struck(&sandbox) {
            return false;
        }
        sandbox.restart(None);
        if !done {
            world.apply(self.yaml).await;
        }
        self.assert_made(&sandbox, after).await;
        true
    }

    /// Deletes with a fault, and applies without. Whether the fault struck.
    async fn deletion_undone(&self, faults: Faults, after: &str) -> bool {
        let sandbox = self.with.copy().expect("an account");
        let world = World::new(&sandbox, &self.cluster);
        sandbox.restart(Some(faults));
        world.run(&self.deletion).await;
        if !struck(&sandbox) {
            return false;
        }
        sandbox.restart(None);
        world.apply(self.yaml).await;
        self.assert_made(&sandbox, after).await;
        true
    }

    /// Deletes with a fault, and again without. Whether the fault struck.
    async fn disturbed_deletion(&self, faults: Faults, after: &str) -> bool {
        let sandbox = self.with.copy().expect("an account");
        let world = World::new(&sandbox, &self.cluster);
        sandbox.restart(Some(faults));
        let done = world.run(&self.deletion).await.outcome.complete();
        if !struck(&sandbox) {
            return false;
        }
        sandbox.restart(None);
        if !done {
            world.delete().await;
        }
        assert_eq!(holdings(&sandbox), holdings(&self.without), "{after}");
        true
    }
}

/// Whether a fault has done something to a call.
fn struck(sandbox: &Sandbox) -> bool {
    sandbox.crashed() || sandbox.calls().iter().any(|call| call.outcome == "answer lost")
}

fn writes(sandbox: &Sandbox) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for call in sandbox.calls().into_iter().filter(kedge_sandbox::CallRecord::is_write) {
        *counts.entry((call.service, call.action)).or_default() += 1;
    }
    counts
}

/// Crashes before every call of an apply. A crash after a call that was processed leaves what one before the next call does:
/// the sandbox makes one call at a time.
async fn crashes_of_an_apply(life: &Life) {
    let mut number = 1;
    while life.disturbed_apply(Faults::crash_at(number), &format!("a crash at call {number}")).await {
        number += 1;
    }
    assert!(number > 70, "only {number} calls were interrupted");
}

/// Crashes before every call of a deletion.
async fn crashes_of_a_deletion(life: &Life) {
    let mut number = 1;
    while life.disturbed_deletion(Faults::crash_at(number), &format!("a crash at call {number}")).await {
        number += 1;
    }
    assert!(number > 40, "only {number} calls were interrupted");
}

/// Crashes before every call of a deletion that is then taken back.
async fn deletions_undone(life: &Life) {
    let mut number = 1;
    while life.deletion_undone(Faults::crash_at(number), &format!("a crash at call {number} of a deletion")).await {
        number += 1;
    }
    assert!(number > 40, "only {number} calls were interrupted");
}

/// Loses the answer to every write of an apply and of a deletion.
async fn lost_answers(life: &Life) {
    for (writes, deletion) in life.writes.iter().zip([false, true]) {
        for ((service, action), count) in writes {
            for occurrence in 1..=*count {
                let when = FaultCondition { nth: Some(occurrence), ..FaultCondition::default() };
                let faults = Faults::one(service, action, when, FaultAction::LoseResponse);
                let after = format!("the answer to {action} number {occurrence} was lost");
                let struck = if deletion {
                    life.disturbed_deletion(faults, &after).await
                } else {
                    life.disturbed_apply(faults, &after).await
                };
                assert!(struck, "{action} has no call number {occurrence}");
            }
        }
    }
}

macro_rules! life {
    ($module:ident, $file:literal, $name:literal) => {
        mod $module {
            use super::*;

            fn life() -> impl Future<Output = Life> {
                Life::of(include_str!($file), $name)
            }

            #[test]
            fn crashes_of_an_apply() {
                block_on(async { super::crashes_of_an_apply(&life().await).await });
            }

            #[test]
            fn crashes_of_a_deletion() {
                block_on(async { super::crashes_of_a_deletion(&life().await).await });
            }

            #[test]
            fn deletions_undone() {
                block_on(async { super::deletions_undone(&life().await).await });
            }

            #[test]
            fn lost_answers() {
                block_on(async { super::lost_answers(&life().await).await });
            }
        }
    };
}

life!(minimal, "../specs/minimal.yaml", "minimal.example.com");
life!(private, "../specs/private.yaml", "private.example.com");
