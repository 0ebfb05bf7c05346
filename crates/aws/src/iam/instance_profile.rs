//! Instance profiles. A profile holds one role at most.

use aws_sdk_iam::types::InstanceProfile as Raw;
use futures_util::future::join_all;
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::facts::ExistingInstanceProfile;
use kedge_resource::kind::InstanceProfile;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref, Tags, names};

use super::{read_tags, request_tags};
use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, after, gone, observed, touches};
use crate::shared::{changed_tags, entry, found, in_the_way, ownership};

const CREATE: &str = "iam:CreateInstanceProfile";
const ADD_ROLE: &str = "iam:AddRoleToInstanceProfile";
const TAG: &str = "iam:TagInstanceProfile";
/// Longest page that IAM gives.
const PAGE: i32 = 1000;

/// The instance profiles whose names could be the cluster's.
pub(super) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let listed = part.accept(&[Kind::InstanceProfile], list(aws, cluster).await)?;
    for one in join_all(listed.iter().map(|raw| Box::pin(observe_one(aws, cluster, raw)))).await {
        let one = part.accept(&[Kind::InstanceProfile], one)?;
        part.resources.extend(one);
    }
    Ok(part)
}

async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<Raw>, CloudError> {
    let mut ours = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .read("iam:ListInstanceProfiles", || {
                aws.iam().list_instance_profiles().max_items(PAGE).set_marker(marker.clone()).send()
            })
            .await?;
        ours.extend(
            page.instance_profiles
                .into_iter()
                .filter(|raw| names::owns_name(Kind::InstanceProfile, cluster, &raw.instance_profile_name)),
        );
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(ours);
        }
    }
}

/// Lists come without tags.
async fn observe_one(aws: &Aws, cluster: &ClusterName, listed: &Raw) -> Result<Option<Observed>, CloudError> {
    let name = &listed.instance_profile_name;
    let Some(raw) = get(aws, name).await? else { return Ok(None) };
    let role = role_of(&raw).map(Ref::existing);
    let tags = read_tags(raw.tags);
    let ownership = ownership(cluster, &tags);
    let properties = InstanceProfile { role, tags };
    Ok(Some(entry(Kind::InstanceProfile, name, Handle::new(name), ownership, properties)))
}

fn role_of(raw: &Raw) -> Option<String> {
    raw.roles.first().map(|role| role.role_name.clone())
}

async fn get(aws: &Aws, name: &str) -> Result<Option<Raw>, CloudError> {
    let answer = aws
        .read("iam:GetInstanceProfile", || aws.iam().get_instance_profile().instance_profile_name(name).send())
        .await;
    Ok(found(answer)?.and_then(|answer| answer.instance_profile))
}

/// The tags of a profile; none if it does not exist.
pub(super) async fn tags_of(aws: &Aws, name: &str) -> Result<Option<Tags>, CloudError> {
    Ok(get(aws, name).await?.map(|raw| read_tags(raw.tags)))
}

/// An instance profile that somebody else made, for the facts.
pub(crate) async fn existing(aws: &Aws, name: &str) -> Result<Option<ExistingInstanceProfile>, CloudError> {
    let raw = get(aws, name).await?;
    Ok(raw.map(|raw| ExistingInstanceProfile { role: role_of(&raw), name: raw.instance_profile_name }))
}

/// Makes it and puts the role in. One that exists and is the cluster's, perhaps without role, is completed.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let Task { aws, cluster, .. } = *task;
    let wanted: &InstanceProfile = after(change)?;
    let name = &change.key.name;
    let tags = request_tags(CREATE, &wanted.tags)?;
    let answer = aws
        .write_settling(CREATE, task.progress, || {
            aws.iam().create_instance_profile().instance_profile_name(name).set_tags(Some(tags.clone())).send()
        })
        .await;
    match answer {
        Ok(_) => {}
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let Some(raw) = get(aws, name).await? else { return Err(error) };
            let has = read_tags(raw.tags);
            if !has.owned_by(cluster) {
                return Err(in_the_way(CREATE, &change.key, cluster));
            }
            set_tags(task, name, &changed_tags(&has, &wanted.tags)).await?;
        }
        Err(error) => return Err(error),
    }
    set_role(task, name, wanted).await?;
    Ok(Handle::new(name))
}

/// Changes what `fields` names.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let wanted: &InstanceProfile = after(change)?;
    let had: &InstanceProfile = observed(change)?;
    let name = &change.key.name;
    if touches(change, "Role") {
        if let Some(role) = &had.role {
            remove_role(task.aws, name, &task.handles.resolve(role)?).await?;
        }
        set_role(task, name, wanted).await?;
    }
    if touches(change, "Tags") {
        set_tags(task, name, &changed_tags(&had.tags, &wanted.tags)).await?;
    }
    Ok(Handle::new(name))
}

/// Puts the wanted role in, in the place of another one.
async fn set_role(task: &Task<'_>, name: &str, wanted: &InstanceProfile) -> Result<(), CloudError> {
    let Some(role) = &wanted.role else { return Ok(()) };
    let role = task.handles.resolve(role)?;
    match add_role(task, name, &role).await {
        // it holds one already: this one, or another one
        Err(error) if matches!(error.class, ErrorClass::Quota | ErrorClass::AlreadyExists) => {
            let holds = get(task.aws, name).await?.as_ref().and_then(role_of);
            match holds {
                Some(holds) if holds == role => Ok(()),
                Some(other) => {
                    remove_role(task.aws, name, &other).await?;
                    add_role(task, name, &role).await
                }
                None => Err(error),
            }
        }
        other => other,
    }
}

async fn add_role(task: &Task<'_>, name: &str, role: &str) -> Result<(), CloudError> {
    task.aws
        .write_settling(ADD_ROLE, task.progress, || {
            task.aws.iam().add_role_to_instance_profile().instance_profile_name(name).role_name(role).send()
        })
        .await?;
    Ok(())
}

/// Takes a role out of a profile.
pub(super) async fn remove_role(aws: &Aws, name: &str, role: &str) -> Result<(), CloudError> {
    let answer = aws
        .write_idempotent("iam:RemoveRoleFromInstanceProfile", || {
            aws.iam().remove_role_from_instance_profile().instance_profile_name(name).role_name(role).send()
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
            task.aws.iam().tag_instance_profile().instance_profile_name(name).set_tags(Some(tags.clone())).send()
        })
        .await?;
    Ok(())
}

/// Takes the role out and removes the profile.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let aws = task.aws;
    let name = &change.key.name;
    let had: &InstanceProfile = observed(change)?;
    if let Some(role) = &had.role {
        remove_role(aws, name, &task.handles.resolve(role)?).await?;
    }
    match remove(aws, name).await {
        // another role was put in since the plan was made
        Err(error) if error.class == ErrorClass::InUse => {
            let Some(role) = get(aws, name).await?.as_ref().and_then(role_of) else { return Err(error) };
            remove_role(aws, name, &role).await?;
            remove(aws, name).await
        }
        other => other,
    }
}

async fn remove(aws: &Aws, name: &str) -> Result<(), CloudError> {
    let answer = aws
        .write_idempotent("iam:DeleteInstanceProfile", || {
            aws.iam().delete_instance_profile().instance_profile_name(name).send()
        })
        .await;
    gone(answer)
}
