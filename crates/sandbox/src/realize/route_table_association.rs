//! Which table a subnet uses: `AssociateRouteTable`, `ReplaceRouteTableAssociation`, `DisassociateRouteTable`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::RouteTableAssociation;

use super::{Task, after, secondary_id};
use crate::account::Account;

/// The association of a subnet with a table.
fn find(account: &Account, table: &str, subnet: &str) -> Option<String> {
    let associations = &account.route_tables.get(table)?.associations;
    associations.iter().find(|(_, other)| *other == subnet).map(|(id, _)| id.clone())
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &RouteTableAssociation = after(change)?;
    let (table, subnet) = (task.handles.resolve(&want.route_table)?, task.handles.resolve(&want.subnet)?);
    let begun = task.sandbox.begin(&change.key);
    let make = |account: &mut Account| account.associate_route_table(&table, &subnet);
    let look = |account: &Account| find(account, &table, &subnet);
    let call = ("ec2:AssociateRouteTable", change.key.name.as_str());
    let id = task.create(call, &begun, make, "ec2:DescribeRouteTables", look).await?;
    Ok(Handle { secondary_id: Some(id), ..Handle::new(&change.key.name) })
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &RouteTableAssociation = after(change)?;
    let (table, subnet) = (task.handles.resolve(&want.route_table)?, task.handles.resolve(&want.subnet)?);
    let old = secondary_id(change)?;
    // The old association is gone once the call was done, so that it cannot simply be repeated.
    let begun = task.sandbox.begin(&change.key);
    let make = |account: &mut Account| account.replace_route_table_association(old, &table);
    let look = |account: &Account| find(account, &table, &subnet);
    let call = ("ec2:ReplaceRouteTableAssociation", change.key.name.as_str());
    let id = task.create(call, &begun, make, "ec2:DescribeRouteTables", look).await?;
    Ok(Handle { secondary_id: Some(id), ..Handle::new(&change.key.name) })
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = secondary_id(change)?;
    task.remove("ec2:DisassociateRouteTable", id, |account| account.disassociate_route_table(id)).await
}
