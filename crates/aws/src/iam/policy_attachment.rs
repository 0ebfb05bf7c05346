//! Managed policies on roles.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::kind::PolicyAttachment;
use kedge_resource::{Handle, Kind, Observed, Ownership, Ref};

use crate::client::Aws;
use crate::realize::{Task, after, gone, observed as before};
use crate::shared::entry;

/// ARNs of the managed policies on a role.
pub(super) async fn list(aws: &Aws, role: &str) -> Result<Vec<String>, CloudError> {
    let mut all = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .read("iam:ListAttachedRolePolicies", || {
                aws.iam().list_attached_role_policies().role_name(role).set_marker(marker.clone()).send()
            })
            .await?;
        all.extend(page.attached_policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// The entry of an attachment.
pub(super) fn observed(role: &str, arn: &str, ownership: Ownership) -> Observed {
    let name = format!("{role} {arn}");
    let properties = PolicyAttachment { role: Ref::existing(role), policy_arn: arn.to_owned() };
    entry(Kind::PolicyAttachment, name.clone(), Handle::new(name), ownership, properties)
}

/// Attaches the policy; AWS does not mind if it is attached already.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &PolicyAttachment = after(change)?;
    let role = task.handles.resolve(&wanted.role)?;
    aws.write_settling("iam:AttachRolePolicy", task.progress, || {
        aws.iam().attach_role_policy().role_name(&role).policy_arn(&wanted.policy_arn).send()
    })
    .await?;
    Ok(Handle::new(&change.key.name))
}

/// Detaches the policy.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &PolicyAttachment = before(change)?;
    remove(task.aws, &task.handles.resolve(&had.role)?, &had.policy_arn).await
}

/// Detaches a policy from a role.
pub(super) async fn remove(aws: &Aws, role: &str, arn: &str) -> Result<(), CloudError> {
    let answer = aws
        .write_idempotent("iam:DetachRolePolicy", || {
            aws.iam().detach_role_policy().role_name(role).policy_arn(arn).send()
        })
        .await;
    gone(answer)
}
