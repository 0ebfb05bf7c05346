//! Simulated time: it jumps over waiting, or runs as many times as fast as real time.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::SandboxError;

/// Ties simulated time to real time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    speed: f64,
    /// Real and simulated time of the same moment.
    start: Option<(Instant, u64)>,
}

impl Clock {
    /// A clock of this speed; at 0 waiting takes no time.
    pub(crate) fn new(speed: f64) -> Result<Self, SandboxError> {
        if !speed.is_finite() || speed < 0.0 {
            return Err(SandboxError::Speed { speed });
        }
        Ok(Self { speed, start: None })
    }

    /// The simulated time now, which never goes back behind `known`.
    pub(crate) fn now(&mut self, known: u64) -> u64 {
        if self.speed == 0.0 {
            return known;
        }
        let (instant, base) = *self.start.get_or_insert_with(|| (Instant::now(), known));
        let passed = instant.elapsed().mul_f64(self.speed).as_millis();
        known.max(base + u64::try_from(passed).unwrap_or_default())
    }

    /// How long waiting for some simulated milliseconds takes.
    pub(crate) fn real(&self, milliseconds: u64) -> Option<Duration> {
        (self.speed > 0.0).then(|| Duration::from_millis(milliseconds).div_f64(self.speed))
    }
}
