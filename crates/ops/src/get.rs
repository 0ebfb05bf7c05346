//! Looking at what an account holds.

use std::collections::BTreeMap;

use kedge_cloud::{ClusterSummary, Observe, Scope};
use kedge_resource::inventory::{Observed, Ownership, Unreadable};
use kedge_resource::kind::Properties;
use kedge_resource::{ClusterName, Inventory, ResourceKey};
use serde::Serialize;

use crate::error::OpError;

/// Tag that names the instance group of an auto scaling group and its instances.
const GROUP_TAG: &str = "kops.k8s.io/instancegroup";
/// Prefix of the tags that name the role of an instance group.
const ROLE_TAG_PREFIX: &str = "k8s.io/role/";

/// An instance group as AWS holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceGroup {
    /// Name of the group.
    pub name: String,
    /// Its roles, such as `control-plane`.
    pub role: String,
    /// Name of the auto scaling group.
    pub auto_scaling_group: String,
    /// Machine type of its launch template, if that is the cluster's own.
    pub machine_type: Option<String>,
    /// Fewest instances.
    pub min_size: i32,
    /// Most instances.
    pub max_size: i32,
    /// Instances that there are.
    pub instances: usize,
    /// Number of subnets.
    pub subnets: usize,
}

/// An instance as AWS holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Name of its instance group, or of its auto scaling group.
    pub group: Option<String>,
    /// Id.
    pub id: String,
    /// Machine type.
    pub machine_type: String,
    /// State, such as `running`.
    pub state: String,
    /// Private IPv4 address.
    pub private_ip_address: Option<String>,
    /// Id of its subnet.
    pub subnet: Option<String>,
    /// Version of the launch template that it was launched from.
    pub launch_template_version: Option<String>,
}

/// A resource as AWS holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSummary {
    /// Key.
    pub key: ResourceKey,
    /// Id.
    pub id: String,
    /// Whose it is.
    pub ownership: Ownership,
}

/// The answer about one cluster, and what could not be read for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found<T> {
    /// What was found.
    pub items: Vec<T>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// The clusters of the region.
///
/// # Errors
/// The account does not answer.
pub async fn clusters<O: Observe>(cloud: &O) -> Result<Vec<ClusterSummary>, OpError> {
    cloud.clusters().await.map_err(OpError::cloud("list clusters"))
}

/// The instance groups of a cluster, by name.
///
/// # Errors
/// The account does not answer.
pub async fn instance_groups<O: Observe>(cloud: &O, cluster: &ClusterName) -> Result<Found<InstanceGroup>, OpError> {
    Ok(groups_of(inventory(cloud, cluster).await?))
}

/// The instances of a cluster, by group.
///
/// # Errors
/// The account does not answer.
pub async fn instances<O: Observe>(cloud: &O, cluster: &ClusterName) -> Result<Found<Instance>, OpError> {
    Ok(instances_of(inventory(cloud, cluster).await?))
}

/// The instance groups of a cluster and its instances, from one look.
///
/// # Errors
/// The account does not answer.
pub async fn groups_and_instances<O: Observe>(
    cloud: &O,
    cluster: &ClusterName,
) -> Result<(Found<InstanceGroup>, Found<Instance>), OpError> {
    let inventory = inventory(cloud, cluster).await?;
    Ok((groups_of(inventory.clone()), instances_of(inventory)))
}

/// Everything of a cluster, and what stands under its names without being its own; by key.
///
/// # Errors
/// The account does not answer.
pub async fn resources<O: Observe>(cloud: &O, cluster: &ClusterName) -> Result<Found<ResourceSummary>, OpError> {
    let Inventory { cluster: _, resources, unreadable } = inventory(cloud, cluster).await?;
    let items = resources
        .into_iter()
        .map(|Observed { key, handle, ownership, properties: _ }| ResourceSummary { key, id: handle.id, ownership })
        .collect();
    Ok(Found { items, unreadable })
}

async fn inventory<O: Observe>(cloud: &O, cluster: &ClusterName) -> Result<Inventory, OpError> {
    cloud.inventory(cluster, Scope::Everything).await.map_err(OpError::cloud("read what the account holds"))
}

fn groups_of(inventory: Inventory) -> Found<InstanceGroup> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut machine_types: BTreeMap<&str, &str> = BTreeMap::new();
    for observed in &inventory.resources {
        match &observed.properties {
            Properties::Instance(instance) => {
                if let Some(group) = &instance.auto_scaling_group {
                    *counts.entry(group.bare()).or_default() += 1;
                }
            }
            Properties::LaunchTemplate(template) => {
                machine_types.insert(&observed.key.name, &template.instance_type);
            }
            _ => {}
        }
    }
    let mut items: Vec<InstanceGroup> = inventory
        .resources
        .iter()
        .filter(|observed| observed.ownership == Ownership::Owned)
        .filter_map(|observed| match &observed.properties {
            Properties::AutoScalingGroup(group) => {
                let mut roles: Vec<&str> =
                    group.tags.iter().filter_map(|(key, _)| key.strip_prefix(ROLE_TAG_PREFIX)).collect();
                // kops 1.x tags control planes with the old word too.
                roles.retain(|role| *role != "master");
                let mixed = group.mixed_instances_policy.as_ref().map(|policy| &policy.launch_template.launch_template);
                let template = group.launch_template.as_ref().or(mixed).map(kedge_resource::Ref::bare);
                Some(InstanceGroup {
                    name: group.tags.get(GROUP_TAG).unwrap_or(&observed.key.name).to_owned(),
                    role: roles.join(","),
                    auto_scaling_group: observed.handle.id.clone(),
                    machine_type: template.and_then(|name| machine_types.get(name)).map(|name| (*name).to_owned()),
                    min_size: group.min_size,
                    max_size: group.max_size,
                    instances: counts.get(observed.handle.id.as_str()).copied().unwrap_or_default(),
                    subnets: group.subnets.len(),
                })
            }
            _ => None,
        })
        .collect();
    items.sort();
    Found { items, unreadable: inventory.unreadable }
}

fn instances_of(inventory: Inventory) -> Found<Instance> {
    let mut items: Vec<Instance> = inventory
        .resources
        .into_iter()
        .filter(|observed| observed.ownership == Ownership::Owned)
        .filter_map(|observed| match observed.properties {
            Properties::Instance(instance) => Some(Instance {
                group: instance
                    .tags
                    .get(GROUP_TAG)
                    .map(str::to_owned)
                    .or_else(|| instance.auto_scaling_group.as_ref().map(|group| group.bare().to_owned())),
                id: observed.handle.id,
                machine_type: instance.instance_type,
                state: instance.state,
                private_ip_address: instance.private_ip_address,
                subnet: instance.subnet.map(|subnet| subnet.bare().to_owned()),
                launch_template_version: instance.launch_template_version,
            }),
            _ => None,
        })
        .collect();
    items.sort();
    Found { items, unreadable: inventory.unreadable }
}

#[cfg(test)]
mod tests;
