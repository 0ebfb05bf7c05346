//! EBS volumes.

use aws_sdk_ec2::types::{ResourceType, Volume as AwsVolume, VolumeState, VolumeType};
use kedge_cloud::{CloudError, StepChange, StepOutcome, Verb};
use kedge_resource::kind::Volume;
use kedge_resource::{ClusterName, Handle, Kind, Observed};

use super::common::{named, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed, touches};

/// The volumes of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsVolume>, CloudError> {
    let request = aws.ec2().describe_volumes().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeVolumes", request, volumes).await
}

/// A volume. AWS reports operations and throughput of every type; they are settings only of some.
pub(super) fn entry_of(cluster: &ClusterName, volume: &AwsVolume) -> Option<Observed> {
    if matches!(volume.state(), Some(VolumeState::Deleting | VolumeState::Deleted)) {
        return None;
    }
    let tags = tags(volume.tags());
    let volume_type = volume.volume_type().map_or("gp2", VolumeType::as_str);
    let properties = Volume {
        availability_zone: volume.availability_zone()?.to_owned(),
        size: volume.size().unwrap_or_default(),
        volume_type: volume_type.to_owned(),
        iops: volume.iops().filter(|_| matches!(volume_type, "gp3" | "io1" | "io2")),
        throughput: volume.throughput().filter(|_| volume_type == "gp3"),
        encrypted: volume.encrypted().unwrap_or_default(),
        kms_key_id: volume.kms_key_id().map(ToOwned::to_owned),
        tags: tags.clone(),
    };
    tagged(cluster, Kind::Volume, Handle::new(volume.volume_id()?), &tags, properties)
}

/// Makes, changes or removes a volume.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => update(task, change).await,
        Verb::Delete => {
            let request = task.aws.ec2().delete_volume().volume_id(&before(change)?.handle.id);
            gone(task.aws.write_idempotent("ec2:DeleteVolume", || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateVolume";
    let desired: &Volume = after(change)?;
    let request = task
        .aws
        .ec2()
        .create_volume()
        .availability_zone(&desired.availability_zone)
        .size(desired.size)
        .volume_type(VolumeType::from(desired.volume_type.as_str()))
        .set_iops(desired.iops)
        .set_throughput(desired.throughput)
        .encrypted(desired.encrypted)
        .set_kms_key_id(desired.kms_key_id.clone())
        .client_token(task.aws.client_token())
        .set_tag_specifications(specification(ResourceType::Volume, &desired.tags));
    let look = || async {
        let filters = named(task.cluster, &change.key.name);
        let request = task.aws.ec2().describe_volumes().set_filters(Some(filters));
        let found = pages!(task.aws, "ec2:DescribeVolumes", request, volumes).await?;
        let ids = found.into_iter().filter(|volume| volume.state() != Some(&VolumeState::Deleting));
        let ids = ids.filter_map(|volume| volume.volume_id).map(|id| (id.clone(), id));
        only_new(task, change, CALL, ids.collect())
    };
    let id = task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.volume_id, look).await?;
    Ok(done(change, Handle::new(id)))
}

async fn update(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let (desired, current): (&Volume, &Volume) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    if ["Size", "VolumeType", "Iops", "Throughput"].iter().any(|field| touches(change, field)) {
        let retyped = touches(change, "VolumeType");
        let request = task
            .aws
            .ec2()
            .modify_volume()
            .volume_id(&handle.id)
            .set_size(touches(change, "Size").then_some(desired.size))
            .set_volume_type(retyped.then(|| VolumeType::from(desired.volume_type.as_str())))
            // another type starts with its own defaults, so what is wanted goes with it
            .set_iops(desired.iops.filter(|_| retyped || touches(change, "Iops")))
            .set_throughput(desired.throughput.filter(|_| retyped || touches(change, "Throughput")));
        task.aws.write_idempotent("ec2:ModifyVolume", || request.clone().send()).await?;
    }
    if touches(change, "Tags") {
        retag(task, &handle.id, &current.tags, &desired.tags).await?;
    }
    Ok(done(change, handle))
}
