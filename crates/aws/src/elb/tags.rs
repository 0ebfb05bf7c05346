//! Tags of load balancers and target groups: read in batches of twenty, written through one call.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{Tag, TagDescription};
use futures_util::future::try_join_all;
use kedge_cloud::{CloudError, ErrorClass};
use kedge_resource::Tags;

use crate::client::Aws;
use crate::shared::found;

/// How many resources one `DescribeTags` may name.
const BATCH: usize = 20;
const DESCRIBE: &str = "elasticloadbalancing:DescribeTags";

/// The tags of `arns`, by ARN. What was deleted meanwhile is absent.
pub(super) async fn describe(aws: &Aws, arns: &[String]) -> Result<BTreeMap<String, Tags>, CloudError> {
    let batches = try_join_all(arns.chunks(BATCH).map(|batch| Box::pin(describe_batch(aws, batch)))).await?;
    Ok(batches.into_iter().flatten().filter_map(read).collect())
}

async fn describe_batch(aws: &Aws, arns: &[String]) -> Result<Vec<TagDescription>, CloudError> {
    match call(aws, arns).await {
        // one that is gone fails the whole batch
        Err(error) if error.class == ErrorClass::NotFound => {
            let single = try_join_all(arns.chunks(1).map(|one| Box::pin(async move { found(call(aws, one).await) })));
            Ok(single.await?.into_iter().flatten().flatten().collect())
        }
        other => other,
    }
}

async fn call(aws: &Aws, arns: &[String]) -> Result<Vec<TagDescription>, CloudError> {
    let answer =
        aws.read(DESCRIBE, || aws.elbv2().describe_tags().set_resource_arns(Some(arns.to_vec())).send()).await?;
    Ok(answer.tag_descriptions.unwrap_or_default())
}

fn read(description: TagDescription) -> Option<(String, Tags)> {
    let tags = description.tags.unwrap_or_default();
    let tags = tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect();
    Some((description.resource_arn?, tags))
}

/// Tags for a request; `None` if there are none, because an empty list is refused.
pub(super) fn request(tags: &Tags) -> Option<Vec<Tag>> {
    (!tags.is_empty()).then(|| tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect())
}

/// Sets tags.
pub(super) async fn set(aws: &Aws, arn: &str, tags: &Tags) -> Result<(), CloudError> {
    let Some(tags) = request(tags) else { return Ok(()) };
    aws.write_idempotent("elasticloadbalancing:AddTags", || {
        aws.elbv2().add_tags().resource_arns(arn).set_tags(Some(tags.clone())).send()
    })
    .await?;
    Ok(())
}
