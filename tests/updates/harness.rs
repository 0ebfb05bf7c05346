//! Cases, and what carries them out.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kedge_check::CheckOptions;
use kedge_cloud::{Observe, Realize, Scope};
use kedge_engine::{RunOptions, SimulatedSleeper, StopSignal};
use kedge_planner::{PlanContext, plan_apply};
use kedge_resource::facts::{FactsQuery, HostedZone};
use kedge_resource::kind::KindOf;
use kedge_resource::plan::{Replacement, Severity};
use kedge_resource::{Action, Change, Desired, Inventory, Kind, Plan, Properties, ResourceKey};
use kedge_sandbox::Sandbox;

use crate::wire_server;
use crate::world::{self, World};

/// What the plan has to do with a resource whose property differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// An update; the id stays.
    InPlace,
    /// A replacement; the new one is made before the old one goes.
    CreateFirst,
    /// A replacement; the old one goes first, because the two cannot stand side by side.
    DeleteFirst,
    /// The property is part of what identifies the resource: another one is made, and this one goes.
    Other,
    /// The same, but nothing says that this one is the cluster's, and it stays.
    Beside,
    /// Replaced with what it refers to, or because of another property, although it could be changed in place for itself.
    Along,
}

/// A change of the world, and what a plan has to do with it.
pub(crate) struct Case {
    title: String,
    /// What the world is before, if not the ordinary one.
    before: fn(&mut World),
    change: Box<dyn Fn(&mut World)>,
    /// The properties that differ, and what becomes of their resources. There are no others.
    pub(crate) expected: Vec<(Kind, &'static str, Outcome)>,
    /// Properties that may differ too, because accounts tell more or less of them.
    pub(crate) possible: Vec<(Kind, &'static str, Outcome)>,
    refusal: Option<Refusal>,
    /// Why the test server cannot show it.
    not_on_the_wire: Option<&'static str>,
    /// Why it is planned, but cannot be carried out.
    planned_only: Option<&'static str>,
}

/// A second private zone of the account.
pub(crate) const OTHER_ZONE: &str = "Z0SANDBOXOTHER";

impl World {
    /// Another resource in the place of one, under the name that follows from its properties.
    pub(crate) fn rename<K>(&mut self, old: &str, new: &str, change: impl FnOnce(&mut K))
    where
        K: KindOf + Clone + Into<Properties>,
        for<'a> &'a K: TryFrom<&'a Properties, Error = Kind>,
    {
        self.change(old, change);
        let old = ResourceKey::new(K::KIND, old);
        for resource in self.resources.iter_mut().filter(|it| it.key == old) {
            resource.key.name = new.to_owned();
        }
    }
}

#[derive(Clone, Copy)]
enum Refusal {
    /// Unless the keys that it destroys are allowed.
    Unless,
    /// In any case.
    Always,
}

impl Case {
    /// A property of one resource that is changed.
    pub(crate) fn of<K>(
        name: &str,
        property: &'static str,
        outcome: Outcome,
        change: impl Fn(&mut K) + Copy + 'static,
    ) -> Self
    where
        K: KindOf + Clone + Into<Properties> + 'static,
        for<'a> &'a K: TryFrom<&'a Properties, Error = Kind>,
    {
        let name = name.to_owned();
        let title = format!("{} {property}", ResourceKey::new(K::KIND, &name));
        Self::new(title, &[(K::KIND, property, outcome)], move |world| world.change::<K>(&name, change))
    }

    /// Any change.
    pub(crate) fn new(
        title: impl Into<String>,
        expected: &[(Kind, &'static str, Outcome)],
        change: impl Fn(&mut World) + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            before: |_| {},
            change: Box::new(change),
            expected: expected.to_vec(),
            possible: Vec::new(),
            refusal: None,
            not_on_the_wire: None,
            planned_only: None,
        }
    }

    /// Another world to begin with.
    pub(crate) fn after(mut self, before: fn(&mut World)) -> Self {
        self.before = before;
        self
    }

    /// Other properties that have to differ too.
    pub(crate) fn and(mut self, expected: &[(Kind, &'static str, Outcome)]) -> Self {
        self.expected.extend(expected);
        self
    }

    /// Other properties that may differ too.
    pub(crate) fn perhaps(mut self, possible: &[(Kind, &'static str, Outcome)]) -> Self {
        self.possible.extend(possible);
        self
    }

    /// Nobody can allow it.
    pub(crate) fn refused(mut self) -> Self {
        self.refusal = Some(Refusal::Always);
        self
    }

    /// Refused unless what it destroys is named.
    pub(crate) fn refused_unless_allowed(mut self) -> Self {
        self.refusal = Some(Refusal::Unless);
        self
    }

    /// In the sandbox only.
    pub(crate) fn not_on_the_wire(mut self, why: &'static str) -> Self {
        self.not_on_the_wire = Some(why);
        self
    }

    /// Planned only, because it cannot be carried out anywhere.
    pub(crate) fn planned_only(mut self, why: &'static str) -> Self {
        self.planned_only = Some(why);
        self
    }

    /// The plan does with each property what was expected, and with no other property anything.
    fn check_plan(&self, plan: &Plan) {
        let title = &self.title;
        let mut seen = BTreeSet::new();
        for change in &plan.changes {
            for field in &change.fields {
                seen.insert((change.key.kind, field.property().to_owned(), outcome_of(change)));
            }
        }
        let mut wanted = BTreeSet::new();
        for (kind, property, outcome) in &self.expected {
            if let Outcome::Other | Outcome::Beside = outcome {
                let with = |action| plan.changes.iter().any(|it| it.key.kind == *kind && it.action == action);
                assert!(with(Action::Create), "{title}: {kind}\n{}", show(plan));
                assert_eq!(with(Action::Delete), *outcome == Outcome::Other, "{title}: {kind}\n{}", show(plan));
            } else {
                wanted.insert((*kind, (*property).to_owned(), *outcome));
            }
        }
        let along = |(kind, property, outcome): (Kind, String, Outcome)| {
            let along = wanted.contains(&(kind, property.clone(), Outcome::Along));
            (kind, property, if along && outcome != Outcome::InPlace { Outcome::Along } else { outcome })
        };
        let mut seen: BTreeSet<_> = seen.into_iter().map(along).collect();
        for (kind, property, outcome) in &self.possible {
            seen.remove(&(*kind, (*property).to_owned(), *outcome));
        }
        assert_eq!(seen, wanted, "{title}\n{}", show(plan));
    }

    /// Whether the plan may be carried out.
    fn check_refusal(&self, plan: &Plan) {
        let fatal = |options: &CheckOptions| {
            kedge_check::check(plan, options).iter().any(|note| note.severity == Severity::Fatal)
        };
        let destroyed = plan.changes.iter().filter(|it| matches!(it.action, Action::Replace | Action::Delete));
        let allowed =
            CheckOptions { allow_destroy: destroyed.map(|it| it.key.clone()).collect(), ..CheckOptions::default() };
        assert_eq!(fatal(&CheckOptions::default()), self.refusal.is_some(), "{}\n{}", self.title, show(plan));
        let always = matches!(self.refusal, Some(Refusal::Always));
        assert_eq!(fatal(&allowed), always, "{}, allowed\n{}", self.title, show(plan));
    }
}

fn outcome_of(change: &Change) -> Outcome {
    match (change.action, change.replacement) {
        (Action::Replace, Some(Replacement::CreateFirst)) => Outcome::CreateFirst,
        (Action::Replace, _) => Outcome::DeleteFirst,
        _ => Outcome::InPlace,
    }
}

fn show(plan: &Plan) -> String {
    let line = |change: &Change| {
        let fields: Vec<_> = change.fields.iter().map(|field| field.path.as_str()).collect();
        format!("  {:?} {} {:?} {fields:?}\n", change.action, change.key, change.replacement)
    };
    plan.changes.iter().map(line).collect()
}

/// An account that holds the world.
struct Account<'a, B> {
    backend: &'a B,
    context: PlanContext,
}

impl<'a, B: Observe + Realize> Account<'a, B> {
    async fn new(backend: &'a B) -> Self {
        let identity = backend.identity().await.expect("an identity");
        Self { backend, context: PlanContext { account_id: identity.account_id, region: identity.region } }
    }

    async fn inventory(&self) -> Inventory {
        self.backend.inventory(&world::cluster(), Scope::Everything).await.expect("an inventory")
    }

    fn plan(&self, world: &World, inventory: &Inventory) -> Plan {
        let resources = world.resources.clone();
        let desired = Desired { cluster: world::cluster(), resources, protected: Vec::new(), notes: Vec::new() };
        plan_apply(&desired, inventory, &self.context).expect("a plan")
    }

    async fn run(&self, title: &str, plan: &Plan) {
        let options = RunOptions { sleeper: Arc::new(SimulatedSleeper::default()), ..RunOptions::default() };
        let result = kedge_engine::run(plan, self.backend, &options, |_| {}, StopSignal::never()).await;
        let result = result.expect("no cycle");
        assert!(result.outcome.complete(), "{title}: {:#?}\n{}", result.errors, show(plan));
    }

    /// Makes the account hold the world, whatever it held; what it holds then.
    async fn settle(&self, title: &str, world: &World) -> Inventory {
        let inventory = self.inventory().await;
        let plan = self.plan(world, &inventory);
        if plan.is_empty() {
            return inventory;
        }
        self.run(title, &plan).await;
        self.settled(title, world).await
    }

    /// What the account holds, if that is the world.
    async fn settled(&self, title: &str, world: &World) -> Inventory {
        let inventory = self.inventory().await;
        let plan = self.plan(world, &inventory);
        assert!(plan.is_empty(), "{title}: planning again finds\n{}", show(&plan));
        inventory
    }

    /// The case, in an account that holds `before`.
    async fn carry_out(&self, case: &Case, before: &Inventory, world: &World) {
        let title = &case.title;
        let plan = self.plan(world, before);
        case.check_plan(&plan);
        case.check_refusal(&plan);
        if matches!(case.refusal, Some(Refusal::Always)) || case.planned_only.is_some() {
            return;
        }
        self.run(title, &plan).await;
        let after = self.settled(title, world).await;
        for change in &plan.changes {
            let (old, new) = (ids(before, &change.key), ids(&after, &change.key));
            match change.action {
                Action::Update => assert_eq!(old, new, "{title}: {} has another id", change.key),
                Action::Delete => assert!(new.is_empty(), "{title}: {} is still there", change.key),
                _ => assert_eq!(new.len(), 1, "{title}: {}", change.key),
            }
        }
        // That planning again finds nothing could also mean that the difference does not count.
        let Some((kind, property, _)) = case.expected.first() else { return };
        for change in plan.changes.iter().filter(|it| it.key.kind == *kind && !it.fields.is_empty()) {
            let (old, new) = (value(before, &change.key, property), value(&after, &change.key, property));
            assert_ne!(old, new, "{title}: {property} of {} is what it was", change.key);
        }
    }
}

fn ids(inventory: &Inventory, key: &ResourceKey) -> Vec<String> {
    inventory.resources.iter().filter(|it| it.key == *key).map(|it| it.handle.id.clone()).collect()
}

fn value(inventory: &Inventory, key: &ResourceKey, property: &str) -> serde_json::Value {
    let found = inventory.resources.iter().find(|it| it.key == *key);
    found.and_then(|it| it.properties.to_value().get(property).cloned()).unwrap_or_default()
}

/// The test server is done at once, so that whoever waits for it waits for something that it does not know.
const PATIENCE: Duration = Duration::from_secs(90);

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("an answer in time") })
}

/// All cases, so that one that fails does not hide the others.
fn each(cases: Vec<Case>, carry_out: impl Fn(&Case)) {
    let failed = |case: &&Case| catch_unwind(AssertUnwindSafe(|| carry_out(case))).is_err();
    let failures: Vec<&str> = cases.iter().filter(failed).map(|case| case.title.as_str()).collect();
    assert!(failures.is_empty(), "{} of {} cases failed: {failures:#?}", failures.len(), cases.len());
}

/// Each case in an account of its own.
pub(crate) fn in_the_sandbox(cases: Vec<Case>) {
    let mut facts = world::facts();
    facts.hosted_zones.push(HostedZone {
        id: OTHER_ZONE.to_owned(),
        name: "other.internal".to_owned(),
        private: true,
        vpcs: vec!["vpc-of-somebody".to_owned()],
    });
    each(cases, |case| {
        block_on(async {
            let sandbox = Sandbox::in_memory(Some(facts.clone()), None).expect("an account");
            let account = Account::new(&sandbox).await;
            let mut world = world::world();
            (case.before)(&mut world);
            let before = account.settle(&case.title, &world).await;
            // Volumes are modified every six hours at most.
            sandbox.pass_time(Duration::from_secs(6 * 3600)).expect("a clock");
            (case.change)(&mut world);
            account.carry_out(case, &before, &world).await;
        });
    });
}

/// The world in an account that has one hosted zone, which is public.
fn on_the_wire(world: &World, zone: &str) -> World {
    let mut resources = world.resources.clone();
    resources.retain(|it| it.key.kind != Kind::HostedZoneAssociation);
    for resource in &mut resources {
        if let Properties::RecordSet(record) = &mut resource.properties {
            resource.key.name = resource.key.name.replace(&record.hosted_zone_id, zone);
            zone.clone_into(&mut record.hosted_zone_id);
        }
    }
    World { resources }
}

/// The account of the test server. Runners that give each test a process have to take care themselves (`.config/nextest.toml`).
static ACCOUNT: Mutex<()> = Mutex::new(());

/// Each case one after the other in one account.
#[expect(clippy::print_stderr, reason = "a skipped case has to say so")]
pub(crate) fn over_the_wire(cases: Vec<Case>) {
    if !wire_server::is_there() {
        return;
    }
    let _alone = ACCOUNT.lock().unwrap_or_else(PoisonError::into_inner);
    each(cases, |case| {
        if let Some(why) = case.not_on_the_wire {
            eprintln!("skipped: {}: {why}", case.title);
            return;
        }
        block_on(async {
            let aws = wire_server::connect().await;
            let account = Account::new(&aws).await;
            let query = FactsQuery { hosted_zones: true, ..FactsQuery::default() };
            let zone = aws.facts(&query).await.expect("facts").hosted_zones.first().expect("a zone").id.clone();
            let mut world = world::world();
            (case.before)(&mut world);
            let before = account.settle(&case.title, &on_the_wire(&world, &zone)).await;
            (case.change)(&mut world);
            account.carry_out(case, &before, &on_the_wire(&world, &zone)).await;
        });
    });
}
