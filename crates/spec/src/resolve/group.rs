//! Instance groups with their defaults.

use std::collections::BTreeSet;

use kedge_diag::Diagnostic;
use kedge_resource::Tags;

use super::etcd::VOLUME_TYPE;
use super::{Report, one_of};
use crate::manifests::Read;
use crate::resolved::{
    ExternalLoadBalancer, InstanceGroup, InstanceMetadata, InstanceRequirements, MixedInstancesPolicy, Role,
    RootVolume, Taint, UserDataPart, Volume, WarmPool,
};
use crate::units;
use crate::v1alpha2::cluster::WarmPool as RawWarmPool;
use crate::v1alpha2::instance_group::{InstanceGroup as RawGroup, InstanceGroupSpec, MinMax};

/// Label or annotation that forbids deletions of a group.
const PREVENT_DESTROY: &str = "kedge.dev/prevent-destroy";
/// Seconds of the warm pool hook where nothing else is said.
const WARM_POOL_TIMEOUT: i32 = 600;

/// Resolves one group of a cluster that has this warm pool.
pub(super) fn group(
    report: &mut Report<'_>,
    read: &Read<RawGroup>,
    cluster_pool: Option<&RawWarmPool>,
) -> InstanceGroup {
    let raw = &read.value;
    let spec = &raw.spec;
    let role = role(report, spec);
    let sizes = if role == Role::Node { 2 } else { 1 };
    let managers = [("CloudGroup", false), ("Karpenter", true)];
    let manager = spec.manager.as_deref().filter(|word| !word.is_empty());
    let karpenter = manager.and_then(|word| one_of(report, "spec.manager", word, &managers)).unwrap_or(false);
    let mut node_labels = spec.kubelet.node_labels.clone();
    node_labels.extend(spec.node_labels.clone());
    // Only groups that run workloads share the pool of the cluster, and only they inherit from it.
    let cluster_pool = cluster_pool.filter(|_| matches!(role, Role::Node | Role::ApiServer));
    InstanceGroup {
        name: raw.metadata.name.clone(),
        role,
        karpenter,
        machine_types: list(spec.machine_type.as_deref()),
        image: spec.image.clone().unwrap_or_default(),
        min_size: spec.min_size.unwrap_or(sizes),
        max_size: spec.max_size.unwrap_or(sizes),
        subnets: spec.subnets.clone(),
        zones: spec.zones.clone(),
        associate_public_ip: spec.associate_public_ip,
        security_group_override: spec.security_group_override.clone(),
        additional_security_groups: spec.additional_security_groups.clone(),
        cloud_labels: Tags(spec.cloud_labels.clone()),
        node_labels,
        taints: taints(report, &spec.taints),
        root_volume: RootVolume {
            volume_type: spec.root_volume_type.clone().unwrap_or_else(|| VOLUME_TYPE.to_owned()),
            size: spec.root_volume_size.filter(|size| *size != 0).unwrap_or(match role {
                Role::ControlPlane => 64,
                Role::ApiServer | Role::Node => 128,
                Role::Bastion => 32,
            }),
            iops: spec.root_volume_iops,
            throughput: spec.root_volume_throughput,
            encryption: spec.root_volume_encryption,
            kms_key: spec.root_volume_encryption_key.clone(),
            optimized: spec.root_volume_optimization,
        },
        volumes: volumes(report, spec),
        instance_metadata: metadata(report, spec),
        detailed_monitoring: spec.detailed_instance_monitoring,
        cpu_credits: word(report, "spec.cpuCredits", spec.cpu_credits.as_ref(), &["standard", "unlimited"]),
        max_price: spec.max_price.clone().filter(|price| !price.is_empty()),
        spot_duration_minutes: spec.spot_duration_in_minutes,
        instance_interruption_behavior: word(
            report,
            "spec.instanceInterruptionBehavior",
            spec.instance_interruption_behavior.as_ref(),
            &["hibernate", "stop", "terminate"],
        ),
        tenancy: word(report, "spec.tenancy", spec.tenancy.as_ref(), &["default", "dedicated", "host"]),
        mixed_instances_policy: mixed_instances_policy(report, spec),
        max_instance_lifetime: lifetime(report, spec.max_instance_lifetime.as_deref()),
        instance_protection: spec.instance_protection,
        suspend_processes: spec.suspend_processes.clone(),
        capacity_rebalance: spec.capacity_rebalance,
        external_load_balancers: external_load_balancers(report, spec),
        instance_profile: instance_profile(report, spec.iam.profile.as_deref()),
        warm_pool: spec.warm_pool.as_ref().map(|pool| warm_pool(pool, cluster_pool)),
        additional_user_data: spec
            .additional_user_data
            .iter()
            .map(|part| UserDataPart {
                name: part.name.clone(),
                content_type: part.r#type.clone(),
                content: part.content.clone(),
            })
            .collect(),
        nvidia_gpu: spec.containerd.nvidia_gpu.enabled,
        prevent_destroy: [&raw.metadata.annotations, &raw.metadata.labels]
            .iter()
            .any(|words| words.get(PREVENT_DESTROY).is_some_and(|value| value == "true")),
        settings: read.settings.clone(),
    }
}

/// A warm pool; what it leaves open comes from that of the cluster.
pub(super) fn warm_pool(own: &RawWarmPool, cluster: Option<&RawWarmPool>) -> WarmPool {
    let inherited = cluster.cloned().unwrap_or_default();
    WarmPool {
        min_size: own.min_size.filter(|size| *size != 0).or(inherited.min_size).unwrap_or(0),
        max_size: own.max_size.or(inherited.max_size),
        lifecycle_hook: own.enable_lifecycle_hook || inherited.enable_lifecycle_hook,
        lifecycle_hook_timeout: own
            .lifecycle_hook_timeout
            .or(inherited.lifecycle_hook_timeout)
            .unwrap_or(WARM_POOL_TIMEOUT),
    }
}

/// Words for roles.
const ROLES: [(&str, Role); 5] = [
    ("Master", Role::ControlPlane),
    ("ControlPlane", Role::ControlPlane),
    ("APIServer", Role::ApiServer),
    ("Node", Role::Node),
    ("Bastion", Role::Bastion),
];

/// Whether a group has a role at all.
pub(crate) fn has_role(raw: &RawGroup) -> bool {
    ROLES.iter().any(|(word, _)| raw.spec.role.as_deref() == Some(*word))
}

fn role(report: &mut Report<'_>, spec: &InstanceGroupSpec) -> Role {
    let Some(word) = spec.role.as_deref() else {
        report.push(
            "spec.role",
            Diagnostic::error("group-role", "group has no role", "nothing says what its instances are for")
                .hint("use one of `Master`, `Node`, `Bastion`, `APIServer`"),
        );
        return Role::Node;
    };
    one_of(report, "spec.role", word, &ROLES).unwrap_or(Role::Node)
}

/// The parts of a list with commas.
fn list(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A word that has to be one of a few.
fn word(report: &mut Report<'_>, path: &str, written: Option<&String>, known: &[&'static str]) -> Option<String> {
    let written = written.filter(|word| !word.is_empty())?;
    let known: Vec<(&'static str, ())> = known.iter().map(|name| (*name, ())).collect();
    one_of(report, path, written, &known).map(|()| written.clone())
}

/// `key=value:effect` or `key:effect`.
fn taints(report: &mut Report<'_>, written: &[String]) -> Vec<Taint> {
    let mut taints = Vec::new();
    for (at, text) in written.iter().enumerate() {
        let parsed = text.rsplit_once(':').and_then(|(rest, effect)| {
            let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
            let known = matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute");
            let taint = || Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() };
            (known && !key.is_empty()).then(taint)
        });
        match parsed {
            Some(taint) => taints.push(taint),
            None => report.push(
                &format!("spec.taints[{at}]"),
                Diagnostic::error("taint", "taint cannot be used", format!("`{text}` is no taint"))
                    .hint("write `key=value:NoSchedule`; the effects are NoSchedule, PreferNoSchedule and NoExecute"),
            ),
        }
    }
    taints
}

fn volumes(report: &mut Report<'_>, spec: &InstanceGroupSpec) -> Vec<Volume> {
    let mut volumes = Vec::new();
    for (at, raw) in spec.volumes.iter().enumerate() {
        let path = format!("spec.volumes[{at}]");
        if raw.device.is_empty() {
            report.push(
                &format!("{path}.device"),
                Diagnostic::error("volume", "volume is not complete", "it has no `device`, such as `/dev/xvdd`"),
            );
        }
        if raw.size.is_none_or(|size| size < 1) {
            report.push(
                &format!("{path}.size"),
                Diagnostic::error("volume", "volume is not complete", "it has no `size` in GiB of at least 1"),
            );
        }
        volumes.push(Volume {
            device: raw.device.clone(),
            volume_type: raw.r#type.clone().unwrap_or_else(|| VOLUME_TYPE.to_owned()),
            size: raw.size.unwrap_or(1),
            iops: raw.iops,
            throughput: raw.throughput,
            encrypted: raw.encrypted.unwrap_or(true),
            kms_key: raw.key.clone(),
            delete_on_termination: raw.delete_on_termination.unwrap_or(true),
        });
    }
    volumes
}

fn metadata(report: &mut Report<'_>, spec: &InstanceGroupSpec) -> InstanceMetadata {
    let raw = &spec.instance_metadata;
    let tokens = word(report, "spec.instanceMetadata.httpTokens", raw.http_tokens.as_ref(), &["required", "optional"]);
    let hop_limit = raw.http_put_response_hop_limit.unwrap_or(1);
    if !(1..=64).contains(&hop_limit) {
        report.push(
            "spec.instanceMetadata.httpPutResponseHopLimit",
            Diagnostic::error("hop-limit", "hop limit cannot be used", format!("`{hop_limit}` is not within 1 to 64")),
        );
    }
    InstanceMetadata { http_tokens: tokens.unwrap_or_else(|| "required".to_owned()), hop_limit }
}

/// Seconds of a lifetime.
fn lifetime(report: &mut Report<'_>, written: Option<&str>) -> i32 {
    let seconds = written.and_then(units::duration_seconds).unwrap_or(0);
    // AWS: nothing, or one day to one year.
    if seconds != 0 && !(86_400..=31_536_000).contains(&seconds) {
        report.push(
            "spec.maxInstanceLifetime",
            Diagnostic::error(
                "instance-lifetime",
                "lifetime of instances cannot be used",
                format!("`{}` is neither 0 nor between one day and one year", written.unwrap_or_default()),
            )
            .hint("write `24h` or more, or `0` for no limit"),
        );
    }
    i32::try_from(seconds).unwrap_or(0)
}

fn mixed_instances_policy(report: &mut Report<'_>, spec: &InstanceGroupSpec) -> Option<MixedInstancesPolicy> {
    let raw = spec.mixed_instances_policy.as_ref()?;
    let path = "spec.mixedInstancesPolicy";
    let requirements = raw.instance_requirements.as_ref().map(|requirements| {
        let (min_vcpus, max_vcpus) = bounds(&requirements.cpu, 1.0);
        // kops hands millions of bytes to AWS as MiB; the same manifest has to match the same machine types.
        let (min_memory_mib, max_memory_mib) = bounds(&requirements.memory, 1e6);
        let excluded: BTreeSet<String> = requirements.excluded_instance_types.iter().cloned().collect();
        let excluded_types = excluded.into_iter().collect();
        InstanceRequirements { min_vcpus, max_vcpus, min_memory_mib, max_memory_mib, excluded_types }
    });
    Some(MixedInstancesPolicy {
        instances: raw.instances.clone(),
        instance_requirements: requirements,
        on_demand_base: raw.on_demand_base,
        on_demand_above_base: raw.on_demand_above_base,
        spot_instance_pools: raw.spot_instance_pools,
        spot_allocation_strategy: word(
            report,
            &format!("{path}.spotAllocationStrategy"),
            raw.spot_allocation_strategy.as_ref(),
            &["lowest-price", "capacity-optimized", "capacity-optimized-prioritized", "price-capacity-optimized"],
        ),
        on_demand_allocation_strategy: word(
            report,
            &format!("{path}.onDemandAllocationStrategy"),
            raw.on_demand_allocation_strategy.as_ref(),
            &["prioritized", "lowest-price"],
        ),
    })
}

/// Lowest and highest value in units, rounded up.
fn bounds(range: &MinMax, unit: f64) -> (i32, Option<i32>) {
    let value = |text: &Option<String>| {
        let value = (units::quantity(text.as_deref()?)? / unit).ceil();
        #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the type")]
        Some(value.clamp(0.0, f64::from(i32::MAX)) as i32)
    };
    (value(&range.min).unwrap_or(0), value(&range.max))
}

fn external_load_balancers(report: &mut Report<'_>, spec: &InstanceGroupSpec) -> Vec<ExternalLoadBalancer> {
    let mut found = Vec::new();
    for (at, raw) in spec.external_load_balancers.iter().enumerate() {
        let path = format!("spec.externalLoadBalancers[{at}]");
        match (&raw.load_balancer_name, &raw.target_group_arn) {
            (Some(name), None) => found.push(ExternalLoadBalancer::Classic(name.clone())),
            (None, Some(arn)) if arn.contains(":targetgroup/") => {
                found.push(ExternalLoadBalancer::TargetGroup(arn.clone()));
            }
            (None, Some(arn)) => report.push(
                &format!("{path}.targetGroupArn"),
                Diagnostic::error(
                    "target-group-arn",
                    "target group is no ARN",
                    format!("`{arn}` is no ARN of a target group"),
                ),
            ),
            _ => report.push(
                &path,
                Diagnostic::error(
                    "external-load-balancer",
                    "external load balancer is ambiguous",
                    "an entry names either a classic load balancer or a target group",
                )
                .hint("give one of `loadBalancerName` and `targetGroupArn`"),
            ),
        }
    }
    found
}

/// The name of an instance profile: the last part of its ARN.
fn instance_profile(report: &mut Report<'_>, arn: Option<&str>) -> Option<String> {
    let arn = arn.filter(|arn| !arn.is_empty())?;
    let resource = arn.split(':').nth(5).filter(|_| arn.starts_with("arn:"));
    match resource.and_then(|resource| resource.strip_prefix("instance-profile/")) {
        Some(path) => path.rsplit('/').next().map(str::to_owned),
        None => {
            report.push(
                "spec.iam.profile",
                Diagnostic::error(
                    "instance-profile",
                    "instance profile is no ARN",
                    format!("`{arn}` is no ARN of one"),
                )
                .hint("an ARN looks like `arn:aws:iam::123456789012:instance-profile/name`"),
            );
            None
        }
    }
}
