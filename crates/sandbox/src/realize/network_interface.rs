//! Network interfaces that controllers left behind: `DeleteNetworkInterface`.

use kedge_cloud::{CloudError, StepChange};

use super::{Task, before};

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteNetworkInterface", id, |account| account.delete_network_interface(id)).await
}
