//! Runs over an account in memory that can be told to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use kedge_cloud::realize::Progress;
use kedge_cloud::{CloudError, ErrorClass, Handles, Realize, Step, StepOutcome, Verb};
use kedge_planner::{PlanContext, plan_apply, plan_delete, visit_references_mut};
use kedge_resource::event::Skipped;
use kedge_resource::inventory::Handle;
use kedge_resource::kind::{DhcpOptions, DhcpOptionsAssociation, InternetGateway, RouteTable, Volume, Vpc};
use kedge_resource::reference::Target;
use kedge_resource::{
    Action, ClusterName, Desired, Event, Inventory, Kind, Observed, Ownership, Plan, Properties, Ref, Resource,
    ResourceKey, Tags,
};

use crate::{RunOptions, RunResult, SimulatedSleeper, StopHandle, StopSignal, run, stop_signal};

const C: &str = "c.example.com";

fn cluster() -> ClusterName {
    ClusterName::parse(C).unwrap()
}

fn key(kind: Kind, name: &str) -> ResourceKey {
    ResourceKey::new(kind, name)
}

/// A VPC with a gateway, options and a table; beside it volumes that need nothing.
fn desired() -> Desired {
    let mut resources = Vec::new();
    let mut add = |name: &str, properties: Properties| {
        resources.push(Resource { key: ResourceKey::new(properties.kind(), name), properties });
    };
    let tags = Tags::standard(&cluster(), C);
    add(C, vpc("10.0.0.0/16").into());
    add(C, InternetGateway { vpc: Some(Ref::managed(C)), tags: tags.clone() }.into());
    add(C, RouteTable { vpc: Ref::managed(C), tags: tags.clone() }.into());
    let options =
        DhcpOptions { domain_name: "ec2.internal".to_owned(), domain_name_servers: Vec::new(), tags: tags.clone() };
    add(C, options.into());
    add(C, DhcpOptionsAssociation { vpc: Ref::managed(C), dhcp_options: Ref::managed(C) }.into());
    for name in ["a.etcd", "b.etcd", "c.etcd"] {
        add(name, volume(20).into());
    }
    Desired { cluster: cluster(), resources, protected: Vec::new(), notes: Vec::new() }
}

fn vpc(cidr: &str) -> Vpc {
    Vpc {
        cidr_block: cidr.to_owned(),
        amazon_provided_ipv6_cidr_block: true,
        enable_dns_hostnames: true,
        enable_dns_support: true,
        tags: Tags::standard(&cluster(), C),
    }
}

fn volume(size: i32) -> Volume {
    Volume {
        availability_zone: "us-test-1a".to_owned(),
        size,
        volume_type: "gp3".to_owned(),
        iops: None,
        throughput: None,
        encrypted: true,
        kms_key_id: None,
        tags: Tags::from_iter([("KubernetesCluster", C), ("Name", "etcd")]),
    }
}

fn context() -> PlanContext {
    PlanContext { account_id: "123456789012".to_owned(), region: "us-test-1".to_owned() }
}

/// What the account does instead of its work.
#[derive(Clone)]
enum Fault {
    /// Fails this often with this class, then works.
    Times(u32, ErrorClass),
    /// Always fails.
    Always(ErrorClass),
    /// Somebody asks to stop while it works.
    Stop(StopHandle),
    /// Works, and does not say what it made.
    Silent,
}

#[derive(Default)]
struct Account {
    resources: Mutex<Vec<Observed>>,
    faults: Mutex<BTreeMap<ResourceKey, Fault>>,
    running: Mutex<(usize, usize)>,
    /// What the steps found under `handles`, for assertions.
    seen: Mutex<Vec<(Verb, ResourceKey, Option<String>)>>,
}

impl Account {
    fn with(faults: impl IntoIterator<Item = (ResourceKey, Fault)>) -> Self {
        Self { faults: Mutex::new(faults.into_iter().collect()), ..Self::default() }
    }

    fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::empty(cluster());
        inventory.resources = self.resources.lock().unwrap().clone();
        inventory.sort();
        inventory
    }

    fn fault(&self, step: &Step) -> Result<bool, CloudError> {
        let mut faults = self.faults.lock().unwrap();
        for change in &step.changes {
            let fail = |class| Err(CloudError::new(class, "ec2:Something", "told to fail"));
            match faults.get_mut(&change.key) {
                Some(Fault::Times(0, _)) | None => {}
                Some(Fault::Times(left, class)) => {
                    *left -= 1;
                    return fail(*class);
                }
                Some(Fault::Always(class)) => return fail(*class),
                Some(Fault::Stop(handle)) => handle.stop(),
                Some(Fault::Silent) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn step(&self, step: &Step, handles: &Handles) -> Result<StepOutcome, CloudError> {
        let speak = self.fault(step)?;
        let mut resources = self.resources.lock().unwrap();
        let mut outcome = StepOutcome::default();
        for change in &step.changes {
            let known = handles.get(&change.key).map(|handle| handle.id.clone());
            self.seen.lock().unwrap().push((step.verb, change.key.clone(), known));
            if step.verb == Verb::Delete {
                let before = change.before.as_ref().unwrap();
                let count = resources.len();
                resources.retain(|observed| observed != before);
                assert!(resources.len() < count, "{} is not there", change.key);
                continue;
            }
            let mut properties = change.after.clone().unwrap();
            let mut bug = None;
            visit_references_mut(&mut properties, &mut |reference| {
                if let Target::Managed(_) = reference.target() {
                    match reference.key().and_then(|key| handles.get(&key)) {
                        Some(handle) => reference.set_existing(handle.id.clone()),
                        None => bug = reference.key(),
                    }
                }
            });
            assert_eq!(bug, None, "{} came too early", change.key);
            let handle = match &change.before {
                Some(before) => before.handle.clone(),
                None => Handle::new(format!("{}-{}", change.key.kind.slug(), resources.len() + 100)),
            };
            resources.retain(|observed| observed.handle != handle);
            let (key, ownership) = (change.key.clone(), Ownership::Owned);
            resources.push(Observed { key: key.clone(), handle: handle.clone(), ownership, properties });
            if speak {
                outcome.handles.push((key, handle));
            }
        }
        Ok(outcome)
    }
}

impl Realize for Account {
    async fn realize(
        &self,
        _: &ClusterName,
        step: &Step,
        handles: &Handles,
        progress: Progress<'_>,
    ) -> Result<StepOutcome, CloudError> {
        {
            let mut running = self.running.lock().unwrap();
            running.0 += 1;
            running.1 = running.1.max(running.0);
        }
        progress("the test to go on".to_owned());
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.running.lock().unwrap().0 -= 1;
        self.step(step, handles)
    }
}

struct Run {
    result: RunResult,
    events: Vec<Event>,
}

impl Run {
    fn count(&self, test: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| test(event)).count()
    }

    fn finished(&self) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::StepFinished { results, .. } => Some(results.first()?.key.to_string()),
                _ => None,
            })
            .collect()
    }

    fn skipped(&self) -> Vec<(ResourceKey, Skipped)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::StepSkipped { keys, because, .. } => Some((keys.first()?.clone(), because.clone())),
                _ => None,
            })
            .collect()
    }
}

fn walk(plan: &Plan, account: &Account, options: &RunOptions, stop: StopSignal) -> Run {
    let events = Mutex::new(Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let result =
        runtime.block_on(run(plan, account, options, |event| events.lock().unwrap().push(event), stop)).unwrap();
    Run { result, events: events.into_inner().unwrap() }
}

fn options() -> RunOptions {
    RunOptions { sleeper: Arc::new(SimulatedSleeper::default()), ..RunOptions::default() }
}

fn apply(account: &Account) -> Run {
    let plan = plan_apply(&desired(), &account.inventory(), &context()).unwrap();
    walk(&plan, account, &options(), StopSignal::never())
}

#[test]
fn everything_is_made_in_order_and_again_there_is_nothing_to_do() {
    let account = Account::default();
    let first = apply(&account);
    assert!(first.result.outcome.complete() && first.result.errors.is_empty());
    assert_eq!(first.result.outcome.done, 8);
    let finished = first.finished();
    let at = |text: &str| finished.iter().position(|key| key.starts_with(text)).unwrap();
    assert!(at("vpc/") < at("internet-gateway/") && at("dhcp-options/") < at("dhcp-options-association/"));
    assert!(matches!(first.events.first(), Some(Event::RunStarted { steps: 8, .. })));
    assert!(matches!(first.events.last(), Some(Event::RunFinished { .. })));
    assert!(first.count(|event| matches!(event, Event::StepWaiting { .. })) == 8);
    assert!(account.running.lock().unwrap().1 > 1, "nothing ran at the same time");
    assert_eq!(apply(&account).result.outcome.done, 0);

    let plan = plan_delete(&account.inventory(), &context()).unwrap();
    let gone = walk(&plan, &account, &options(), StopSignal::never());
    assert!(gone.result.outcome.complete());
    assert!(account.inventory().resources.is_empty());
    // The association went with the VPC, in its step.
    assert_eq!(gone.count(|event| matches!(event, Event::StepFinished { .. })), 7);
}

#[test]
fn concurrency_has_a_limit() {
    let account = Account::default();
    let plan = plan_apply(&desired(), &account.inventory(), &context()).unwrap();
    let one = RunOptions { concurrency: 1, ..options() };
    assert!(walk(&plan, &account, &one, StopSignal::never()).result.outcome.complete());
    assert_eq!(account.running.lock().unwrap().1, 1);
}

#[test]
fn what_may_pass_is_tried_again() {
    let account = Account::with([
        (key(Kind::Vpc, C), Fault::Times(3, ErrorClass::Throttled)),
        (key(Kind::InternetGateway, C), Fault::Times(20, ErrorClass::NotReadyYet)),
    ]);
    let run = apply(&account);
    assert!(run.result.outcome.complete(), "{:?}", run.result);
    let retried: Vec<u32> = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::StepRetried { keys, attempt, .. } if keys[0].kind == Kind::Vpc => Some(*attempt),
            _ => None,
        })
        .collect();
    assert_eq!(retried, [2, 3, 4]);
}

#[test]
fn trying_ends_at_the_deadline_of_the_class() {
    for (class, within) in [(ErrorClass::Throttled, 120), (ErrorClass::InUse, 600)] {
        let run = apply(&Account::with([(key(Kind::Vpc, C), Fault::Always(class))]));
        let slept: u64 = run
            .events
            .iter()
            .map(|event| if let Event::StepRetried { delay_ms, .. } = event { *delay_ms } else { 0 })
            .sum();
        assert!(slept <= within * 1000 && slept >= within * 1000 - 15_000, "{class} was tried for {slept} ms");
        let (failed, error) = &run.result.errors[0];
        assert_eq!((failed, error.class), (&key(Kind::Vpc, C), class));
        assert!(error.hint.as_ref().unwrap().contains(&format!("within {within} seconds")), "{:?}", error.hint);
    }
}

#[test]
fn what_depends_on_a_failure_is_skipped_and_the_rest_goes_on() {
    let account = Account::with([(key(Kind::Vpc, C), Fault::Always(ErrorClass::Quota))]);
    let run = apply(&account);
    let outcome = run.result.outcome;
    assert_eq!((outcome.done, outcome.failed, outcome.skipped, outcome.stopped), (4, 1, 3, false));
    assert_eq!(run.count(|event| matches!(event, Event::StepRetried { .. })), 0);
    let needs = |kind| (key(kind, C), Skipped::Needs { key: key(Kind::Vpc, C) });
    let mut skipped = run.skipped();
    skipped.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(skipped, [Kind::DhcpOptionsAssociation, Kind::InternetGateway, Kind::RouteTable].map(needs));
    // The next run makes what is missing.
    account.faults.lock().unwrap().clear();
    assert_eq!(apply(&account).result.outcome.done, 4);
}

#[test]
fn after_a_request_to_stop_nothing_begins_and_what_runs_is_finished() {
    let (handle, signal) = stop_signal();
    let account = Account::with([(key(Kind::Vpc, C), Fault::Stop(handle))]);
    let plan = plan_apply(&desired(), &account.inventory(), &context()).unwrap();
    let run = walk(&plan, &account, &options(), signal);
    let outcome = run.result.outcome;
    assert_eq!((outcome.failed, outcome.stopped), (0, true));
    assert_eq!(outcome.done + outcome.skipped, 8);
    // The five that need nothing were running; the three that need one of those never began.
    assert_eq!(outcome.skipped, 3);
    assert!(run.skipped().iter().all(|(_, because)| *because == Skipped::Stopped));
    assert_eq!(run.count(|event| matches!(event, Event::Stopping)), 1);
}

#[test]
fn a_step_that_waits_for_its_next_attempt_stops_at_once() {
    let (handle, signal) = stop_signal();
    let account = Account::with([
        (key(Kind::Vpc, C), Fault::Always(ErrorClass::InUse)),
        (key(Kind::Volume, "a.etcd"), Fault::Stop(handle)),
    ]);
    let plan = plan_apply(&desired(), &account.inventory(), &context()).unwrap();
    let run = walk(&plan, &account, &options(), signal);
    assert_eq!(run.result.errors.len(), 1);
    assert!(run.count(|event| matches!(event, Event::StepRetried { .. })) <= 1);
}

#[test]
fn a_stop_before_the_start_does_nothing() {
    let (handle, signal) = stop_signal();
    handle.stop();
    let account = Account::default();
    let plan = plan_apply(&desired(), &account.inventory(), &context()).unwrap();
    let run = walk(&plan, &account, &options(), signal);
    assert_eq!(run.result.outcome.skipped, 8);
    assert!(account.inventory().resources.is_empty());
}

#[test]
fn a_replacement_knows_the_old_one_and_counts_once() {
    let account = Account::default();
    apply(&account);
    let mut wanted = desired();
    for resource in &mut wanted.resources {
        if resource.key == key(Kind::Volume, "a.etcd") {
            resource.properties = Volume { availability_zone: "us-test-1b".to_owned(), ..volume(20) }.into();
        }
        if resource.key == key(Kind::Volume, "b.etcd") {
            resource.properties = volume(30).into();
        }
    }
    let old =
        account.inventory().resources.iter().find(|observed| observed.key.name == "a.etcd").unwrap().handle.id.clone();
    account.seen.lock().unwrap().clear();
    let plan = plan_apply(&wanted, &account.inventory(), &context()).unwrap();
    let run = walk(&plan, &account, &options(), StopSignal::never());
    assert_eq!((run.result.outcome.done, run.result.outcome.complete()), (2, true));
    let seen = account.seen.lock().unwrap().clone();
    assert!(seen.contains(&(Verb::Create, key(Kind::Volume, "a.etcd"), Some(old))));
    let actions: BTreeSet<Action> = run
        .events
        .iter()
        .filter_map(|event| if let Event::StepFinished { action, .. } = event { Some(*action) } else { None })
        .collect();
    assert_eq!(actions, [Action::Create, Action::Update, Action::Delete].into());
    assert!(plan_apply(&wanted, &account.inventory(), &context()).unwrap().is_empty());
}

#[test]
fn an_answer_without_an_id_is_a_failure() {
    let run = apply(&Account::with([(key(Kind::Vpc, C), Fault::Silent)]));
    assert_eq!(run.result.outcome.failed, 1);
    assert!(run.result.errors[0].1.message.contains("did not say its id"), "{}", run.result.errors[0].1);
}

#[test]
fn the_same_run_has_the_same_events() {
    let events = || {
        let run = apply(&Account::with([
            (key(Kind::Vpc, C), Fault::Times(2, ErrorClass::Transient)),
            (key(Kind::Volume, "b.etcd"), Fault::Always(ErrorClass::Denied)),
        ]));
        let mut events: Vec<String> = run.events.iter().map(|event| format!("{event:?}")).collect();
        events.sort();
        events
    };
    assert_eq!(events(), events());
}
