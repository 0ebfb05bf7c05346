//! DHCP options and their association: `CreateDhcpOptions`, `AssociateDhcpOptions`, `DeleteDhcpOptions`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::{DhcpOptions, DhcpOptionsAssociation};

use super::{Task, after, before, observed};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &DhcpOptions = after(change)?;
    let begun = task.sandbox.begin(&change.key);
    let make =
        |account: &mut Account| account.create_dhcp_options(&want.domain_name, &want.domain_name_servers, &want.tags);
    let look = |account: &Account| {
        let mut all = account.dhcp_options.values();
        all.find(|it| task.is_new(&change.key, &it.id, &it.tags)).map(|it| it.id.clone())
    };
    let call = ("ec2:CreateDhcpOptions", change.key.name.as_str());
    let id = task.create(call, &begun, make, "ec2:DescribeDhcpOptions", look).await?;
    Ok(Handle::new(id))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteDhcpOptions", id, |account| account.delete_dhcp_options(id)).await
}

/// Makes or changes an association: the VPC has one set of options at any time.
pub(super) async fn associate(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &DhcpOptionsAssociation = after(change)?;
    let (vpc, options) = (task.handles.resolve(&want.vpc)?, task.handles.resolve(&want.dhcp_options)?);
    let call = "ec2:AssociateDhcpOptions";
    task.set(call, &change.key.name, |account| account.associate_dhcp_options(&vpc, &options)).await?;
    Ok(Handle::new(&change.key.name))
}

/// Gives the VPC AWS's own options back.
pub(super) async fn disassociate(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &DhcpOptionsAssociation = observed(change)?;
    let vpc = task.handles.resolve(&had.vpc)?;
    let call = "ec2:AssociateDhcpOptions";
    task.remove(call, &change.key.name, |account| account.associate_dhcp_options(&vpc, "default")).await
}
