//! Names that AWS gives the resources of a cluster, and which names could be a cluster's.
//!
//! AWS limits the length of many names, so long ones are cut and end in a short hash of the full name. Whoever makes a
//! resource and whoever looks for it have to agree to the letter, so both come here. The predicates answer *could this name
//! be ours*, for things that stand under our names without our tag; only the ownership tag says whose a thing is.

use crate::key::ClusterName;
use crate::kind::Kind;

/// Longest name of a load balancer or target group.
pub const LOAD_BALANCER_NAME_LIMIT: usize = 32;
/// Longest name of an IAM role or instance profile.
pub const ROLE_NAME_LIMIT: usize = 64;
/// Longest cluster part of a queue's name: AWS allows 80, of which the suffix takes some.
pub const QUEUE_NAME_LIMIT: usize = 75;
/// Longest cluster part of an event rule's name: AWS allows 64, of which the rule's own name takes some.
pub const EVENT_RULE_NAME_LIMIT: usize = 40;
/// Characters of the hash at the end of a shortened name.
pub const HASH_LENGTH: usize = 6;

/// Prefixes of the hashed names of load balancers.
pub const LOAD_BALANCER_PREFIXES: [&str; 2] = ["api", "bastion"];
/// Prefixes of the hashed names of target groups.
pub const TARGET_GROUP_PREFIXES: [&str; 5] = ["tcp", "tls", "kops-controller", "bastion", "etcd-cilium"];
/// Prefixes of the names of security groups.
pub const SECURITY_GROUP_PREFIXES: [&str; 5] = ["masters", "nodes", "bastion", "api-elb", "bastion-elb"];
/// Prefixes of the names of the roles of instances.
pub const ROLE_PREFIXES: [&str; 4] = ["masters", "nodes", "bastions", "apiservers"];
/// Last parts of the names of event rules.
pub const EVENT_RULES: [&str; 5] =
    ["ASGLifecycle", "SpotInterruption", "InstanceStateChange", "InstanceScheduledChange", "RebalanceRecommendation"];

/// `name`, or where it is longer than `limit`, its beginning and a hash of all of it.
#[must_use]
pub fn shorten(name: &str, limit: usize) -> String {
    if name.len() <= limit { name.to_owned() } else { with_hash(name, limit) }
}

/// A name for things whose names are short: `prefix`, the cluster with dots as dashes, and always the hash, lest anybody
/// relies on names that are not cut.
#[must_use]
pub fn hash_name_always(prefix: &str, cluster: &ClusterName, limit: usize) -> String {
    with_hash(&format!("{prefix}-{}", cluster.dashed()), limit)
}

/// Hashed name of a load balancer or target group.
#[must_use]
pub fn hashed_name(prefix: &str, cluster: &ClusterName) -> String {
    hash_name_always(prefix, cluster, LOAD_BALANCER_NAME_LIMIT)
}

/// AWS names of the load balancers that a cluster can have.
#[must_use]
pub fn load_balancer_names(cluster: &ClusterName) -> Vec<String> {
    LOAD_BALANCER_PREFIXES.iter().map(|prefix| hashed_name(prefix, cluster)).collect()
}

/// AWS names of the target groups that a cluster can have.
#[must_use]
pub fn target_group_names(cluster: &ClusterName) -> Vec<String> {
    TARGET_GROUP_PREFIXES.iter().map(|prefix| hashed_name(prefix, cluster)).collect()
}

/// Names of the security groups that a cluster can have.
#[must_use]
pub fn security_group_names(cluster: &ClusterName) -> Vec<String> {
    SECURITY_GROUP_PREFIXES.iter().map(|prefix| format!("{prefix}.{cluster}")).collect()
}

/// Name of the role (and instance profile) of instances: `prefix` is one of [`ROLE_PREFIXES`].
#[must_use]
pub fn role_name(prefix: &str, cluster: &ClusterName) -> String {
    shorten(&format!("{prefix}.{cluster}"), ROLE_NAME_LIMIT)
}

/// Names of the roles (and instance profiles) of instances that a cluster can have.
#[must_use]
pub fn role_names(cluster: &ClusterName) -> Vec<String> {
    ROLE_PREFIXES.iter().map(|prefix| role_name(prefix, cluster)).collect()
}

/// Name of the role of a service account. A `*` in the namespace, which IAM does not allow, becomes `wildcard`.
#[must_use]
pub fn service_account_role_name(account: &str, namespace: &str, cluster: &ClusterName) -> String {
    let namespace = namespace.replace('*', "wildcard");
    shorten(&format!("{account}.{namespace}.sa.{cluster}"), ROLE_NAME_LIMIT)
}

/// Whether `name` ends as the roles of a cluster's service accounts do, shortened or not.
///
/// A shortened name is recognised as long as the cut left something of `.sa.<cluster>`: what was cut off is then known,
/// and the hash tells whether it was that.
#[must_use]
pub fn is_service_account_role(cluster: &ClusterName, name: &str) -> bool {
    let suffix = format!(".sa.{cluster}");
    if let Some(account) = name.strip_suffix(&suffix) {
        return !account.is_empty() && name.len() <= ROLE_NAME_LIMIT;
    }
    if name.len() != ROLE_NAME_LIMIT {
        return false;
    }
    let Some(base) = name.get(..ROLE_NAME_LIMIT - HASH_LENGTH - 1) else {
        return false;
    };
    base.match_indices('.').map(|(at, _)| base.split_at(at)).any(|(account, rest)| {
        suffix.starts_with(rest) && shorten(&format!("{account}{suffix}"), ROLE_NAME_LIMIT) == name
    })
}

/// Name of the queue of termination events.
#[must_use]
pub fn queue_name(cluster: &ClusterName) -> String {
    format!("{}-nth", shorten(&cluster.dashed(), QUEUE_NAME_LIMIT))
}

/// Name of an event rule: `rule` is one of [`EVENT_RULES`].
#[must_use]
pub fn event_rule_name(cluster: &ClusterName, rule: &str) -> String {
    format!("{}-{rule}", shorten(cluster.as_str(), EVENT_RULE_NAME_LIMIT))
}

/// Names of the event rules that a cluster can have.
#[must_use]
pub fn event_rule_names(cluster: &ClusterName) -> Vec<String> {
    EVENT_RULES.iter().map(|rule| event_rule_name(cluster, rule)).collect()
}

/// Names of the DNS records that a cluster has unless its manifest says otherwise.
#[must_use]
pub fn record_names(cluster: &ClusterName) -> Vec<String> {
    ["api", "api.internal", "bastion"].iter().map(|prefix| format!("{prefix}.{cluster}")).collect()
}

/// What the names of a cluster's key pairs begin with; the fingerprint of the key follows.
#[must_use]
pub fn key_pair_prefix(cluster: &ClusterName) -> String {
    format!("kubernetes.{cluster}-")
}

/// Whether a cluster could have a resource of this kind under this AWS name.
///
/// It tells clusters apart of which one is named like a subdomain of the other: a group of `example.com` is one label before
/// the cluster's name, so `nodes.prod.example.com` is not its. Kinds that AWS knows by id alone are never recognised.
#[must_use]
pub fn owns_name(kind: Kind, cluster: &ClusterName, name: &str) -> bool {
    let one_of = |names: Vec<String>| names.iter().any(|own| own == name);
    match kind {
        Kind::Role => one_of(role_names(cluster)) || is_service_account_role(cluster, name),
        Kind::InstanceProfile => one_of(role_names(cluster)),
        Kind::LaunchTemplate | Kind::AutoScalingGroup => is_group_name(cluster, name),
        Kind::LoadBalancer => one_of(load_balancer_names(cluster)),
        Kind::TargetGroup => one_of(target_group_names(cluster)),
        Kind::SecurityGroup => one_of(security_group_names(cluster)),
        Kind::Queue => name == queue_name(cluster),
        Kind::EventRule => one_of(event_rule_names(cluster)),
        Kind::RecordSet => one_of(record_names(cluster)),
        Kind::KeyPair => name
            .strip_prefix(&key_pair_prefix(cluster))
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte == b':' || byte.is_ascii_hexdigit())),
        _ => false,
    }
}

/// Whether an auto scaling group or launch template of this name could be an instance group's.
fn is_group_name(cluster: &ClusterName, name: &str) -> bool {
    let Some(group) = name.strip_suffix(cluster.as_str()).and_then(|rest| rest.strip_suffix('.')) else {
        return false;
    };
    let label = group.strip_suffix(".masters").or_else(|| group.strip_suffix(".apiservers")).unwrap_or(group);
    !label.is_empty() && !label.contains('.')
}

/// The beginning of `name` and the hash of all of it, `limit` characters at most.
fn with_hash(name: &str, limit: usize) -> String {
    let mut end = name.len().min(limit.saturating_sub(HASH_LENGTH + 1));
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let (base, _) = name.split_at(end);
    format!("{base}-{}", hash(name))
}

/// FNV-1a of 32 bits, as the first characters of its big-endian bytes in base32hex.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let value = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // Five bits for each digit, the most significant first; six digits need 30 of the 32.
    (1..=HASH_LENGTH)
        .filter_map(|digit| DIGITS.get((value >> (32 - 5 * digit)) as usize & 31))
        .map(|&digit| char::from(digit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(name: &str) -> ClusterName {
        ClusterName::parse(name).unwrap()
    }

    #[test]
    fn hashed_names_are_those_of_kops() {
        assert_eq!(hashed_name("api", &cluster("minimal.example.com")), "api-minimal-example-com-gecgf7");
        assert_eq!(hashed_name("bastion", &cluster("privatecilium.example.com")), "bastion-privatecilium-exa-l2ms01");
        assert_eq!(hashed_name("tcp", &cluster("complex.example.com")), "tcp-complex-example-com-vpjolq");
        let long = cluster("nthimdsprocessor.longclustername.example.com");
        assert_eq!(
            service_account_role_name("aws-node-termination-handler", "kube-system", &long),
            "aws-node-termination-handler.kube-system.sa.nthimdsproces-vt9566"
        );
    }

    #[test]
    fn short_names_stay() {
        assert_eq!(shorten("nodes.example.com", 64), "nodes.example.com");
        assert_eq!(shorten(&"a".repeat(64), 64), "a".repeat(64));
        assert_eq!(shorten(&"a".repeat(65), 64).len(), 64);
    }

    #[test]
    fn shortened_service_account_roles_are_recognised_by_their_hash() {
        let long = cluster("nthimdsprocessor.longclustername.example.com");
        let name = service_account_role_name("aws-node-termination-handler", "kube-system", &long);
        assert!(owns_name(Kind::Role, &long, &name));
        // The same beginning, but another cluster: the hash differs.
        assert!(!owns_name(Kind::Role, &cluster("nthimdsprocessor.other.example.com"), &name));
        assert!(owns_name(Kind::Role, &cluster("a.b"), "dns-controller.kube-system.sa.a.b"));
        assert!(!owns_name(Kind::Role, &cluster("a.b"), "dns-controller.kube-system.sa.c.a.b"));
    }

    #[test]
    fn clusters_below_others_keep_their_names() {
        let outer = cluster("example.com");
        for (kind, name, owned) in [
            (Kind::AutoScalingGroup, "nodes.example.com", true),
            (Kind::AutoScalingGroup, "a.masters.example.com", true),
            (Kind::LaunchTemplate, "b.apiservers.example.com", true),
            (Kind::AutoScalingGroup, "nodes.prod.example.com", false),
            (Kind::AutoScalingGroup, "example.com", false),
            (Kind::Role, "nodes.example.com", true),
            (Kind::Role, "nodes.prod.example.com", false),
            (Kind::InstanceProfile, "bastions.example.com", true),
            (Kind::SecurityGroup, "api-elb.example.com", true),
            (Kind::SecurityGroup, "k8s-elb-a1b2", false),
            (Kind::Queue, "example-com-nth", true),
            (Kind::EventRule, "example.com-SpotInterruption", true),
            (Kind::EventRule, "prod.example.com-SpotInterruption", false),
            (Kind::RecordSet, "api.internal.example.com", true),
            (Kind::RecordSet, "www.example.com", false),
            (Kind::KeyPair, "kubernetes.example.com-c4:a6", true),
            (Kind::KeyPair, "kubernetes.example.com-mine", false),
            (Kind::Vpc, "example.com", false),
        ] {
            assert_eq!(owns_name(kind, &outer, name), owned, "{kind} {name}");
        }
    }
}
