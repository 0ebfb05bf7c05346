//! What a run may be told: how much at once, how long to try.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How a run is done.
#[derive(Clone)]
pub struct RunOptions {
    /// Steps that are in flight at once, at least 1.
    pub concurrency: usize,
    /// How failures that may pass are tried again.
    pub retry: RetryPolicy,
    /// Seed of the jitter in delays.
    pub seed: u64,
    /// How to wait.
    pub sleeper: Arc<dyn Sleeper>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { concurrency: 32, retry: RetryPolicy::default(), seed: 0, sleeper: Arc::new(TokioSleeper) }
    }
}

/// How failures that may pass are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Delay before the second attempt.
    pub first_delay: Duration,
    /// Longest delay between attempts.
    pub max_delay: Duration,
    /// How long a step is tried while something that it depends on is not ready or still uses it.
    pub readiness_deadline: Duration,
    /// How long a step is tried after throttling and failures of AWS.
    pub failure_deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(15),
            readiness_deadline: Duration::from_secs(600),
            failure_deadline: Duration::from_secs(120),
        }
    }
}

/// Waits. A trait, so that tests and the sandbox's simulated clock need no real time.
pub trait Sleeper: Send + Sync {
    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Waits in real time.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSleeper;

impl Sleeper for TokioSleeper {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
