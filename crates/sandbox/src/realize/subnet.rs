//! Subnets: `CreateSubnet`, then `ModifySubnetAttribute` for each attribute that is not AWS's default.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::{PrivateDnsNameOptions, Subnet};

use super::{Task, after, before, bug, observed, retag, touches, vpc};
use crate::account::Account;
use crate::account::cidr;
use crate::account::subnet::{SubnetAttribute, default_naming};

const DESCRIBE: &str = "ec2:DescribeSubnets";

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Subnet = after(change)?;
    let id_of_vpc = task.handles.resolve(&want.vpc)?;
    let ipv6 = ipv6_range(task, want).await?;
    let begun = task.sandbox.begin(&change.key);
    let id = match &begun.id {
        Some(id) => id.clone(),
        None => {
            let make = |account: &mut Account| {
                let (zone, range) = (&want.availability_zone, want.cidr_block.as_deref());
                let made =
                    account.create_subnet(&id_of_vpc, zone, range, ipv6.as_deref(), want.ipv6_native, &want.tags);
                made.map(|subnet| subnet.id)
            };
            let look = |account: &Account| {
                let mut all = account.subnets.values().filter(|it| it.vpc == id_of_vpc);
                all.find(|it| task.is_new(&change.key, &it.id, &it.tags)).map(|it| it.id.clone())
            };
            task.create(("ec2:CreateSubnet", &change.key.name), &begun, make, DESCRIBE, look).await?
        }
    };
    task.sandbox.made(&change.key, &id);
    let naming = default_naming(want.ipv6_native);
    let mut attributes = naming_changes(&naming, &want.private_dns_name_options_on_launch);
    if want.assign_ipv6_address_on_creation {
        attributes.push(SubnetAttribute::AssignIpv6AddressOnCreation(true));
    }
    if want.enable_dns64 {
        attributes.push(SubnetAttribute::EnableDns64(true));
    }
    modify(task, &id, &attributes).await?;
    Ok(Handle::new(id))
}

/// The IPv6 range that a subnet shall have: `/64#N` counts from the range of the VPC.
async fn ipv6_range(task: &Task<'_>, want: &Subnet) -> Result<Option<String>, CloudError> {
    let Some(text) = &want.ipv6_cidr_block else { return Ok(None) };
    let Some(number) = text.strip_prefix("/64#") else { return Ok(Some(text.clone())) };
    let block = vpc::ipv6_range(task, &want.vpc).await?;
    let number = u8::from_str_radix(number, 16).map_err(|_| bug(format!("{text} is not a block of a /56")))?;
    Ok(cidr::subnet_of_56(&block, number))
}

fn naming_changes(old: &PrivateDnsNameOptions, new: &PrivateDnsNameOptions) -> Vec<SubnetAttribute> {
    let mut changes = Vec::new();
    if old.hostname_type != new.hostname_type {
        changes.push(SubnetAttribute::PrivateDnsHostnameTypeOnLaunch(new.hostname_type.clone()));
    }
    if old.enable_resource_name_dns_a_record != new.enable_resource_name_dns_a_record {
        let on = new.enable_resource_name_dns_a_record;
        changes.push(SubnetAttribute::EnableResourceNameDnsARecordOnLaunch(on));
    }
    if old.enable_resource_name_dns_aaaa_record != new.enable_resource_name_dns_aaaa_record {
        let on = new.enable_resource_name_dns_aaaa_record;
        changes.push(SubnetAttribute::EnableResourceNameDnsAAAARecordOnLaunch(on));
    }
    changes
}

async fn modify(task: &Task<'_>, id: &str, attributes: &[SubnetAttribute]) -> Result<(), CloudError> {
    for attribute in attributes {
        let call = "ec2:ModifySubnetAttribute";
        task.set(call, id, |account| account.modify_subnet_attribute(id, attribute)).await?;
    }
    Ok(())
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let (want, had): (&Subnet, &Subnet) = (after(change)?, observed(change)?);
    let id = &before(change)?.handle.id;
    let mut first = Vec::new();
    let mut last = Vec::new();
    // What needs IPv6 comes on after the range and goes off before it.
    for (field, attribute, on) in [
        (
            "AssignIpv6AddressOnCreation",
            SubnetAttribute::AssignIpv6AddressOnCreation(want.assign_ipv6_address_on_creation),
            want.assign_ipv6_address_on_creation,
        ),
        ("EnableDns64", SubnetAttribute::EnableDns64(want.enable_dns64), want.enable_dns64),
    ] {
        if touches(change, field) {
            if on { last.push(attribute) } else { first.push(attribute) }
        }
    }
    if touches(change, "PrivateDnsNameOptionsOnLaunch") {
        let old = &had.private_dns_name_options_on_launch;
        last.extend(naming_changes(old, &want.private_dns_name_options_on_launch));
    }
    modify(task, id, &first).await?;
    if touches(change, "Ipv6CidrBlock") {
        set_ipv6(task, id, ipv6_range(task, want).await?).await?;
    }
    modify(task, id, &last).await?;
    retag(task, change).await
}

async fn set_ipv6(task: &Task<'_>, id: &str, want: Option<String>) -> Result<(), CloudError> {
    let present =
        |account: &Account| account.subnets.get(id).and_then(|it| it.ipv6.clone().zip(it.ipv6_association.clone()));
    let had = task.sandbox.read(DESCRIBE, id, present).await?;
    if had.as_ref().map(|(range, _)| range) == want.as_ref() {
        return Ok(());
    }
    if let Some((_, association)) = had {
        let call = "ec2:DisassociateSubnetCidrBlock";
        task.remove(call, id, |account| account.disassociate_subnet_cidr_block(&association)).await?;
    }
    if let Some(range) = want {
        let begun = crate::sandbox::Begun { token: String::new(), id: None, again: false };
        let make = |account: &mut Account| account.associate_subnet_cidr_block(id, &range);
        let look = |account: &Account| present(account).filter(|(there, _)| *there == range).map(|_| ());
        task.create(("ec2:AssociateSubnetCidrBlock", id), &begun, make, DESCRIBE, look).await?;
    }
    Ok(())
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteSubnet", id, |account| account.delete_subnet(id)).await
}
