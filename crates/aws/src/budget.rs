//! A rate budget: how fast which calls may be made, so that AWS does not have to say so.
//!
//! AWS meters calls with token buckets, EC2 one for each action and the others roughly one for each service. The same
//! buckets are kept here, shared by all tasks of the process. A call that finds its bucket empty waits its turn; one that was
//! throttled all the same (others use the account too) halves the refill of its bucket, which recovers within a minute.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Seconds after which a bucket that was throttled refills at its full rate again.
const RECOVERY_SECONDS: f64 = 60.0;
/// A bucket never refills slower than this part of its rate.
const SLOWEST: f64 = 1.0 / 16.0;

/// Size and refill per second of a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    size: f64,
    rate: f64,
}

/// The buckets of all services, as a region sees them.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    region: String,
    buckets: Arc<Mutex<BTreeMap<String, Bucket>>>,
}

impl Budget {
    /// Full buckets.
    pub(crate) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), buckets: Arc::default() }
    }

    /// The same buckets for calls to another region: each region meters its own services, and all regions share those that
    /// have none.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        Self { region: region.to_owned(), buckets: Arc::clone(&self.buckets) }
    }

    /// Waits until `call`, such as `ec2:CreateVpc`, may be made.
    pub(crate) async fn take(&self, call: &str) {
        let wait = self.with_bucket(call, |bucket| bucket.reserve(Instant::now()));
        if !wait.is_zero() {
            tracing::debug!(call, ?wait, "waiting for the rate budget");
            tokio::time::sleep(wait).await;
        }
    }

    /// AWS throttled `call`: slow down.
    pub(crate) fn throttled(&self, call: &str) {
        self.with_bucket(call, |bucket| bucket.throttled(Instant::now()));
    }

    fn with_bucket<T>(&self, call: &str, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let (name, limit) = limit(call);
        let name = if is_global(call) { name } else { format!("{}/{name}", self.region) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        act(buckets.entry(name).or_insert_with(|| Bucket::full(limit, Instant::now())))
    }
}

/// Whether a call goes to a service that is one for all regions.
fn is_global(call: &str) -> bool {
    ["iam:", "route53:"].iter().any(|service| call.starts_with(service))
}

/// Name and limit of the bucket that a call takes from.
///
/// The numbers of EC2, Route 53 and S3 are the documented ones, or below them. The other services publish none; theirs are what they are known
/// to take.
fn limit(call: &str) -> (String, Limit) {
    let (service, action) = call.split_once(':').unwrap_or((call, ""));
    let reads = ["Describe", "Get", "List"].iter().any(|prefix| action.starts_with(prefix));
    let of_action = |size, rate| (call.to_owned(), Limit { size, rate });
    let of_service = |part: &str, size, rate| (format!("{service}:{part}"), Limit { size, rate });
    match service {
        "ec2" if reads => of_action(100.0, 20.0),
        "ec2" if action == "CreateTags" || action == "DeleteTags" => of_action(100.0, 10.0),
        "ec2" => of_action(50.0, 5.0),
        // five calls a second for the whole account
        "route53" => of_service("*", 5.0, 5.0),
        "iam" if reads => of_service("read", 50.0, 15.0),
        "iam" => of_service("write", 50.0, 10.0),
        "elasticloadbalancing" if reads => of_action(40.0, 10.0),
        "elasticloadbalancing" => of_action(20.0, 3.0),
        "autoscaling" if reads => of_action(100.0, 20.0),
        "autoscaling" => of_action(100.0, 10.0),
        // 3 500 writes and 5 500 reads a second for each prefix of a bucket
        "s3" => of_action(500.0, 500.0),
        _ => of_action(50.0, 10.0),
    }
}

/// One token bucket. Calls that come when it is empty go into debt and wait until the debt is refilled, in their order.
#[derive(Debug)]
struct Bucket {
    limit: Limit,
    tokens: f64,
    rate: f64,
    at: Instant,
}

impl Bucket {
    fn full(limit: Limit, now: Instant) -> Self {
        Self { limit, tokens: limit.size, rate: limit.rate, at: now }
    }

    fn refill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.rate).min(self.limit.size);
        self.rate = (self.rate + self.limit.rate * seconds / RECOVERY_SECONDS).min(self.limit.rate);
        self.at = now;
    }

    fn reserve(&mut self, now: Instant) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / self.rate) }
    }

    fn throttled(&mut self, now: Instant) {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
        self.rate = (self.rate / 2.0).max(self.limit.rate * SLOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(size: f64, rate: f64) -> (Bucket, Instant) {
        let now = Instant::now();
        (Bucket::full(Limit { size, rate }, now), now)
    }

    #[test]
    fn a_burst_passes_and_the_rest_queues() {
        let (mut bucket, now) = bucket(2.0, 4.0);
        let waits: Vec<_> = (0..4).map(|_| bucket.reserve(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 250, 500]);
        assert_eq!(bucket.reserve(now + Duration::from_secs(10)), Duration::ZERO);
    }

    #[test]
    fn throttling_slows_down_and_recovers() {
        let (mut bucket, now) = bucket(10.0, 4.0);
        bucket.throttled(now);
        assert_eq!(bucket.reserve(now), Duration::from_millis(500));
        for _ in 0..20 {
            bucket.throttled(now);
        }
        assert!((bucket.rate - 0.25).abs() < 1e-9, "{}", bucket.rate);
        bucket.refill(now + Duration::from_secs(60));
        assert!((bucket.rate - 4.0).abs() < 1e-9, "{}", bucket.rate);
    }

    #[test]
    fn regions_share_what_is_one_for_all() {
        let here = Budget::new("us-east-1");
        let there = here.in_region("eu-west-1");
        let empty = |budget: &Budget, call: &str| {
            budget.with_bucket(call, |bucket| bucket.tokens = 0.0);
        };
        let tokens = |budget: &Budget, call: &str| budget.with_bucket(call, |bucket| bucket.tokens);
        empty(&here, "ec2:CreateVpc");
        empty(&here, "iam:CreateRole");
        assert_eq!([tokens(&there, "ec2:CreateVpc"), tokens(&there, "iam:CreateRole")], [50.0, 0.0]);
    }

    #[test]
    fn ec2_has_a_bucket_for_each_action_and_route53_one_for_all() {
        assert_ne!(limit("ec2:CreateVpc").0, limit("ec2:CreateSubnet").0);
        assert!(limit("ec2:DescribeVpcs").1.size > limit("ec2:CreateVpc").1.size);
        assert_eq!(limit("route53:ListHostedZones").0, limit("route53:ChangeResourceRecordSets").0);
    }
}
