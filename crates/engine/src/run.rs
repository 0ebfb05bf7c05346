//! The walk: which step begins when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kedge_cloud::{CloudError, Handles, Realize, StepOutcome};
use kedge_planner::{CycleError, Schedule, ScheduledStep, schedule};
use kedge_resource::event::{EVENT_FORMAT_VERSION, Skipped};
use kedge_resource::{Action, Event, Plan, ResourceKey};

use crate::RunResult;
use crate::options::RunOptions;
use crate::step::{Events, Job, action_of, changes_of};
use crate::stop::StopSignal;
use crate::tally::{State, outcome};

/// Applies a plan.
///
/// Steps run concurrently, each as soon as what it needs is done; of those that are ready the one with the longest chain
/// behind it begins first. After a failure everything that does not depend on it goes on. When somebody asks to stop,
/// nothing new begins and what runs is finished.
///
/// # Errors
/// The changes of the plan need each other: nothing was begun.
pub async fn run<R: Realize>(
    plan: &Plan,
    realize: &R,
    options: &RunOptions,
    events: impl Fn(Event) + Send + Sync,
    mut stop: StopSignal,
) -> Result<RunResult, CycleError> {
    let schedule = schedule(plan)?;
    let mut walk = Walk::new(plan, &schedule, &events);
    events(Event::RunStarted {
        format_version: EVENT_FORMAT_VERSION,
        cluster: plan.cluster.to_string(),
        totals: plan.totals(),
        steps: schedule.steps.len(),
    });
    let mut running = FuturesUnordered::new();
    let mut stopped = false;
    loop {
        if !stopped && stop.is_stopped() {
            stopped = true;
            events(Event::Stopping);
        }
        while !stopped && running.len() < options.concurrency.max(1) {
            let Some((number, job)) = walk.begin() else { break };
            let stop = stop.clone();
            let events: Events<'_> = &events;
            running.push(async move {
                let result = job.run(realize, &plan.cluster, options, events, stop).await;
                (number, job, result)
            });
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = stop.stopped(), if !stopped => {}
            finished = running.next() => {
                if let Some((number, job, result)) = finished {
                    walk.finish(number, &job, result);
                }
            }
        }
    }
    walk.skip_rest();
    let outcome = outcome(plan, &schedule, &walk.states, stopped);
    events(Event::RunFinished { outcome });
    let mut errors = walk.errors;
    errors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(RunResult { outcome, errors })
}

/// The state of a run.
struct Walk<'a> {
    plan: &'a Plan,
    schedule: &'a Schedule,
    events: Events<'a>,
    states: Vec<State>,
    /// By step: how many of the steps that it needs are not done.
    missing: Vec<usize>,
    /// By step: the steps that need it.
    dependents: Vec<Vec<usize>>,
    /// Steps that can begin, by the chain behind them, then in the order of the schedule.
    ready: BinaryHeap<(usize, Reverse<usize>)>,
    handles: Handles,
    errors: Vec<(ResourceKey, CloudError)>,
}

impl<'a> Walk<'a> {
    fn new(plan: &'a Plan, schedule: &'a Schedule, events: Events<'a>) -> Self {
        let count = schedule.steps.len();
        let mut dependents = vec![Vec::new(); count];
        for (number, step) in schedule.steps.iter().enumerate() {
            for &first in &step.needs {
                if let Some(list) = dependents.get_mut(first) {
                    list.push(number);
                }
            }
        }
        let missing: Vec<usize> = schedule.steps.iter().map(|step| step.needs.len()).collect();
        let ready = schedule
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.needs.is_empty())
            .map(|(number, step)| (step.chain, Reverse(number)))
            .collect();
        Self {
            plan,
            schedule,
            events,
            states: vec![State::Waiting; count],
            missing,
            dependents,
            ready,
            handles: known(plan),
            errors: Vec::new(),
        }
    }

    /// The next step that can begin.
    fn begin(&mut self) -> Option<(usize, Job)> {
        let (_, Reverse(number)) = self.ready.pop()?;
        let job = Job::new(self.plan, self.step(number)?, &self.handles);
        self.set(number, State::Running);
        (self.events)(Event::StepStarted { keys: job.keys.clone(), action: job.action });
        Some((number, job))
    }

    fn finish(&mut self, number: usize, job: &Job, result: Result<StepOutcome, CloudError>) {
        match result {
            Ok(outcome) => {
                self.set(number, State::Done);
                (self.events)(Event::StepFinished { results: job.results(&outcome), action: job.action });
                for (key, handle) in outcome.handles {
                    self.handles.insert(key, handle);
                }
                for dependent in self.dependents.get(number).cloned().unwrap_or_default() {
                    self.release(dependent);
                }
            }
            Err(error) => {
                self.set(number, State::Failed);
                (self.events)(Event::StepFailed {
                    keys: job.keys.clone(),
                    action: job.action,
                    class: error.class.to_string(),
                    error: error.to_string(),
                    hint: error.hint.clone(),
                });
                if let Some(key) = job.keys.first() {
                    self.errors.push((key.clone(), error));
                }
                self.skip_dependents(number);
            }
        }
    }

    fn release(&mut self, number: usize) {
        if let (Some(missing), Some(step)) = (self.missing.get_mut(number), self.schedule.steps.get(number)) {
            *missing = missing.saturating_sub(1);
            if *missing == 0 && self.states.get(number) == Some(&State::Waiting) {
                self.ready.push((step.chain, Reverse(number)));
            }
        }
    }

    /// Skips everything that needs a step that was not done, directly or not; each names what it needs directly.
    fn skip_dependents(&mut self, number: usize) {
        let key = self.keys(number).into_iter().next();
        for dependent in self.dependents.get(number).cloned().unwrap_or_default() {
            if self.states.get(dependent) == Some(&State::Waiting)
                && let Some(key) = &key
            {
                self.skip(dependent, Skipped::Needs { key: key.clone() });
                self.skip_dependents(dependent);
            }
        }
    }

    /// Skips what was not begun when somebody asked to stop.
    fn skip_rest(&mut self) {
        for number in 0..self.states.len() {
            if self.states.get(number) == Some(&State::Waiting) {
                self.skip(number, Skipped::Stopped);
            }
        }
    }

    fn skip(&mut self, number: usize, because: Skipped) {
        self.set(number, State::Skipped);
        let action = self.step(number).map_or(Action::Update, action_of);
        (self.events)(Event::StepSkipped { keys: self.keys(number), action, because });
    }

    fn step(&self, number: usize) -> Option<&'a ScheduledStep> {
        self.schedule.steps.get(number)
    }

    fn keys(&self, number: usize) -> Vec<ResourceKey> {
        let changes = self.step(number).into_iter().flat_map(|step| changes_of(self.plan, step));
        changes.map(|change| change.key.clone()).collect()
    }

    fn set(&mut self, number: usize, state: State) {
        if let Some(own) = self.states.get_mut(number) {
            *own = state;
        }
    }
}

/// The handles that are known before anything happens. What is replaced or removed is found by its id only: its key is
/// that of the new resource.
fn known(plan: &Plan) -> Handles {
    let mut handles = Handles::new(plan.handles.iter().map(|(key, handle)| (key.clone(), handle.clone())));
    for change in &plan.changes {
        if let Some(before) = &change.before {
            match change.action {
                Action::Update => handles.insert(change.key.clone(), before.handle.clone()),
                Action::Create | Action::Replace | Action::Delete => {
                    handles.remember(change.key.kind, before.handle.clone());
                }
            }
        }
    }
    handles
}
