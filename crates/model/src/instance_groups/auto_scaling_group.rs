//! The auto scaling group of an instance group. Its desired capacity is left to whoever scales it.

use kedge_resource::Ref;
use kedge_resource::kind::{
    AutoScalingGroup, CountRange, InstanceRequirements, InstancesDistribution, LaunchTemplateOverride,
    MetricsCollection, MixedInstancesPolicy, MixedLaunchTemplate, TargetGroup,
};
use kedge_resource::names::hashed_name;
use kedge_spec::resolved::{self, DnsType, ExternalLoadBalancer, InstanceGroup, NetworkPlugin, Role};

use super::{launch_template, subnets, tags, warm_pool};
use crate::lowering::Lowering;
use crate::names;

const METRICS: [&str; 8] = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
];

const WARM_POOL_METRICS: [&str; 8] = [
    "GroupAndWarmPoolDesiredCapacity",
    "GroupAndWarmPoolTotalCapacity",
    "WarmPoolDesiredCapacity",
    "WarmPoolMinSize",
    "WarmPoolPendingCapacity",
    "WarmPoolTerminatingCapacity",
    "WarmPoolTotalCapacity",
    "WarmPoolWarmedCapacity",
];

/// Makes the group.
pub(super) fn lower(lowering: &mut Lowering<'_>, group: &InstanceGroup) {
    let mixed = group.mixed_instances_policy.as_ref().map(|policy| mixed_policy(lowering, group, policy));
    let auto_scaling_group = AutoScalingGroup {
        min_size: group.min_size,
        max_size: group.max_size,
        launch_template: mixed.is_none().then(|| launch_template(lowering, group)),
        mixed_instances_policy: mixed,
        subnets: subnets(lowering, group),
        target_groups: target_groups(lowering, group),
        load_balancers: classic_load_balancers(group),
        metrics_collection: Some(metrics(lowering, group)),
        max_instance_lifetime: group.max_instance_lifetime,
        new_instances_protected_from_scale_in: group.instance_protection,
        suspended_processes: sorted(group.suspend_processes.iter().cloned()),
        capacity_rebalance: group.capacity_rebalance,
        tags: tags::of_group(lowering, group),
    };
    lowering.add(names::group(group, lowering.name()), auto_scaling_group);
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<std::collections::BTreeSet<T>>().into_iter().collect()
}

fn metrics(lowering: &Lowering<'_>, group: &InstanceGroup) -> MetricsCollection {
    let warm = warm_pool::of(lowering.cluster, group).is_some();
    let further = WARM_POOL_METRICS.iter().filter(|_| warm);
    MetricsCollection {
        granularity: "1Minute".to_owned(),
        metrics: sorted(METRICS.iter().chain(further).map(|&metric| metric.to_owned())),
    }
}

fn target_groups(lowering: &Lowering<'_>, group: &InstanceGroup) -> Vec<Ref<TargetGroup>> {
    let cluster = lowering.cluster;
    let mut prefixes = Vec::new();
    if let Some(load_balancer) = &cluster.api.load_balancer
        && matches!(group.role, Role::ControlPlane | Role::ApiServer)
    {
        prefixes.push("tcp");
        if load_balancer.certificate.is_some() {
            prefixes.push("tls");
        }
        if cluster.dns.dns_type == DnsType::None && group.role == Role::ControlPlane {
            prefixes.push("kops-controller");
            if matches!(cluster.network.plugin, NetworkPlugin::Cilium { etcd_managed: true, .. }) {
                prefixes.push("etcd-cilium");
            }
        }
    }
    if group.role == Role::Bastion {
        prefixes.push("bastion");
    }
    let own = prefixes.into_iter().map(|prefix| Ref::managed(hashed_name(prefix, &cluster.name)));
    let existing = group.external_load_balancers.iter().filter_map(|external| match external {
        ExternalLoadBalancer::TargetGroup(arn) => Some(Ref::existing(arn)),
        ExternalLoadBalancer::Classic(_) => None,
    });
    sorted(own.chain(existing))
}

fn classic_load_balancers(group: &InstanceGroup) -> Vec<String> {
    sorted(group.external_load_balancers.iter().filter_map(|external| match external {
        ExternalLoadBalancer::Classic(name) => Some(name.clone()),
        ExternalLoadBalancer::TargetGroup(_) => None,
    }))
}

fn mixed_policy(
    lowering: &Lowering<'_>,
    group: &InstanceGroup,
    policy: &resolved::MixedInstancesPolicy,
) -> MixedInstancesPolicy {
    let mut overrides: Vec<LaunchTemplateOverride> = policy
        .instances
        .iter()
        .map(|name| LaunchTemplateOverride { instance_type: Some(name.clone()), instance_requirements: None })
        .collect();
    if let Some(wanted) = &policy.instance_requirements {
        overrides.push(LaunchTemplateOverride {
            instance_type: None,
            instance_requirements: Some(InstanceRequirements {
                vcpu_count: CountRange { min: wanted.min_vcpus, max: wanted.max_vcpus },
                memory_mib: CountRange { min: wanted.min_memory_mib, max: wanted.max_memory_mib },
                excluded_instance_types: wanted.excluded_types.clone(),
            }),
        });
    }
    MixedInstancesPolicy {
        instances_distribution: InstancesDistribution {
            on_demand_allocation_strategy: policy.on_demand_allocation_strategy.clone(),
            on_demand_base_capacity: policy.on_demand_base,
            on_demand_percentage_above_base_capacity: policy.on_demand_above_base,
            spot_allocation_strategy: policy.spot_allocation_strategy.clone(),
            spot_instance_pools: policy.spot_instance_pools,
            spot_max_price: group.max_price.clone().filter(|price| !price.is_empty()),
        },
        launch_template: MixedLaunchTemplate { launch_template: launch_template(lowering, group), overrides },
    }
}
