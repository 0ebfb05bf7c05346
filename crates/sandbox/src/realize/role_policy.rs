//! Inline policies: `PutRolePolicy`, `DeleteRolePolicy`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::RolePolicy;

use super::{Task, after, observed};

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &RolePolicy = after(change)?;
    let role = task.handles.resolve(&want.role)?;
    let (name, document) = (&want.policy_name, &want.policy_document);
    let call = "iam:PutRolePolicy";
    task.set(call, &change.key.name, |account| account.put_role_policy(&role, name, document)).await?;
    Ok(Handle::new(&change.key.name))
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    create(task, change).await
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &RolePolicy = observed(change)?;
    let (role, name) = (task.handles.resolve(&had.role)?, &had.policy_name);
    task.remove("iam:DeleteRolePolicy", &change.key.name, |account| account.delete_role_policy(&role, name)).await
}
