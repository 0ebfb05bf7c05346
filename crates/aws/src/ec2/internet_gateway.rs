//! Internet gateways, with their attachment.

use aws_sdk_ec2::types::{InternetGateway as AwsInternetGateway, ResourceType};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::InternetGateway;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{begun_id, named, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed, touches};

/// The internet gateways of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsInternetGateway>, CloudError> {
    let request = aws.ec2().describe_internet_gateways().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeInternetGateways", request, internet_gateways).await
}

/// An internet gateway.
pub(super) fn entry_of(cluster: &ClusterName, gateway: &AwsInternetGateway) -> Option<Observed> {
    let tags = tags(gateway.tags());
    let vpc = gateway.attachments().iter().find_map(|attachment| attachment.vpc_id());
    let properties = InternetGateway { vpc: vpc.map(Ref::existing), tags: tags.clone() };
    tagged(cluster, Kind::InternetGateway, Handle::new(gateway.internet_gateway_id()?), &tags, properties)
}

/// Makes, attaches, tags or removes an internet gateway.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => update(task, change).await,
        Verb::Delete => delete(task, change).await,
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateInternetGateway";
    let desired: &InternetGateway = after(change)?;
    let id = match begun_id(task.aws, change) {
        Some(id) => id,
        None => {
            let request = task
                .aws
                .ec2()
                .create_internet_gateway()
                .set_tag_specifications(specification(ResourceType::InternetGateway, &desired.tags));
            let look = || async {
                let filters = named(task.cluster, &change.key.name);
                let request = task.aws.ec2().describe_internet_gateways().set_filters(Some(filters));
                let found = pages!(task.aws, "ec2:DescribeInternetGateways", request, internet_gateways).await?;
                let found = found.into_iter().filter_map(|one| Some((one.internet_gateway_id()?.to_owned(), one)));
                only_new(task, change, CALL, found.collect())
            };
            let gateway = task
                .aws
                .create(CALL, task.progress, || request.clone().send(), |answer| answer.internet_gateway, look)
                .await?;
            gateway.internet_gateway_id.ok_or_else(|| incomplete(CALL))?
        }
    };
    let handle = Handle::new(id);
    task.aws.begin(&change.key, &handle);
    if let Some(vpc) = &desired.vpc {
        attach(task, &handle.id, &task.handles.resolve(vpc)?).await?;
    }
    Ok(done(change, handle))
}

async fn attach(task: &Task<'_>, id: &str, vpc: &str) -> Result<(), CloudError> {
    let request = task.aws.ec2().attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    match task.aws.write_settling("ec2:AttachInternetGateway", task.progress, || request.clone().send()).await {
        Ok(_) => Ok(()),
        // by an earlier attempt to this VPC, or by somebody else to another one
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let request = task.aws.ec2().describe_internet_gateways().internet_gateway_ids(id);
            let answer = task.aws.read("ec2:DescribeInternetGateways", || request.clone().send()).await?;
            if answer.internet_gateways().iter().any(|gateway| is_attached(gateway, vpc)) {
                return Ok(());
            }
            Err(CloudError { class: ErrorClass::Conflict, ..error }
                .with_hint(format!("{id} is attached to another VPC than {vpc}: detach it, and plan again")))
        }
        Err(error) => Err(error),
    }
}

fn is_attached(gateway: &AwsInternetGateway, vpc: &str) -> bool {
    gateway.attachments().iter().any(|attachment| attachment.vpc_id() == Some(vpc))
}

async fn detach(task: &Task<'_>, id: &str, vpc: &str) -> Result<(), CloudError> {
    let request = task.aws.ec2().detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    gone(task.aws.write_idempotent("ec2:DetachInternetGateway", || request.clone().send()).await)
}

async fn update(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let (desired, current): (&InternetGateway, &InternetGateway) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    if touches(change, "Vpc") {
        if let Some(vpc) = &current.vpc {
            detach(task, &handle.id, &task.handles.resolve(vpc)?).await?;
        }
        if let Some(vpc) = &desired.vpc {
            attach(task, &handle.id, &task.handles.resolve(vpc)?).await?;
        }
    }
    if touches(change, "Tags") {
        retag(task, &handle.id, &current.tags, &desired.tags).await?;
    }
    Ok(done(change, handle))
}

async fn delete(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let current: &InternetGateway = observed(change)?;
    let id = &before(change)?.handle.id;
    if let Some(vpc) = &current.vpc {
        detach(task, id, &task.handles.resolve(vpc)?).await?;
    }
    let request = task.aws.ec2().delete_internet_gateway().internet_gateway_id(id);
    gone(task.aws.write_idempotent("ec2:DeleteInternetGateway", || request.clone().send()).await)?;
    Ok(StepOutcome::default())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::InternetGatewayAttachment;

    use super::*;

    #[test]
    fn an_attachment_to_another_vpc_is_none() {
        let attachment = InternetGatewayAttachment::builder().vpc_id("vpc-1").build();
        let gateway = AwsInternetGateway::builder().attachments(attachment).build();
        assert!(is_attached(&gateway, "vpc-1"));
        assert!(!is_attached(&gateway, "vpc-2"));
        assert!(!is_attached(&AwsInternetGateway::builder().build(), "vpc-1"));
    }
}
