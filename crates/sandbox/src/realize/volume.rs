//! Volumes: `CreateVolume`, `ModifyVolume`, `DeleteVolume`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::Volume;

use super::{Task, after, before, retag, touches};
use crate::account::Account;
use crate::account::volume::VolumeSpec;

fn spec(want: &Volume) -> VolumeSpec {
    let volume_type = want.volume_type.clone();
    VolumeSpec { size: want.size, volume_type, iops: want.iops, throughput: want.throughput }
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Volume = after(change)?;
    let token = task.sandbox.begin(&change.key).token;
    let (spec, encryption) = (spec(want), (want.encrypted, want.kms_key_id.as_deref()));
    let make = |account: &mut Account| {
        account.create_volume(&want.availability_zone, &spec, encryption, &want.tags, Some(&token))
    };
    let id = task.set("ec2:CreateVolume", &change.key.name, make).await?.id;
    let what = format!("volume {id} to become available");
    let available =
        |account: &Account| account.volumes.get(&id).filter(|volume| volume.state == "available").map(|_| ());
    task.until("ec2:DescribeVolumes", &id, &what, available).await?;
    Ok(Handle::new(id))
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Volume = after(change)?;
    let id = &before(change)?.handle.id;
    if ["Size", "VolumeType", "Iops", "Throughput"].iter().any(|field| touches(change, field)) {
        // Modifying twice is refused, so look whether it was done when the answer is lost.
        let (spec, begun) = (spec(want), task.sandbox.begin(&change.key));
        let make = |account: &mut Account| account.modify_volume(id, &spec);
        let look = |account: &Account| {
            let same = |have: &VolumeSpec| {
                have.size == spec.size
                    && have.volume_type == spec.volume_type
                    && (spec.iops.is_none() || have.iops == spec.iops)
                    && (spec.throughput.is_none() || have.throughput == spec.throughput)
            };
            account.volumes.get(id).is_some_and(|volume| same(&volume.spec)).then_some(())
        };
        task.create(("ec2:ModifyVolume", id), &begun, make, "ec2:DescribeVolumesModifications", look).await?;
    }
    retag(task, change).await
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteVolume", id, |account| account.delete_volume(id)).await
}
