//! EC2 Auto Scaling: groups, their hooks and warm pools.

use kedge_cloud::{CloudError, StepOutcome};
use kedge_resource::{ClusterName, Kind};

use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, bug};

mod group;
mod lifecycle_hook;
mod policy;
mod warm_pool;

/// The groups of a cluster with their hooks and warm pools. Hooks take a call for each group, all at once.
pub(crate) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let kinds = [Kind::AutoScalingGroup, Kind::LifecycleHook, Kind::WarmPool];
    let groups = part.accept(&kinds, group::list(aws, cluster).await)?;
    let entries = groups.iter().filter_map(|group| Some((group, group::entry_of(cluster, group)?)));
    let entries: Vec<_> = entries.collect();
    let hooks = entries.iter().map(|(_, entry)| lifecycle_hook::list(aws, &entry.handle.id));
    let hooks = futures_util::future::try_join_all(hooks).await;
    let hooks = part.accept(&[Kind::LifecycleHook], hooks)?;
    for hook in hooks.iter().flatten() {
        let group = entries.iter().find(|(_, entry)| Some(entry.handle.id.as_str()) == hook.auto_scaling_group_name());
        part.resources.extend(group.and_then(|(_, entry)| lifecycle_hook::entry_of(entry, hook)));
    }
    for (group, entry) in entries {
        part.resources.extend(warm_pool::entry_of(&entry, group));
        part.resources.push(entry);
    }
    Ok(part)
}

/// Does a step of one of the kinds of EC2 Auto Scaling.
pub(crate) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let first = task.first()?;
    match first.key.kind {
        Kind::AutoScalingGroup => group::realize(task, first).await,
        Kind::LifecycleHook => lifecycle_hook::realize(task).await,
        Kind::WarmPool => warm_pool::realize(task, first).await,
        other => Err(bug(format!("{other} is not a kind of EC2 Auto Scaling"))),
    }
}
