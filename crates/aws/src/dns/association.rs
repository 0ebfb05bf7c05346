//! Which VPCs see a private zone.

use aws_sdk_route53::types::{Vpc as RawVpc, VpcRegion};
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::HostedZoneAssociation;
use kedge_resource::{Handle, Kind, Observed, Ref};

use super::zones::Zone;
use crate::client::Aws;
use crate::realize::{Task, after, gone, observed as before};
use crate::shared::{entry, found};

/// Zone and VPC ids of the VPCs that see the zone.
pub(super) async fn read(aws: &Aws, zone: &Zone) -> Result<Vec<(String, String)>, CloudError> {
    if !zone.private {
        return Ok(Vec::new());
    }
    let vpcs = found(vpcs(aws, &zone.id).await)?.unwrap_or_default();
    Ok(vpcs.into_iter().map(|vpc| (zone.id.clone(), vpc)).collect())
}

async fn vpcs(aws: &Aws, zone: &str) -> Result<Vec<String>, CloudError> {
    let answer = aws.read("route53:GetHostedZone", || aws.route53().get_hosted_zone().id(zone).send()).await?;
    Ok(answer.vpcs.unwrap_or_default().into_iter().filter_map(|vpc| vpc.vpc_id).collect())
}

/// The entry of an association with a VPC that the inventory knows.
pub(super) fn observed(zone: &str, vpc: &str, ec2: &[Observed]) -> Option<Observed> {
    let known = ec2.iter().find(|one| one.key.kind == Kind::Vpc && one.handle.id == vpc)?;
    let name = format!("{zone} {}", known.key.name);
    let properties = HostedZoneAssociation { hosted_zone_id: zone.to_owned(), vpc: Ref::existing(vpc) };
    Some(entry(Kind::HostedZoneAssociation, name.clone(), Handle::new(name), known.ownership, properties))
}

/// Makes the zone visible in the VPC.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &HostedZoneAssociation = after(change)?;
    let vpc = task.handles.resolve(&wanted.vpc)?;
    let answer = aws
        .write_settling("route53:AssociateVPCWithHostedZone", task.progress, || {
            aws.route53()
                .associate_vpc_with_hosted_zone()
                .hosted_zone_id(&wanted.hosted_zone_id)
                .vpc(raw_vpc(aws, &vpc))
                .send()
        })
        .await;
    match answer {
        Ok(_) => {}
        // the VPC sees this zone already, or another one of the same name
        Err(error) if matches!(error.class, ErrorClass::Conflict | ErrorClass::AlreadyExists) => {
            if !vpcs(aws, &wanted.hosted_zone_id).await?.contains(&vpc) {
                return Err(error);
            }
        }
        Err(error) => return Err(error),
    }
    Ok(Handle::new(&change.key.name))
}

/// Takes the zone away from the VPC. A private zone has to keep one VPC: the last one stays, also after it is deleted.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let aws = task.aws;
    let had: &HostedZoneAssociation = before(change)?;
    let vpc = task.handles.resolve(&had.vpc)?;
    let answer = aws
        .write_idempotent("route53:DisassociateVPCFromHostedZone", || {
            aws.route53()
                .disassociate_vpc_from_hosted_zone()
                .hosted_zone_id(&had.hosted_zone_id)
                .vpc(raw_vpc(aws, &vpc))
                .send()
        })
        .await;
    match answer {
        Err(error) if error.code.as_deref().is_some_and(|code| code.starts_with("LastVPCAssociation")) => {
            (task.progress)(format!("the zone {} keeps its last VPC", had.hosted_zone_id));
            Ok(())
        }
        other => gone(other),
    }
}

fn raw_vpc(aws: &Aws, vpc: &str) -> RawVpc {
    RawVpc::builder().vpc_region(VpcRegion::from(aws.region())).vpc_id(vpc).build()
}
