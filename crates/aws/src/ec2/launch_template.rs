//! Launch templates: the latest version counts, and becomes the default one.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{LaunchTemplate as AwsLaunchTemplate, LaunchTemplateVersion, ResourceType};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::LaunchTemplate;
use kedge_resource::{ClusterName, Handle, Kind, Observed};

use super::common::{filter, of_cluster, pages, retag, specification, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, bug, done, gone, observed, touches};
use crate::shared::{entry, in_the_way, ownership};

mod from_aws;
mod to_aws;

const LATEST: &str = "$Latest";

/// The launch templates with the cluster's tag.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsLaunchTemplate>, CloudError> {
    let request = aws.ec2().describe_launch_templates().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeLaunchTemplates", request, launch_templates).await
}

/// The latest versions of all templates of the account, by template id: one list instead of a call for each template.
pub(super) async fn latest(aws: &Aws) -> Result<BTreeMap<String, LaunchTemplateVersion>, CloudError> {
    let request = aws.ec2().describe_launch_template_versions().versions(LATEST);
    let versions = pages!(aws, "ec2:DescribeLaunchTemplateVersions", request, launch_template_versions).await?;
    Ok(versions.into_iter().filter_map(|version| Some((version.launch_template_id()?.to_owned(), version))).collect())
}

/// The latest version of one template.
async fn latest_of(aws: &Aws, id: &str) -> Result<Option<LaunchTemplateVersion>, CloudError> {
    let request = aws.ec2().describe_launch_template_versions().launch_template_id(id).versions(LATEST);
    match aws.read("ec2:DescribeLaunchTemplateVersions", || request.clone().send()).await {
        Ok(answer) => Ok(answer.launch_template_versions.unwrap_or_default().into_iter().next()),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Adds to `versions` what the list of all templates left out, such as templates made while it was read.
pub(super) async fn complete(
    aws: &Aws,
    templates: &[AwsLaunchTemplate],
    versions: &mut BTreeMap<String, LaunchTemplateVersion>,
) -> Result<(), CloudError> {
    let missing = templates.iter().filter_map(|template| template.launch_template_id());
    let missing: Vec<&str> = missing.filter(|id| !versions.contains_key(*id)).collect();
    let asked = missing.into_iter().map(|id| async move { Ok((id.to_owned(), latest_of(aws, id).await?)) });
    let found = futures_util::future::try_join_all(asked).await?;
    versions.extend(found.into_iter().filter_map(|(id, version)| Some((id, version?))));
    Ok(())
}

/// The templates that have names of the cluster and are not among those with its tag. Hardly ever are there any, and they
/// are asked for their tags.
pub(super) async fn strangers(
    aws: &Aws,
    cluster: &ClusterName,
    tagged: &[AwsLaunchTemplate],
    versions: &BTreeMap<String, LaunchTemplateVersion>,
) -> Result<Vec<AwsLaunchTemplate>, CloudError> {
    let suffix = format!(".{cluster}");
    let known: BTreeSet<&str> = tagged.iter().filter_map(|template| template.launch_template_id()).collect();
    let unknown = versions.iter().filter(|(id, _)| !known.contains(id.as_str()));
    let names = unknown.filter_map(|(_, version)| version.launch_template_name());
    let names: Vec<&str> = names.filter(|name| name.ends_with(&suffix)).collect();
    // by a filter: one that is named and gone meanwhile would fail the whole request
    let lists = names.chunks(200).map(|names| async move {
        let names = filter("launch-template-name", names.iter().copied());
        let request = aws.ec2().describe_launch_templates().filters(names);
        pages!(aws, "ec2:DescribeLaunchTemplates", request, launch_templates).await
    });
    Ok(futures_util::future::try_join_all(lists).await?.into_iter().flatten().collect())
}

/// A launch template with its latest version.
pub(super) fn entry_of(
    cluster: &ClusterName,
    template: &AwsLaunchTemplate,
    versions: &BTreeMap<String, LaunchTemplateVersion>,
) -> Option<Observed> {
    let tags = tags(template.tags());
    let (id, name) = (template.launch_template_id()?, template.launch_template_name()?);
    let data = versions.get(id)?.launch_template_data()?;
    let properties = from_aws::template(data, tags.clone());
    let handle = Handle { secondary_id: Some(id.to_owned()), ..Handle::new(name) };
    Some(entry(Kind::LaunchTemplate, name, handle, ownership(cluster, &tags), properties))
}

/// Makes, changes or removes a launch template.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => update(task, change).await,
        Verb::Delete => {
            // by id, lest a namesake that somebody made since goes instead
            let handle = &before(change)?.handle;
            let id = handle.secondary_id.as_deref().ok_or_else(|| bug(format!("{} has no id", change.key)))?;
            let request = task.aws.ec2().delete_launch_template().launch_template_id(id);
            gone(task.aws.write_idempotent("ec2:DeleteLaunchTemplate", || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateLaunchTemplate";
    let desired: &LaunchTemplate = after(change)?;
    let name = &change.key.name;
    let request = task
        .aws
        .ec2()
        .create_launch_template()
        .launch_template_name(name)
        .launch_template_data(to_aws::data(task, desired)?)
        .client_token(task.aws.client_token())
        .set_tag_specifications(specification(ResourceType::LaunchTemplate, &desired.tags));
    let handle = |id: Option<String>| Handle { secondary_id: id, ..Handle::new(name) };
    match task.aws.write_settling(CALL, task.progress, || request.clone().send()).await {
        Ok(answer) => {
            let template = answer.launch_template.ok_or_else(|| incomplete(CALL))?;
            Ok(done(change, handle(template.launch_template_id)))
        }
        // names are unique: either an earlier attempt made it, or it is not ours
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let request = task.aws.ec2().describe_launch_templates().filters(filter("launch-template-name", [name]));
            let found = pages!(task.aws, "ec2:DescribeLaunchTemplates", request, launch_templates).await?;
            let ours = found.iter().find(|template| tags(template.tags()).owned_by(task.cluster));
            let Some(id) = ours.and_then(|template| template.launch_template_id()) else {
                return Err(in_the_way(CALL, &change.key, task.cluster));
            };
            let same =
                latest_of(task.aws, id).await?.and_then(|version| version.launch_template_data).is_some_and(|data| {
                    let there = from_aws::template(&data, desired.tags.clone());
                    to_aws::data(task, &there).ok() == to_aws::data(task, desired).ok()
                });
            if !same {
                new_version(task, id, desired).await?;
            }
            Ok(done(change, handle(Some(id.to_owned()))))
        }
        Err(error) => Err(error),
    }
}

async fn update(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let (desired, current): (&LaunchTemplate, &LaunchTemplate) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    let id = handle.secondary_id.as_deref().ok_or_else(|| bug(format!("{} has no id", change.key)))?;
    let tagged = async {
        if touches(change, "Tags") {
            retag(task, id, &current.tags, &desired.tags).await?;
        }
        Ok(())
    };
    let versioned = async {
        if change.fields.iter().any(|field| field != "Tags") {
            new_version(task, id, desired).await?;
        }
        Ok(())
    };
    tokio::try_join!(tagged, versioned)?;
    Ok(done(change, handle))
}

/// Makes a version and lets it be the default one. Groups launch the latest version; people and other tools that name none
/// get the default one. A run that ends between the two calls leaves the old default, until the next change of the template:
/// groups do not notice, and a template whose default differs from its latest version may also be somebody's own choice, so
/// that is no difference that a plan would repair.
async fn new_version(task: &Task<'_>, id: &str, desired: &LaunchTemplate) -> Result<(), CloudError> {
    const CALL: &str = "ec2:CreateLaunchTemplateVersion";
    let request = task
        .aws
        .ec2()
        .create_launch_template_version()
        .launch_template_id(id)
        .client_token(task.aws.client_token())
        .launch_template_data(to_aws::data(task, desired)?);
    let answer = task.aws.write_settling(CALL, task.progress, || request.clone().send()).await?;
    let version = answer.launch_template_version.and_then(|version| version.version_number);
    let number = version.ok_or_else(|| incomplete(CALL))?.to_string();
    let request = task.aws.ec2().modify_launch_template().launch_template_id(id).default_version(number);
    task.aws.write_settling("ec2:ModifyLaunchTemplate", task.progress, || request.clone().send()).await?;
    Ok(())
}
