//! What happens while a plan is applied, as values: shown, logged and recorded by whoever listens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::ResourceKey;
use crate::plan::{Action, Totals};

/// Version of the event lines that this code writes.
pub const EVENT_FORMAT_VERSION: u32 = 1;

/// One thing that happened. Outcomes are never dropped; progress may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "event")]
pub enum Event {
    /// Work begins.
    RunStarted {
        /// Version of the event format.
        format_version: u32,
        /// The cluster.
        cluster: String,
        /// What is going to be done.
        totals: Totals,
        /// Number of steps; a step is one change, or a batch of changes that is one call.
        steps: usize,
    },
    /// A step begins.
    StepStarted {
        /// The resources.
        keys: Vec<ResourceKey>,
        /// What happens to them.
        action: Action,
    },
    /// A step goes on after a failure that may pass.
    StepRetried {
        /// The resources.
        keys: Vec<ResourceKey>,
        /// The attempt that comes now, 2 for the first retry.
        attempt: u32,
        /// Milliseconds until it begins.
        delay_ms: u64,
        /// What failed.
        why: String,
    },
    /// A step waits for AWS.
    StepWaiting {
        /// The resources.
        keys: Vec<ResourceKey>,
        /// What it waits for, such as `NAT gateway nat-0123 to become available`.
        what: String,
    },
    /// A step is done.
    StepFinished {
        /// The resources with the ids that they have now.
        results: Vec<StepResult>,
        /// What happened to them.
        action: Action,
    },
    /// A step failed for good.
    StepFailed {
        /// The resources.
        keys: Vec<ResourceKey>,
        /// What should have happened.
        action: Action,
        /// Class of the failure, such as `denied`.
        class: String,
        /// What failed and why.
        error: String,
        /// What to do next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// A step was not begun.
    StepSkipped {
        /// The resources.
        keys: Vec<ResourceKey>,
        /// What should have happened.
        action: Action,
        /// Why not.
        because: Skipped,
    },
    /// Somebody asked to stop: nothing new begins.
    Stopping,
    /// Work ends.
    RunFinished {
        /// How.
        outcome: Outcome,
    },
}

/// A resource of a finished step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepResult {
    /// The resource.
    pub key: ResourceKey,
    /// Its id; absent after a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Why a step was not begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "reason")]
pub enum Skipped {
    /// Something that it needs failed or was skipped.
    Needs {
        /// That resource.
        key: ResourceKey,
    },
    /// Somebody asked to stop.
    Stopped,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Changes done.
    pub done: usize,
    /// Changes that failed.
    pub failed: usize,
    /// Changes that were not begun.
    pub skipped: usize,
    /// Whether somebody asked to stop.
    pub stopped: bool,
}

impl Outcome {
    /// Whether everything was done.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.failed == 0 && self.skipped == 0
    }
}
