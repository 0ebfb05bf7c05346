//! IAM: roles with their policies, instance profiles, and OpenID Connect providers.
//!
//! IAM lists without tags and filters by path only. Roles come from the one list that leaves nothing out, where that is
//! possible; otherwise they and profiles are listed, and those whose names could be the cluster's are asked for one by one, all
//! at the same time.

mod document;
mod instance_profile;
mod oidc_provider;
mod policy_attachment;
mod role;
mod role_details;
mod role_policy;

use aws_sdk_iam::types::Tag;
use kedge_cloud::{CloudError, StepOutcome, Verb};
use kedge_resource::{ClusterName, Kind, Tags};

use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, done, unsupported};
use crate::shared::all_built;

pub(crate) use instance_profile::existing as existing_profile;

/// Every role, policy, instance profile and OpenID Connect provider of the cluster.
pub(crate) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let (roles, profiles, providers) = tokio::try_join!(
        Box::pin(role::observe(aws, cluster)),
        Box::pin(instance_profile::observe(aws, cluster)),
        Box::pin(oidc_provider::observe(aws, cluster)),
    )?;
    let mut all = roles;
    all.extend(profiles);
    all.extend(providers);
    Ok(all)
}

/// Does a step that begins with a resource of this service.
pub(crate) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let change = task.first()?;
    let verb = task.step.verb;
    if verb == Verb::Delete {
        match change.key.kind {
            Kind::Role => role::delete(task, change).await?,
            Kind::InstanceProfile => instance_profile::delete(task, change).await?,
            Kind::RolePolicy => role_policy::delete(task, change).await?,
            Kind::PolicyAttachment => policy_attachment::delete(task, change).await?,
            Kind::OidcProvider => oidc_provider::delete(task, change).await?,
            _ => return Err(unsupported(verb, &change.key)),
        }
        return Ok(StepOutcome::default());
    }
    let handle = match (change.key.kind, verb) {
        (Kind::Role, Verb::Create) => role::create(task, change).await?,
        (Kind::Role, _) => role::update(task, change).await?,
        (Kind::InstanceProfile, Verb::Create) => instance_profile::create(task, change).await?,
        (Kind::InstanceProfile, _) => instance_profile::update(task, change).await?,
        (Kind::RolePolicy, _) => role_policy::put(task, change).await?,
        (Kind::PolicyAttachment, Verb::Create) => policy_attachment::create(task, change).await?,
        (Kind::OidcProvider, Verb::Create) => oidc_provider::create(task, change).await?,
        (Kind::OidcProvider, _) => oidc_provider::update(task, change).await?,
        _ => return Err(unsupported(verb, &change.key)),
    };
    Ok(done(change, handle))
}

/// Tags of an answer.
fn read_tags(tags: Option<Vec<Tag>>) -> Tags {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Tags for a request.
fn request_tags(call: &str, tags: &Tags) -> Result<Vec<Tag>, CloudError> {
    all_built(call, tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()))
}
