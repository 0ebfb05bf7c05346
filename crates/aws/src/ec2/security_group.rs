//! Security groups.
//!
//! AWS gives every new group a rule that lets all traffic out. It is not revoked here: the step that makes the egress rules
//! of the group finds it and takes it over (see [`super::security_group_rule`]), which takes fewer calls and leaves no
//! moment without egress.

use aws_sdk_ec2::types::{ResourceType, SecurityGroup as AwsSecurityGroup};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::SecurityGroup;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref, names};

use super::common::{filter, of_cluster, pages, retag, specification, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed};
use crate::shared::{entry, in_the_way, ownership};

/// The security groups with the cluster's tag.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsSecurityGroup>, CloudError> {
    let request = aws.ec2().describe_security_groups().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeSecurityGroups", request, security_groups).await
}

/// The security groups with names of the cluster, in any VPC.
pub(super) async fn list_named(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsSecurityGroup>, CloudError> {
    let by_name = filter("group-name", names::security_group_names(cluster));
    let request = aws.ec2().describe_security_groups().filters(by_name);
    pages!(aws, "ec2:DescribeSecurityGroups", request, security_groups).await
}

/// A security group.
pub(super) fn entry_of(cluster: &ClusterName, group: &AwsSecurityGroup) -> Option<Observed> {
    let tags = tags(group.tags());
    let properties = SecurityGroup {
        vpc: Ref::existing(group.vpc_id()?),
        group_description: group.description().unwrap_or_default().to_owned(),
        tags: tags.clone(),
    };
    let whose = ownership(cluster, &tags);
    Some(entry(Kind::SecurityGroup, group.group_name()?, Handle::new(group.group_id()?), whose, properties))
}

/// Makes, tags or removes a security group.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => {
            let (desired, current): (&SecurityGroup, &SecurityGroup) = (after(change)?, observed(change)?);
            let handle = before(change)?.handle.clone();
            retag(task, &handle.id, &current.tags, &desired.tags).await?;
            Ok(done(change, handle))
        }
        Verb::Delete => {
            let request = task.aws.ec2().delete_security_group().group_id(&before(change)?.handle.id);
            gone(task.aws.write_idempotent("ec2:DeleteSecurityGroup", || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateSecurityGroup";
    let desired: &SecurityGroup = after(change)?;
    let vpc = task.handles.resolve(&desired.vpc)?;
    let request = task
        .aws
        .ec2()
        .create_security_group()
        .group_name(&change.key.name)
        .description(&desired.group_description)
        .vpc_id(&vpc)
        .set_tag_specifications(specification(ResourceType::SecurityGroup, &desired.tags));
    match task.aws.write_settling(CALL, task.progress, || request.clone().send()).await {
        Ok(answer) => Ok(done(change, Handle::new(answer.group_id.ok_or_else(|| incomplete(CALL))?))),
        // the name is unique within the VPC: either an earlier attempt made it, or it is not ours
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let by_name = filter("group-name", [&change.key.name]);
            let request = task.aws.ec2().describe_security_groups().filters(by_name).filters(filter("vpc-id", [&vpc]));
            let groups = pages!(task.aws, "ec2:DescribeSecurityGroups", request, security_groups).await?;
            let ours = groups.iter().find(|group| tags(group.tags()).owned_by(task.cluster));
            match ours.and_then(|group| group.group_id()) {
                Some(id) => Ok(done(change, Handle::new(id))),
                None => Err(in_the_way(CALL, &change.key, task.cluster)),
            }
        }
        Err(error) => Err(error),
    }
}
