//! Auto scaling groups, their hooks and warm pools.

use kedge_resource::kind::{AutoScalingGroup, LifecycleHook, MetricsCollection, WarmPool};
use kedge_resource::{Handle, Kind, Observed, Ref, names};

use super::{View, entry};
use crate::account::scaling_group::Source;

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    for group in view.account.scaling_groups.values().filter(|group| !group.deleting) {
        let named = names::owns_name(Kind::AutoScalingGroup, view.cluster, &group.name);
        if !named && !view.concerns(&group.tags) {
            continue;
        }
        let (name, ownership) = (&group.name, view.ownership(&group.tags));
        let (launch_template, mixed_instances_policy) = match &group.spec.source {
            Source::Template(template) => (Some(Ref::existing(template)), None),
            Source::Mixed(policy) => (None, Some((**policy).clone())),
        };
        let properties = AutoScalingGroup {
            min_size: group.spec.min,
            max_size: group.spec.max,
            launch_template,
            mixed_instances_policy,
            subnets: group.spec.subnets.iter().map(Ref::existing).collect(),
            target_groups: group.target_groups.iter().map(Ref::existing).collect(),
            load_balancers: group.classic_load_balancers.clone(),
            metrics_collection: (!group.metrics.is_empty()).then(|| MetricsCollection {
                granularity: "1Minute".to_owned(),
                metrics: group.metrics.iter().cloned().collect(),
            }),
            max_instance_lifetime: group.spec.max_instance_lifetime,
            new_instances_protected_from_scale_in: group.spec.protected,
            suspended_processes: group.suspended.iter().cloned().collect(),
            capacity_rebalance: group.spec.capacity_rebalance,
            tags: group.tags.clone(),
        };
        found.push(entry(Kind::AutoScalingGroup, name, Handle::new(name), ownership, properties));
        for (hook, settings) in &group.hooks {
            let key = format!("{name} {hook}");
            let properties = LifecycleHook {
                auto_scaling_group: Ref::existing(name),
                lifecycle_hook_name: hook.clone(),
                lifecycle_transition: settings.transition.clone(),
                default_result: settings.default_result.clone(),
                heartbeat_timeout: settings.heartbeat_timeout,
            };
            found.push(entry(Kind::LifecycleHook, key.clone(), Handle::new(key), ownership, properties));
        }
        if let Some(pool) = &group.warm_pool {
            let properties = WarmPool {
                auto_scaling_group: Ref::existing(name),
                min_size: pool.min_size,
                max_group_prepared_capacity: pool.max_group_prepared_capacity,
            };
            found.push(entry(Kind::WarmPool, name, Handle::new(name), ownership, properties));
        }
    }
}
