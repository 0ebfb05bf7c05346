//! Routes.

use aws_sdk_ec2::types::{Route as AwsRoute, RouteOrigin};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::Route;
use kedge_resource::{Handle, Kind, Observed, Ref};

use super::nat_gateway;
use crate::realize::{Task, after, bug, done, gone, observed};
use crate::shared::entry;

/// A route of one of our tables. Those that AWS or a virtual private gateway put there are not ours.
pub(super) fn entry_of(table: &Observed, route: &AwsRoute) -> Option<Observed> {
    let made_here = matches!(route.origin(), None | Some(RouteOrigin::CreateRoute));
    let gateway = route.gateway_id();
    let of_aws = gateway.is_some_and(|gateway| gateway == "local" || gateway.starts_with("vpce-"));
    if !made_here || of_aws {
        return None;
    }
    let destination = route.destination_cidr_block().or(route.destination_ipv6_cidr_block())?;
    let name = format!("{} {destination}", table.key.name);
    let properties = Route {
        route_table: Ref::existing(&table.handle.id),
        destination_cidr_block: route.destination_cidr_block().map(ToOwned::to_owned),
        destination_ipv6_cidr_block: route.destination_ipv6_cidr_block().map(ToOwned::to_owned),
        gateway: gateway.map(Ref::existing),
        nat_gateway: route.nat_gateway_id().map(Ref::existing),
        egress_only_internet_gateway: route.egress_only_internet_gateway_id().map(Ref::existing),
        transit_gateway_id: route.transit_gateway_id().map(ToOwned::to_owned),
        instance_id: route.instance_id().map(ToOwned::to_owned),
        vpc_peering_connection_id: route.vpc_peering_connection_id().map(ToOwned::to_owned),
    };
    Some(entry(Kind::Route, name.clone(), Handle::new(name), table.ownership, properties))
}

/// Ids of the target of a route; one of them is set.
struct Target {
    gateway: Option<String>,
    nat_gateway: Option<String>,
    egress_only: Option<String>,
}

impl Target {
    fn of(task: &Task<'_>, route: &Route) -> Result<Self, CloudError> {
        Ok(Self {
            gateway: route.gateway.as_ref().map(|gateway| task.handles.resolve(gateway)).transpose()?,
            nat_gateway: route.nat_gateway.as_ref().map(|gateway| task.handles.resolve(gateway)).transpose()?,
            egress_only: route
                .egress_only_internet_gateway
                .as_ref()
                .map(|gateway| task.handles.resolve(gateway))
                .transpose()?,
        })
    }
}

/// Makes, redirects or removes a route.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => match create(task, after(change)?).await {
            Err(error) if awaits_nat_gateway(after(change)?, &error) => {
                nat_gateway_available(task, after(change)?).await?;
                create(task, after(change)?).await?;
            }
            // an earlier attempt, or somebody else's route in our table
            Err(error) if error.class == ErrorClass::AlreadyExists => replace(task, after(change)?).await?,
            other => other?,
        },
        Verb::Update => match replace(task, after(change)?).await {
            Err(error) if awaits_nat_gateway(after(change)?, &error) => {
                nat_gateway_available(task, after(change)?).await?;
                replace(task, after(change)?).await?;
            }
            other => other?,
        },
        Verb::Delete => {
            let route: &Route = observed(change)?;
            let request = task
                .aws
                .ec2()
                .delete_route()
                .route_table_id(task.handles.resolve(&route.route_table)?)
                .set_destination_cidr_block(route.destination_cidr_block.clone())
                .set_destination_ipv6_cidr_block(route.destination_ipv6_cidr_block.clone());
            gone(task.aws.write_idempotent("ec2:DeleteRoute", || request.clone().send()).await)?;
            return Ok(StepOutcome::default());
        }
    }
    Ok(done(change, Handle::new(&change.key.name)))
}

/// Whether EC2 says of the NAT gateway of a route that there is none, as it does of one that is not available yet. The step
/// that makes a gateway waits for it; a run that was killed meanwhile did not, and for the next one the gateway is there.
fn awaits_nat_gateway(route: &Route, error: &CloudError) -> bool {
    route.nat_gateway.is_some()
        && error.class == ErrorClass::NotFound
        && error.code.as_deref().is_some_and(|code| code.contains("NatGateway"))
}

async fn nat_gateway_available(task: &Task<'_>, route: &Route) -> Result<(), CloudError> {
    match &route.nat_gateway {
        Some(gateway) => nat_gateway::available(task, &task.handles.resolve(gateway)?).await,
        None => Ok(()),
    }
}

async fn create(task: &Task<'_>, route: &Route) -> Result<(), CloudError> {
    let target = Target::of(task, route)?;
    let request = task
        .aws
        .ec2()
        .create_route()
        .route_table_id(task.handles.resolve(&route.route_table)?)
        .set_destination_cidr_block(route.destination_cidr_block.clone())
        .set_destination_ipv6_cidr_block(route.destination_ipv6_cidr_block.clone())
        .set_gateway_id(target.gateway)
        .set_nat_gateway_id(target.nat_gateway)
        .set_egress_only_internet_gateway_id(target.egress_only)
        .set_transit_gateway_id(route.transit_gateway_id.clone())
        .set_instance_id(route.instance_id.clone())
        .set_vpc_peering_connection_id(route.vpc_peering_connection_id.clone());
    let answer = task.aws.write_settling("ec2:CreateRoute", task.progress, || request.clone().send()).await?;
    match answer.r#return() {
        Some(false) => Err(bug("ec2:CreateRoute answered that it made no route")),
        _ => Ok(()),
    }
}

async fn replace(task: &Task<'_>, route: &Route) -> Result<(), CloudError> {
    let target = Target::of(task, route)?;
    let request = task
        .aws
        .ec2()
        .replace_route()
        .route_table_id(task.handles.resolve(&route.route_table)?)
        .set_destination_cidr_block(route.destination_cidr_block.clone())
        .set_destination_ipv6_cidr_block(route.destination_ipv6_cidr_block.clone())
        .set_gateway_id(target.gateway)
        .set_nat_gateway_id(target.nat_gateway)
        .set_egress_only_internet_gateway_id(target.egress_only)
        .set_transit_gateway_id(route.transit_gateway_id.clone())
        .set_instance_id(route.instance_id.clone())
        .set_vpc_peering_connection_id(route.vpc_peering_connection_id.clone());
    task.aws.write_settling("ec2:ReplaceRoute", task.progress, || request.clone().send()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_nat_gateway_is_waited_for() {
        let route = |nat_gateway: Option<&str>| Route {
            route_table: Ref::existing("rtb-1"),
            destination_cidr_block: Some("0.0.0.0/0".to_owned()),
            destination_ipv6_cidr_block: None,
            gateway: None,
            nat_gateway: nat_gateway.map(Ref::existing),
            egress_only_internet_gateway: None,
            transit_gateway_id: None,
            instance_id: None,
            vpc_peering_connection_id: None,
        };
        let missing =
            |code: &str| CloudError::new(ErrorClass::NotFound, "ec2:CreateRoute", "not there").with_code(code);
        assert!(awaits_nat_gateway(&route(Some("nat-1")), &missing("InvalidNatGatewayID.NotFound")));
        assert!(!awaits_nat_gateway(&route(Some("nat-1")), &missing("InvalidRouteTableID.NotFound")));
        assert!(!awaits_nat_gateway(&route(None), &missing("InvalidNatGatewayID.NotFound")));
    }
}
