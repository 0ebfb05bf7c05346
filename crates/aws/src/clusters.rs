//! The clusters of a region, by the tags of their VPCs and auto scaling groups.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter as AutoScalingFilter};
use aws_sdk_ec2::types::{Filter, Vpc};
use kedge_cloud::{CloudError, ClusterSummary};
use kedge_resource::tags::CLUSTER_TAG;
use kedge_resource::{ClusterName, Tags};

use crate::client::Aws;

/// Tag with the name of the instance group.
const GROUP_TAG: &str = "kops.k8s.io/instancegroup";

/// What was found of one cluster.
#[derive(Debug, Default)]
struct Found {
    vpc: Option<String>,
    groups: Vec<String>,
    instances: usize,
}

/// Every cluster that owns a VPC or an auto scaling group in the region, by name. Two calls.
pub(crate) async fn read(aws: &Aws) -> Result<Vec<ClusterSummary>, CloudError> {
    let (vpcs, groups) = tokio::try_join!(Box::pin(vpcs(aws)), Box::pin(groups(aws)))?;
    Ok(summaries(vpcs, groups))
}

async fn vpcs(aws: &Aws) -> Result<Vec<Vpc>, CloudError> {
    let wanted = Filter::builder().name("tag-key").values(CLUSTER_TAG).build();
    let mut vpcs = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read("ec2:DescribeVpcs", || {
                aws.ec2().describe_vpcs().filters(wanted.clone()).set_next_token(token.clone()).send()
            })
            .await?;
        vpcs.extend(page.vpcs.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(vpcs);
        }
    }
}

async fn groups(aws: &Aws) -> Result<Vec<AutoScalingGroup>, CloudError> {
    let wanted = AutoScalingFilter::builder().name("tag-key").values(CLUSTER_TAG).build();
    let mut groups = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read("autoscaling:DescribeAutoScalingGroups", || {
                aws.autoscaling()
                    .describe_auto_scaling_groups()
                    .filters(wanted.clone())
                    .max_records(100)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        groups.extend(page.auto_scaling_groups.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(groups);
        }
    }
}

fn summaries(vpcs: Vec<Vpc>, groups: Vec<AutoScalingGroup>) -> Vec<ClusterSummary> {
    let mut clusters: BTreeMap<ClusterName, Found> = BTreeMap::new();
    for vpc in vpcs {
        let tags = tags(vpc.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)));
        if let Some(cluster) = owner(&tags) {
            clusters.entry(cluster).or_default().vpc = vpc.vpc_id;
        }
    }
    for group in groups {
        let tags = tags(group.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)));
        let Some(cluster) = owner(&tags) else { continue };
        let found = clusters.entry(cluster).or_default();
        found.instances += group.instances.map_or(0, |instances| instances.len());
        found.groups.extend(tags.get(GROUP_TAG).map(str::to_owned));
    }
    clusters
        .into_iter()
        .map(|(name, Found { vpc, groups: mut instance_groups, instances })| {
            instance_groups.sort();
            ClusterSummary { name, vpc, instance_groups, instances }
        })
        .collect()
}

fn tags(pairs: impl Iterator<Item = (Option<String>, Option<String>)>) -> Tags {
    pairs.filter_map(|(key, value)| Some((key?, value.unwrap_or_default()))).collect()
}

/// The cluster that owns a thing with these tags.
fn owner(tags: &Tags) -> Option<ClusterName> {
    let name = ClusterName::parse(tags.get(CLUSTER_TAG)?).ok()?;
    tags.owned_by(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{Instance, TagDescription};
    use aws_sdk_ec2::types::Tag;

    use super::*;

    fn cluster(name: &str) -> ClusterName {
        ClusterName::parse(name).unwrap()
    }

    fn vpc(id: &str, tags: &Tags) -> Vpc {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        Vpc::builder().vpc_id(id).set_tags(Some(tags)).build()
    }

    fn group(name: &str, instances: usize, tags: &Tags) -> AutoScalingGroup {
        let tags = tags.iter().map(|(key, value)| TagDescription::builder().key(key).value(value).build()).collect();
        AutoScalingGroup::builder()
            .auto_scaling_group_name(name)
            .set_tags(Some(tags))
            .set_instances(Some(vec![Instance::builder().build(); instances]))
            .build()
    }

    #[test]
    fn clusters_are_what_owns_something() {
        let mut nodes = Tags::standard(&cluster("b.example.com"), "nodes.b.example.com");
        nodes.set(GROUP_TAG, "nodes");
        let mut masters = Tags::standard(&cluster("b.example.com"), "a.masters.b.example.com");
        masters.set(GROUP_TAG, "a");
        let shared: Tags =
            [(CLUSTER_TAG, "c.example.com"), ("kubernetes.io/cluster/c.example.com", "shared")].into_iter().collect();
        let found = summaries(
            vec![vpc("vpc-1", &Tags::standard(&cluster("a.example.com"), "a.example.com")), vpc("vpc-2", &shared)],
            vec![group("nodes.b.example.com", 2, &nodes), group("a.masters.b.example.com", 1, &masters)],
        );
        let expected = [
            ClusterSummary {
                name: cluster("a.example.com"),
                vpc: Some("vpc-1".to_owned()),
                instance_groups: Vec::new(),
                instances: 0,
            },
            ClusterSummary {
                name: cluster("b.example.com"),
                vpc: None,
                instance_groups: vec!["a".to_owned(), "nodes".to_owned()],
                instances: 3,
            },
        ];
        assert_eq!(found, expected);
    }
}
