//! Managed policies of roles: `AttachRolePolicy`, `DetachRolePolicy`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::PolicyAttachment;

use super::{Task, after, observed};

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &PolicyAttachment = after(change)?;
    let (role, arn) = (task.handles.resolve(&want.role)?, &want.policy_arn);
    task.set("iam:AttachRolePolicy", &change.key.name, |account| account.attach_role_policy(&role, arn)).await?;
    Ok(Handle::new(&change.key.name))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &PolicyAttachment = observed(change)?;
    let (role, arn) = (task.handles.resolve(&had.role)?, &had.policy_arn);
    task.remove("iam:DetachRolePolicy", &change.key.name, |account| account.detach_role_policy(&role, arn)).await
}
