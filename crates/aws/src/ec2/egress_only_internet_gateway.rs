//! Egress-only internet gateways.

use aws_sdk_ec2::types::{EgressOnlyInternetGateway as AwsGateway, ResourceType};
use kedge_cloud::{CloudError, StepChange, StepOutcome, Verb};
use kedge_resource::kind::EgressOnlyInternetGateway;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{named, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed};

/// The egress-only internet gateways of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsGateway>, CloudError> {
    let request = aws.ec2().describe_egress_only_internet_gateways().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeEgressOnlyInternetGateways", request, egress_only_internet_gateways).await
}

/// An egress-only internet gateway.
pub(super) fn entry_of(cluster: &ClusterName, gateway: &AwsGateway) -> Option<Observed> {
    let tags = tags(gateway.tags());
    let vpc = gateway.attachments().iter().find_map(|attachment| attachment.vpc_id())?;
    let properties = EgressOnlyInternetGateway { vpc: Ref::existing(vpc), tags: tags.clone() };
    let handle = Handle::new(gateway.egress_only_internet_gateway_id()?);
    tagged(cluster, Kind::EgressOnlyInternetGateway, handle, &tags, properties)
}

/// Makes, tags or removes an egress-only internet gateway.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => {
            let (desired, current): (&EgressOnlyInternetGateway, &EgressOnlyInternetGateway) =
                (after(change)?, observed(change)?);
            let handle = before(change)?.handle.clone();
            retag(task, &handle.id, &current.tags, &desired.tags).await?;
            Ok(done(change, handle))
        }
        Verb::Delete => {
            let request = task
                .aws
                .ec2()
                .delete_egress_only_internet_gateway()
                .egress_only_internet_gateway_id(&before(change)?.handle.id);
            let call = "ec2:DeleteEgressOnlyInternetGateway";
            gone(task.aws.write_idempotent(call, || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateEgressOnlyInternetGateway";
    let desired: &EgressOnlyInternetGateway = after(change)?;
    let request = task
        .aws
        .ec2()
        .create_egress_only_internet_gateway()
        .vpc_id(task.handles.resolve(&desired.vpc)?)
        .client_token(task.aws.client_token())
        .set_tag_specifications(specification(ResourceType::EgressOnlyInternetGateway, &desired.tags));
    let look = || async {
        let filters = named(task.cluster, &change.key.name);
        let request = task.aws.ec2().describe_egress_only_internet_gateways().set_filters(Some(filters));
        let call = pages!(task.aws, "ec2:DescribeEgressOnlyInternetGateways", request, egress_only_internet_gateways);
        let found = call.await?.into_iter();
        let found = found.filter_map(|one| Some((one.egress_only_internet_gateway_id()?.to_owned(), one)));
        only_new(task, change, CALL, found.collect())
    };
    let take =
        |answer: aws_sdk_ec2::operation::create_egress_only_internet_gateway::CreateEgressOnlyInternetGatewayOutput| {
            answer.egress_only_internet_gateway
        };
    let gateway = task.aws.create(CALL, task.progress, || request.clone().send(), take, look).await?;
    let id = gateway.egress_only_internet_gateway_id.ok_or_else(|| incomplete(CALL))?;
    Ok(done(change, Handle::new(id)))
}
