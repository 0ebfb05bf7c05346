//! Roles.

use aws_sdk_iam::types::{AttachedPermissionsBoundary, Role as Raw};
use futures_util::future::{join_all, join3, try_join_all, try_join3};
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::Role;
use kedge_resource::{ClusterName, Handle, Kind, Tags, names};

use super::{document, instance_profile, policy_attachment, read_tags, request_tags, role_details, role_policy};
use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, after, gone, observed, touches};
use crate::shared::{changed_tags, entry, found, in_the_way, ownership};

const CREATE: &str = "iam:CreateRole";
const DELETE: &str = "iam:DeleteRole";
const GET: &str = "iam:GetRole";
const TAG: &str = "iam:TagRole";
/// Longest page that IAM gives.
const PAGE: i32 = 1000;

/// The roles whose names could be the cluster's, with their policies.
pub(super) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    match role_details::observe(aws, cluster).await? {
        Some(part) => Ok(part),
        None => one_by_one(aws, cluster).await,
    }
}

async fn one_by_one(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let listed = list(aws, cluster).await;
    let listed = part.accept(&[Kind::Role, Kind::RolePolicy, Kind::PolicyAttachment], listed)?;
    for more in try_join_all(listed.iter().map(|name| Box::pin(observe_one(aws, cluster, name)))).await? {
        part.extend(more);
    }
    Ok(part)
}

async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<String>, CloudError> {
    let mut ours = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .read("iam:ListRoles", || aws.iam().list_roles().max_items(PAGE).set_marker(marker.clone()).send())
            .await?;
        ours.extend(
            page.roles
                .into_iter()
                .map(|role| role.role_name)
                .filter(|name| names::owns_name(Kind::Role, cluster, name)),
        );
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(ours);
        }
    }
}

async fn observe_one(aws: &Aws, cluster: &ClusterName, name: &str) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let (role, policies, attachments) = join3(
        Box::pin(get(aws, name)),
        Box::pin(role_policy::list(aws, name)),
        Box::pin(policy_attachment::list(aws, name)),
    )
    .await;
    let role = part.accept(&[Kind::Role, Kind::RolePolicy, Kind::PolicyAttachment], role)?;
    // gone meanwhile, or unreadable
    let Some(role) = role else { return Ok(part) };
    let policies = part.accept(&[Kind::RolePolicy], found(policies))?.unwrap_or_default();
    let attachments = part.accept(&[Kind::PolicyAttachment], found(attachments))?.unwrap_or_default();

    let ownership = ownership(cluster, &read_tags(role.tags.clone()));
    let properties = part.accept(&[Kind::Role], properties_of(name, role).map(Some))?;
    part.resources.extend(properties.map(|role| entry(Kind::Role, name, Handle::new(name), ownership, role)));
    part.resources.extend(attachments.iter().map(|arn| policy_attachment::observed(name, arn, ownership)));
    let policies = policies.iter().map(|policy| Box::pin(role_policy::observe(aws, name, policy, ownership)));
    for policy in join_all(policies).await {
        let policy = part.accept(&[Kind::RolePolicy], policy)?;
        part.resources.extend(policy);
    }
    Ok(part)
}

async fn get(aws: &Aws, name: &str) -> Result<Option<Raw>, CloudError> {
    let answer = found(aws.read(GET, || aws.iam().get_role().role_name(name).send()).await)?;
    Ok(answer.and_then(|answer| answer.role))
}

fn properties_of(name: &str, raw: Raw) -> Result<Role, CloudError> {
    let trust = raw.assume_role_policy_document.unwrap_or_default();
    properties(GET, name, &trust, raw.permissions_boundary, read_tags(raw.tags))
}

/// What `call` says of a role.
pub(super) fn properties(
    call: &str,
    name: &str,
    trust: &str,
    boundary: Option<AttachedPermissionsBoundary>,
    tags: Tags,
) -> Result<Role, CloudError> {
    Ok(Role {
        assume_role_policy_document: document::parse(call, name, trust)?,
        permissions_boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        tags,
    })
}

/// Makes it. One that exists and is the cluster's, as an interrupted run leaves it, is made to be as wanted.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let Task { aws, cluster, .. } = *task;
    let wanted: &Role = after(change)?;
    let name = &change.key.name;
    let trust = wanted.assume_role_policy_document.to_json();
    let tags = request_tags(CREATE, &wanted.tags)?;
    let answer = aws
        .write_settling(CREATE, task.progress, || {
            aws.iam()
                .create_role()
                .role_name(name)
                .assume_role_policy_document(&trust)
                .set_permissions_boundary(wanted.permissions_boundary.clone())
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await;
    match answer {
        Ok(_) => {}
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let Some(raw) = get(aws, name).await? else { return Err(error) };
            if !read_tags(raw.tags.clone()).owned_by(cluster) {
                return Err(in_the_way(CREATE, &change.key, cluster));
            }
            let has = properties_of(name, raw)?;
            if has.assume_role_policy_document != wanted.assume_role_policy_document {
                set_trust(task, name, wanted).await?;
            }
            if has.permissions_boundary != wanted.permissions_boundary {
                set_boundary(task, name, wanted).await?;
            }
            set_tags(task, name, &changed_tags(&has.tags, &wanted.tags)).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(Handle::new(name))
}

/// Changes what `fields` names.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let wanted: &Role = after(change)?;
    let had: &Role = observed(change)?;
    let name = &change.key.name;
    if touches(change, "AssumeRolePolicyDocument") {
        set_trust(task, name, wanted).await?;
    }
    if touches(change, "PermissionsBoundary") {
        set_boundary(task, name, wanted).await?;
    }
    if touches(change, "Tags") {
        set_tags(task, name, &changed_tags(&had.tags, &wanted.tags)).await?;
    }
    Ok(Handle::new(name))
}

async fn set_trust(task: &Task<'_>, name: &str, wanted: &Role) -> Result<(), CloudError> {
    let trust = wanted.assume_role_policy_document.to_json();
    task.aws
        .write_settling("iam:UpdateAssumeRolePolicy", task.progress, || {
            task.aws.iam().update_assume_role_policy().role_name(name).policy_document(&trust).send()
        })
        .await?;
    Ok(())
}

async fn set_boundary(task: &Task<'_>, name: &str, wanted: &Role) -> Result<(), CloudError> {
    let aws = task.aws;
    if let Some(boundary) = &wanted.permissions_boundary {
        aws.write_settling("iam:PutRolePermissionsBoundary", task.progress, || {
            aws.iam().put_role_permissions_boundary().role_name(name).permissions_boundary(boundary).send()
        })
        .await?;
        return Ok(());
    }
    let answer = aws
        .write_idempotent("iam:DeleteRolePermissionsBoundary", || {
            aws.iam().delete_role_permissions_boundary().role_name(name).send()
        })
        .await;
    gone(answer)
}

async fn set_tags(task: &Task<'_>, name: &str, tags: &Tags) -> Result<(), CloudError> {
    if tags.is_empty() {
        return Ok(());
    }
    let tags = request_tags(TAG, tags)?;
    task.aws
        .write_settling(TAG, task.progress, || {
            task.aws.iam().tag_role().role_name(name).set_tags(Some(tags.clone())).send()
        })
        .await?;
    Ok(())
}

/// Removes it. What hangs on it and is not in the plan (a policy that somebody added to the cluster's own role) would make
/// that impossible, so it is taken off.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let aws = task.aws;
    let name = &change.key.name;
    match remove(aws, name).await {
        Err(error) if error.class == ErrorClass::InUse => {
            clear(task, name).await?;
            remove(aws, name).await
        }
        other => other,
    }
}

async fn remove(aws: &Aws, name: &str) -> Result<(), CloudError> {
    gone(aws.write_idempotent(DELETE, || aws.iam().delete_role().role_name(name).send()).await)
}

async fn clear(task: &Task<'_>, name: &str) -> Result<(), CloudError> {
    let aws = task.aws;
    (task.progress)(format!("taking everything off the role {name}"));
    let (policies, attachments, profiles) = try_join3(
        Box::pin(async { found(role_policy::list(aws, name).await) }),
        Box::pin(async { found(policy_attachment::list(aws, name).await) }),
        Box::pin(async {
            found(
                aws.read("iam:ListInstanceProfilesForRole", || {
                    aws.iam().list_instance_profiles_for_role().role_name(name).max_items(PAGE).send()
                })
                .await,
            )
        }),
    )
    .await?;
    let holders = profiles.map(|answer| answer.instance_profiles).unwrap_or_default();
    let holders = holders.into_iter().map(|profile| profile.instance_profile_name);
    let holders = try_join_all(holders.map(|profile| Box::pin(owned_profile(task, profile)))).await?;
    let (ours, others): (Vec<_>, Vec<_>) = holders.into_iter().partition(|(_, ours)| *ours);
    if let Some(error) = held(name, others.into_iter().map(|(profile, _)| profile).collect(), task.cluster) {
        return Err(error);
    }
    for policy in policies.unwrap_or_default() {
        role_policy::remove(aws, name, &policy).await?;
    }
    for arn in attachments.unwrap_or_default() {
        policy_attachment::remove(aws, name, &arn).await?;
    }
    for (profile, _) in ours {
        instance_profile::remove_role(aws, &profile, name).await?;
    }
    Ok(())
}

/// Whether an instance profile is the cluster's. One that is gone meanwhile holds nothing, so that it may count as such.
async fn owned_profile(task: &Task<'_>, profile: String) -> Result<(String, bool), CloudError> {
    let tags = instance_profile::tags_of(task.aws, &profile).await?;
    let ours = tags.is_none_or(|tags| tags.owned_by(task.cluster));
    Ok((profile, ours))
}

/// The error of a role that instance profiles of others hold: those are not touched.
fn held(role: &str, others: Vec<String>, cluster: &ClusterName) -> Option<CloudError> {
    if others.is_empty() {
        return None;
    }
    let others = others.join(", ");
    let message = format!("the role {role} is in instance profiles that do not belong to {cluster}: {others}");
    let hint = "take the role out of them, and delete again";
    Some(CloudError::new(ErrorClass::Conflict, DELETE, message).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_others_that_hold_a_role_are_named() {
        let cluster = ClusterName::parse("a.example.com").unwrap();
        assert_eq!(held("nodes.a.example.com", Vec::new(), &cluster), None);
        let error = held("nodes.a.example.com", vec!["theirs".to_owned()], &cluster).unwrap();
        assert_eq!(error.class, ErrorClass::Conflict);
        assert!(error.message.ends_with("do not belong to a.example.com: theirs"), "{error}");
    }
}
