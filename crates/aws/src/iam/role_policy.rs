//! Inline policies of roles.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::kind::RolePolicy;
use kedge_resource::{Handle, Kind, Observed, Ownership, Ref};

use super::document;
use crate::client::Aws;
use crate::realize::{Task, after, gone, observed as before};
use crate::shared::{entry, found};

const GET: &str = "iam:GetRolePolicy";

/// Names of the inline policies of a role.
pub(super) async fn list(aws: &Aws, role: &str) -> Result<Vec<String>, CloudError> {
    let mut all = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .read("iam:ListRolePolicies", || {
                aws.iam().list_role_policies().role_name(role).set_marker(marker.clone()).send()
            })
            .await?;
        all.extend(page.policy_names);
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// The entry of a policy; none if it is gone meanwhile.
pub(super) async fn observe(
    aws: &Aws,
    role: &str,
    policy: &str,
    ownership: Ownership,
) -> Result<Option<Observed>, CloudError> {
    let answer = aws.read(GET, || aws.iam().get_role_policy().role_name(role).policy_name(policy).send()).await;
    let Some(answer) = found(answer)? else { return Ok(None) };
    observed(GET, role, policy, &answer.policy_document, ownership).map(Some)
}

/// The entry of a policy whose document `call` returned.
pub(super) fn observed(
    call: &str,
    role: &str,
    policy: &str,
    document: &str,
    ownership: Ownership,
) -> Result<Observed, CloudError> {
    let properties = RolePolicy {
        role: Ref::existing(role),
        policy_name: policy.to_owned(),
        policy_document: document::parse(call, role, document)?,
    };
    let name = format!("{role} {policy}");
    Ok(entry(Kind::RolePolicy, name.clone(), Handle::new(name), ownership, properties))
}

/// Makes or overwrites it.
pub(super) async fn put(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &RolePolicy = after(change)?;
    let role = task.handles.resolve(&wanted.role)?;
    let document = wanted.policy_document.to_json();
    aws.write_settling("iam:PutRolePolicy", task.progress, || {
        aws.iam().put_role_policy().role_name(&role).policy_name(&wanted.policy_name).policy_document(&document).send()
    })
    .await?;
    Ok(Handle::new(&change.key.name))
}

/// Removes it.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &RolePolicy = before(change)?;
    remove(task.aws, &task.handles.resolve(&had.role)?, &had.policy_name).await
}

/// Removes a policy of a role.
pub(super) async fn remove(aws: &Aws, role: &str, policy: &str) -> Result<(), CloudError> {
    let answer = aws
        .write_idempotent("iam:DeleteRolePolicy", || {
            aws.iam().delete_role_policy().role_name(role).policy_name(policy).send()
        })
        .await;
    gone(answer)
}
