//! SSH key pairs.

use aws_sdk_ec2::types::{KeyPairInfo, ResourceType};
use aws_smithy_types::Blob;
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::KeyPair;
use kedge_resource::tags::ownership_key;
use kedge_resource::{ClusterName, Handle, Kind, Observed};

use super::common::{filter, retag, specification, tags};
use crate::client::Aws;
use crate::realize::{Task, after, before, bug, done, gone, observed};
use crate::shared::{entry, in_the_way, ownership};

/// The key pairs of the account: a list without pages, and one call finds those with the cluster's tag and those with its
/// names.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<KeyPairInfo>, CloudError> {
    let answer = aws.read("ec2:DescribeKeyPairs", || aws.ec2().describe_key_pairs().send()).await?;
    let prefix = format!("kubernetes.{cluster}-");
    let tag = ownership_key(cluster);
    let of_cluster = |pair: &KeyPairInfo| {
        pair.key_name().is_some_and(|name| name.starts_with(&prefix)) || tags(pair.tags()).get(&tag).is_some()
    };
    Ok(answer.key_pairs.unwrap_or_default().into_iter().filter(of_cluster).collect())
}

/// A key pair.
pub(super) fn entry_of(cluster: &ClusterName, pair: &KeyPairInfo) -> Option<Observed> {
    let tags = tags(pair.tags());
    let properties = KeyPair {
        // AWS gives a key back with a comment of its own, so that comparing it says nothing
        public_key_material: None,
        fingerprint: pair.key_fingerprint().map(ToOwned::to_owned),
        tags: tags.clone(),
    };
    let name = pair.key_name()?;
    let handle = Handle { secondary_id: pair.key_pair_id().map(ToOwned::to_owned), ..Handle::new(name) };
    Some(entry(Kind::KeyPair, name, handle, ownership(cluster, &tags), properties))
}

/// Imports, tags or removes a key pair.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => {
            let (desired, current): (&KeyPair, &KeyPair) = (after(change)?, observed(change)?);
            let handle = before(change)?.handle.clone();
            let id = handle.secondary_id.as_deref().ok_or_else(|| bug(format!("{} has no id", change.key)))?;
            retag(task, id, &current.tags, &desired.tags).await?;
            Ok(done(change, handle))
        }
        Verb::Delete => {
            let request = task.aws.ec2().delete_key_pair().key_name(&before(change)?.handle.id);
            gone(task.aws.write_idempotent("ec2:DeleteKeyPair", || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:ImportKeyPair";
    let desired: &KeyPair = after(change)?;
    let name = &change.key.name;
    let material = desired.public_key_material.as_ref().ok_or_else(|| bug(format!("{} has no key", change.key)))?;
    let request = task
        .aws
        .ec2()
        .import_key_pair()
        .key_name(name)
        .public_key_material(Blob::new(material.as_bytes()))
        .set_tag_specifications(specification(ResourceType::KeyPair, &desired.tags));
    match task.aws.write_idempotent(CALL, || request.clone().send()).await {
        Ok(answer) => Ok(done(change, Handle { secondary_id: answer.key_pair_id, ..Handle::new(name) })),
        // the name carries the fingerprint, so what has it is this key: of an earlier attempt, or of somebody else
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let request = task.aws.ec2().describe_key_pairs().filters(filter("key-name", [name]));
            let pairs = task.aws.read("ec2:DescribeKeyPairs", || request.clone().send()).await?;
            match pairs.key_pairs().iter().find(|pair| tags(pair.tags()).owned_by(task.cluster)) {
                Some(pair) => {
                    let secondary_id = pair.key_pair_id().map(ToOwned::to_owned);
                    Ok(done(change, Handle { secondary_id, ..Handle::new(name) }))
                }
                None => Err(in_the_way(CALL, &change.key, task.cluster)),
            }
        }
        Err(error) => Err(error),
    }
}
