//! Instance groups: launch templates, auto scaling groups, hooks, warm pools, and the key pair of all of them.
//!
//! Karpenter launches the instances of its groups itself, so those have nothing here.

mod auto_scaling_group;
mod block_devices;
mod gpu;
pub(crate) mod key_pair;
mod launch_template;
mod lifecycle_hooks;
mod tags;
pub(crate) mod warm_pool;

pub(crate) use block_devices::performance;
pub use gpu::has_gpu;

use kedge_resource::Ref;
use kedge_resource::kind::{InstanceProfile, LaunchTemplate, Subnet};
use kedge_spec::resolved::InstanceGroup;

use crate::lowering::Lowering;
use crate::names;

/// Makes what instance groups need.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    key_pair::lower(lowering);
    for group in lowering.spec.groups.iter().filter(|group| !group.karpenter) {
        launch_template::lower(lowering, group);
        auto_scaling_group::lower(lowering, group);
        lifecycle_hooks::lower(lowering, group);
        warm_pool::lower(lowering, group);
    }
}

/// The machine type that a group's template names.
pub(crate) fn machine_type(group: &InstanceGroup) -> &str {
    group.machine_types.first().map(String::as_str).unwrap_or_default()
}

/// The profile that a group's instances run with.
fn instance_profile(lowering: &Lowering<'_>, group: &InstanceGroup) -> Ref<InstanceProfile> {
    match &group.instance_profile {
        Some(name) => Ref::existing(name),
        None => Ref::managed(names::instance_role(group.role, lowering.name())),
    }
}

fn launch_template(lowering: &Lowering<'_>, group: &InstanceGroup) -> Ref<LaunchTemplate> {
    Ref::managed(names::group(group, lowering.name()))
}

fn subnets(lowering: &Lowering<'_>, group: &InstanceGroup) -> Vec<Ref<Subnet>> {
    let mut result = Vec::new();
    for subnet in group.subnets.iter().filter_map(|name| lowering.subnet(name)) {
        if !result.contains(&subnet.reference) {
            result.push(subnet.reference.clone());
        }
    }
    result
}

#[cfg(test)]
mod tests;
