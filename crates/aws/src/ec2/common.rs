//! What the kinds of EC2 have in common: filters, tags, and finding what a lost answer was about.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::tags::{NAME_TAG, ownership_key};
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ownership, Properties, Tags};

use crate::client::Aws;
use crate::realize::Task;
use crate::shared::{changed_tags, entry, ownership};

/// Asks for all pages of a list. `$request` is a fluent builder, `$items` the field of the answer.
macro_rules! pages {
    ($aws:expr, $call:literal, $request:expr, $items:ident) => {
        async {
            let request = $request;
            let mut items = Vec::new();
            let mut token: Option<String> = None;
            loop {
                let page = $aws.read($call, || request.clone().set_next_token(token.clone()).send()).await?;
                items.extend(page.$items.unwrap_or_default());
                token = page.next_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break Ok::<_, CloudError>(items);
                }
            }
        }
    };
}
pub(crate) use pages;

/// A filter.
pub(crate) fn filter<I>(name: impl Into<String>, values: I) -> Filter
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// Things with the ownership tag of the cluster, whatever its value.
pub(crate) fn of_cluster(cluster: &ClusterName) -> Filter {
    filter("tag-key", [ownership_key(cluster)])
}

/// Filters that find a thing of the cluster by its name.
pub(crate) fn named(cluster: &ClusterName, name: &str) -> Vec<Filter> {
    vec![filter(format!("tag:{NAME_TAG}"), [name]), filter(format!("tag:{}", ownership_key(cluster)), ["owned"])]
}

/// Tags as AWS gives them, without those that AWS sets itself.
pub(crate) fn tags(list: &[Tag]) -> Tags {
    list.iter()
        .filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default())))
        .filter(|(key, _)| !key.starts_with("aws:"))
        .collect()
}

/// Tags as AWS takes them.
pub(crate) fn to_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags that a thing is made with.
pub(crate) fn specification(kind: ResourceType, tags: &Tags) -> Option<Vec<TagSpecification>> {
    let specification = || TagSpecification::builder().resource_type(kind).set_tags(Some(to_list(tags))).build();
    (!tags.is_empty()).then(|| vec![specification()])
}

/// An entry of the inventory whose name is its `Name` tag, or its id if it has none. `None` if the cluster's tag is missing,
/// which happens where an endpoint does not know the filter.
pub(crate) fn tagged(
    cluster: &ClusterName,
    kind: Kind,
    handle: Handle,
    tags: &Tags,
    properties: impl Into<Properties>,
) -> Option<Observed> {
    tags.get(&ownership_key(cluster))?;
    let name = tags.name().filter(|name| !name.is_empty()).unwrap_or(&handle.id).to_owned();
    Some(entry(kind, name, handle, ownership(cluster, tags), properties))
}

/// Whether the ownership of an entry is the cluster's.
pub(crate) fn is_owned(observed: &Observed) -> bool {
    observed.ownership == Ownership::Owned
}

/// Sets the tags of `after` that a thing lacks or has otherwise. Tags that `after` does not name stay.
pub(crate) async fn retag(task: &Task<'_>, id: &str, before: &Tags, after: &Tags) -> Result<(), CloudError> {
    let missing = changed_tags(before, after);
    if missing.is_empty() {
        return Ok(());
    }
    set_tags(task, vec![id.to_owned()], &missing).await
}

/// Sets tags of several things.
pub(crate) async fn set_tags(task: &Task<'_>, ids: Vec<String>, tags: &Tags) -> Result<(), CloudError> {
    let request = task.aws.ec2().create_tags().set_resources(Some(ids)).set_tags(Some(to_list(tags)));
    task.aws.write_settling("ec2:CreateTags", task.progress, || request.clone().send()).await?;
    Ok(())
}

/// The one thing that a lost answer can have been about: it has the name of `change` and was not known before.
///
/// # Errors
/// [`ErrorClass::Conflict`] if there are several.
pub(crate) fn only_new<T>(
    task: &Task<'_>,
    change: &StepChange,
    call: &str,
    found: Vec<(String, T)>,
) -> Result<Option<T>, CloudError> {
    let known = task.handles.get(&change.key).map(|handle| handle.id.as_str());
    let mut new = found.into_iter().filter(|(id, _)| Some(id.as_str()) != known);
    let first = new.next();
    if new.next().is_some() {
        let message = format!("more than one {} exists after an answer of AWS was lost", change.key);
        return Err(CloudError::new(ErrorClass::Conflict, call, message)
            .with_hint("plan again: the plan keeps one of them and removes the others"));
    }
    Ok(first.map(|(_, thing)| thing))
}

/// The id of a step's earlier attempt, so that a second one makes nothing twice.
pub(crate) fn begun_id(aws: &Aws, change: &StepChange) -> Option<String> {
    aws.begun(&change.key).map(|handle| handle.id)
}
