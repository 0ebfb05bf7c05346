//! Delays between attempts: exponential, with jitter from a seed.

use std::time::Duration;

use kedge_resource::ResourceKey;

use crate::options::RetryPolicy;

/// The delay before attempt number `attempt`, 2 for the first retry: between half and all of the exponential delay, so
/// that steps that failed together do not come back together. The jitter depends on the seed, the step and the attempt
/// only, not on what else runs.
pub(crate) fn delay(policy: &RetryPolicy, seed: u64, key: Option<&ResourceKey>, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(2).min(31);
    let full = policy.first_delay.saturating_mul(1_u32 << doublings).min(policy.max_delay);
    let name = key.map(ToString::to_string).unwrap_or_default();
    let random =
        mix(name.bytes().chain(attempt.to_le_bytes()).fold(mix(seed), |hash, byte| mix(hash ^ u64::from(byte))));
    let micros = u64::try_from(full.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(micros / 2 + random % (micros / 2 + 1))
}

/// The finaliser of SplitMix64: a cheap way to make all bits depend on all bits.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use kedge_resource::Kind;

    use super::*;

    #[test]
    fn delays_grow_to_their_limit_and_differ_between_steps() {
        let policy = RetryPolicy::default();
        let key = |name: &str| ResourceKey::new(Kind::Subnet, name);
        for attempt in 2..40 {
            let full = policy.first_delay.saturating_mul(1 << (attempt - 2).min(31)).min(policy.max_delay);
            let delay = delay(&policy, 7, Some(&key("a")), attempt);
            assert!(delay >= full / 2 && delay <= full, "attempt {attempt} waits {delay:?} of {full:?}");
        }
        assert_eq!(delay(&policy, 7, Some(&key("a")), 5), delay(&policy, 7, Some(&key("a")), 5));
        assert_ne!(delay(&policy, 7, Some(&key("a")), 5), delay(&policy, 7, Some(&key("b")), 5));
        assert_ne!(delay(&policy, 7, Some(&key("a")), 5), delay(&policy, 8, Some(&key("a")), 5));
    }
}
