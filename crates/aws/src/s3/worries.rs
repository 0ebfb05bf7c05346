//! What about a bucket should worry whoever keeps the state of clusters in it.

use kedge_cloud::{CloudError, ErrorClass};

use super::bucket::Bucket;

/// Sentences, each with what to do. What the caller may not find out is a worry of its own, once.
pub(super) async fn of(bucket: &Bucket) -> Vec<String> {
    let (access, policy, versions, encryption) =
        tokio::join!(public_access(bucket), public_policy(bucket), versioning(bucket), encryption(bucket));
    let mut worries = Vec::new();
    let mut denied = Vec::new();
    for found in [access, policy, versions, encryption] {
        match found {
            Ok(worry) => worries.extend(worry),
            Err(error) if error.class == ErrorClass::Denied => denied.push(error.call),
            // What cannot be asked here is no reason to stop.
            Err(error) => tracing::debug!(%error, "not checked"),
        }
    }
    if !denied.is_empty() {
        worries.push(format!(
            "whether s3://{} is private, versioned and encrypted could not be checked: allow the caller {}",
            bucket.name(),
            denied.join(", ")
        ));
    }
    worries
}

type Found = Result<Option<String>, CloudError>;

async fn public_access(bucket: &Bucket) -> Found {
    let (client, name) = (bucket.client(), bucket.name());
    let answer =
        bucket.aws().read("s3:GetBucketPublicAccessBlock", || client.get_public_access_block().bucket(name).send());
    let blocked = match answer.await {
        Ok(answer) => answer.public_access_block_configuration().is_some_and(|block| {
            [
                block.block_public_acls(),
                block.block_public_policy(),
                block.ignore_public_acls(),
                block.restrict_public_buckets(),
            ]
            .into_iter()
            .all(|on| on == Some(true))
        }),
        Err(error) if error.code.as_deref() == Some("NoSuchPublicAccessBlockConfiguration") => false,
        Err(error) => return Err(error),
    };
    Ok((!blocked).then(|| {
        format!(
            "s3://{name} does not block public access: `aws s3api put-public-access-block --bucket {name} \
             --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,\
             RestrictPublicBuckets=true` does"
        )
    }))
}

async fn public_policy(bucket: &Bucket) -> Found {
    let (client, name) = (bucket.client(), bucket.name());
    let answer =
        bucket.aws().read("s3:GetBucketPolicyStatus", || client.get_bucket_policy_status().bucket(name).send());
    match answer.await {
        Ok(answer) => {
            let public = answer.policy_status().and_then(|status| status.is_public()) == Some(true);
            Ok(public.then(|| format!("the policy of s3://{name} lets everybody in: restrict its principals")))
        }
        Err(error) if error.code.as_deref() == Some("NoSuchBucketPolicy") => Ok(None),
        Err(error) => Err(error),
    }
}

async fn versioning(bucket: &Bucket) -> Found {
    let (client, name) = (bucket.client(), bucket.name());
    let answer = bucket.aws().read("s3:GetBucketVersioning", || client.get_bucket_versioning().bucket(name).send());
    let on = answer.await?.status() == Some(&aws_sdk_s3::types::BucketVersioningStatus::Enabled);
    Ok((!on).then(|| {
        format!(
            "s3://{name} keeps no old versions, so that a lost object cannot be restored: `aws s3api \
             put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled` changes that"
        )
    }))
}

async fn encryption(bucket: &Bucket) -> Found {
    let (client, name) = (bucket.client(), bucket.name());
    let answer =
        bucket.aws().read("s3:GetEncryptionConfiguration", || client.get_bucket_encryption().bucket(name).send());
    match answer.await {
        Ok(_) => Ok(None),
        Err(error) if error.code.as_deref() == Some("ServerSideEncryptionConfigurationNotFoundError") => Ok(Some(
            format!("s3://{name} does not encrypt what it stores: `aws s3api put-bucket-encryption` turns that on"),
        )),
        Err(error) => Err(error),
    }
}
