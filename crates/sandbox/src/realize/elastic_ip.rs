//! Elastic IP addresses: `AllocateAddress`, `ReleaseAddress`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::ElasticIp;

use super::{Task, after, before};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &ElasticIp = after(change)?;
    let begun = task.sandbox.begin(&change.key);
    let make = |account: &mut Account| account.allocate_address(&want.tags).map(|it| it.allocation_id);
    let look = |account: &Account| {
        let mut all = account.addresses.values();
        all.find(|it| task.is_new(&change.key, &it.allocation_id, &it.tags)).map(|it| it.allocation_id.clone())
    };
    let call = ("ec2:AllocateAddress", change.key.name.as_str());
    Ok(Handle::new(task.create(call, &begun, make, "ec2:DescribeAddresses", look).await?))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:ReleaseAddress", id, |account| account.release_address(id)).await
}
