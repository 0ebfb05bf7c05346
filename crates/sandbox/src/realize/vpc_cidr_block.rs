//! Secondary ranges: `AssociateVpcCidrBlock`, `DisassociateVpcCidrBlock`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::VpcCidrBlock;

use super::{Task, after, secondary_id};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &VpcCidrBlock = after(change)?;
    let vpc = task.handles.resolve(&want.vpc)?;
    let begun = task.sandbox.begin(&change.key);
    let make = |account: &mut Account| {
        account.associate_vpc_cidr_block(&vpc, &want.cidr_block).map(|block| block.association_id)
    };
    let look = |account: &Account, state: Option<&str>| {
        let mut blocks = account.vpcs.get(&vpc)?.blocks.iter();
        let block = blocks.find(|it| it.cidr == want.cidr_block && state.is_none_or(|state| it.state == state))?;
        Some(block.association_id.clone())
    };
    let (call, describe) = ("ec2:AssociateVpcCidrBlock", "ec2:DescribeVpcs");
    let id = task.create((call, &change.key.name), &begun, make, describe, |account| look(account, None)).await?;
    let what = format!("{} to be associated with {vpc}", want.cidr_block);
    task.until(describe, &vpc, &what, |account| look(account, Some("associated"))).await?;
    Ok(Handle { secondary_id: Some(id), ..Handle::new(&change.key.name) })
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = secondary_id(change)?;
    let call = "ec2:DisassociateVpcCidrBlock";
    task.remove(call, &change.key.name, |account| account.disassociate_vpc_cidr_block(id)).await
}
