//! Roles: `CreateRole`, `UpdateAssumeRolePolicy`, the boundary calls, `TagRole`, `DeleteRole`.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::Role;

use super::{Task, after, before, changed_tags, touches};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "iam:CreateRole";
    let want: &Role = after(change)?;
    let name = change.key.name.as_str();
    let boundary = want.permissions_boundary.as_deref();
    let make = |account: &mut Account| {
        account.create_role(name, &want.assume_role_policy_document, boundary, &want.tags).map(|_| ())
    };
    match task.set(CALL, name, make).await {
        Ok(()) => {}
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let ours = |account: &Account| account.roles.get(name).is_some_and(|role| role.tags.owned_by(task.cluster));
            if !task.sandbox.read("iam:GetRole", name, ours).await? {
                return Err(task.in_the_way(CALL, &change.key));
            }
        }
        Err(error) => return Err(error),
    }
    Ok(Handle::new(name))
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Role = after(change)?;
    let handle = before(change)?.handle.clone();
    let name = handle.id.as_str();
    if touches(change, "AssumeRolePolicyDocument") {
        let trust = &want.assume_role_policy_document;
        let call = "iam:UpdateAssumeRolePolicy";
        task.set(call, name, |account| account.update_assume_role_policy(name, trust)).await?;
    }
    if touches(change, "PermissionsBoundary") {
        let boundary = want.permissions_boundary.as_deref();
        let call = match boundary {
            Some(_) => "iam:PutRolePermissionsBoundary",
            None => "iam:DeleteRolePermissionsBoundary",
        };
        task.set(call, name, |account| account.set_role_boundary(name, boundary)).await?;
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("iam:TagRole", name, |account| account.tag_role(name, &tags)).await?;
    }
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &before(change)?.handle.id;
    task.remove("iam:DeleteRole", name, |account| account.delete_role(name)).await
}
