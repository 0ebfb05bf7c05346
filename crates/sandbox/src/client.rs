//! How the executor makes calls: with patience, as AWS wants to be called.

use kedge_cloud::{CloudError, ErrorClass};

use crate::account::Account;
use crate::account::api_error::ApiResult;
use crate::call::Failure;
use crate::classify::classify;
use crate::realize::Task;
use crate::sandbox::{Begun, Sandbox};

/// How often a throttled call, or one that did not get through, is repeated.
const REPETITIONS: u32 = 10;
/// How often a creation whose answer was lost is begun anew after looking.
const LOSSES: u32 = 5;
/// Simulated milliseconds between two looks.
const LOOK_MS: u64 = 5_000;
/// For how many simulated milliseconds something may take to become ready, visible or free.
const SETTLING_MS: u64 = 600_000;

/// How long to wait before repetition number `attempt`, from 0.
fn backoff_ms(attempt: u32) -> u64 {
    (200_u64 << attempt.min(6)).min(10_000)
}

impl Sandbox {
    /// One call, with its patience for throttling and for connections that break before the call is sent.
    async fn once<T>(
        &self,
        call: &'static str,
        about: &str,
        write: bool,
        done: impl Fn(&mut Account) -> ApiResult<T>,
    ) -> Result<T, CloudError> {
        let parts = call.split_once(':').unwrap_or(("", call));
        let mut attempt = 0;
        loop {
            let failure = match self.gate(parts, about, &done) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let never = matches!(failure, Failure::Crashed | Failure::Storage(_));
            let error = classify(call, write, failure);
            let passes = matches!(error.class, ErrorClass::Throttled | ErrorClass::Transient);
            if never || !passes || attempt >= REPETITIONS {
                return Err(error);
            }
            self.sleep(backoff_ms(attempt)).await;
            attempt += 1;
        }
    }

    /// A call that changes nothing.
    pub(crate) async fn read<T>(
        &self,
        call: &'static str,
        about: &str,
        look: impl Fn(&Account) -> T,
    ) -> Result<T, CloudError> {
        self.once(call, about, false, |account| Ok(look(account))).await
    }
}

impl Task<'_> {
    /// A call that changes something, once: [`ErrorClass::Ambiguous`] if its answer is lost. Waits while something that it
    /// needs is not ready.
    pub(crate) async fn write<T>(
        &self,
        call: &'static str,
        about: &str,
        done: impl Fn(&mut Account) -> ApiResult<T>,
    ) -> Result<T, CloudError> {
        self.patiently(call, about, &[ErrorClass::NotReadyYet], false, done).await
    }

    /// A call that can be repeated when its answer is lost, because doing it twice is doing it once.
    pub(crate) async fn set<T>(
        &self,
        call: &'static str,
        about: &str,
        done: impl Fn(&mut Account) -> ApiResult<T>,
    ) -> Result<T, CloudError> {
        self.patiently(call, about, &[ErrorClass::NotReadyYet], true, done).await
    }

    /// A call that removes something: waits until nothing uses it; done also when it is gone already.
    pub(crate) async fn remove(
        &self,
        call: &'static str,
        about: &str,
        done: impl Fn(&mut Account) -> ApiResult<()>,
    ) -> Result<(), CloudError> {
        match self.patiently(call, about, &[ErrorClass::NotReadyYet, ErrorClass::InUse], true, done).await {
            Err(error) if error.class == ErrorClass::NotFound => Ok(()),
            other => other,
        }
    }

    async fn patiently<T>(
        &self,
        call: &'static str,
        about: &str,
        classes: &[ErrorClass],
        repeatable: bool,
        done: impl Fn(&mut Account) -> ApiResult<T>,
    ) -> Result<T, CloudError> {
        let deadline = self.sandbox.now_ms() + SETTLING_MS;
        let mut losses = 0;
        loop {
            let error = match self.sandbox.once(call, about, true, &done).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.class == ErrorClass::Ambiguous && repeatable {
                losses += 1;
                if losses > LOSSES {
                    return Err(CloudError { class: ErrorClass::Transient, ..error });
                }
                self.sandbox.sleep(backoff_ms(losses)).await;
            } else if classes.contains(&error.class) && self.sandbox.now_ms() < deadline {
                (self.progress)(format!("{about}: {}", error.message));
                self.sandbox.sleep(LOOK_MS).await;
            } else {
                return Err(error);
            }
        }
    }

    /// Makes something that a repeated call would make twice. Looks first if an earlier attempt may have made it, and when
    /// an answer was lost.
    pub(crate) async fn create<T>(
        &self,
        (call, about): (&'static str, &str),
        begun: &Begun,
        make: impl Fn(&mut Account) -> ApiResult<T>,
        look_call: &'static str,
        look: impl Fn(&Account) -> Option<T>,
    ) -> Result<T, CloudError> {
        let mut looks = begun.again;
        let mut losses = 0;
        loop {
            if looks && let Some(found) = self.sandbox.read(look_call, about, &look).await? {
                return Ok(found);
            }
            match self.write(call, about, &make).await {
                Err(error) if error.class == ErrorClass::Ambiguous => {
                    looks = true;
                    losses += 1;
                    if losses > LOSSES {
                        // What the last call did has to be known before anybody tries again.
                        return match self.sandbox.read(look_call, about, &look).await? {
                            Some(found) => Ok(found),
                            None => Err(CloudError { class: ErrorClass::Transient, ..error }),
                        };
                    }
                    self.sandbox.sleep(backoff_ms(losses)).await;
                }
                other => return other,
            }
        }
    }

    /// Looks until there is something to see.
    pub(crate) async fn until<T>(
        &self,
        call: &'static str,
        about: &str,
        what: &str,
        look: impl Fn(&Account) -> Option<T>,
    ) -> Result<T, CloudError> {
        let deadline = self.sandbox.now_ms() + SETTLING_MS;
        loop {
            if let Some(found) = self.sandbox.read(call, about, &look).await? {
                return Ok(found);
            }
            if self.sandbox.now_ms() >= deadline {
                let message = format!("{about} waited {} s for {what}", SETTLING_MS / 1000);
                return Err(CloudError::new(ErrorClass::NotReadyYet, call, message));
            }
            (self.progress)(format!("waiting for {what}"));
            self.sandbox.sleep(LOOK_MS).await;
        }
    }
}
