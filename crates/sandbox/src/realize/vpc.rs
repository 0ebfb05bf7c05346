//! VPCs: `CreateVpc`, `ModifyVpcAttribute` for each attribute that is not AWS's default.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::kind::Vpc;
use kedge_resource::{Handle, Ref};

use super::{Task, after, before, bug, changed_tags, touches};

const DESCRIBE: &str = "ec2:DescribeVpcs";

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Vpc = after(change)?;
    let name = change.key.name.as_str();
    let begun = task.sandbox.begin(&change.key);
    let id = match &begun.id {
        Some(id) => id.clone(),
        None => {
            let ipv6 = want.amazon_provided_ipv6_cidr_block;
            let make = |account: &mut crate::account::Account| {
                account.create_vpc(&want.cidr_block, ipv6, &want.tags).map(|vpc| vpc.id)
            };
            let look = |account: &crate::account::Account| {
                let mut vpcs = account.vpcs.values();
                vpcs.find(|vpc| task.is_new(&change.key, &vpc.id, &vpc.tags)).map(|vpc| vpc.id.clone())
            };
            task.create(("ec2:CreateVpc", name), &begun, make, DESCRIBE, look).await?
        }
    };
    task.sandbox.made(&change.key, &id);
    set_dns(task, &id, Some(want.enable_dns_support), Some(want.enable_dns_hostnames)).await?;
    settled(task, &id, want.amazon_provided_ipv6_cidr_block).await
}

/// AWS takes one attribute at a time, and host names only where the DNS server answers.
async fn set_dns(task: &Task<'_>, id: &str, support: Option<bool>, names: Option<bool>) -> Result<(), CloudError> {
    const CALL: &str = "ec2:ModifyVpcAttribute";
    if support == Some(true) {
        task.set(CALL, id, |account| account.modify_vpc_dns_support(id, true)).await?;
    }
    if let Some(names) = names {
        task.set(CALL, id, |account| account.modify_vpc_dns_hostnames(id, names)).await?;
    }
    if support == Some(false) {
        task.set(CALL, id, |account| account.modify_vpc_dns_support(id, false)).await?;
    }
    Ok(())
}

/// The handle, which has the IPv6 range that AWS takes a while to assign.
async fn settled(task: &Task<'_>, id: &str, ipv6: bool) -> Result<Handle, CloudError> {
    if !ipv6 {
        return Ok(Handle::new(id));
    }
    let what = format!("the IPv6 range of {id}");
    let range = task
        .until(DESCRIBE, id, &what, |account| account.vpcs.get(id).and_then(|vpc| vpc.ipv6_cidr().map(str::to_owned)));
    Ok(Handle { ipv6_cidr_block: Some(range.await?), ..Handle::new(id) })
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Vpc = after(change)?;
    let mut handle = before(change)?.handle.clone();
    let id = handle.id.clone();
    let support = touches(change, "EnableDnsSupport").then_some(want.enable_dns_support);
    let names = touches(change, "EnableDnsHostnames").then_some(want.enable_dns_hostnames);
    set_dns(task, &id, support, names).await?;
    if touches(change, "AmazonProvidedIpv6CidrBlock") {
        handle = set_ipv6(task, &id, want.amazon_provided_ipv6_cidr_block).await?;
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("ec2:CreateTags", &id, |account| account.create_tags(&id, &tags)).await?;
    }
    Ok(handle)
}

async fn set_ipv6(task: &Task<'_>, id: &str, on: bool) -> Result<Handle, CloudError> {
    let block =
        task.sandbox.read(DESCRIBE, id, |account| account.vpcs.get(id).and_then(|vpc| vpc.ipv6.clone())).await?;
    match block {
        None if on => {
            let begun = crate::sandbox::Begun { token: String::new(), id: None, again: false };
            let make = |account: &mut crate::account::Account| account.associate_vpc_ipv6_block(id);
            let look = |account: &crate::account::Account| {
                account.vpcs.get(id).is_some_and(|vpc| vpc.ipv6.is_some()).then_some(())
            };
            task.create(("ec2:AssociateVpcCidrBlock", id), &begun, make, DESCRIBE, look).await?;
        }
        Some(block) if !on => {
            let association = block.association_id;
            let call = "ec2:DisassociateVpcCidrBlock";
            task.remove(call, id, |account| account.disassociate_vpc_cidr_block(&association)).await?;
        }
        _ => {}
    }
    settled(task, id, on).await
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteVpc", id, |account| account.delete_vpc(id)).await
}

/// The IPv6 range of a VPC that other resources count from.
pub(super) async fn ipv6_range(task: &Task<'_>, vpc: &Ref<Vpc>) -> Result<String, CloudError> {
    let handle = task.handles.resolve_handle(vpc)?;
    if let Some(range) = handle.ipv6_cidr_block {
        return Ok(range);
    }
    let look = |account: &crate::account::Account| {
        account.vpcs.get(&handle.id).and_then(|vpc| vpc.ipv6_cidr().map(str::to_owned))
    };
    let found = task.sandbox.read(DESCRIBE, &handle.id, look).await?;
    found.ok_or_else(|| bug(format!("{} has no IPv6 range", handle.id)))
}
