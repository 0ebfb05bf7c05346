//! Auto scaling groups: AWS reports defaults for every part of a mixed instances policy.

use kedge_resource::kind::{AutoScalingGroup, InstancesDistribution};

use super::unsaid;

/// `capacity-optimized` and the like have no pools; for `lowest-price` AWS reports this number.
const DEFAULT_SPOT_POOLS: i32 = 2;

pub(super) fn disregard(want: &AutoScalingGroup, have: &mut AutoScalingGroup) {
    if let (Some(want), Some(have)) = (&want.mixed_instances_policy, &mut have.mixed_instances_policy) {
        distribution(&want.instances_distribution, &mut have.instances_distribution);
    }
    // AWS answers with the group's metrics in an order of its own.
    if let (Some(want), Some(have)) = (&want.metrics_collection, &mut have.metrics_collection) {
        let sorted = |metrics: &[String]| {
            let mut metrics = metrics.to_vec();
            metrics.sort();
            metrics
        };
        if sorted(&want.metrics) == sorted(&have.metrics) {
            have.metrics.clone_from(&want.metrics);
        }
    }
}

fn distribution(want: &InstancesDistribution, have: &mut InstancesDistribution) {
    let InstancesDistribution {
        on_demand_allocation_strategy,
        on_demand_base_capacity,
        on_demand_percentage_above_base_capacity,
        spot_allocation_strategy,
        spot_instance_pools,
        spot_max_price,
    } = want;
    // The default depends on whether the overrides name types or requirements.
    if on_demand_allocation_strategy.is_none()
        && matches!(have.on_demand_allocation_strategy.as_deref(), Some("prioritized" | "lowest-price"))
    {
        have.on_demand_allocation_strategy = None;
    }
    unsaid(on_demand_base_capacity, &mut have.on_demand_base_capacity, &0);
    unsaid(on_demand_percentage_above_base_capacity, &mut have.on_demand_percentage_above_base_capacity, &100);
    unsaid(spot_allocation_strategy, &mut have.spot_allocation_strategy, &"lowest-price".to_owned());
    unsaid(spot_instance_pools, &mut have.spot_instance_pools, &DEFAULT_SPOT_POOLS);
    // An empty price says the same as none: the on-demand price is the limit.
    if spot_max_price.as_deref().unwrap_or_default() == have.spot_max_price.as_deref().unwrap_or_default() {
        have.spot_max_price.clone_from(spot_max_price);
    }
}
