//! Route tables, and which subnets use them.

use aws_sdk_ec2::types::{
    ResourceType, RouteTable as AwsRouteTable, RouteTableAssociation as AwsAssociation, RouteTableAssociationStateCode,
};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{RouteTable, RouteTableAssociation};
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ownership, Ref};

use super::common::{filter, named, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed};
use crate::shared::entry;

/// The route tables of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsRouteTable>, CloudError> {
    let request = aws.ec2().describe_route_tables().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeRouteTables", request, route_tables).await
}

/// The route tables that some subnets use.
pub(super) async fn of_subnets(aws: &Aws, subnets: &[&str]) -> Result<Vec<AwsRouteTable>, CloudError> {
    let request = aws.ec2().describe_route_tables().filters(filter("association.subnet-id", subnets.iter().copied()));
    pages!(aws, "ec2:DescribeRouteTables", request, route_tables).await
}

/// A route table without its routes and associations.
pub(super) fn entry_of(cluster: &ClusterName, table: &AwsRouteTable) -> Option<Observed> {
    let tags = tags(table.tags());
    let properties = RouteTable { vpc: Ref::existing(table.vpc_id()?), tags: tags.clone() };
    tagged(cluster, Kind::RouteTable, Handle::new(table.route_table_id()?), &tags, properties)
}

/// The associations of subnets with a table, as subnet id and association. The association of a VPC with its main table is
/// none.
pub(super) fn associations(table: &AwsRouteTable) -> impl Iterator<Item = (&str, &AwsAssociation)> {
    use RouteTableAssociationStateCode::{Disassociated, Disassociating};
    table.associations().iter().filter(|one| one.main() != Some(true)).filter_map(|one| {
        let state = one.association_state().and_then(|state| state.state());
        let gone = matches!(state, Some(Disassociated | Disassociating));
        (!gone).then_some((one.subnet_id()?, one))
    })
}

/// The association of a subnet, under the name of the subnet.
pub(super) fn association_entry(name: &str, subnet: &str, one: &AwsAssociation) -> Option<Observed> {
    let properties =
        RouteTableAssociation { subnet: Ref::existing(subnet), route_table: Ref::existing(one.route_table_id()?) };
    let handle = Handle { secondary_id: Some(one.route_table_association_id()?.to_owned()), ..Handle::new(name) };
    Some(entry(Kind::RouteTableAssociation, name, handle, Ownership::Owned, properties))
}

/// Makes, tags or removes a route table.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => {
            let (desired, current): (&RouteTable, &RouteTable) = (after(change)?, observed(change)?);
            let handle = before(change)?.handle.clone();
            retag(task, &handle.id, &current.tags, &desired.tags).await?;
            Ok(done(change, handle))
        }
        Verb::Delete => {
            let request = task.aws.ec2().delete_route_table().route_table_id(&before(change)?.handle.id);
            gone(task.aws.write_idempotent("ec2:DeleteRouteTable", || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateRouteTable";
    let desired: &RouteTable = after(change)?;
    let request = task
        .aws
        .ec2()
        .create_route_table()
        .vpc_id(task.handles.resolve(&desired.vpc)?)
        .client_token(task.aws.client_token())
        .set_tag_specifications(specification(ResourceType::RouteTable, &desired.tags));
    let look = || async {
        let filters = named(task.cluster, &change.key.name);
        let request = task.aws.ec2().describe_route_tables().set_filters(Some(filters));
        let found = pages!(task.aws, "ec2:DescribeRouteTables", request, route_tables).await?;
        let found = found.into_iter().filter_map(|table| Some((table.route_table_id()?.to_owned(), table)));
        only_new(task, change, CALL, found.collect())
    };
    let table =
        task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.route_table, look).await?;
    Ok(done(change, Handle::new(table.route_table_id.ok_or_else(|| incomplete(CALL))?)))
}

/// Makes, moves or removes the association of a subnet.
pub(super) async fn realize_association(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let association = match task.step.verb {
        Verb::Create => {
            let desired: &RouteTableAssociation = after(change)?;
            let subnet = task.handles.resolve(&desired.subnet)?;
            let table = task.handles.resolve(&desired.route_table)?;
            associate(task, &subnet, &table).await?
        }
        Verb::Update => {
            let desired: &RouteTableAssociation = after(change)?;
            let current: &RouteTableAssociation = observed(change)?;
            let subnet = task.handles.resolve(&current.subnet)?;
            let table = task.handles.resolve(&desired.route_table)?;
            replace(task, before(change)?.handle.secondary_id.clone(), &subnet, &table).await?
        }
        Verb::Delete => {
            if let Some(association) = &before(change)?.handle.secondary_id {
                let request = task.aws.ec2().disassociate_route_table().association_id(association);
                gone(task.aws.write_idempotent("ec2:DisassociateRouteTable", || request.clone().send()).await)?;
            }
            return Ok(StepOutcome::default());
        }
    };
    Ok(done(change, Handle { secondary_id: Some(association), ..Handle::new(&change.key.name) }))
}

/// The association that a subnet has now, and with which table.
async fn current(task: &Task<'_>, subnet: &str) -> Result<Option<(String, String)>, CloudError> {
    let tables = of_subnets(task.aws, &[subnet]).await?;
    let found = tables.iter().flat_map(associations).find(|(id, _)| *id == subnet);
    Ok(found
        .and_then(|(_, one)| Some((one.route_table_association_id()?.to_owned(), one.route_table_id()?.to_owned()))))
}

async fn associate(task: &Task<'_>, subnet: &str, table: &str) -> Result<String, CloudError> {
    const CALL: &str = "ec2:AssociateRouteTable";
    let request = task.aws.ec2().associate_route_table().subnet_id(subnet).route_table_id(table);
    match task.aws.write_settling(CALL, task.progress, || request.clone().send()).await {
        Ok(answer) => answer.association_id.ok_or_else(|| incomplete(CALL)),
        // an earlier attempt, or somebody who gave the subnet another table
        Err(error) if error.class == ErrorClass::AlreadyExists => match current(task, subnet).await? {
            Some((association, used)) if used == table => Ok(association),
            Some((association, _)) => replace(task, Some(association), subnet, table).await,
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Lets a subnet use another table, without a moment in which it uses none.
async fn replace(
    task: &Task<'_>,
    association: Option<String>,
    subnet: &str,
    table: &str,
) -> Result<String, CloudError> {
    const CALL: &str = "ec2:ReplaceRouteTableAssociation";
    let request =
        task.aws.ec2().replace_route_table_association().set_association_id(association).route_table_id(table);
    let look = || async {
        Ok(current(task, subnet).await?.filter(|(_, used)| used == table).map(|(association, _)| association))
    };
    task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.new_association_id, look).await
}
