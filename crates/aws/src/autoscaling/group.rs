//! Auto scaling groups.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AutoScalingGroup as AwsGroup, Filter, Tag};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{AutoScalingGroup, MetricsCollection};
use kedge_resource::tags::ownership_key;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref, Tags};

use super::{lifecycle_hook, policy};
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed, touches};
use crate::shared::{changed_tags, entry, in_the_way, ownership};

const GRANULARITY: &str = "1Minute";
const RESOURCE_TYPE: &str = "auto-scaling-group";

/// The groups of a cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsGroup>, CloudError> {
    let filter = Filter::builder().name("tag-key").values(ownership_key(cluster)).build();
    let request = aws.autoscaling().describe_auto_scaling_groups().filters(filter).max_records(100);
    let mut groups = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = "autoscaling:DescribeAutoScalingGroups";
        let page = aws.read(call, || request.clone().set_next_token(token.clone()).send()).await?;
        groups.extend(page.auto_scaling_groups.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(groups);
        }
    }
}

/// The tags of a group.
pub(super) fn tags(group: &AwsGroup) -> Tags {
    let pairs = group.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default())));
    pairs.filter(|(key, _)| !key.starts_with("aws:")).collect()
}

/// A group. One that is being deleted counts as absent, although AWS shows it until its instances are gone: it takes no
/// changes any more, and an apply after a deletion that was cut short has to make it again. That waits until the name is free.
pub(super) fn entry_of(cluster: &ClusterName, group: &AwsGroup) -> Option<Observed> {
    // AWS says how a group is only while it is being deleted
    if group.status().is_some() {
        return None;
    }
    let tags = tags(group);
    tags.get(&ownership_key(cluster))?;
    let name = group.auto_scaling_group_name()?;
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',').filter(|subnet| !subnet.is_empty());
    let metrics: BTreeSet<&str> = group.enabled_metrics().iter().filter_map(|metric| metric.metric()).collect();
    let metrics = (!metrics.is_empty()).then(|| MetricsCollection {
        granularity: GRANULARITY.to_owned(),
        metrics: metrics.into_iter().map(ToOwned::to_owned).collect(),
    });
    let suspended: BTreeSet<&str> =
        group.suspended_processes().iter().filter_map(|process| process.process_name()).collect();
    let properties = AutoScalingGroup {
        min_size: group.min_size().unwrap_or_default(),
        max_size: group.max_size().unwrap_or_default(),
        launch_template: group.launch_template().and_then(policy::template_from),
        mixed_instances_policy: group.mixed_instances_policy().and_then(policy::policy_from),
        subnets: subnets.map(Ref::existing).collect(),
        target_groups: group.target_group_arns().iter().map(Ref::existing).collect(),
        load_balancers: group.load_balancer_names().to_vec(),
        metrics_collection: metrics,
        max_instance_lifetime: group.max_instance_lifetime().unwrap_or_default(),
        new_instances_protected_from_scale_in: group.new_instances_protected_from_scale_in().unwrap_or_default(),
        suspended_processes: suspended.into_iter().map(ToOwned::to_owned).collect(),
        capacity_rebalance: group.capacity_rebalance().unwrap_or_default(),
        tags: tags.clone(),
    };
    Some(entry(Kind::AutoScalingGroup, name, Handle::new(name), ownership(cluster, &tags), properties))
}

/// Tags as AWS takes them. All of them go to instances.
fn to_list(group: &str, tags: &Tags) -> Vec<Tag> {
    let tag = |key: &str, value: &str| {
        let tag = Tag::builder().resource_id(group).resource_type(RESOURCE_TYPE).propagate_at_launch(true);
        tag.key(key).value(value).build()
    };
    tags.iter().map(|(key, value)| tag(key, value)).collect()
}

/// Makes, changes or removes a group.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => update(task, change).await,
        Verb::Delete => delete(task, change).await,
    }
}

fn subnets(task: &Task<'_>, group: &AutoScalingGroup) -> Result<String, CloudError> {
    let ids = group.subnets.iter().map(|subnet| task.handles.resolve(subnet));
    Ok(ids.collect::<Result<Vec<_>, _>>()?.join(","))
}

fn target_groups(task: &Task<'_>, group: &AutoScalingGroup) -> Result<Vec<String>, CloudError> {
    group.target_groups.iter().map(|target_group| task.handles.resolve(target_group)).collect()
}

/// A group comes with its tags and hooks in one call: instances that it launches at once have both.
async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "autoscaling:CreateAutoScalingGroup";
    let desired: &AutoScalingGroup = after(change)?;
    let name = &change.key.name;
    let template = desired.launch_template.as_ref().map(|template| policy::template(task, template)).transpose()?;
    let mixed = desired.mixed_instances_policy.as_ref().map(|mixed| policy::policy(task, mixed)).transpose()?;
    let hooks: Vec<_> = task.of_kind(Kind::LifecycleHook).collect();
    let specifications = hooks.iter().map(|hook| Ok(lifecycle_hook::specification(after(hook)?)));
    let specifications = specifications.collect::<Result<Vec<_>, CloudError>>()?;
    let request = task
        .aws
        .autoscaling()
        .create_auto_scaling_group()
        .auto_scaling_group_name(name)
        .min_size(desired.min_size)
        .max_size(desired.max_size)
        .set_launch_template(template)
        .set_mixed_instances_policy(mixed)
        .vpc_zone_identifier(subnets(task, desired)?)
        .set_target_group_arns(unless_empty(target_groups(task, desired)?))
        .set_load_balancer_names(unless_empty(desired.load_balancers.clone()))
        .set_max_instance_lifetime((desired.max_instance_lifetime > 0).then_some(desired.max_instance_lifetime))
        .new_instances_protected_from_scale_in(desired.new_instances_protected_from_scale_in)
        .set_capacity_rebalance(desired.capacity_rebalance.then_some(true))
        .set_lifecycle_hook_specification_list(unless_empty(specifications))
        .set_tags(unless_empty(to_list(name, &desired.tags)));
    match task.aws.write_settling(CALL, task.progress, || request.clone().send()).await {
        Ok(_) => {}
        // names are unique: either an earlier attempt made it, with all that the call brings, or it is not ours
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let request = task.aws.autoscaling().describe_auto_scaling_groups().auto_scaling_group_names(name);
            let call = "autoscaling:DescribeAutoScalingGroups";
            let found = task.aws.read(call, || request.clone().send()).await?;
            if !found.auto_scaling_groups().iter().any(|group| tags(group).owned_by(task.cluster)) {
                return Err(in_the_way(CALL, &change.key, task.cluster));
            }
        }
        Err(error) => return Err(error),
    }
    let none = MetricsCollection { granularity: GRANULARITY.to_owned(), metrics: Vec::new() };
    let metrics = desired.metrics_collection.as_ref().unwrap_or(&none);
    // a group that was there already, and endpoints that know no hooks in the creation of a group, get them here
    let put = hooks.iter().map(|hook| async move { lifecycle_hook::put(task, name, after(hook)?).await });
    tokio::try_join!(
        enable_metrics(task, name, &metrics.metrics),
        suspend(task, name, &desired.suspended_processes),
        futures_util::future::try_join_all(put),
    )?;
    let mut outcome = done(change, Handle::new(name));
    outcome.handles.extend(hooks.iter().map(|hook| (hook.key.clone(), Handle::new(&hook.key.name))));
    Ok(outcome)
}

/// AWS refuses some empty lists.
fn unless_empty<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// The members of `a` that are not in `b`.
fn without(a: &[String], b: &[String]) -> Vec<String> {
    a.iter().filter(|one| !b.contains(one)).cloned().collect()
}

async fn enable_metrics(task: &Task<'_>, name: &str, metrics: &[String]) -> Result<(), CloudError> {
    if metrics.is_empty() {
        return Ok(());
    }
    let request = task
        .aws
        .autoscaling()
        .enable_metrics_collection()
        .auto_scaling_group_name(name)
        .granularity(GRANULARITY)
        .set_metrics(Some(metrics.to_vec()));
    task.aws.write_settling("autoscaling:EnableMetricsCollection", task.progress, || request.clone().send()).await?;
    Ok(())
}

async fn suspend(task: &Task<'_>, name: &str, processes: &[String]) -> Result<(), CloudError> {
    if processes.is_empty() {
        return Ok(());
    }
    let request = task
        .aws
        .autoscaling()
        .suspend_processes()
        .auto_scaling_group_name(name)
        .set_scaling_processes(Some(processes.to_vec()));
    task.aws.write_settling("autoscaling:SuspendProcesses", task.progress, || request.clone().send()).await?;
    Ok(())
}

async fn update(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let (desired, current): (&AutoScalingGroup, &AutoScalingGroup) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    let name = &handle.id;
    tokio::try_join!(
        Box::pin(update_group(task, change, name, desired)),
        Box::pin(update_targets(task, change, name, current, desired)),
        Box::pin(update_metrics(task, change, name, current, desired)),
        Box::pin(update_processes(task, change, name, current, desired)),
        Box::pin(async {
            let missing = changed_tags(&current.tags, &desired.tags);
            if touches(change, "Tags") && !missing.is_empty() {
                let request = task.aws.autoscaling().create_or_update_tags().set_tags(Some(to_list(name, &missing)));
                let call = "autoscaling:CreateOrUpdateTags";
                task.aws.write_settling(call, task.progress, || request.clone().send()).await?;
            }
            Ok(())
        }),
    )?;
    Ok(done(change, handle))
}

async fn update_group(
    task: &Task<'_>,
    change: &StepChange,
    name: &str,
    desired: &AutoScalingGroup,
) -> Result<(), CloudError> {
    let launches = touches(change, "LaunchTemplate") || touches(change, "MixedInstancesPolicy");
    let others = [
        "MinSize",
        "MaxSize",
        "Subnets",
        "MaxInstanceLifetime",
        "NewInstancesProtectedFromScaleIn",
        "CapacityRebalance",
    ];
    if !launches && !others.iter().any(|field| touches(change, field)) {
        return Ok(());
    }
    let mut request = task.aws.autoscaling().update_auto_scaling_group().auto_scaling_group_name(name);
    if launches {
        let template = desired.launch_template.as_ref().map(|template| policy::template(task, template)).transpose()?;
        let mixed = desired.mixed_instances_policy.as_ref().map(|mixed| policy::policy(task, mixed)).transpose()?;
        request = request.set_launch_template(template).set_mixed_instances_policy(mixed);
    }
    // the sizes go together: one alone may contradict the other one's old value
    if touches(change, "MinSize") || touches(change, "MaxSize") {
        request = request.min_size(desired.min_size).max_size(desired.max_size);
    }
    if touches(change, "Subnets") {
        request = request.vpc_zone_identifier(subnets(task, desired)?);
    }
    if touches(change, "MaxInstanceLifetime") {
        request = request.max_instance_lifetime(desired.max_instance_lifetime);
    }
    if touches(change, "NewInstancesProtectedFromScaleIn") {
        request = request.new_instances_protected_from_scale_in(desired.new_instances_protected_from_scale_in);
    }
    if touches(change, "CapacityRebalance") {
        request = request.capacity_rebalance(desired.capacity_rebalance);
    }
    task.aws.write_settling("autoscaling:UpdateAutoScalingGroup", task.progress, || request.clone().send()).await?;
    Ok(())
}

/// Attaches and detaches target groups and classic load balancers. New ones come first, so that traffic has somewhere to go.
async fn update_targets(
    task: &Task<'_>,
    change: &StepChange,
    name: &str,
    current: &AutoScalingGroup,
    desired: &AutoScalingGroup,
) -> Result<(), CloudError> {
    let client = task.aws.autoscaling();
    if touches(change, "TargetGroups") {
        let (now, wanted) = (target_groups(task, current)?, target_groups(task, desired)?);
        let (new, old) = (without(&wanted, &now), without(&now, &wanted));
        // The predecessor of a target group of the same name is deleted already.
        let (deleted, old) = old.into_iter().partition(|old| new.iter().any(|new| group_name(new) == group_name(old)));
        detach_targets(task, name, deleted).await?;
        if let Some(new) = unless_empty(new) {
            let request = client
                .attach_load_balancer_target_groups()
                .auto_scaling_group_name(name)
                .set_target_group_arns(Some(new));
            let call = "autoscaling:AttachLoadBalancerTargetGroups";
            task.aws.write_settling(call, task.progress, || request.clone().send()).await?;
        }
        detach_targets(task, name, old).await?;
    }
    if touches(change, "LoadBalancerNames") {
        if let Some(new) = unless_empty(without(&desired.load_balancers, &current.load_balancers)) {
            let request =
                client.attach_load_balancers().auto_scaling_group_name(name).set_load_balancer_names(Some(new));
            let call = "autoscaling:AttachLoadBalancers";
            task.aws.write_settling(call, task.progress, || request.clone().send()).await?;
        }
        if let Some(old) = unless_empty(without(&current.load_balancers, &desired.load_balancers)) {
            let request =
                client.detach_load_balancers().auto_scaling_group_name(name).set_load_balancer_names(Some(old));
            let call = "autoscaling:DetachLoadBalancers";
            gone(task.aws.write_idempotent(call, || request.clone().send()).await)?;
        }
    }
    Ok(())
}

async fn detach_targets(task: &Task<'_>, name: &str, arns: Vec<String>) -> Result<(), CloudError> {
    if let Some(arns) = unless_empty(arns) {
        let client = task.aws.autoscaling();
        let request =
            client.detach_load_balancer_target_groups().auto_scaling_group_name(name).set_target_group_arns(Some(arns));
        let call = "autoscaling:DetachLoadBalancerTargetGroups";
        gone(task.aws.write_idempotent(call, || request.clone().send()).await)?;
    }
    Ok(())
}

/// The name in `arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<name>/<id>`.
fn group_name(arn: &str) -> Option<&str> {
    arn.split('/').nth(1)
}

async fn update_metrics(
    task: &Task<'_>,
    change: &StepChange,
    name: &str,
    current: &AutoScalingGroup,
    desired: &AutoScalingGroup,
) -> Result<(), CloudError> {
    if !touches(change, "MetricsCollection") {
        return Ok(());
    }
    let metrics =
        |group: &AutoScalingGroup| group.metrics_collection.clone().map(|all| all.metrics).unwrap_or_default();
    let (now, wanted) = (metrics(current), metrics(desired));
    if !without(&wanted, &now).is_empty() {
        enable_metrics(task, name, &wanted).await?;
    }
    if let Some(old) = unless_empty(without(&now, &wanted)) {
        let request =
            task.aws.autoscaling().disable_metrics_collection().auto_scaling_group_name(name).set_metrics(Some(old));
        let call = "autoscaling:DisableMetricsCollection";
        task.aws.write_idempotent(call, || request.clone().send()).await?;
    }
    Ok(())
}

async fn update_processes(
    task: &Task<'_>,
    change: &StepChange,
    name: &str,
    current: &AutoScalingGroup,
    desired: &AutoScalingGroup,
) -> Result<(), CloudError> {
    if !touches(change, "SuspendedProcesses") {
        return Ok(());
    }
    let (now, wanted) = (&current.suspended_processes, &desired.suspended_processes);
    suspend(task, name, &without(wanted, now)).await?;
    if let Some(old) = unless_empty(without(now, wanted)) {
        let request =
            task.aws.autoscaling().resume_processes().auto_scaling_group_name(name).set_scaling_processes(Some(old));
        task.aws.write_idempotent("autoscaling:ResumeProcesses", || request.clone().send()).await?;
    }
    Ok(())
}

/// Removes a group with its instances, hooks and warm pool. AWS launches nothing for it from then on; the step that removes
/// the instances waits for them.
async fn delete(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let name = &before(change)?.handle.id;
    let request = task.aws.autoscaling().delete_auto_scaling_group().auto_scaling_group_name(name).force_delete(true);
    match gone(task.aws.write_idempotent("autoscaling:DeleteAutoScalingGroup", || request.clone().send()).await) {
        // an earlier attempt is at work already
        Err(error) if error.class == ErrorClass::NotReadyYet && error.message.contains("delete") => {}
        other => other?,
    }
    Ok(StepOutcome::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_is_being_deleted_counts_as_absent() {
        use aws_sdk_autoscaling::types::TagDescription;
        let cluster = ClusterName::parse("a.example.com").unwrap();
        let tag = TagDescription::builder().key(ownership_key(&cluster)).value("owned").build();
        let group = AwsGroup::builder().auto_scaling_group_name("nodes.a.example.com").tags(tag);
        assert!(entry_of(&cluster, &group.clone().build()).is_some());
        assert!(entry_of(&cluster, &group.status("Delete in progress").build()).is_none());
    }
}
