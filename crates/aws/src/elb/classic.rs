//! Classic load balancers, which the cloud controller of older clusters makes for Services. kedge makes none; it finds and
//! removes them with the cluster.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancing::types::LoadBalancerDescription;
use futures_util::future::try_join_all;
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::ClassicLoadBalancer;
use kedge_resource::{ClusterName, Handle, Kind, Ownership, Ref, Tags};

use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, gone};
use crate::shared::{entry, found};

/// How many load balancers one `DescribeTags` may name.
const BATCH: usize = 20;
const DESCRIBE: &str = "elasticloadbalancing:DescribeLoadBalancers";

/// The classic load balancers that the cluster owns.
pub(super) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let listed = part.accept(&[Kind::ClassicLoadBalancer], list(aws).await)?;
    let names: Vec<String> = listed.iter().filter_map(|raw| raw.load_balancer_name.clone()).collect();
    let batches =
        try_join_all(names.chunks(BATCH).map(|batch| Box::pin(async move { describe_tags(aws, batch).await }))).await;
    let tags: BTreeMap<_, _> = part.accept(&[Kind::ClassicLoadBalancer], batches)?.into_iter().flatten().collect();
    for raw in listed {
        let Some((name, tags)) = raw.load_balancer_name.as_ref().and_then(|name| tags.get_key_value(name)) else {
            continue;
        };
        if tags.owned_by(cluster) {
            let properties = ClassicLoadBalancer { vpc: raw.vpc_id.map(Ref::existing), tags: tags.clone() };
            let handle = Handle { dns_name: raw.dns_name, ..Handle::new(name) };
            part.resources.push(entry(Kind::ClassicLoadBalancer, name, handle, Ownership::Owned, properties));
        }
    }
    Ok(part)
}

async fn list(aws: &Aws) -> Result<Vec<LoadBalancerDescription>, CloudError> {
    let mut all = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws.read(DESCRIBE, || aws.elb().describe_load_balancers().set_marker(marker.clone()).send()).await?;
        all.extend(page.load_balancer_descriptions.unwrap_or_default());
        marker = page.next_marker.filter(|next| !next.is_empty());
        if marker.is_none() {
            return Ok(all);
        }
    }
}

async fn describe_tags(aws: &Aws, names: &[String]) -> Result<Vec<(String, Tags)>, CloudError> {
    match call(aws, names).await {
        // one that is gone fails the whole batch
        Err(error) if error.class == ErrorClass::NotFound => {
            let single = try_join_all(names.chunks(1).map(|one| Box::pin(async move { found(call(aws, one).await) })));
            Ok(single.await?.into_iter().flatten().flatten().collect())
        }
        other => other,
    }
}

async fn call(aws: &Aws, names: &[String]) -> Result<Vec<(String, Tags)>, CloudError> {
    let answer = aws
        .read("elasticloadbalancing:DescribeTags", || {
            aws.elb().describe_tags().set_load_balancer_names(Some(names.to_vec())).send()
        })
        .await?;
    let descriptions = answer.tag_descriptions.unwrap_or_default();
    Ok(descriptions
        .into_iter()
        .filter_map(|description| {
            let tags = description.tags.unwrap_or_default();
            let tags = tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect();
            Some((description.load_balancer_name?, tags))
        })
        .collect())
}

/// Removes it. AWS answers with success when it is gone already.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &change.key.name;
    let answer = task
        .aws
        .write_idempotent("elasticloadbalancing:DeleteLoadBalancer", || {
            task.aws.elb().delete_load_balancer().load_balancer_name(name).send()
        })
        .await;
    gone(answer)
}
