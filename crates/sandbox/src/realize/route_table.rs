//! Route tables: `CreateRouteTable`, `DeleteRouteTable`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::RouteTable;

use super::{Task, after, before};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &RouteTable = after(change)?;
    let vpc = task.handles.resolve(&want.vpc)?;
    let begun = task.sandbox.begin(&change.key);
    let make = |account: &mut Account| account.create_route_table(&vpc, &want.tags).map(|it| it.id);
    let look = |account: &Account| {
        let mut all = account.route_tables.values().filter(|it| it.vpc == vpc);
        all.find(|it| task.is_new(&change.key, &it.id, &it.tags)).map(|it| it.id.clone())
    };
    let call = ("ec2:CreateRouteTable", change.key.name.as_str());
    Ok(Handle::new(task.create(call, &begun, make, "ec2:DescribeRouteTables", look).await?))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteRouteTable", id, |account| account.delete_route_table(id)).await
}
