//! Network interfaces that controllers left behind.

use aws_sdk_ec2::types::{NetworkInterface as AwsNetworkInterface, NetworkInterfaceStatus};
use kedge_cloud::{CloudError, StepChange, StepOutcome, Verb};
use kedge_resource::kind::NetworkInterface;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{filter, of_cluster, pages, tags};
use crate::client::Aws;
use crate::realize::{Task, before, gone, unsupported};
use crate::shared::{entry, ownership};

/// The network interfaces of the cluster that nothing uses: those in use go with what uses them.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsNetworkInterface>, CloudError> {
    let unused = filter("status", [NetworkInterfaceStatus::Available.as_str()]);
    let request = aws.ec2().describe_network_interfaces().filters(of_cluster(cluster)).filters(unused);
    pages!(aws, "ec2:DescribeNetworkInterfaces", request, network_interfaces).await
}

/// A network interface.
pub(super) fn entry_of(cluster: &ClusterName, interface: &AwsNetworkInterface) -> Option<Observed> {
    let tags = tags(interface.tag_set());
    let id = interface.network_interface_id()?;
    let properties = NetworkInterface {
        subnet: Ref::existing(interface.subnet_id()?),
        status: interface.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        description: interface.description().unwrap_or_default().to_owned(),
        tags: tags.clone(),
    };
    Some(entry(Kind::NetworkInterface, id, Handle::new(id), ownership(cluster, &tags), properties))
}

/// Removes a network interface.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    if task.step.verb != Verb::Delete {
        return Err(unsupported(task.step.verb, &change.key));
    }
    let request = task.aws.ec2().delete_network_interface().network_interface_id(&before(change)?.handle.id);
    gone(task.aws.write_idempotent("ec2:DeleteNetworkInterface", || request.clone().send()).await)?;
    Ok(StepOutcome::default())
}
