//! Load balancers: `CreateLoadBalancer`, then `ModifyLoadBalancerAttributes`.

use std::collections::BTreeMap;

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::LoadBalancer;

use super::{Task, after, before, changed_attributes, changed_tags, observed, touches};
use crate::account::Account;
use crate::account::load_balancer::{BalancerSpec, LoadBalancer as Made, Mapping};

const DESCRIBE: &str = "elasticloadbalancing:DescribeLoadBalancers";

fn spec(task: &Task<'_>, want: &LoadBalancer) -> Result<BalancerSpec, CloudError> {
    let mapping = |mapping: &kedge_resource::kind::SubnetMapping| {
        let address = mapping.allocation_id.as_ref().map(|address| task.handles.resolve(address)).transpose()?;
        Ok(Mapping {
            subnet: task.handles.resolve(&mapping.subnet)?,
            allocation_id: address,
            private_ip: mapping.private_ipv4_address.clone(),
        })
    };
    Ok(BalancerSpec {
        name: want.name.clone(),
        scheme: want.scheme.clone(),
        kind: want.type_.clone(),
        ip_address_type: want.ip_address_type.clone(),
        security_groups: task.ids(&want.security_groups)?,
        mappings: want.subnet_mappings.iter().map(mapping).collect::<Result<_, CloudError>>()?,
    })
}

fn handle(made: &Made) -> Handle {
    let (dns_name, dns_zone) = (Some(made.dns_name.clone()), Some(made.dns_zone.clone()));
    Handle { dns_name, dns_zone, ..Handle::new(&made.arn) }
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "elasticloadbalancing:CreateLoadBalancer";
    let want: &LoadBalancer = after(change)?;
    let spec = spec(task, want)?;
    // AWS answers the same request with the load balancer that there is.
    let made = match task.set(CALL, &want.name, |account| account.create_load_balancer(&spec, &want.tags)).await {
        Ok(made) => made,
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            return Err(CloudError { class: ErrorClass::Conflict, ..task.in_the_way(CALL, &change.key) });
        }
        Err(error) => return Err(error),
    };
    set_attributes(task, &made.arn, &want.load_balancer_attributes).await?;
    Ok(handle(&made))
}

async fn set_attributes(task: &Task<'_>, arn: &str, attributes: &BTreeMap<String, String>) -> Result<(), CloudError> {
    if attributes.is_empty() {
        return Ok(());
    }
    let call = "elasticloadbalancing:ModifyLoadBalancerAttributes";
    task.set(call, arn, |account| account.modify_load_balancer_attributes(arn, attributes)).await
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let (want, had): (&LoadBalancer, &LoadBalancer) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    let (arn, spec) = (handle.id.as_str(), spec(task, want)?);
    if touches(change, "SubnetMappings") {
        let call = "elasticloadbalancing:SetSubnets";
        task.set(call, arn, |account| account.set_subnets(arn, &spec.mappings, &spec.ip_address_type)).await?;
    } else if touches(change, "IpAddressType") {
        let call = "elasticloadbalancing:SetIpAddressType";
        task.set(call, arn, |account| account.set_ip_address_type(arn, &spec.ip_address_type)).await?;
    }
    if touches(change, "SecurityGroups") {
        let call = "elasticloadbalancing:SetSecurityGroups";
        task.set(call, arn, |account| account.set_security_groups(arn, &spec.security_groups)).await?;
    }
    if touches(change, "LoadBalancerAttributes") {
        let changed = changed_attributes(&had.load_balancer_attributes, &want.load_balancer_attributes);
        set_attributes(task, arn, &changed).await?;
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("elasticloadbalancing:AddTags", arn, |account| account.add_balancing_tags(arn, &tags)).await?;
    }
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let arn = &before(change)?.handle.id;
    let call = "elasticloadbalancing:DeleteLoadBalancer";
    task.remove(call, arn, |account| account.delete_load_balancer(arn)).await
}

/// DNS name and zone of a load balancer that something names by its ARN.
pub(super) async fn described(task: &Task<'_>, arn: &str) -> Result<Handle, CloudError> {
    let found = |account: &Account| account.load_balancers.get(arn).map(handle);
    let found = task.sandbox.read(DESCRIBE, arn, found).await?;
    found.ok_or_else(|| CloudError::new(ErrorClass::NotFound, DESCRIBE, format!("there is no load balancer {arn}")))
}
