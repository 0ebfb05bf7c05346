//! NAT gateways: `CreateNatGateway`, `DeleteNatGateway`, both with a wait.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::NatGateway;

use super::{Task, after, before};
use crate::account::Account;

const DESCRIBE: &str = "ec2:DescribeNatGateways";

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "ec2:CreateNatGateway";
    let want: &NatGateway = after(change)?;
    let (subnet, eip) = (task.handles.resolve(&want.subnet)?, task.handles.resolve(&want.eip)?);
    let token = task.sandbox.begin(&change.key).token;
    let made = |account: &mut Account| account.create_nat_gateway(&subnet, &eip, &want.tags, Some(&token));
    let mut answer = task.set(CALL, &change.key.name, made).await;
    // After a deletion that was cut short, the old gateway has the address until it is gone.
    if let Err(error) = &answer
        && error.code.as_deref() == Some("Resource.AlreadyAssociated")
        && task.sandbox.read(DESCRIBE, &eip, |account| going(account, &eip)).await?
    {
        let what = format!("the address {eip}, which a NAT gateway has that is being deleted");
        task.until(DESCRIBE, &eip, &what, |account| (!going(account, &eip)).then_some(())).await?;
        answer = task.set(CALL, &change.key.name, made).await;
    }
    let id = match answer {
        Ok(gateway) => gateway.id,
        Err(error) if error.code.as_deref() == Some("Gateway.NotAttached") => {
            return Err(CloudError { class: ErrorClass::NotReadyYet, ..error });
        }
        Err(error) => return Err(error),
    };
    task.sandbox.made(&change.key, &id);
    let what = format!("NAT gateway {id} to become available");
    let available =
        |account: &Account| account.nat_gateways.get(&id).filter(|gateway| gateway.state == "available").map(|_| ());
    task.until(DESCRIBE, &id, &what, available).await?;
    Ok(Handle::new(id))
}

/// Whether a NAT gateway that is being deleted has an address.
fn going(account: &Account, address: &str) -> bool {
    let mut gateways = account.nat_gateways.values();
    gateways.any(|gateway| gateway.state == "deleting" && gateway.allocation_id.as_deref() == Some(address))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteNatGateway", id, |account| account.delete_nat_gateway(id)).await?;
    let what = format!("NAT gateway {id} to be deleted");
    // Until then it holds its address, its subnet and the internet gateway.
    let deleted =
        |account: &Account| account.nat_gateways.get(id).is_none_or(|gateway| gateway.state == "deleted").then_some(());
    task.until(DESCRIBE, id, &what, deleted).await
}
