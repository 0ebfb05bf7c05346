//! EBS volumes.

use aws_sdk_ec2::types::{
    ResourceType, Volume as AwsVolume, VolumeModification, VolumeModificationState, VolumeState, VolumeType,
};
use kedge_cloud::{CloudError, StepChange, StepOutcome, Verb};
use kedge_resource::kind::Volume;
use kedge_resource::{ClusterName, Handle, Kind, Observed};

use super::common::{named, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed, touches};
use crate::shared::found;

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
        let volumes = pages!(task.aws, "ec2:DescribeVolumes", request, volumes).await?;
        let ids = volumes.into_iter().filter(|volume| volume.state() != Some(&VolumeState::Deleting));
        let ids = ids.filter_map(|volume| volume.volume_id).map(|id| (id.clone(), id));
        only_new(task, change, CALL, ids.collect())
    };
    let id = task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.volume_id, look).await?;
    Ok(done(change, Handle::new(id)))
}

/// Whether a modification, under way or done, makes a volume what it shall be.
fn leads_to(modification: &VolumeModification, desired: &Volume) -> bool {
    let as_wanted = |target: Option<i32>, wanted: Option<i32>| wanted.is_none() || target == wanted;
    modification.modification_state() != Some(&VolumeModificationState::Failed)
        && modification.target_size() == Some(desired.size)
        && modification.target_volume_type().map(VolumeType::as_str) == Some(&desired.volume_type)
        && as_wanted(modification.target_iops(), desired.iops)
        && as_wanted(modification.target_throughput(), desired.throughput)
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
        // AWS refuses to modify a volume again for hours, so that asking twice would fail although all is well
        let look = || async {
            let request = task.aws.ec2().describe_volumes_modifications().volume_ids(&handle.id);
            let answer = task.aws.read("ec2:DescribeVolumesModifications", || request.clone().send()).await;
            let modifications = found(answer)?.and_then(|answer| answer.volumes_modifications).unwrap_or_default();
            Ok(modifications.iter().any(|one| leads_to(one, desired)).then_some(()))
        };
        task.aws.create("ec2:ModifyVolume", task.progress, || request.clone().send(), |_| Some(()), look).await?;
    }
    if touches(change, "Tags") {
        retag(task, &handle.id, &current.tags, &desired.tags).await?;
    }
    Ok(done(change, handle))
}

#[cfg(test)]
mod tests {
    use kedge_resource::Tags;

    use super::*;

    #[test]
    fn a_modification_that_failed_or_leads_elsewhere_is_none() {
        let desired = Volume {
            availability_zone: "us-east-1a".to_owned(),
            size: 30,
            volume_type: "gp3".to_owned(),
            iops: Some(3000),
            throughput: None,
            encrypted: true,
            kms_key_id: None,
            tags: Tags::default(),
        };
        let modification = |size, state| {
            let modification = VolumeModification::builder().target_size(size).target_volume_type(VolumeType::Gp3);
            modification.target_iops(3000).target_throughput(125).modification_state(state).build()
        };
        assert!(leads_to(&modification(30, VolumeModificationState::Optimizing), &desired));
        assert!(!leads_to(&modification(20, VolumeModificationState::Completed), &desired));
        assert!(!leads_to(&modification(30, VolumeModificationState::Failed), &desired));
        assert!(!leads_to(
            &modification(30, VolumeModificationState::Modifying),
            &Volume { iops: Some(4000), ..desired }
        ));
    }
}
