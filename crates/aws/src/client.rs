//! The account: configuration, clients, and the way that every call takes.
//!
//! The SDK's own retries are off, because it would send a `CreateVpc` whose answer was lost a second time. Every attempt
//! takes from the rate budget, and [`Aws::read`] and [`Aws::write`] decide what is tried again: reads after anything that may
//! pass, writes only when AWS for certain did nothing. [`Aws::create`] is for writes that must not happen twice: after a lost
//! answer it looks before it leaps.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use kedge_cloud::{CloudError, ErrorClass, Identity, Progress};
use kedge_resource::{Handle, ResourceKey};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::budget::Budget;
use crate::dns::ZoneMemo;
use crate::error::{Access, classify};
use crate::http;

/// Attempts at a call that is throttled.
const THROTTLED_ATTEMPTS: u32 = 12;
/// Attempts at a call that failed in passing.
const TRANSIENT_ATTEMPTS: u32 = 5;
/// Attempts at an endpoint that cannot be reached.
const UNREACHABLE_ATTEMPTS: u32 = 3;
/// How long AWS may take until one part of it knows what another part has made.
const CONSISTENCY: Duration = Duration::from_secs(60);

/// Where to connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// Region; otherwise that of the environment, the profile or the instance.
    pub region: Option<String>,
    /// Profile of `~/.aws/config`; otherwise `AWS_PROFILE` or `default`.
    pub profile: Option<String>,
}

/// An AWS account in one region. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    inner: Arc<Inner>,
}

struct Inner {
    config: SdkConfig,
    region: String,
    budget: Budget,
    nonce: u64,
    jitter: AtomicU64,
    tokens: AtomicU64,
    /// Who is asking; it does not change while the process runs.
    identity: OnceCell<Identity>,
    zones: ZoneMemo,
    /// Things that a step made before it failed; the next attempt at the step goes on with them.
    begun: Mutex<BTreeMap<ResourceKey, Handle>>,
    autoscaling: OnceLock<aws_sdk_autoscaling::Client>,
    ec2: OnceLock<aws_sdk_ec2::Client>,
    elb: OnceLock<aws_sdk_elasticloadbalancing::Client>,
    elbv2: OnceLock<aws_sdk_elasticloadbalancingv2::Client>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    route53: OnceLock<aws_sdk_route53::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.inner.region).finish_non_exhaustive()
    }
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $module:ident;)*) => {
        $($(#[$doc])*
        pub(crate) fn $name(&self) -> &$module::Client {
            self.inner.$name.get_or_init(|| $module::Client::new(&self.inner.config))
        })*
    };
}

impl Aws {
    /// Reads the configuration as every AWS tool does: environment, profiles, single sign-on, instance metadata, and
    /// `AWS_ENDPOINT_URL` with its variants for single services. Makes no call that needs credentials.
    ///
    /// # Errors
    /// [`ErrorClass::Invalid`] if no region is set anywhere.
    pub async fn connect(options: &AwsOptions) -> Result<Self, CloudError> {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http::client());
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        let config = Box::pin(loader.load()).await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(CloudError::new(ErrorClass::Invalid, "aws", "no AWS region is set")
                .with_hint("set AWS_REGION, or `region` in the profile"));
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(60))
            .build();
        // set here and not in the loader: where credentials come from keeps the SDK's retries
        let config = config
            .into_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(aws_config::stalled_stream_protection::StalledStreamProtectionConfig::disabled())
            .build();
        let nonce = RandomState::new().hash_one("kedge");
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                region,
                budget: Budget::default(),
                nonce,
                jitter: AtomicU64::new(nonce),
                tokens: AtomicU64::new(0),
                identity: OnceCell::new(),
                zones: ZoneMemo::default(),
                begun: Mutex::default(),
                autoscaling: OnceLock::new(),
                ec2: OnceLock::new(),
                elb: OnceLock::new(),
                elbv2: OnceLock::new(),
                events: OnceLock::new(),
                iam: OnceLock::new(),
                route53: OnceLock::new(),
                sqs: OnceLock::new(),
                ssm: OnceLock::new(),
                sts: OnceLock::new(),
            }),
        })
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Who is asking, once it was asked.
    pub(crate) fn identity_cell(&self) -> &OnceCell<Identity> {
        &self.inner.identity
    }

    /// The hosted zones that facts and inventory share.
    pub(crate) fn zones(&self) -> &ZoneMemo {
        &self.inner.zones
    }

    clients! {
        /// EC2 Auto Scaling.
        autoscaling: aws_sdk_autoscaling;
        /// EC2.
        ec2: aws_sdk_ec2;
        /// Classic load balancers.
        elb: aws_sdk_elasticloadbalancing;
        /// Network and application load balancers.
        elbv2: aws_sdk_elasticloadbalancingv2;
        /// EventBridge.
        events: aws_sdk_eventbridge;
        /// IAM.
        iam: aws_sdk_iam;
        /// Route 53.
        route53: aws_sdk_route53;
        /// SQS.
        sqs: aws_sdk_sqs;
        /// Systems Manager, for image parameters.
        ssm: aws_sdk_ssm;
        /// STS.
        sts: aws_sdk_sts;
    }

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
        let mut attempt = 0;
        loop {
            self.inner.budget.take(call).await;
            tracing::debug!(call, attempt, "call");
            // the futures of the SDK are large
            let error = match Box::pin(op()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => classify(call, access, &error),
            };
            attempt += 1;
            tracing::debug!(call, attempt, class = %error.class, message = error.message, "failed");
            let attempts = match error.class {
                ErrorClass::Throttled => {
                    self.inner.budget.throttled(call);
                    THROTTLED_ATTEMPTS
                }
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

    /// A new client token, for all attempts at one creation. It is never the same again: AWS answers a token that it has seen
    /// with the thing that it made then, even if that was deleted since, so a token that depends on the resource alone would
    /// bring back the dead. What an earlier process made is found by its tags.
    pub(crate) fn client_token(&self) -> String {
        let count = self.inner.tokens.fetch_add(1, Ordering::Relaxed);
        format!("kedge-{:016x}-{count}", self.inner.nonce)
    }

    /// What an earlier attempt of this process made of `key` before its step failed.
    pub(crate) fn begun(&self, key: &ResourceKey) -> Option<Handle> {
        self.inner.begun.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Remembers what was made of `key`, so that another attempt at its step does not make a second one.
    pub(crate) fn begin(&self, key: &ResourceKey, handle: &Handle) {
        self.inner.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), handle.clone());
    }

    /// Forgets what [`Self::begin`] remembered: the step is done.
    pub(crate) fn finish(&self, key: &ResourceKey) {
        self.inner.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
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
