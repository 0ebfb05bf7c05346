//! One step: what the executor gets, how often it is asked, and whether its answer is complete.

use std::collections::BTreeSet;
use std::time::Duration;

use kedge_cloud::{CloudError, ErrorClass, Handles, Realize, Step, StepChange, StepOutcome, Verb};
use kedge_planner::{ScheduledStep, visit_references};
use kedge_resource::event::StepResult;
use kedge_resource::reference::Target;
use kedge_resource::{Action, Change, ClusterName, Event, Plan, ResourceKey};

use crate::backoff;
use crate::options::RunOptions;
use crate::stop::StopSignal;

/// Where events go.
pub(crate) type Events<'a> = &'a (dyn Fn(Event) + Send + Sync);

/// A step of a plan, ready to be done.
pub(crate) struct Job {
    /// The keys of its changes, as the plan has them.
    pub(crate) keys: Vec<ResourceKey>,
    /// What happens, for events.
    pub(crate) action: Action,
    step: Step,
    handles: Handles,
}

/// The changes of a scheduled step.
pub(crate) fn changes_of<'a>(plan: &'a Plan, scheduled: &'a ScheduledStep) -> impl Iterator<Item = &'a Change> {
    scheduled.changes.iter().filter_map(|number| plan.changes.get(*number))
}

/// What a step does, for events. The two halves of a replacement are a creation and a deletion.
pub(crate) fn action_of(scheduled: &ScheduledStep) -> Action {
    match scheduled.verb {
        kedge_planner::Verb::Create => Action::Create,
        kedge_planner::Verb::Update => Action::Update,
        kedge_planner::Verb::Delete => Action::Delete,
    }
}

impl Job {
    /// Makes a step ready: its changes, and of `known` the handles that they refer to.
    pub(crate) fn new(plan: &Plan, scheduled: &ScheduledStep, known: &Handles) -> Self {
        let action = action_of(scheduled);
        let mut handles = Handles::default();
        let mut changes = Vec::new();
        for change in changes_of(plan, scheduled) {
            let before = change.before.as_ref().map(|before| &before.properties);
            for properties in before.into_iter().chain(&change.after) {
                visit_references(properties, &mut |reference| match (reference.target(), reference.key()) {
                    (_, Some(key)) => {
                        if let Some(handle) = known.get(&key) {
                            handles.insert(key, handle.clone());
                        }
                    }
                    (Target::Existing(id) | Target::Managed(id), None) => {
                        if let Some(handle) = known.find(reference.kind(), id) {
                            handles.remember(reference.kind(), handle.clone());
                        }
                    }
                });
            }
            // What stands under the key now: an executor that looks for what a lost answer made must not take the old
            // resource of a replacement for it.
            if let Some(before) = &change.before {
                handles.insert(change.key.clone(), before.handle.clone());
            }
            changes.push(step_change(change, scheduled.verb));
        }
        let verb = match scheduled.verb {
            kedge_planner::Verb::Create => Verb::Create,
            kedge_planner::Verb::Update => Verb::Update,
            kedge_planner::Verb::Delete => Verb::Delete,
        };
        let keys = changes_of(plan, scheduled).map(|change| change.key.clone()).collect();
        Self { keys, action, step: Step { verb, changes }, handles }
    }

    /// Does the step, again and again while its failures may pass and there is time.
    ///
    /// A step that waits for its next attempt ends when somebody asks to stop: what it waits for may take minutes.
    pub(crate) async fn run<R: Realize>(
        &self,
        realize: &R,
        cluster: &ClusterName,
        options: &RunOptions,
        events: Events<'_>,
        mut stop: StopSignal,
    ) -> Result<StepOutcome, CloudError> {
        let waiting = |what: String| events(Event::StepWaiting { keys: self.keys.clone(), what });
        let begun = options.sleeper.now();
        let mut attempt = 1;
        loop {
            // A run that lost its lease leaves the cluster to whoever has it now.
            options.fence.check().map_err(|why| CloudError::new(ErrorClass::Fenced, "kedge", why))?;
            let error = match realize.realize(cluster, &self.step, &self.handles, &waiting).await {
                Ok(outcome) => return self.complete(outcome),
                Err(error) => error,
            };
            if !error.class.may_pass() || stop.is_stopped() {
                return Err(error);
            }
            attempt += 1;
            let delay = backoff::delay(&options.retry, options.seed, self.keys.first(), attempt);
            let spent = options.sleeper.now().saturating_sub(begun);
            let deadline = deadline(options, error.class);
            if spent + delay > deadline {
                return Err(gave_up(error, attempt - 1, deadline));
            }
            events(Event::StepRetried {
                keys: self.keys.clone(),
                attempt,
                delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                why: error.to_string(),
            });
            tokio::select! {
                biased;
                () = stop.stopped() => return Err(error),
                () = options.sleeper.sleep(delay) => {}
            }
        }
    }

    /// Checks that an executor said what it made, and puts the handles under the keys of the plan.
    fn complete(&self, outcome: StepOutcome) -> Result<StepOutcome, CloudError> {
        if self.step.verb == Verb::Delete {
            return Ok(StepOutcome::default());
        }
        let mut handles = Vec::new();
        for change in &self.step.changes {
            let said = outcome.handles.iter().find(|(key, _)| *key == change.key).map(|(_, handle)| handle.clone());
            let updated = change.before.as_ref().filter(|_| self.step.verb == Verb::Update);
            let handle = said.or_else(|| updated.map(|before| before.handle.clone()));
            match handle.filter(|handle| !handle.id.is_empty()) {
                Some(handle) => handles.push((change.key.clone(), handle)),
                None => {
                    return Err(CloudError::new(
                        ErrorClass::Other,
                        "kedge",
                        format!("{} was made, and the executor did not say its id", change.key),
                    )
                    .with_hint("this is a bug in kedge: please report it; apply again to go on"));
                }
            }
        }
        let strange =
            outcome.handles.iter().find(|(key, _)| !self.step.changes.iter().any(|change| change.key == *key));
        if let Some((key, _)) = strange {
            return Err(CloudError::new(
                ErrorClass::Other,
                "kedge",
                format!("the executor answered for {key}, unasked"),
            )
            .with_hint("this is a bug in kedge: please report it"));
        }
        Ok(StepOutcome { handles })
    }

    /// The resources of the finished step with their ids.
    pub(crate) fn results(&self, outcome: &StepOutcome) -> Vec<StepResult> {
        let id =
            |key: &ResourceKey| outcome.handles.iter().find(|(of, _)| of == key).map(|(_, handle)| handle.id.clone());
        self.keys.iter().map(|key| StepResult { key: key.clone(), id: id(key) }).collect()
    }
}

fn step_change(change: &Change, verb: kedge_planner::Verb) -> StepChange {
    let fields: BTreeSet<&str> = change.fields.iter().map(|field| field.property()).collect();
    match verb {
        kedge_planner::Verb::Create => {
            StepChange { key: change.key.clone(), before: None, after: change.after.clone(), fields: Vec::new() }
        }
        kedge_planner::Verb::Update => StepChange {
            key: change.key.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
            fields: fields.into_iter().map(str::to_owned).collect(),
        },
        kedge_planner::Verb::Delete => StepChange {
            // Executors know a resource by the key that it stands under; only plans tell duplicates apart.
            key: change.before.as_ref().map_or_else(|| change.key.clone(), |before| before.key.clone()),
            before: change.before.clone(),
            after: None,
            fields: Vec::new(),
        },
    }
}

fn deadline(options: &RunOptions, class: ErrorClass) -> Duration {
    match class {
        ErrorClass::NotReadyYet | ErrorClass::InUse => options.retry.readiness_deadline,
        _ => options.retry.failure_deadline,
    }
}

fn gave_up(error: CloudError, attempts: u32, deadline: Duration) -> CloudError {
    let text = format!("kedge tried {attempts} times within {} seconds; apply again to go on", deadline.as_secs());
    let hint = match &error.hint {
        Some(hint) => format!("{hint}; {text}"),
        None => text,
    };
    error.with_hint(hint)
}
