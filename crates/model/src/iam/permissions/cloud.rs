//! Keys and container registries.

use super::super::policy::Policy;

const DATA_ACTIONS: [&str; 5] = ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*"];

/// Customer managed keys of volumes and of the state store, through the services that use them. With API objects encrypted
/// by a key, the API server asks the key service itself (`direct`).
pub(in super::super) fn kms(policy: &mut Policy<'_>, direct: bool) {
    policy.statement_on_all("kms", &["CreateGrant"], &[("Bool", "kms:GrantIsForAWSResource", &["true"])]);
    if direct {
        policy.allow("kms", &DATA_ACTIONS);
        return;
    }
    let ec2 = format!("ec2.{}.amazonaws.com", policy.region);
    policy.statement_on_all("kms", &DATA_ACTIONS, &[("StringLike", "kms:ViaService", &[&ec2, "s3.*.amazonaws.com"])]);
}

/// Pulling images from ECR.
pub(in super::super) fn container_registry(policy: &mut Policy<'_>) {
    policy.allow(
        "ecr",
        &[
            "BatchCheckLayerAvailability",
            "BatchGetImage",
            "DescribeRepositories",
            "GetAuthorizationToken",
            "GetDownloadUrlForLayer",
            "GetRepositoryPolicy",
            "ListImages",
        ],
    );
}

/// Pulling images through ECR from other registries, which makes repositories on the way.
pub(in super::super) fn container_registry_mirrors(policy: &mut Policy<'_>) {
    policy.allow("ecr", &["BatchImportUpstreamImage", "CreateRepository", "ReplicateImage", "TagResource"]);
}
