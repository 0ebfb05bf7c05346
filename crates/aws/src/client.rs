//! The account: configuration, clients, and what a process has to remember of it.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use kedge_cloud::{CloudError, ErrorClass, Fence, Identity};
use kedge_resource::{Handle, ResourceKey};
use tokio::sync::OnceCell;

use crate::budget::Budget;
use crate::dns::ZoneMemo;
use crate::http;

/// Where to connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// Region; otherwise that of the environment, the profile or the instance.
    pub region: Option<String>,
    /// Profile of `~/.aws/config`; otherwise `AWS_PROFILE` or `default`.
    pub profile: Option<String>,
    /// Buckets are parts of the path and not of the host name, as endpoints other than AWS's own want it.
    pub path_style: bool,
}

/// An AWS account in one region. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    config: SdkConfig,
    region: String,
    path_style: bool,
    /// Asked before every write.
    fence: Mutex<Fence>,
    /// The profile that was asked for by name.
    pub(crate) profile: Option<String>,
    pub(crate) budget: Budget,
    nonce: u64,
    pub(crate) jitter: AtomicU64,
    tokens: AtomicU64,
    /// A call has succeeded: the network and the endpoints are right, so that a failure to connect is one in passing.
    pub(crate) reached: AtomicBool,
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
        let client = http::client();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(client.clone());
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &options.profile {
            // keys in the environment must not win over a profile that is asked for by name: they may be another account's
            let chain = ProviderConfig::default().with_http_client(client);
            let chain = chain.with_region(options.region.clone().map(Region::new));
            let credentials = ProfileFileCredentialsProvider::builder().configure(&chain).profile_name(profile).build();
            loader = loader.profile_name(profile).credentials_provider(credentials);
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
        let path_style = options.path_style || config.endpoint_url().is_some();
        let budget = Budget::new(&region);
        Ok(Self::new(config, region, options.profile.clone(), path_style, budget))
    }

    /// The same account in another region, with the same credentials and within the same rate budget.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let Inner { config, profile, path_style, budget, .. } = &*self.inner;
        let config = config.to_builder().region(Region::new(region.to_owned())).build();
        Self::new(config, region.to_owned(), profile.clone(), *path_style, budget.in_region(region))
    }

    fn new(config: SdkConfig, region: String, profile: Option<String>, path_style: bool, budget: Budget) -> Self {
        let nonce = RandomState::new().hash_one("kedge");
        Self {
            inner: Arc::new(Inner {
                config,
                region,
                path_style,
                fence: Mutex::default(),
                profile,
                budget,
                nonce,
                jitter: AtomicU64::new(nonce),
                tokens: AtomicU64::new(0),
                reached: AtomicBool::new(false),
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
        }
    }

    /// An account behind an endpoint of a test.
    #[cfg(test)]
    pub(crate) fn at(endpoint: &str) -> Self {
        use aws_credential_types::Credentials;
        use aws_credential_types::provider::SharedCredentialsProvider;
        let credentials = Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .http_client(http::client_waiting(Duration::from_secs(2)))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .build();
        Self::new(config, "us-east-1".to_owned(), None, true, Budget::new("us-east-1"))
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// From now on `fence` is asked before every write; what it refuses fails with [`ErrorClass::Fenced`].
    pub fn set_fence(&self, fence: Fence) {
        *self.inner.fence.lock().unwrap_or_else(PoisonError::into_inner) = fence;
    }

    /// Whether writing is allowed.
    pub(crate) fn may_write(&self) -> Result<(), String> {
        let fence = self.inner.fence.lock().unwrap_or_else(PoisonError::into_inner).clone();
        fence.check()
    }

    /// What every client is made from.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.inner.config
    }

    /// Whether buckets are parts of the path.
    pub(crate) fn path_style(&self) -> bool {
        self.inner.path_style
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
