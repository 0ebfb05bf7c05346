//! What a run may be told: how much at once, how long to try, how to wait.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kedge_cloud::Fence;

/// How a run is done.
#[derive(Clone)]
pub struct RunOptions {
    /// Steps that are in flight at once, at least 1. The executor has rate budgets of its own; this only bounds memory and
    /// connections.
    pub concurrency: usize,
    /// How failures that may pass are tried again.
    pub retry: RetryPolicy,
    /// Seed of the jitter in delays.
    pub seed: u64,
    /// How to wait.
    pub sleeper: Arc<dyn Sleeper>,
    /// Asked before every attempt at a step.
    pub fence: Fence,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            concurrency: 32,
            retry: RetryPolicy::default(),
            seed: 0,
            sleeper: Arc::new(TokioSleeper::default()),
            fence: Fence::open(),
        }
    }
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { concurrency, retry, seed, sleeper: _, fence: _ } = self;
        f.debug_struct("RunOptions")
            .field("concurrency", concurrency)
            .field("retry", retry)
            .field("seed", seed)
            .finish_non_exhaustive()
    }
}

/// How failures that may pass are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Delay before the second attempt; it doubles with each further one.
    pub first_delay: Duration,
    /// Longest delay between attempts.
    pub max_delay: Duration,
    /// How long a step is tried while something that it depends on is not ready, or something still uses what it removes.
    /// Network interfaces of load balancers can take minutes to go.
    pub readiness_deadline: Duration,
    /// How long a step is tried after throttling and failures of AWS, which the executor has tried before by itself.
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

/// Waits, and knows how much time has passed. A trait, so that tests and the sandbox's simulated clock need no real time.
pub trait Sleeper: Send + Sync {
    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Time since some fixed moment.
    fn now(&self) -> Duration;
}

/// Waits in real time.
#[derive(Clone, Copy, Debug)]
pub struct TokioSleeper {
    start: tokio::time::Instant,
}

impl Default for TokioSleeper {
    fn default() -> Self {
        Self { start: tokio::time::Instant::now() }
    }
}

impl Sleeper for TokioSleeper {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Waits on a clock that moves only by waiting: no real time passes. Waits that begin together end together.
#[derive(Debug, Default)]
pub struct SimulatedSleeper {
    now: Mutex<Duration>,
}

impl Sleeper for SimulatedSleeper {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let end = self.now() + duration;
        Box::pin(async move {
            // Others that are ready run first, as they would while real time passed.
            tokio::task::yield_now().await;
            let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = end.max(*now);
        })
    }

    fn now(&self) -> Duration {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
