//! The bucket below which the cluster's configuration and the backups of etcd are kept.

use kedge_spec::resolved::{Cluster, StorePath};

use super::super::policy::Policy;

/// Reading the configuration, and what reading needs of the bucket itself.
pub(in super::super) fn read(policy: &mut Policy<'_>, cluster: &Cluster) {
    let Some(base) = &cluster.config_base else {
        return;
    };
    let objects = arn(policy, base, "");
    policy.statement("s3", &["Get*"], &[objects], &[]);
    let bucket = format!("arn:{}:s3:::{}", policy.partition, base.bucket);
    policy.statement(
        "s3",
        &["GetBucketLocation", "GetEncryptionConfiguration", "ListBucket", "ListBucketVersions"],
        &[bucket],
        &[],
    );
}

/// Writing backups of each etcd cluster, and removing old ones.
pub(in super::super) fn write_backups(policy: &mut Policy<'_>, cluster: &Cluster) {
    let Some(base) = &cluster.config_base else {
        return;
    };
    for etcd in &cluster.etcd_clusters {
        let objects = arn(policy, base, &format!("/backups/etcd/{}", etcd.name));
        policy.statement("s3", &["DeleteObject", "DeleteObjectVersion", "GetObject", "PutObject"], &[objects], &[]);
    }
}

/// Everything below a path of the bucket.
fn arn(policy: &Policy<'_>, base: &StorePath, below: &str) -> String {
    let slash = if base.path.is_empty() { "" } else { "/" };
    format!("arn:{}:s3:::{}{slash}{}{below}/*", policy.partition, base.bucket, base.path)
}
