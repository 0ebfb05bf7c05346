//! Elastic IP addresses.

use aws_sdk_ec2::types::{Address, DomainType, ResourceType};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::ElasticIp;
use kedge_resource::{ClusterName, Handle, Kind, Observed};

use super::common::{named, of_cluster, only_new, retag, specification, tagged, tags};
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed};

/// The addresses of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<Address>, CloudError> {
    let request = aws.ec2().describe_addresses().filters(of_cluster(cluster));
    let answer = aws.read("ec2:DescribeAddresses", || request.clone().send()).await?;
    Ok(answer.addresses.unwrap_or_default())
}

/// An address.
pub(super) fn entry_of(cluster: &ClusterName, address: &Address) -> Option<Observed> {
    let tags = tags(address.tags());
    let domain = address.domain().map_or("vpc", |domain| domain.as_str()).to_owned();
    let properties = ElasticIp { domain, tags: tags.clone() };
    tagged(cluster, Kind::ElasticIp, Handle::new(address.allocation_id()?), &tags, properties)
}

/// Allocates, tags or releases an address.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => {
            let (desired, current): (&ElasticIp, &ElasticIp) = (after(change)?, observed(change)?);
            let handle = before(change)?.handle.clone();
            retag(task, &handle.id, &current.tags, &desired.tags).await?;
            Ok(done(change, handle))
        }
        Verb::Delete => {
            let request = task.aws.ec2().release_address().allocation_id(&before(change)?.handle.id);
            let answer = task.aws.write_idempotent("ec2:ReleaseAddress", || request.clone().send()).await;
            gone(answer.map_err(still_bound))?;
            Ok(StepOutcome::default())
        }
    }
}

/// EC2 calls the release of an address that something still holds, such as a NAT gateway that was deleted a moment ago, a
/// failure of authorization. A caller who really may not release addresses gets `UnauthorizedOperation`.
fn still_bound(error: CloudError) -> CloudError {
    let held = error.code.as_deref() == Some("AuthFailure")
        && error.class == ErrorClass::Denied
        && error.message.contains("permission to access the specified resource");
    if held { CloudError { class: ErrorClass::InUse, hint: None, ..error } } else { error }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:AllocateAddress";
    let desired: &ElasticIp = after(change)?;
    let request = task
        .aws
        .ec2()
        .allocate_address()
        .domain(DomainType::from(desired.domain.as_str()))
        .set_tag_specifications(specification(ResourceType::ElasticIp, &desired.tags));
    let look = || async {
        let request = task.aws.ec2().describe_addresses().set_filters(Some(named(task.cluster, &change.key.name)));
        let answer = task.aws.read("ec2:DescribeAddresses", || request.clone().send()).await?;
        let ids = answer.addresses.unwrap_or_default().into_iter().filter_map(|address| address.allocation_id);
        only_new(task, change, CALL, ids.map(|id| (id.clone(), id)).collect())
    };
    let id =
        task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.allocation_id, look).await?;
    Ok(done(change, Handle::new(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_still_held_is_in_use_and_not_denied() {
        let denied = |code: &str, message: &str| {
            CloudError::new(ErrorClass::Denied, "ec2:ReleaseAddress", message).with_code(code).with_hint("allow it")
        };
        let held = still_bound(denied("AuthFailure", "You do not have permission to access the specified resource"));
        assert_eq!((held.class, held.hint), (ErrorClass::InUse, None));
        for other in [
            denied("AuthFailure", "The address '192.0.2.1' does not belong to you"),
            denied("UnauthorizedOperation", "You are not authorized to perform this operation"),
        ] {
            assert_eq!(still_bound(other.clone()), other);
        }
    }
}
