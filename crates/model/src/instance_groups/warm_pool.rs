//! Pools of stopped instances, which start faster than new ones.

use kedge_resource::Ref;
use kedge_resource::kind;
use kedge_spec::resolved::{Cluster, InstanceGroup, Role, WarmPool};

use crate::lowering::Lowering;
use crate::names;

/// Seconds that kops holds an instance while it is prepared, unless a manifest says otherwise.
const DEFAULT_HOOK_TIMEOUT: i32 = 600;

/// Makes the pool of a group.
pub(super) fn lower(lowering: &mut Lowering<'_>, group: &InstanceGroup) {
    let Some(pool) = of(lowering.cluster, group) else {
        return;
    };
    let name = names::group(group, lowering.name());
    let warm_pool = kind::WarmPool {
        auto_scaling_group: Ref::managed(name.clone()),
        min_size: pool.min_size,
        max_group_prepared_capacity: pool.max_size,
    };
    lowering.add(name, warm_pool);
}

/// The pool of a group: its own, where it leaves something open the cluster's, which counts for nodes and API servers only.
/// A pool of at most no instances is none.
pub(crate) fn of(cluster: &Cluster, group: &InstanceGroup) -> Option<WarmPool> {
    let common = cluster.warm_pool.as_ref().filter(|_| matches!(group.role, Role::Node | Role::ApiServer));
    let pool = match (&group.warm_pool, common) {
        (None, None) => return None,
        (None, Some(pool)) | (Some(pool), None) => pool.clone(),
        (Some(own), Some(common)) => WarmPool {
            min_size: if own.min_size == 0 { common.min_size } else { own.min_size },
            max_size: own.max_size.or(common.max_size),
            lifecycle_hook: own.lifecycle_hook || common.lifecycle_hook,
            lifecycle_hook_timeout: if own.lifecycle_hook_timeout == DEFAULT_HOOK_TIMEOUT {
                common.lifecycle_hook_timeout
            } else {
                own.lifecycle_hook_timeout
            },
        },
    };
    (pool.max_size != Some(0)).then_some(pool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn pool(min_size: i32, max_size: Option<i32>, lifecycle_hook: bool, lifecycle_hook_timeout: i32) -> WarmPool {
        WarmPool { min_size, max_size, lifecycle_hook, lifecycle_hook_timeout }
    }

    #[test]
    fn the_clusters_pool_fills_in_what_a_group_leaves_open() {
        let mut spec = testing::minimal();
        spec.cluster.warm_pool = Some(pool(1, Some(5), true, 900));
        assert_eq!(of(&spec.cluster, &spec.groups[0]), None, "the control plane has none");
        assert_eq!(of(&spec.cluster, &spec.groups[1]), spec.cluster.warm_pool);
        spec.groups[1].warm_pool = Some(pool(0, Some(2), false, 600));
        assert_eq!(of(&spec.cluster, &spec.groups[1]), Some(pool(1, Some(2), true, 900)));
        spec.groups[1].warm_pool = Some(pool(0, Some(0), false, 600));
        assert_eq!(of(&spec.cluster, &spec.groups[1]), None);
        spec.groups[0].warm_pool = Some(pool(2, None, false, 600));
        assert_eq!(of(&spec.cluster, &spec.groups[0]), spec.groups[0].warm_pool);
    }
}
