//! Target groups: `CreateTargetGroup`, then `ModifyTargetGroupAttributes`.

use std::collections::BTreeMap;

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::TargetGroup;

use super::{Task, after, before, changed_attributes, changed_tags, observed, touches};
use crate::account::target_group::HealthCheck;

fn health_check(want: &TargetGroup) -> HealthCheck {
    HealthCheck {
        protocol: want.health_check_protocol.clone(),
        path: want.health_check_path.clone(),
        interval: want.health_check_interval_seconds,
        healthy: want.healthy_threshold_count,
        unhealthy: want.unhealthy_threshold_count,
    }
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "elasticloadbalancing:CreateTargetGroup";
    let want: &TargetGroup = after(change)?;
    let (name, vpc) = (change.key.name.as_str(), task.handles.resolve(&want.vpc)?);
    let check = health_check(want);
    let port = (want.protocol.as_str(), want.port);
    // AWS answers the same request with the group that there is.
    let made = task.set(CALL, name, |account| account.create_target_group(name, &vpc, port, &check, &want.tags)).await;
    let arn = match made {
        Ok(made) => made.arn,
        Err(error) if error.class == ErrorClass::AlreadyExists => return Err(task.in_the_way(CALL, &change.key)),
        Err(error) => return Err(error),
    };
    set_attributes(task, &arn, &want.target_group_attributes).await?;
    Ok(Handle::new(arn))
}

async fn set_attributes(task: &Task<'_>, arn: &str, attributes: &BTreeMap<String, String>) -> Result<(), CloudError> {
    if attributes.is_empty() {
        return Ok(());
    }
    let call = "elasticloadbalancing:ModifyTargetGroupAttributes";
    task.set(call, arn, |account| account.modify_target_group_attributes(arn, attributes)).await
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let (want, had): (&TargetGroup, &TargetGroup) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    let arn = handle.id.as_str();
    if change.fields.iter().any(|field| field.starts_with("Health") || field.starts_with("Unhealthy")) {
        let check = health_check(want);
        let call = "elasticloadbalancing:ModifyTargetGroup";
        task.set(call, arn, |account| account.modify_target_group(arn, &check)).await?;
    }
    if touches(change, "TargetGroupAttributes") {
        let changed = changed_attributes(&had.target_group_attributes, &want.target_group_attributes);
        set_attributes(task, arn, &changed).await?;
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("elasticloadbalancing:AddTags", arn, |account| account.add_balancing_tags(arn, &tags)).await?;
    }
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let arn = &before(change)?.handle.id;
    let call = "elasticloadbalancing:DeleteTargetGroup";
    task.remove(call, arn, |account| account.delete_target_group(arn)).await
}
