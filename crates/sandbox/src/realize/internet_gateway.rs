//! Internet gateways: `CreateInternetGateway`, then `AttachInternetGateway`; back in the other order.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::InternetGateway;

use super::{Task, after, before, observed, retag, touches};
use crate::account::Account;

const DESCRIBE: &str = "ec2:DescribeInternetGateways";

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &InternetGateway = after(change)?;
    let begun = task.sandbox.begin(&change.key);
    let id = match &begun.id {
        Some(id) => id.clone(),
        None => {
            let make = |account: &mut Account| account.create_internet_gateway(&want.tags).map(|it| it.id);
            let look = |account: &Account| {
                let mut all = account.internet_gateways.values();
                all.find(|it| task.is_new(&change.key, &it.id, &it.tags)).map(|it| it.id.clone())
            };
            let call = ("ec2:CreateInternetGateway", change.key.name.as_str());
            task.create(call, &begun, make, DESCRIBE, look).await?
        }
    };
    task.sandbox.made(&change.key, &id);
    if let Some(vpc) = &want.vpc {
        attach(task, &id, &task.handles.resolve(vpc)?).await?;
    }
    Ok(Handle::new(id))
}

async fn attach(task: &Task<'_>, id: &str, vpc: &str) -> Result<(), CloudError> {
    let call = "ec2:AttachInternetGateway";
    match task.set(call, id, |account| account.attach_internet_gateway(id, vpc)).await {
        // An earlier attempt may have attached it.
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let attached = |account: &Account| account.internet_gateways.get(id).and_then(|it| it.vpc.clone());
            let found = task.sandbox.read(DESCRIBE, id, attached).await?;
            if found.as_deref() == Some(vpc) { Ok(()) } else { Err(error) }
        }
        other => other,
    }
}

async fn detach(task: &Task<'_>, id: &str, vpc: &str) -> Result<(), CloudError> {
    let call = "ec2:DetachInternetGateway";
    task.remove(call, id, |account| account.detach_internet_gateway(id, vpc)).await
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let (want, had): (&InternetGateway, &InternetGateway) = (after(change)?, observed(change)?);
    let id = &before(change)?.handle.id;
    if touches(change, "Vpc") {
        if let Some(vpc) = &had.vpc {
            detach(task, id, &task.handles.resolve(vpc)?).await?;
        }
        if let Some(vpc) = &want.vpc {
            attach(task, id, &task.handles.resolve(vpc)?).await?;
        }
    }
    retag(task, change).await
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &InternetGateway = observed(change)?;
    let id = &before(change)?.handle.id;
    if let Some(vpc) = &had.vpc {
        detach(task, id, &task.handles.resolve(vpc)?).await?;
    }
    task.remove("ec2:DeleteInternetGateway", id, |account| account.delete_internet_gateway(id)).await
}
