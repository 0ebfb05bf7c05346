//! Classic load balancers that the cloud controller left behind: `DeleteLoadBalancer`.

use kedge_cloud::{CloudError, StepChange};

use super::{Task, before};
use crate::account::Account;

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &before(change)?.handle.id;
    // AWS does not mind when there is none.
    let delete = |account: &mut Account| {
        account.classic_load_balancers.remove(name);
        Ok(())
    };
    task.remove("elasticloadbalancing:DeleteLoadBalancer", name, delete).await
}
