//! Egress-only internet gateways: `CreateEgressOnlyInternetGateway`, `DeleteEgressOnlyInternetGateway`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::EgressOnlyInternetGateway;

use super::{Task, after, before};

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &EgressOnlyInternetGateway = after(change)?;
    let vpc = task.handles.resolve(&want.vpc)?;
    let token = task.sandbox.begin(&change.key).token;
    let call = "ec2:CreateEgressOnlyInternetGateway";
    let made = task
        .set(call, &change.key.name, |account| account.create_egress_only_gateway(&vpc, &want.tags, Some(&token)))
        .await?;
    Ok(Handle::new(made.id))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    let call = "ec2:DeleteEgressOnlyInternetGateway";
    task.remove(call, id, |account| account.delete_egress_only_gateway(id)).await
}
