//! Routes: `CreateRoute`, `ReplaceRoute`, `DeleteRoute`.

use kedge_cloud::{CloudError, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::Route;

use super::{Task, after, bug, observed};
use crate::account::route::RouteTarget;

fn destination(route: &Route) -> &str {
    route.destination_cidr_block.as_deref().or(route.destination_ipv6_cidr_block.as_deref()).unwrap_or_default()
}

fn target(task: &Task<'_>, change: &StepChange, route: &Route) -> Result<RouteTarget, CloudError> {
    let handles = task.handles;
    if let Some(gateway) = &route.gateway {
        return Ok(RouteTarget::Gateway(handles.resolve(gateway)?));
    }
    if let Some(gateway) = &route.nat_gateway {
        return Ok(RouteTarget::NatGateway(handles.resolve(gateway)?));
    }
    if let Some(gateway) = &route.egress_only_internet_gateway {
        return Ok(RouteTarget::EgressOnlyInternetGateway(handles.resolve(gateway)?));
    }
    let by_id = [
        route.transit_gateway_id.clone().map(RouteTarget::TransitGateway),
        route.instance_id.clone().map(RouteTarget::Instance),
        route.vpc_peering_connection_id.clone().map(RouteTarget::VpcPeeringConnection),
    ];
    by_id.into_iter().flatten().next().ok_or_else(|| bug(format!("{} has no target", change.key)))
}

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Route = after(change)?;
    let (table, target) = (task.handles.resolve(&want.route_table)?, target(task, change, want)?);
    let destination = destination(want);
    // AWS accepts the same route again.
    task.set("ec2:CreateRoute", &change.key.name, |account| account.create_route(&table, destination, &target)).await?;
    Ok(Handle::new(&change.key.name))
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &Route = after(change)?;
    let (table, target) = (task.handles.resolve(&want.route_table)?, target(task, change, want)?);
    let (call, destination) = ("ec2:ReplaceRoute", destination(want));
    task.set(call, &change.key.name, |account| account.replace_route(&table, destination, &target)).await?;
    Ok(Handle::new(&change.key.name))
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &Route = observed(change)?;
    let (table, destination) = (task.handles.resolve(&had.route_table)?, destination(had));
    task.remove("ec2:DeleteRoute", &change.key.name, |account| account.delete_route(&table, destination)).await
}
