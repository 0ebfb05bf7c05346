//! Which VPCs see a private zone: `AssociateVPCWithHostedZone`, `DisassociateVPCFromHostedZone`.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::HostedZoneAssociation;

use super::{Task, after, observed};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let want: &HostedZoneAssociation = after(change)?;
    let (zone, vpc) = (&want.hosted_zone_id, task.handles.resolve(&want.vpc)?);
    let call = "route53:AssociateVPCWithHostedZone";
    match task.set(call, &change.key.name, |account| account.associate_zone(zone, &vpc)).await {
        Ok(()) => {}
        // The VPC sees this zone already, or another one of the same name.
        Err(error) if error.class == ErrorClass::Conflict => {
            let sees = |account: &Account| account.hosted_zones.get(zone).is_some_and(|zone| zone.vpcs.contains(&vpc));
            if !task.sandbox.read("route53:GetHostedZone", zone, sees).await? {
                return Err(error);
            }
        }
        Err(error) => return Err(error),
    }
    Ok(Handle::new(&change.key.name))
}

/// A private zone keeps one VPC: the last one stays.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let had: &HostedZoneAssociation = observed(change)?;
    let (zone, vpc) = (&had.hosted_zone_id, task.handles.resolve(&had.vpc)?);
    let call = "route53:DisassociateVPCFromHostedZone";
    match task.remove(call, &change.key.name, |account| account.disassociate_zone(zone, &vpc)).await {
        Err(error) if error.code.as_deref() == Some("LastVPCAssociation") => {
            (task.progress)(format!("the zone {zone} keeps its last VPC"));
            Ok(())
        }
        other => other,
    }
}
