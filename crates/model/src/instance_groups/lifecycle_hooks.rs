//! Hooks that hold an instance while it is prepared or drained.

use kedge_resource::Ref;
use kedge_resource::kind::LifecycleHook;
use kedge_spec::resolved::InstanceGroup;

use super::warm_pool;
use crate::lowering::Lowering;
use crate::names;
use crate::termination::HEARTBEAT_SECONDS;

/// Makes the hooks of a group.
pub(super) fn lower(lowering: &mut Lowering<'_>, group: &InstanceGroup) {
    let name = names::group(group, lowering.name());
    if let Some(pool) = warm_pool::of(lowering.cluster, group)
        && pool.lifecycle_hook
    {
        add(
            lowering,
            LifecycleHook {
                auto_scaling_group: Ref::managed(name.clone()),
                lifecycle_hook_name: "kops-warmpool".to_owned(),
                lifecycle_transition: "autoscaling:EC2_INSTANCE_LAUNCHING".to_owned(),
                default_result: "ABANDON".to_owned(),
                heartbeat_timeout: pool.lifecycle_hook_timeout,
            },
        );
    }
    let handler = &lowering.cluster.termination_handler;
    if handler.enabled && handler.queue {
        add(
            lowering,
            LifecycleHook {
                auto_scaling_group: Ref::managed(name),
                lifecycle_hook_name: format!("{}-NTHLifecycleHook", group.name),
                lifecycle_transition: "autoscaling:EC2_INSTANCE_TERMINATING".to_owned(),
                default_result: "CONTINUE".to_owned(),
                heartbeat_timeout: HEARTBEAT_SECONDS,
            },
        );
    }
}

fn add(lowering: &mut Lowering<'_>, hook: LifecycleHook) {
    lowering.add(format!("{} {}", hook.auto_scaling_group.bare(), hook.lifecycle_hook_name), hook);
}
