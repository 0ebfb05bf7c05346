//! Listeners: `CreateListener`, `ModifyListener`, `DeleteListener`.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::Listener;

use super::{Task, after, before};
use crate::account::Account;
use crate::account::listener::Listener as Made;

fn listener(task: &Task<'_>, want: &Listener) -> Result<Made, CloudError> {
    Ok(Made {
        arn: String::new(),
        load_balancer: task.handles.resolve(&want.load_balancer)?,
        port: want.port,
        protocol: want.protocol.clone(),
        target_group: task.handles.resolve(&want.target_group)?,
        certificate: want.certificate_arn.clone(),
        ssl_policy: want.ssl_policy.clone(),
    })
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want = listener(task, after(change)?)?;
    let name = &change.key.name;
    match task.set("elasticloadbalancing:CreateListener", name, |account| account.create_listener(&want)).await {
        Ok(made) => Ok(Handle::new(made.arn)),
        // An earlier attempt made it; one of other settings was not there when the plan was made.
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let same = |account: &Account| {
                let mut all = account.listeners.values();
                all.find(|it| Made { arn: String::new(), ..(*it).clone() } == want).map(|it| it.arn.clone())
            };
            let found = task.sandbox.read("elasticloadbalancing:DescribeListeners", name, same).await?;
            found.map(Handle::new).ok_or(error)
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want = listener(task, after(change)?)?;
    let handle = before(change)?.handle.clone();
    let call = "elasticloadbalancing:ModifyListener";
    task.set(call, &handle.id, |account| account.modify_listener(&handle.id, &want)).await?;
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let arn = &before(change)?.handle.id;
    task.remove("elasticloadbalancing:DeleteListener", arn, |account| account.delete_listener(arn)).await
}
