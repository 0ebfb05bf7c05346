//! What goes on beside a run: the lease is renewed, events are written, and the end is recorded.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use kedge_cloud::Fence;
use kedge_resource::event::Outcome;
use kedge_resource::{Event, Plan, ResourceKey};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::clock::Clock;
use crate::error::StoreError;
use crate::format::FORMAT_VERSION;
use crate::head::{LeaseRecord, Progress};
use crate::lease::Lease;
use crate::operation::{Ended, OperationRecord, StampedEvent};

/// Events of a chunk, at least: many enough that a run makes few requests, few enough that a crash loses little of the story.
const CHUNK: usize = 40;
/// When the lease is renewed for the first time at the latest.
const FIRST: Duration = Duration::from_secs(3);
/// Resources that a renewal names as being worked on.
const NAMED: usize = 8;

/// Keeps a lease while a run goes on, and tells the store what happens.
#[derive(Debug)]
pub struct Keeper {
    events: mpsc::UnboundedSender<Event>,
    task: JoinHandle<Kept>,
    fence: Fence,
    lost: watch::Receiver<Option<String>>,
    operation: u64,
}

/// What a run was, for its record.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Version of kedge.
    pub kedge: String,
    /// How the run ended.
    pub outcome: Outcome,
    /// The plan that was applied.
    pub plan: Plan,
}

/// The end of an operation could not be written; the record has everything.
#[derive(Debug)]
pub struct Unrecorded {
    /// The record, with all events.
    pub record: Box<OperationRecord>,
    /// Why.
    pub error: StoreError,
}

impl fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the end of operation {} could not be recorded", self.record.number)
    }
}

impl Keeper {
    /// Begins to keep a lease. Belongs into an async runtime with a timer.
    #[must_use]
    pub fn start(lease: Lease, clock: Clock) -> Self {
        let (events, incoming) = mpsc::unbounded_channel();
        let (tell, lost) = watch::channel(None);
        let fence = lease.fence();
        let operation = lease.operation();
        let kept =
            Kept { lease, clock, written: 0, chunks: Vec::new(), events: Vec::new(), progress: Running::default() };
        let task = tokio::spawn(kept.keep(incoming, tell));
        Self { events, task, fence, lost, operation }
    }

    /// Permission to write for the run.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// The number of the operation.
    #[must_use]
    pub fn operation(&self) -> u64 {
        self.operation
    }

    /// Takes note of something that happened. Never blocks.
    pub fn take(&self, event: &Event) {
        // The task lives until `finish`: it cannot be gone.
        let _kept = self.events.send(event.clone());
    }

    /// Waits until the lease is lost, and says how. Waits for ever while it is not.
    pub async fn lost(&self) -> String {
        let mut lost = self.lost.clone();
        match lost.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Records the end and gives the lease back.
    ///
    /// # Errors
    /// The store did not take it; what should have been written is in the error.
    pub async fn finish(self, ending: Ending) -> Result<OperationRecord, Unrecorded> {
        let Self { events, task, .. } = self;
        drop(events);
        match task.await {
            Ok(kept) => kept.finish(ending).await,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

/// The state of a keeper.
#[derive(Debug)]
struct Kept {
    lease: Lease,
    clock: Clock,
    /// All events of the run; those before `written` are in chunks.
    events: Vec<StampedEvent>,
    written: usize,
    /// Digests of the chunks that are written.
    chunks: Vec<String>,
    progress: Running,
}

impl Kept {
    async fn keep(mut self, mut incoming: mpsc::UnboundedReceiver<Event>, tell: watch::Sender<Option<String>>) -> Self {
        let renewal = self.lease.options().renewal();
        // The first one soon: then a look at the lease tells how far it is.
        let mut renewals = interval_at(Instant::now() + renewal.min(FIRST), renewal);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = renewals.tick() => {
                    if !self.renew().await {
                        // Sooner than usual: there is little time left.
                        renewals.reset_after(renewal / 4);
                    }
                    if let Some(why) = self.lease.lost() {
                        tell.send_replace(Some(why));
                    }
                }
                event = incoming.recv() => match event {
                    Some(event) => {
                        self.note(event);
                        // What came while a chunk was written goes into one, however much it is.
                        while let Ok(event) = incoming.try_recv() {
                            self.note(event);
                        }
                        if self.events.len() - self.written >= CHUNK {
                            self.write().await;
                        }
                    }
                    None => return self,
                },
            }
        }
    }

    fn note(&mut self, event: Event) {
        self.progress.note(&event);
        self.events.push(StampedEvent { at: self.clock.now(), event });
    }

    /// Writes the events that are not written yet. What fails stays for the next time.
    async fn write(&mut self) {
        let (Some(lease), Some(events)) = (self.record(), self.events.get(self.written..)) else { return };
        if events.is_empty() {
            return;
        }
        let written = self.lease.store().put_events(lease.operation, self.chunks.len() + 1, events).await;
        match written {
            Ok(digest) => {
                self.chunks.push(digest);
                self.written = self.events.len();
            }
            Err(error) => tracing::warn!(%error, "events not recorded yet"),
        }
    }

    async fn renew(&mut self) -> bool {
        if self.lease.lost().is_some() {
            return true;
        }
        let progress = self.progress.shown();
        match self.lease.renew(&progress).await {
            Ok(()) => {
                self.write().await;
                true
            }
            Err(StoreError::Lost { .. }) => true,
            Err(error) => {
                tracing::warn!(%error, "the lease was not renewed");
                false
            }
        }
    }

    async fn finish(mut self, ending: Ending) -> Result<OperationRecord, Unrecorded> {
        let lost = self.lease.lost();
        let written = std::mem::take(&mut self.events);
        let (written, rest) = written.split_at(self.written.min(written.len()));
        let stored = self.record_of(ending, lost.clone(), rest.to_vec());
        // Plans are large: none is copied for the case that this is needed.
        let unrecorded = |mut record: OperationRecord, error| {
            record.chunks.clear();
            record.events.splice(..0, written.iter().cloned());
            Unrecorded { record: Box::new(record), error }
        };
        if let Err(error) = self.lease.store().put_own_record(&stored).await {
            return Err(unrecorded(stored, error));
        }
        if lost.is_some() {
            return Ok(stored);
        }
        // What was applied, even in part, is what the cluster now should be: the next plan goes on from it.
        match self.lease.release(true).await {
            // The record is what matters, and it is written.
            Ok(()) | Err(StoreError::Lost { .. }) => Ok(stored),
            Err(error) => Err(unrecorded(stored, error)),
        }
    }

    /// The record with the events that are in no chunk.
    fn record_of(&self, ending: Ending, lost: Option<String>, events: Vec<StampedEvent>) -> OperationRecord {
        let Ending { kedge, outcome, plan } = ending;
        let lease = self.record();
        OperationRecord {
            format_version: FORMAT_VERSION,
            number: self.lease.operation(),
            cluster: self.lease.store().cluster().clone(),
            kedge,
            command: lease.map(|lease| lease.command.clone()).unwrap_or_default(),
            who: lease.map(|lease| lease.who.clone()).unwrap_or_default(),
            started: lease.map_or_else(|| self.clock.now(), |lease| lease.taken),
            finished: Some(self.clock.now()),
            serial: self.lease.serial(),
            ending: match lost {
                Some(why) => Ended::LeaseLost { why, outcome },
                None if outcome.complete() => Ended::Complete { outcome },
                None if outcome.stopped && outcome.failed == 0 => Ended::Stopped { outcome },
                None => Ended::Incomplete { outcome },
            },
            plan_digest: lease.map(|lease| lease.plan.clone()).unwrap_or_default(),
            plan: Some(plan),
            chunks: self.chunks.clone(),
            events,
        }
    }

    fn record(&self) -> Option<&LeaseRecord> {
        self.lease.record()
    }
}

/// How far a run is, from its events.
#[derive(Debug, Default)]
struct Running {
    done: usize,
    steps: usize,
    running: BTreeSet<ResourceKey>,
}

impl Running {
    fn note(&mut self, event: &Event) {
        match event {
            Event::RunStarted { steps, .. } => self.steps = *steps,
            Event::StepStarted { keys, .. } => self.running.extend(keys.first().cloned()),
            Event::StepFinished { results, .. } => {
                self.done += 1;
                if let Some(result) = results.first() {
                    self.running.remove(&result.key);
                }
            }
            Event::StepFailed { keys, .. } => {
                if let Some(key) = keys.first() {
                    self.running.remove(key);
                }
            }
            Event::StepRetried { .. }
            | Event::StepWaiting { .. }
            | Event::StepSkipped { .. }
            | Event::Stopping
            | Event::RunFinished { .. } => {}
        }
    }

    fn shown(&self) -> Progress {
        Progress {
            done: self.done,
            steps: self.steps,
            running: self.running.iter().take(NAMED).map(ToString::to_string).collect(),
        }
    }
}
