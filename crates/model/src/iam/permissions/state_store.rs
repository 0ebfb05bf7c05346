//! The bucket below which the cluster's configuration and the backups of etcd are kept, and what instances boot with.
//!
//! Without a state store that instances boot from it is the `configBase` of the manifest, with what kops grants there.

use kedge_resource::policy::Statement;
use kedge_spec::resolved::{Role, StorePath};

use super::super::policy::Policy;
use crate::lowering::Lowering;

/// Reading the configuration, and what reading needs of the bucket itself.
pub(in super::super) fn read(policy: &mut Policy<'_>, lowering: &Lowering<'_>) {
    let Some(base) = base(lowering) else {
        return;
    };
    let objects = arn(policy, &base, "/*");
    policy.statement("s3", &["Get*"], &[objects], &[]);
    let bucket = bucket(policy, &base);
    policy.statement(
        "s3",
        &["GetBucketLocation", "GetEncryptionConfiguration", "ListBucket", "ListBucketVersions"],
        &[bucket],
        &[],
    );
}

/// Writing backups of each etcd cluster, and removing old ones.
pub(in super::super) fn write_backups(policy: &mut Policy<'_>, lowering: &Lowering<'_>) {
    let Some(base) = base(lowering) else {
        return;
    };
    for etcd in &lowering.cluster.etcd_clusters {
        let objects = arn(policy, &base, &format!("/backups/etcd/{}/*", etcd.name));
        policy.statement("s3", &["DeleteObject", "DeleteObjectVersion", "GetObject", "PutObject"], &[objects], &[]);
    }
}

/// What control planes do besides: they tell the others how to join, and open the keys of the cluster. The encryption
/// context is bound to what a key of the store is for, so that the role opens the keys of no other cluster.
pub(in super::super) fn lead(policy: &mut Policy<'_>, lowering: &Lowering<'_>) {
    let Some(base) = base(lowering).filter(|_| lowering.boot.is_some()) else {
        return;
    };
    let objects = arn(policy, &base, "/nodes/*");
    policy.statement("s3", &["DeleteObject", "PutObject"], &[objects], &[]);
    let context = format!("{}/*", policy.cluster);
    policy.statement_on_all("kms", &["Decrypt"], &[("StringLike", "kms:EncryptionContext:kedge:key", &[&context])]);
}

/// What nodes read to join and where they say how far they are. A role is that of all groups of its kind, so that it reads
/// what any of them reads; how control planes join is none of theirs.
pub(in super::super) fn join(policy: &mut Policy<'_>, lowering: &Lowering<'_>) {
    let Some(base) = base(lowering).filter(|_| lowering.boot.is_some()) else {
        return;
    };
    let objects = ["/nodes/endpoint.json", "/nodes/kedge-node/*", "/nodes/*/config/*", "/nodes/*/join.json"];
    let read = objects.map(|below| arn(policy, &base, below));
    policy.statement("s3", &["GetObject"], &read, &[]);
    let status = arn(policy, &base, "/nodes/*/status/*");
    policy.statement("s3", &["PutObject"], std::slice::from_ref(&status), &[]);
    open_encrypted(policy, &base, &[&read[..], &[status]].concat());
    // Without it S3 says that what is not there yet may not be read.
    let bucket = bucket(policy, &base);
    policy.statement("s3", &["GetBucketLocation", "ListBucket"], &[bucket], &[]);
    let of_control_planes = lowering.groups(Role::ControlPlane);
    let resource = of_control_planes.map(|group| arn(policy, &base, &format!("/nodes/{}/*", group.name))).collect();
    policy.add(Statement {
        effect: "Deny".to_owned(),
        action: ["s3:GetObject", "s3:PutObject"].map(str::to_owned).into(),
        resource,
        ..Statement::allow()
    });
}

/// Objects that the bucket encrypts with a key of the customer: S3 asks KMS in the name of whoever reads or writes, with the ARN
/// of the object as context, or that of the bucket where it uses bucket keys. KMS itself opens nothing for the role so.
fn open_encrypted(policy: &mut Policy<'_>, base: &StorePath, objects: &[String]) {
    // The bucket may be in another region than the cluster.
    let service = match policy.partition {
        "aws-cn" => "s3.*.amazonaws.com.cn",
        _ => "s3.*.amazonaws.com",
    };
    let bucket = bucket(policy, base);
    let context: Vec<&str> = objects.iter().chain([&bucket]).map(String::as_str).collect();
    policy.statement_on_all(
        "kms",
        &["Decrypt", "GenerateDataKey"],
        &[("StringLike", "kms:EncryptionContext:aws:s3:arn", &context), ("StringLike", "kms:ViaService", &[service])],
    );
}

/// Where the cluster keeps what its instances read.
fn base(lowering: &Lowering<'_>) -> Option<StorePath> {
    match lowering.boot {
        Some(boot) => Some(StorePath { bucket: boot.bucket.clone(), path: boot.prefix.clone() }),
        None => lowering.cluster.config_base.clone(),
    }
}

fn bucket(policy: &Policy<'_>, base: &StorePath) -> String {
    format!("arn:{}:s3:::{}", policy.partition, base.bucket)
}

/// Objects below a path of the bucket.
fn arn(policy: &Policy<'_>, base: &StorePath, below: &str) -> String {
    let slash = if base.path.is_empty() { "" } else { "/" };
    format!("arn:{}:s3:::{}{slash}{}{below}", policy.partition, base.bucket, base.path)
}
