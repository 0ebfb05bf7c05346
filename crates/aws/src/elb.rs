//! Elastic Load Balancing: network load balancers with their target groups and listeners, and classic load balancers that
//! controllers of the cluster made.
//!
//! Neither API can filter by tag: everything is listed, and the tags are asked for in batches. Only what the planner can
//! want to compare (things under the names that kedge gives) is read in depth; of the others there is enough to delete them.

mod classic;
mod listener;
mod load_balancer;
mod tags;
mod target_group;

use futures_util::future::{try_join, try_join_all};
use kedge_cloud::{CloudError, Scope, StepOutcome, Verb};
use kedge_resource::{ClusterName, Kind};

use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, done};

pub(crate) use load_balancer::{Balancer, handle_of};

/// Every load balancer, target group and listener of the cluster; and, to tell what DNS records point at, the addresses of
/// all load balancers of the account.
pub(crate) async fn observe(
    aws: &Aws,
    cluster: &ClusterName,
    scope: Scope,
) -> Result<(Part, Vec<Balancer>), CloudError> {
    let classic = async {
        match scope {
            Scope::Manifests => Ok(Part::default()),
            Scope::Everything => classic::observe(aws, cluster).await,
        }
    };
    let ((part, balancers), classic) = try_join(Box::pin(observe_v2(aws, cluster)), Box::pin(classic)).await?;
    let mut all = part;
    all.extend(classic);
    Ok((all, balancers))
}

async fn observe_v2(aws: &Aws, cluster: &ClusterName) -> Result<(Part, Vec<Balancer>), CloudError> {
    let mut part = Part::default();
    let (balancers, groups) =
        futures_util::future::join(Box::pin(load_balancer::list(aws)), Box::pin(target_group::list(aws))).await;
    let balancers = part.accept(&[Kind::LoadBalancer, Kind::Listener], balancers)?;
    let groups = part.accept(&[Kind::TargetGroup], groups)?;

    let arns: Vec<String> = balancers
        .iter()
        .filter_map(|balancer| balancer.load_balancer_arn.clone())
        .chain(groups.iter().filter_map(|group| group.target_group_arn.clone()))
        .collect();
    let tags = Box::pin(tags::describe(aws, &arns)).await;
    let Some(tags) = part.accept(&[Kind::LoadBalancer, Kind::TargetGroup, Kind::Listener], tags.map(Some))? else {
        return Ok((part, Vec::new()));
    };

    let listed = load_balancer::listed(cluster, &balancers, &tags);
    let (balancer_parts, group_parts) = try_join(
        try_join_all(listed.iter().filter(|balancer| balancer.reported()).map(|b| Box::pin(b.observe(aws)))),
        try_join_all(groups.iter().map(|group| Box::pin(target_group::observe(aws, cluster, group, &tags)))),
    )
    .await?;
    for more in balancer_parts.into_iter().chain(group_parts) {
        part.extend(more);
    }
    Ok((part, listed.into_iter().map(load_balancer::Listed::into_balancer).collect()))
}

/// Does a step that begins with a resource of this service.
pub(crate) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let change = task.first()?;
    let handle = match (change.key.kind, task.step.verb) {
        (Kind::LoadBalancer, Verb::Create) => load_balancer::create(task, change).await?,
        (Kind::LoadBalancer, Verb::Update) => load_balancer::update(task, change).await?,
        (Kind::LoadBalancer, Verb::Delete) => {
            // its listeners go with it
            load_balancer::delete(task, change).await?;
            return Ok(StepOutcome::default());
        }
        (Kind::TargetGroup, Verb::Create) => target_group::create(task, change).await?,
        (Kind::TargetGroup, Verb::Update) => target_group::update(task, change).await?,
        (Kind::TargetGroup, Verb::Delete) => {
            target_group::delete(task, change).await?;
            return Ok(StepOutcome::default());
        }
        (Kind::Listener, Verb::Create) => listener::create(task, change).await?,
        (Kind::Listener, Verb::Update) => listener::update(task, change).await?,
        (Kind::Listener, Verb::Delete) => {
            listener::delete(task, change).await?;
            return Ok(StepOutcome::default());
        }
        (Kind::ClassicLoadBalancer, Verb::Delete) => {
            classic::delete(task, change).await?;
            return Ok(StepOutcome::default());
        }
        (_, verb) => return Err(crate::realize::unsupported(verb, &change.key)),
    };
    Ok(done(change, handle))
}
