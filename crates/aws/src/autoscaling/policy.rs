//! What a group launches: a template, or a policy of several machine types.

use aws_sdk_autoscaling::types::{
    InstanceRequirements as AwsRequirements, InstancesDistribution as AwsDistribution, LaunchTemplate as AwsTemplate,
    LaunchTemplateOverrides, LaunchTemplateSpecification, MemoryMiBRequest, MixedInstancesPolicy as AwsPolicy,
    VCpuCountRequest,
};
use kedge_cloud::CloudError;
use kedge_resource::Ref;
use kedge_resource::kind::{
    CountRange, InstanceRequirements, InstancesDistribution, LaunchTemplate, LaunchTemplateOverride,
    MixedInstancesPolicy, MixedLaunchTemplate,
};

use crate::realize::Task;

/// A group launches the latest version, so that a new version needs no change of the group.
const LATEST: &str = "$Latest";

/// A template as AWS takes it.
pub(super) fn template(
    task: &Task<'_>,
    template: &Ref<LaunchTemplate>,
) -> Result<LaunchTemplateSpecification, CloudError> {
    let name = task.handles.resolve(template)?;
    Ok(LaunchTemplateSpecification::builder().launch_template_name(name).version(LATEST).build())
}

/// A template as AWS gives it back.
pub(super) fn template_from(template: &LaunchTemplateSpecification) -> Option<Ref<LaunchTemplate>> {
    template.launch_template_name().or(template.launch_template_id()).map(Ref::existing)
}

/// A policy as AWS takes it.
pub(super) fn policy(task: &Task<'_>, policy: &MixedInstancesPolicy) -> Result<AwsPolicy, CloudError> {
    let InstancesDistribution {
        on_demand_allocation_strategy,
        on_demand_base_capacity,
        on_demand_percentage_above_base_capacity,
        spot_allocation_strategy,
        spot_instance_pools,
        spot_max_price,
    } = policy.instances_distribution.clone();
    let distribution = AwsDistribution::builder()
        .set_on_demand_allocation_strategy(on_demand_allocation_strategy)
        .set_on_demand_base_capacity(on_demand_base_capacity)
        .set_on_demand_percentage_above_base_capacity(on_demand_percentage_above_base_capacity)
        .set_spot_allocation_strategy(spot_allocation_strategy)
        .set_spot_instance_pools(spot_instance_pools)
        // an empty price takes a limit that was set back
        .spot_max_price(spot_max_price.unwrap_or_default())
        .build();
    let overrides = policy.launch_template.overrides.iter().map(|one| {
        LaunchTemplateOverrides::builder()
            .set_instance_type(one.instance_type.clone())
            .set_instance_requirements(one.instance_requirements.as_ref().map(requirements))
            .build()
    });
    let template = AwsTemplate::builder()
        .launch_template_specification(template(task, &policy.launch_template.launch_template)?)
        .set_overrides(Some(overrides.collect()))
        .build();
    Ok(AwsPolicy::builder().instances_distribution(distribution).launch_template(template).build())
}

fn requirements(requirements: &InstanceRequirements) -> AwsRequirements {
    let InstanceRequirements { vcpu_count, memory_mib, excluded_instance_types } = requirements;
    // AWS does not take an empty list.
    let excluded = (!excluded_instance_types.is_empty()).then(|| excluded_instance_types.clone());
    AwsRequirements::builder()
        .v_cpu_count(VCpuCountRequest::builder().min(vcpu_count.min).set_max(vcpu_count.max).build())
        .memory_mib(MemoryMiBRequest::builder().min(memory_mib.min).set_max(memory_mib.max).build())
        .set_excluded_instance_types(excluded)
        .build()
}

/// A policy as AWS gives it back.
pub(super) fn policy_from(policy: &AwsPolicy) -> Option<MixedInstancesPolicy> {
    let template = policy.launch_template()?;
    let distribution = policy.instances_distribution();
    let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(ToOwned::to_owned);
    Some(MixedInstancesPolicy {
        instances_distribution: InstancesDistribution {
            on_demand_allocation_strategy: text(distribution.and_then(|one| one.on_demand_allocation_strategy())),
            on_demand_base_capacity: distribution.and_then(|one| one.on_demand_base_capacity()),
            on_demand_percentage_above_base_capacity: distribution
                .and_then(|one| one.on_demand_percentage_above_base_capacity()),
            spot_allocation_strategy: text(distribution.and_then(|one| one.spot_allocation_strategy())),
            spot_instance_pools: distribution.and_then(|one| one.spot_instance_pools()),
            spot_max_price: text(distribution.and_then(|one| one.spot_max_price())),
        },
        launch_template: MixedLaunchTemplate {
            launch_template: template.launch_template_specification().and_then(template_from)?,
            overrides: template.overrides().iter().map(override_from).collect(),
        },
    })
}

fn override_from(one: &LaunchTemplateOverrides) -> LaunchTemplateOverride {
    let requirements = one.instance_requirements().map(|requirements| InstanceRequirements {
        vcpu_count: CountRange {
            min: requirements.v_cpu_count().and_then(|range| range.min()).unwrap_or_default(),
            max: requirements.v_cpu_count().and_then(|range| range.max()),
        },
        memory_mib: CountRange {
            min: requirements.memory_mib().and_then(|range| range.min()).unwrap_or_default(),
            max: requirements.memory_mib().and_then(|range| range.max()),
        },
        excluded_instance_types: sorted(requirements.excluded_instance_types()),
    });
    LaunchTemplateOverride {
        instance_type: one.instance_type().map(ToOwned::to_owned),
        instance_requirements: requirements,
    }
}

fn sorted(types: &[String]) -> Vec<String> {
    let mut types = types.to_vec();
    types.sort();
    types
}
