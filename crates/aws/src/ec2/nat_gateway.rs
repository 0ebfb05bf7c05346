//! NAT gateways, which take minutes to come and to go.

use aws_sdk_ec2::types::{NatGateway as AwsNatGateway, NatGatewayState, ResourceType};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::NatGateway;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{begun_id, filter, named, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed};
use crate::wait::{self, Look, Poll};

/// The NAT gateways of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsNatGateway>, CloudError> {
    let request = aws.ec2().describe_nat_gateways().filter(of_cluster(cluster));
    pages!(aws, "ec2:DescribeNatGateways", request, nat_gateways).await
}

/// A NAT gateway that is there or is coming. One that failed counts as absent: AWS removes it by itself.
pub(super) fn entry_of(cluster: &ClusterName, gateway: &AwsNatGateway) -> Option<Observed> {
    if !is_there(gateway) {
        return None;
    }
    let tags = tags(gateway.tags());
    let addresses = gateway.nat_gateway_addresses();
    let address = addresses.iter().find(|address| address.is_primary() == Some(true)).or(addresses.first());
    let properties = NatGateway {
        subnet: Ref::existing(gateway.subnet_id()?),
        eip: Ref::existing(address.and_then(|address| address.allocation_id()).unwrap_or_default()),
        tags: tags.clone(),
    };
    tagged(cluster, Kind::NatGateway, Handle::new(gateway.nat_gateway_id()?), &tags, properties)
}

fn is_there(gateway: &AwsNatGateway) -> bool {
    matches!(gateway.state(), None | Some(NatGatewayState::Available | NatGatewayState::Pending))
}

/// Makes, tags or removes a NAT gateway.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => {
            let (desired, current): (&NatGateway, &NatGateway) = (after(change)?, observed(change)?);
            let handle = before(change)?.handle.clone();
            retag(task, &handle.id, &current.tags, &desired.tags).await?;
            Ok(done(change, handle))
        }
        Verb::Delete => delete(task, change).await,
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let desired: &NatGateway = after(change)?;
    let address = task.handles.resolve(&desired.eip)?;
    match make(task, change, &address).await {
        // after a deletion that was cut short, the old gateway has the address until it is gone
        Err(error) if error.code.as_deref() == Some("Resource.AlreadyAssociated") => {
            if going(task, &address).await?.is_none() {
                return Err(error);
            }
            wait::until("ec2:DescribeNatGateways", Poll::SLOW, task.progress, || async {
                Ok(match going(task, &address).await? {
                    None => Look::Done(()),
                    Some(id) => Look::Waiting(format!("{address} is still held by {id}, which is being deleted")),
                })
            })
            .await?;
            make(task, change, &address).await
        }
        other => other,
    }
}

/// The NAT gateway that is being deleted and has an address.
async fn going(task: &Task<'_>, address: &str) -> Result<Option<String>, CloudError> {
    let deleting = filter("state", [NatGatewayState::Deleting.as_str()]);
    let request = task.aws.ec2().describe_nat_gateways().filter(deleting);
    let found = pages!(task.aws, "ec2:DescribeNatGateways", request, nat_gateways).await?;
    Ok(found.into_iter().find(|gateway| is_going_with(gateway, address)).and_then(|gateway| gateway.nat_gateway_id))
}

fn is_going_with(gateway: &AwsNatGateway, address: &str) -> bool {
    gateway.state() == Some(&NatGatewayState::Deleting)
        && gateway.nat_gateway_addresses().iter().any(|one| one.allocation_id() == Some(address))
}

async fn make(task: &Task<'_>, change: &StepChange, address: &str) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateNatGateway";
    let desired: &NatGateway = after(change)?;
    let mut state = None;
    let id = match begun_id(task.aws, change) {
        Some(id) => id,
        None => {
            let request = task
                .aws
                .ec2()
                .create_nat_gateway()
                .subnet_id(task.handles.resolve(&desired.subnet)?)
                .allocation_id(address)
                .client_token(task.aws.client_token())
                .set_tag_specifications(specification(ResourceType::Natgateway, &desired.tags));
            let look = || async {
                let filters = named(task.cluster, &change.key.name);
                let request = task.aws.ec2().describe_nat_gateways().set_filter(Some(filters));
                let found = pages!(task.aws, "ec2:DescribeNatGateways", request, nat_gateways).await?;
                let found = found.into_iter().filter(is_there);
                let found = found.filter(|gateway| tags(gateway.tags()).name() == Some(&change.key.name));
                let found = found.filter_map(|gateway| Some((gateway.nat_gateway_id()?.to_owned(), gateway)));
                only_new(task, change, CALL, found.collect())
            };
            let gateway = task
                .aws
                .create(CALL, task.progress, || request.clone().send(), |answer| answer.nat_gateway, look)
                .await?;
            state = gateway.state;
            gateway.nat_gateway_id.ok_or_else(|| incomplete(CALL))?
        }
    };
    let handle = Handle::new(id);
    task.aws.begin(&change.key, &handle);
    if state != Some(NatGatewayState::Available) {
        match available(task, &handle.id).await {
            Err(error) if error.class == ErrorClass::Conflict => {
                // AWS removes what failed; the next attempt makes another one
                task.aws.finish(&change.key);
                return Err(error);
            }
            other => other?,
        }
    }
    Ok(done(change, handle))
}

/// Waits until a NAT gateway can be used.
///
/// # Errors
/// [`ErrorClass::Conflict`] with the code that AWS gives if it never will.
pub(super) async fn available(task: &Task<'_>, id: &str) -> Result<(), CloudError> {
    wait::until("ec2:DescribeNatGateways", Poll::SLOW, task.progress, || coming(task, id)).await
}

async fn coming(task: &Task<'_>, id: &str) -> Result<Look<()>, CloudError> {
    Ok(match describe(task, id).await? {
        None => Look::Waiting(format!("{id} is not visible")),
        Some(gateway) => match gateway.state() {
            Some(NatGatewayState::Available) => Look::Done(()),
            Some(NatGatewayState::Pending) | None => Look::Waiting(format!("{id} is pending")),
            Some(other) => {
                let why = gateway.failure_message().unwrap_or("AWS gives no reason");
                let message = format!("{id} is {}: {why}", other.as_str());
                let error = CloudError::new(ErrorClass::Conflict, "ec2:CreateNatGateway", message);
                return Err(match gateway.failure_code() {
                    Some(code) => error.with_code(code),
                    None => error,
                });
            }
        },
    })
}

async fn describe(task: &Task<'_>, id: &str) -> Result<Option<AwsNatGateway>, CloudError> {
    let request = task.aws.ec2().describe_nat_gateways().nat_gateway_ids(id);
    match task.aws.read("ec2:DescribeNatGateways", || request.clone().send()).await {
        Ok(answer) => Ok(answer.nat_gateways.unwrap_or_default().into_iter().next()),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn delete(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let id = &before(change)?.handle.id;
    let request = task.aws.ec2().delete_nat_gateway().nat_gateway_id(id);
    gone(task.aws.write_idempotent("ec2:DeleteNatGateway", || request.clone().send()).await)?;
    // until it is gone it holds its address and its place in the subnet
    wait::until("ec2:DescribeNatGateways", Poll::SLOW, task.progress, || async {
        let gateway = describe(task, id).await?;
        Ok(match gateway.as_ref().and_then(|gateway| gateway.state()) {
            None | Some(NatGatewayState::Deleted | NatGatewayState::Failed) => Look::Done(()),
            Some(_) => Look::Waiting(format!("{id} is being deleted")),
        })
    })
    .await?;
    Ok(StepOutcome::default())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::NatGatewayAddress;

    use super::*;

    #[test]
    fn only_a_gateway_that_is_going_makes_one_wait_for_its_address() {
        let gateway = |state| {
            let address = NatGatewayAddress::builder().allocation_id("eipalloc-1").build();
            AwsNatGateway::builder().state(state).nat_gateway_addresses(address).build()
        };
        assert!(is_going_with(&gateway(NatGatewayState::Deleting), "eipalloc-1"));
        assert!(!is_going_with(&gateway(NatGatewayState::Deleting), "eipalloc-2"));
        // one that stays keeps it, so that waiting would be for nothing
        assert!(!is_going_with(&gateway(NatGatewayState::Available), "eipalloc-1"));
    }
}
