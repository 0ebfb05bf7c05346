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

/// A command on a cluster, and what is there before and after it when nothing goes wrong.
struct Scene {
    cluster: ClusterName,
    /// The manifests to apply; without them the cluster is deleted.
    yaml: Option<String>,
    before: Sandbox,
    plan: Plan,
    after: Sandbox,
    names: Vec<String>,
    /// Writes as service and action, each with its number of occurrences.
    writes: BTreeMap<(String, String), u64>,
}

impl Scene {
    async fn of(cluster: &ClusterName, before: &Sandbox, yaml: Option<String>) -> Self {
        let before = before.copy().expect("an account");
        let after = before.copy().expect("an account");
        let world = World::new(&after, cluster);
        let plan = match &yaml {
            Some(yaml) => world.plan(yaml).await,
            None => world.plan_deletion().await,
        };
        after.forget_calls();
        let result = world.run(&plan).await;
        assert!(result.outcome.complete(), "{:#?}", result.errors);
        let writes = writes(&after);
        let names = names(&world.inventory().await);
        let scene = Self { cluster: cluster.clone(), yaml, before, plan, after, names, writes };
        scene.assert_done(&scene.after, "nothing went wrong").await;
        scene
    }

    /// Nothing is missing, twice or left over, and planning again finds nothing.
    async fn assert_done(&self, sandbox: &Sandbox, after: &str) {
        let world = World::new(sandbox, &self.cluster);
        assert_eq!(names(&world.inventory().await), self.names, "{after}");
        assert_eq!(holdings(sandbox), holdings(&self.after), "{after}");
        if let Some(yaml) = &self.yaml {
            world.assert_settled(yaml).await;
        }
    }

    /// Does it with a fault: the account, and whether everything was done all the same. `None` if the fault did not strike.
    async fn disturb(&self, faults: Faults) -> Option<(Sandbox, bool)> {
        let sandbox = self.before.copy().expect("an account");
        sandbox.restart(Some(faults));
        let done = World::new(&sandbox, &self.cluster).run(&self.plan).await.outcome.complete();
        let struck = struck(&sandbox);
        sandbox.restart(None);
        struck.then_some((sandbox, done))
    }

    /// Gives the command to an account.
    async fn give(&self, sandbox: &Sandbox) {
        let world = World::new(sandbox, &self.cluster);
        match &self.yaml {
            Some(yaml) => {
                world.apply(yaml).await;
            }
            None => world.delete().await,
        }
    }

    /// Does it with a fault, and again without if something was not done. Whether the fault struck.
    async fn survives(&self, faults: Faults, after: &str) -> bool {
        let Some((sandbox, done)) = self.disturb(faults).await else { return false };
        if !done {
            self.give(&sandbox).await;
        }
        self.assert_done(&sandbox, after).await;
        true
    }
}

/// A cluster's life when nothing goes wrong.
struct Life {
    creation: Scene,
    change: Scene,
    deletion: Scene,
}

impl Life {
    async fn of(yaml: &str, cluster: &str) -> Self {
        let cluster = ClusterName::parse(cluster).expect("a name");
        let empty = Sandbox::in_memory(None, None).expect("an account");
        let creation = Scene::of(&cluster, &empty, Some(yaml.to_owned())).await;
        let change = Scene::of(&cluster, &creation.after, Some(changed(yaml))).await;
        let deletion = Scene::of(&cluster, &creation.after, None).await;
        assert_eq!(holdings(&deletion.after), holdings(&empty), "a deletion leaves something");
        Self { creation, change, deletion }
    }
}

/// Manifests with other tags, machines, sizes, volumes and networks that are let in.
fn changed(yaml: &str) -> String {
    let mut text = match yaml.contains("cloudLabels:") {
        true => yaml.to_owned(),
        false => replaced(yaml, "  cloudProvider: aws\n", "  cloudProvider: aws\n  cloudLabels:\n    team: platform\n"),
    };
    for (old, new) in [
        ("team: platform", "team: another"),
        ("encryptedVolume: true\n", "encryptedVolume: true\n      volumeSize: 30\n"),
        ("  sshAccess:\n  - 203.0.113.0/24\n", "  sshAccess:\n  - 198.51.100.0/24\n"),
        ("  maxSize: 1\n", "  maxSize: 2\n"),
        ("  machineType: t3.", "  rootVolumeSize: 80\n  machineType: t3."),
    ] {
        text = replaced(&text, old, new);
    }
    text
}

fn replaced(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "no {old:?}");
    text.replace(old, new)
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

/// Crashes before every call. A crash after a call that was processed leaves what one before the next call does: the sandbox
/// makes one call at a time.
async fn crashes_of(scene: &Scene) {
    let mut number = 1;
    while scene.survives(Faults::crash_at(number), &format!("a crash at call {number}")).await {
        number += 1;
    }
    let writes: u64 = scene.writes.values().sum();
    assert!(writes > 20 && number > writes, "only {number} calls were interrupted");
}

/// Crashes before every call of a deletion that is then taken back.
async fn deletions_undone(life: &Life) {
    let mut number = 1;
    while let Some((sandbox, _)) = life.deletion.disturb(Faults::crash_at(number)).await {
        life.creation.give(&sandbox).await;
        life.creation.assert_done(&sandbox, &format!("a crash at call {number} of a deletion")).await;
        number += 1;
    }
    assert!(number > 40, "only {number} calls were interrupted");
}

/// Loses the answer to every write.
async fn lost_answers_of(scene: &Scene) {
    for ((service, action), count) in &scene.writes {
        for occurrence in 1..=*count {
            let when = FaultCondition { nth: Some(occurrence), ..FaultCondition::default() };
            let faults = Faults::one(service, action, when, FaultAction::LoseResponse);
            let after = format!("the answer to {action} number {occurrence} was lost");
            assert!(scene.survives(faults, &after).await, "{action} has no call number {occurrence}");
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
            fn crashes_of_a_creation() {
                block_on(async { super::crashes_of(&life().await.creation).await });
            }

            #[test]
            fn crashes_of_a_change() {
                block_on(async { super::crashes_of(&life().await.change).await });
            }

            #[test]
            fn crashes_of_a_deletion() {
                block_on(async { super::crashes_of(&life().await.deletion).await });
            }

            #[test]
            fn deletions_undone() {
                block_on(async { super::deletions_undone(&life().await).await });
            }

            #[test]
            fn lost_answers() {
                block_on(async {
                    let Life { creation, change, deletion } = life().await;
                    for scene in [creation, change, deletion] {
                        super::lost_answers_of(&scene).await;
                    }
                });
            }
        }
    };
}

life!(minimal, "../specs/minimal.yaml", "minimal.example.com");
life!(private, "../specs/private.yaml", "private.example.com");
