//! The way that every call takes.
//!
//! The SDK's own retries are off, because it would send a `CreateVpc` whose answer was lost a second time. Every attempt
//! takes from the rate budget, and [`Aws::read`] and [`Aws::write`] decide what is tried again: reads after anything that may
//! pass, writes only when AWS for certain did nothing. [`Aws::create`] is for writes that must not happen twice: after a lost
//! answer it looks before it leaps.

use std::error::Error;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use kedge_cloud::{CloudError, ErrorClass, Progress};
use tokio::time::Instant;

use crate::client::Aws;
use crate::error::{Access, classify, is_silence};
use crate::permissions::assert_known;

#[cfg(test)]
mod tests;

/// Attempts at a call that is throttled.
const THROTTLED_ATTEMPTS: u32 = 12;
/// Attempts at a call that failed in passing.
const TRANSIENT_ATTEMPTS: u32 = 5;
/// Attempts at an endpoint that cannot be reached.
const UNREACHABLE_ATTEMPTS: u32 = 3;
/// Attempts at an endpoint that takes calls and does not answer, where others do.
const SILENT_ATTEMPTS: u32 = 2;
/// How long AWS may take until one part of it knows what another part has made.
const CONSISTENCY: Duration = Duration::from_secs(60);

impl Aws {
    /// Makes a call that changes nothing, again after any failure that may pass.
    pub(crate) async fn read<T, E, F, Fut>(&self, call: &'static str, op: F) -> Result<T, CloudError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.attempt(call, Access::Read, op).await
    }

    /// Makes a call that changes something, again only when AWS for certain did nothing: throttled, or never reached. A lost
    /// answer comes back as [`ErrorClass::Ambiguous`]; use [`Self::write_idempotent`] or [`Self::create`] instead if that can
    /// be settled.
    pub(crate) async fn write<T, E, F, Fut>(&self, call: &'static str, op: F) -> Result<T, CloudError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.attempt(call, Access::Write, op).await
    }

    /// As [`Self::write`], for a call that may be made twice with the same effect (a put, a delete, one with a client token):
    /// a lost answer is no reason to stop.
    pub(crate) async fn write_idempotent<T, E, F, Fut>(&self, call: &'static str, op: F) -> Result<T, CloudError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut attempt = 0;
        loop {
            match self.attempt(call, Access::Write, &op).await {
                Err(error) if error.class == ErrorClass::Ambiguous && attempt < TRANSIENT_ATTEMPTS => {
                    attempt += 1;
                    self.back_off(attempt).await;
                }
                // whoever has tried that often cannot leave it ambiguous: the next run looks
                Err(error) if error.class == ErrorClass::Ambiguous => {
                    return Err(CloudError { class: ErrorClass::Transient, ..error });
                }
                other => return other,
            }
        }
    }

    /// As [`Self::write_idempotent`], for a call that names things which were made a moment ago: AWS may not know them
    /// everywhere yet, so "not found" and "not ready yet" are tried again for a while, and `progress` says so.
    pub(crate) async fn write_settling<T, E, F, Fut>(
        &self,
        call: &'static str,
        progress: Progress<'_>,
        op: F,
    ) -> Result<T, CloudError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let end = Instant::now() + CONSISTENCY;
        let mut attempt = 0;
        loop {
            match self.write_idempotent(call, &op).await {
                Err(error) if settles(error.class) && Instant::now() < end => {
                    attempt += 1;
                    progress(format!("waiting for AWS: {}", error.message));
                    self.back_off(attempt).await;
                }
                other => return other,
            }
        }
    }

    /// Makes a call that must not happen twice. Things that it names may be new, as with [`Self::write_settling`]. After a lost
    /// answer, `look` finds out whether the thing was made.
    pub(crate) async fn create<T, R, E, F, Fut, L, LFut>(
        &self,
        call: &'static str,
        progress: Progress<'_>,
        op: F,
        take: impl Fn(R) -> Option<T>,
        look: L,
    ) -> Result<T, CloudError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<R, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        L: Fn() -> LFut,
        LFut: Future<Output = Result<Option<T>, CloudError>>,
    {
        let end = Instant::now() + CONSISTENCY;
        let mut attempt = 0;
        loop {
            let error = match self.write(call, &op).await {
                Ok(answer) => return take(answer).ok_or_else(|| incomplete(call)),
                Err(error) => error,
            };
            attempt += 1;
            match error.class {
                ErrorClass::Ambiguous => {
                    progress(format!("the answer to {call} was lost: looking whether it was done"));
                    // what was just made may take a moment to be seen
                    for wait in 1..=5 {
                        if let Some(found) = look().await? {
                            return Ok(found);
                        }
                        self.back_off(wait).await;
                    }
                    if attempt >= TRANSIENT_ATTEMPTS {
                        return Err(CloudError { class: ErrorClass::Transient, ..error });
                    }
                }
                class if settles(class) && Instant::now() < end => {
                    progress(format!("waiting for AWS: {}", error.message));
                    self.back_off(attempt).await;
                }
                _ => return Err(error),
            }
        }
    }

    /// Attempts at a call, each within the rate budget, until it succeeds or fails in a way that trying again cannot mend.
    async fn attempt<T, E, F, Fut>(&self, call: &'static str, access: Access, op: F) -> Result<T, CloudError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        assert_known(call, access);
        let mut attempt = 0;
        loop {
            self.inner.budget.take(call).await;
            // The store is how the lease comes back: its own writes are conditional and need no fence.
            if access == Access::Write && !call.starts_with("s3:") {
                self.may_write().map_err(|why| CloudError::new(ErrorClass::Fenced, call, why))?;
            }
            tracing::debug!(call, attempt, "call");
            // the futures of the SDK are large
            let (error, silence) = match Box::pin(op()).await {
                Ok(answer) => {
                    self.inner.reached.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => (self.in_context(classify(call, access, &error)), is_silence(&error)),
            };
            attempt += 1;
            tracing::debug!(call, attempt, class = %error.class, message = error.message, "failed");
            let attempts = match error.class {
                ErrorClass::Throttled => {
                    self.inner.budget.throttled(call);
                    THROTTLED_ATTEMPTS
                }
                // it has been waited for long enough
                ErrorClass::Unreachable if silence => return Err(error),
                ErrorClass::Transient if silence => SILENT_ATTEMPTS,
                ErrorClass::Transient => TRANSIENT_ATTEMPTS,
                ErrorClass::Unreachable => UNREACHABLE_ATTEMPTS,
                _ => return Err(error),
            };
            if attempt >= attempts {
                return Err(error);
            }
            self.back_off(attempt).await;
        }
    }

    /// What an error means here.
    ///
    /// An endpoint that cannot be reached is a mistake of the configuration when nothing has worked yet, and worth waiting for
    /// afterwards: nothing was sent, so that even a write can be made again. Credentials that are not there are those of the
    /// profile that was asked for.
    fn in_context(&self, error: CloudError) -> CloudError {
        match (error.class, &self.inner.profile) {
            (ErrorClass::Unreachable, _) if self.inner.reached.load(Ordering::Relaxed) => {
                CloudError { class: ErrorClass::Transient, ..error }
            }
            (ErrorClass::Credentials, Some(profile)) if error.code.is_none() => {
                let message = format!("the profile {profile}: {}", error.message);
                let hint = format!(
                    "`aws configure list-profiles` shows the profiles there are; one of single sign-on needs \
                     `aws sso login --profile {profile}` from time to time"
                );
                CloudError { message, ..error }.with_hint(hint)
            }
            _ => error,
        }
    }

    /// Pauses before the next attempt: longer each time, and not the same for all.
    pub(crate) async fn back_off(&self, attempt: u32) {
        let doubled = 100_u64 << attempt.min(7);
        // SplitMix64: enough to keep concurrent tasks apart
        let mut z = self.inner.jitter.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let part = (z >> 32) % (doubled / 2);
        tokio::time::sleep(Duration::from_millis(doubled / 2 + part)).await;
    }
}

/// Whether a failure of this class goes away when AWS has told itself what is new.
fn settles(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::NotFound | ErrorClass::NotReadyYet)
}

/// AWS answered without the thing that the answer is about.
pub(crate) fn incomplete(call: &str) -> CloudError {
    CloudError::new(ErrorClass::Other, call, "the answer lacks what it should be about")
}
