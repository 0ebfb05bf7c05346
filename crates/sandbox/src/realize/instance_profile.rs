//! Instance profiles: `CreateInstanceProfile`, then `AddRoleToInstanceProfile`; back in the other order.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::InstanceProfile;

use super::{Task, after, before, changed_tags, observed, touches};
use crate::account::Account;

const GET: &str = "iam:GetInstanceProfile";

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "iam:CreateInstanceProfile";
    let want: &InstanceProfile = after(change)?;
    let name = change.key.name.as_str();
    let make = |account: &mut Account| account.create_instance_profile(name, &want.tags).map(|_| ());
    match task.set(CALL, name, make).await {
        Ok(()) => {}
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let ours = |account: &Account| {
                account.instance_profiles.get(name).is_some_and(|it| it.tags.owned_by(task.cluster))
            };
            if !task.sandbox.read(GET, name, ours).await? {
                return Err(task.in_the_way(CALL, &change.key));
            }
        }
        Err(error) => return Err(error),
    }
    if let Some(role) = &want.role {
        add(task, name, &task.handles.resolve(role)?).await?;
    }
    Ok(Handle::new(name))
}

/// A profile has room for one role, so that adding the same one again is refused.
async fn add(task: &Task<'_>, name: &str, role: &str) -> Result<(), CloudError> {
    let call = "iam:AddRoleToInstanceProfile";
    match task.set(call, name, |account| account.add_role_to_instance_profile(name, role)).await {
        Err(error) if error.class == ErrorClass::Quota => {
            let there = |account: &Account| account.instance_profiles.get(name).and_then(|it| it.role.clone());
            let there = task.sandbox.read(GET, name, there).await?;
            if there.as_deref() == Some(role) { Ok(()) } else { Err(error) }
        }
        other => other,
    }
}

async fn remove(task: &Task<'_>, name: &str, role: &str) -> Result<(), CloudError> {
    let call = "iam:RemoveRoleFromInstanceProfile";
    task.remove(call, name, |account| account.remove_role_from_instance_profile(name, role)).await
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let (want, had): (&InstanceProfile, &InstanceProfile) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    let name = handle.id.as_str();
    if touches(change, "Role") {
        if let Some(role) = &had.role {
            remove(task, name, &task.handles.resolve(role)?).await?;
        }
        if let Some(role) = &want.role {
            add(task, name, &task.handles.resolve(role)?).await?;
        }
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("iam:TagInstanceProfile", name, |account| account.tag_instance_profile(name, &tags)).await?;
    }
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &InstanceProfile = observed(change)?;
    let name = &before(change)?.handle.id;
    if let Some(role) = &had.role {
        remove(task, name, &task.handles.resolve(role)?).await?;
    }
    task.remove("iam:DeleteInstanceProfile", name, |account| account.delete_instance_profile(name)).await
}
