//! Launch templates: `CreateLaunchTemplate`; changes as `CreateLaunchTemplateVersion` and `ModifyLaunchTemplate`.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::LaunchTemplate;
use kedge_resource::{Handle, Tags};

use super::{Task, after, before, retag};
use crate::account::Account;

const DESCRIBE: &str = "ec2:DescribeLaunchTemplateVersions";

/// The template with ids in the place of names.
fn settled(task: &Task<'_>, want: &LaunchTemplate) -> Result<LaunchTemplate, CloudError> {
    let mut data = LaunchTemplate { tags: Tags::default(), ..want.clone() };
    data.instance_profile = want.instance_profile.as_ref().map(|profile| task.settled(profile)).transpose()?;
    data.key = want.key.as_ref().map(|key| task.settled(key)).transpose()?;
    for interface in &mut data.network_interfaces {
        for group in &mut interface.security_groups {
            *group = task.settled(group)?;
        }
    }
    Ok(data)
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "ec2:CreateLaunchTemplate";
    let want: &LaunchTemplate = after(change)?;
    let name = change.key.name.as_str();
    let data = settled(task, want)?;
    let token = task.sandbox.begin(&change.key).token;
    let make = |account: &mut Account| account.create_launch_template(name, &data, &want.tags, Some(&token));
    match task.set(CALL, name, make).await {
        Ok(made) => Ok(Handle { secondary_id: Some(made.id), ..Handle::new(name) }),
        Err(error) if error.class == ErrorClass::AlreadyExists => Err(task.in_the_way(CALL, &change.key)),
        Err(error) => Err(error),
    }
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &LaunchTemplate = after(change)?;
    let name = before(change)?.handle.id.as_str();
    if change.fields.iter().any(|field| field != "Tags") {
        let (data, begun) = (settled(task, want)?, task.sandbox.begin(&change.key));
        let make = |account: &mut Account| account.create_launch_template_version(name, &data);
        let look = |account: &Account| {
            let template = account.launch_templates.get(name)?;
            (template.latest() == Some(&data)).then_some(template.versions.len())
        };
        let call = ("ec2:CreateLaunchTemplateVersion", name);
        let version = task.create(call, &begun, make, DESCRIBE, look).await?;
        let call = "ec2:ModifyLaunchTemplate";
        task.set(call, name, |account| account.modify_launch_template(name, version)).await?;
    }
    retag(task, change).await
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &before(change)?.handle.id;
    task.remove("ec2:DeleteLaunchTemplate", name, |account| account.delete_launch_template(name)).await
}
