//! Instances, which are only ever removed.

use aws_sdk_ec2::types::{Instance as AwsInstance, InstanceStateName};
use kedge_cloud::{CloudError, ErrorClass, StepOutcome, Verb};
use kedge_resource::kind::Instance;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{filter, of_cluster, pages, tags};
use crate::client::Aws;
use crate::realize::{Task, before, gone, unsupported};
use crate::shared::{entry, ownership};
use crate::wait::{self, Look, Poll};

const AUTO_SCALING_GROUP_TAG: &str = "aws:autoscaling:groupName";
const TEMPLATE_VERSION_TAG: &str = "aws:ec2launchtemplate:version";
/// Instances that one call terminates.
const CHUNK: usize = 200;

/// The instances of the cluster that are not terminated.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsInstance>, CloudError> {
    let there = ["pending", "running", "shutting-down", "stopping", "stopped"];
    let request =
        aws.ec2().describe_instances().filters(of_cluster(cluster)).filters(filter("instance-state-name", there));
    let reservations = pages!(aws, "ec2:DescribeInstances", request, reservations).await?;
    Ok(reservations.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default()).collect())
}

/// An instance.
pub(super) fn entry_of(cluster: &ClusterName, instance: &AwsInstance) -> Option<Observed> {
    let set_by_aws = |key: &str| {
        instance.tags().iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value()).map(ToOwned::to_owned)
    };
    let tags = tags(instance.tags());
    let id = instance.instance_id()?;
    let properties = Instance {
        instance_type: instance.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        state: state(instance).map(|state| state.as_str().to_owned()).unwrap_or_default(),
        subnet: instance.subnet_id().map(Ref::existing),
        auto_scaling_group: set_by_aws(AUTO_SCALING_GROUP_TAG).map(Ref::existing),
        private_ip_address: instance.private_ip_address().map(ToOwned::to_owned),
        launch_template_version: set_by_aws(TEMPLATE_VERSION_TAG),
        tags: tags.clone(),
    };
    Some(entry(Kind::Instance, id, Handle::new(id), ownership(cluster, &tags), properties))
}

fn state(instance: &AwsInstance) -> Option<&InstanceStateName> {
    instance.state().and_then(|state| state.name())
}

/// Terminates the instances of a step and waits until they are gone: until then they hold their subnets, security groups
/// and volumes.
pub(super) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    if task.step.verb != Verb::Delete {
        return Err(unsupported(task.step.verb, &task.first()?.key));
    }
    let planned = task.of_kind(Kind::Instance).map(|change| Ok(before(change)?.handle.id.clone()));
    let ids = planned.collect::<Result<Vec<_>, CloudError>>()?;
    terminate(task, &ids).await?;
    wait::until("ec2:DescribeInstances", Poll::SLOW, task.progress, || async {
        let there = list(task.aws, task.cluster).await?;
        let of_step = |instance: &&AwsInstance| ids.iter().any(|id| Some(id.as_str()) == instance.instance_id());
        Ok(match there.iter().filter(of_step).count() {
            0 => Look::Done(()),
            1 => Look::Waiting("1 instance is shutting down".to_owned()),
            count => Look::Waiting(format!("{count} instances are shutting down")),
        })
    })
    .await?;
    Ok(StepOutcome::default())
}

async fn terminate(task: &Task<'_>, ids: &[String]) -> Result<(), CloudError> {
    for ids in ids.chunks(CHUNK) {
        let request = task.aws.ec2().terminate_instances().set_instance_ids(Some(ids.to_vec()));
        let call = "ec2:TerminateInstances";
        let answer = task.aws.write_idempotent(call, || request.clone().send()).await;
        if let Err(error) = &answer
            && error.class == ErrorClass::NotFound
        {
            // one that is gone fails the call for all
            for id in ids {
                let request = task.aws.ec2().terminate_instances().instance_ids(id);
                gone(task.aws.write_idempotent(call, || request.clone().send()).await)?;
            }
            continue;
        }
        answer?;
    }
    Ok(())
}
