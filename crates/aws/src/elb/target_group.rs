//! Target groups.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, TargetGroup as Raw, TargetGroupAttribute, TargetTypeEnum};
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::TargetGroup;
use kedge_resource::{ClusterName, Handle, Kind, Ref, Tags, names};

use super::tags;
use crate::call::incomplete;
use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, after, before, gone, observed, touches};
use crate::shared::{changed_attributes, changed_tags, concerns, entry, found, in_the_way, ownership};

const CREATE: &str = "elasticloadbalancing:CreateTargetGroup";
const DESCRIBE: &str = "elasticloadbalancing:DescribeTargetGroups";
const DESCRIBE_ATTRIBUTES: &str = "elasticloadbalancing:DescribeTargetGroupAttributes";
/// The properties that `ModifyTargetGroup` sets.
const HEALTH_CHECK: [&str; 5] = [
    "HealthCheckProtocol",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
];

/// Every target group of the account.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Raw>, CloudError> {
    let mut all = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page =
            aws.read(DESCRIBE, || aws.elbv2().describe_target_groups().set_marker(marker.clone()).send()).await?;
        all.extend(page.target_groups.unwrap_or_default());
        marker = page.next_marker.filter(|next| !next.is_empty());
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// The entry of a target group, if it belongs into the inventory.
pub(super) async fn observe(
    aws: &Aws,
    cluster: &ClusterName,
    raw: &Raw,
    tags: &BTreeMap<String, Tags>,
) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let (Some(arn), Some(name)) = (&raw.target_group_arn, &raw.target_group_name) else { return Ok(part) };
    // without tags it is gone meanwhile
    let Some(tags) = tags.get(arn) else { return Ok(part) };
    let ours_by_name = names::owns_name(Kind::TargetGroup, cluster, name);
    let ownership = ownership(cluster, tags);
    if !ours_by_name && !concerns(cluster, tags) {
        return Ok(part);
    }
    let mut attributes = BTreeMap::new();
    if ours_by_name {
        let read = found(read_attributes(aws, arn).await);
        attributes = part.accept(&[Kind::TargetGroup], read)?.unwrap_or_default();
    }
    let properties = properties(raw, attributes, tags.clone());
    part.resources.push(entry(Kind::TargetGroup, name, Handle::new(arn), ownership, properties));
    Ok(part)
}

async fn read_attributes(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, CloudError> {
    let answer = aws
        .read(DESCRIBE_ATTRIBUTES, || aws.elbv2().describe_target_group_attributes().target_group_arn(arn).send())
        .await?;
    let attributes = answer.attributes.unwrap_or_default();
    Ok(attributes.into_iter().filter_map(|attribute| Some((attribute.key?, attribute.value?))).collect())
}

fn properties(raw: &Raw, attributes: BTreeMap<String, String>, tags: Tags) -> TargetGroup {
    let protocol = |protocol: &Option<ProtocolEnum>| protocol.as_ref().map_or("", ProtocolEnum::as_str).to_owned();
    let health_check_protocol = protocol(&raw.health_check_protocol);
    // only HTTP and HTTPS checks have one
    let has_path = health_check_protocol.starts_with("HTTP");
    TargetGroup {
        vpc: Ref::existing(raw.vpc_id.clone().unwrap_or_default()),
        port: raw.port.unwrap_or_default(),
        protocol: protocol(&raw.protocol),
        health_check_path: raw.health_check_path.clone().filter(|_| has_path),
        health_check_protocol,
        health_check_interval_seconds: raw.health_check_interval_seconds.unwrap_or_default(),
        healthy_threshold_count: raw.healthy_threshold_count.unwrap_or_default(),
        unhealthy_threshold_count: raw.unhealthy_threshold_count.unwrap_or_default(),
        target_group_attributes: attributes,
        tags,
    }
}

/// Makes it, unless there is one of its name: then that is made to be as wanted, if it is the cluster's.
///
/// AWS answers a request with the target group that exists if it has the same settings, whosever it is: so what is there is
/// looked at first.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let Task { aws, progress, .. } = *task;
    let wanted: &TargetGroup = after(change)?;
    let name = &change.key.name;
    let vpc = task.handles.resolve(&wanted.vpc)?;
    if let Some(present) = by_name(aws, name).await? {
        return adopt(task, change, &vpc, present).await;
    }
    let answer = aws
        .write_settling(CREATE, progress, || {
            aws.elbv2()
                .create_target_group()
                .name(name)
                .target_type(TargetTypeEnum::Instance)
                .protocol(ProtocolEnum::from(wanted.protocol.as_str()))
                .port(wanted.port)
                .vpc_id(&vpc)
                .health_check_protocol(ProtocolEnum::from(wanted.health_check_protocol.as_str()))
                .set_health_check_path(wanted.health_check_path.clone())
                .health_check_interval_seconds(wanted.health_check_interval_seconds)
                .healthy_threshold_count(wanted.healthy_threshold_count)
                .unhealthy_threshold_count(wanted.unhealthy_threshold_count)
                .set_tags(tags::request(&wanted.tags))
                .send()
        })
        .await;
    match answer {
        Ok(answer) => {
            let raw = answer.target_groups.unwrap_or_default().into_iter().next();
            let arn = raw.and_then(|raw| raw.target_group_arn).ok_or_else(|| incomplete(CREATE))?;
            set_attributes(task, &arn, &wanted.target_group_attributes).await?;
            Ok(Handle::new(arn))
        }
        // made in the meantime, or by a request whose answer was lost
        Err(error) if error.class == ErrorClass::AlreadyExists => match by_name(aws, name).await? {
            Some(present) => adopt(task, change, &vpc, present).await,
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Makes a target group that exists what it shall be.
async fn adopt(
    task: &Task<'_>,
    change: &StepChange,
    vpc: &str,
    (raw, arn, has): (Raw, String, Tags),
) -> Result<Handle, CloudError> {
    let wanted: &TargetGroup = after(change)?;
    if !has.owned_by(task.cluster) {
        return Err(in_the_way(CREATE, &change.key, task.cluster));
    }
    let fixed = (raw.port, raw.protocol.as_ref().map(ProtocolEnum::as_str), raw.vpc_id.as_deref());
    if fixed != (Some(wanted.port), Some(wanted.protocol.as_str()), Some(vpc)) {
        let message = format!("a target group named {} with another port, protocol or VPC exists", change.key.name);
        return Err(CloudError::new(ErrorClass::Conflict, CREATE, message).with_hint("plan again"));
    }
    set_health_check(task, &arn, wanted).await?;
    set_attributes(task, &arn, &wanted.target_group_attributes).await?;
    tags::set(task.aws, &arn, &changed_tags(&has, &wanted.tags)).await?;
    Ok(Handle::new(arn))
}

/// Changes what `fields` names.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let wanted: &TargetGroup = after(change)?;
    let had: &TargetGroup = observed(change)?;
    let handle = before(change)?.handle.clone();
    if HEALTH_CHECK.iter().any(|field| touches(change, field)) {
        set_health_check(task, &handle.id, wanted).await?;
    }
    if touches(change, "TargetGroupAttributes") {
        let attributes = changed_attributes(&had.target_group_attributes, &wanted.target_group_attributes);
        set_attributes(task, &handle.id, &attributes).await?;
    }
    if touches(change, "Tags") {
        tags::set(task.aws, &handle.id, &changed_tags(&had.tags, &wanted.tags)).await?;
    }
    Ok(handle)
}

/// Removes it. AWS answers with success when it is gone already.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let arn = &before(change)?.handle.id;
    let answer = task
        .aws
        .write_idempotent("elasticloadbalancing:DeleteTargetGroup", || {
            task.aws.elbv2().delete_target_group().target_group_arn(arn).send()
        })
        .await;
    gone(answer)
}

async fn by_name(aws: &Aws, name: &str) -> Result<Option<(Raw, String, Tags)>, CloudError> {
    let answer = found(aws.read(DESCRIBE, || aws.elbv2().describe_target_groups().names(name).send()).await)?;
    let Some(raw) = answer.and_then(|answer| answer.target_groups.unwrap_or_default().into_iter().next()) else {
        return Ok(None);
    };
    let Some(arn) = raw.target_group_arn.clone() else { return Ok(None) };
    let tags = tags::describe(aws, std::slice::from_ref(&arn)).await?.remove(&arn).unwrap_or_default();
    Ok(Some((raw, arn, tags)))
}

async fn set_health_check(task: &Task<'_>, arn: &str, wanted: &TargetGroup) -> Result<(), CloudError> {
    task.aws
        .write_settling("elasticloadbalancing:ModifyTargetGroup", task.progress, || {
            task.aws
                .elbv2()
                .modify_target_group()
                .target_group_arn(arn)
                .health_check_protocol(ProtocolEnum::from(wanted.health_check_protocol.as_str()))
                .set_health_check_path(wanted.health_check_path.clone())
                .health_check_interval_seconds(wanted.health_check_interval_seconds)
                .healthy_threshold_count(wanted.healthy_threshold_count)
                .unhealthy_threshold_count(wanted.unhealthy_threshold_count)
                .send()
        })
        .await?;
    Ok(())
}

async fn set_attributes(task: &Task<'_>, arn: &str, attributes: &BTreeMap<String, String>) -> Result<(), CloudError> {
    if attributes.is_empty() {
        return Ok(());
    }
    let attributes: Vec<_> =
        attributes.iter().map(|(key, value)| TargetGroupAttribute::builder().key(key).value(value).build()).collect();
    task.aws
        .write_settling("elasticloadbalancing:ModifyTargetGroupAttributes", task.progress, || {
            let attributes = Some(attributes.clone());
            task.aws.elbv2().modify_target_group_attributes().target_group_arn(arn).set_attributes(attributes).send()
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_checks_have_a_path() {
        let raw = |protocol| {
            Raw::builder().protocol(ProtocolEnum::Tcp).health_check_protocol(protocol).health_check_path("/").build()
        };
        let path = |protocol| properties(&raw(protocol), BTreeMap::new(), Tags::default()).health_check_path;
        assert_eq!(path(ProtocolEnum::Tcp), None);
        assert_eq!(path(ProtocolEnum::Https).as_deref(), Some("/"));
    }
}
