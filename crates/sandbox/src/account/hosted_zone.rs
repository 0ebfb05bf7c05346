//! Hosted zones: `ChangeResourceRecordSets`, `AssociateVPCWithHostedZone`, `DisassociateVPCFromHostedZone`.

use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};

/// Where an alias points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alias {
    pub(crate) zone: String,
    /// Without the final dot.
    pub(crate) dns_name: String,
    pub(crate) evaluate_target_health: bool,
}

/// A record set; exactly one of alias and values is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// Without the final dot.
    pub(crate) name: String,
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) alias: Option<Alias>,
    #[serde(default)]
    pub(crate) values: Vec<String>,
}

/// A hosted zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostedZone {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) private: bool,
    #[serde(default)]
    pub(crate) vpcs: Vec<String>,
    #[serde(default)]
    pub(crate) records: Vec<Record>,
}

/// What a change does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeAction {
    Create,
    Upsert,
    Delete,
}

fn batch(message: String) -> ApiError {
    ApiError::new("InvalidChangeBatch", format!("[{message}]"))
}

impl Account {
    /// The zone of this id.
    pub(crate) fn hosted_zone(&self, id: &str) -> ApiResult<&HostedZone> {
        self.hosted_zones
            .get(id)
            .ok_or_else(|| ApiError::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))
    }

    fn hosted_zone_mut(&mut self, id: &str) -> ApiResult<&mut HostedZone> {
        self.hosted_zones
            .get_mut(id)
            .ok_or_else(|| ApiError::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))
    }

    /// `ChangeResourceRecordSets`: all changes or none.
    pub(crate) fn change_records(&mut self, zone: &str, changes: &[(ChangeAction, Record)]) -> ApiResult<()> {
        let there = self.hosted_zone(zone)?;
        let mut records = there.records.clone();
        for (action, record) in changes {
            let (name, kind) = (&record.name, &record.kind);
            let inside = *name == there.name || name.ends_with(&format!(".{}", there.name));
            require(inside, || batch(format!("RRSet with DNS name {name}. is not permitted in zone {}.", there.name)))?;
            require(record.alias.is_some() == record.values.is_empty(), || {
                batch(format!("RRSet {name}. {kind} needs either an alias target or values"))
            })?;
            if let Some(alias) = record.alias.as_ref().filter(|_| *action != ChangeAction::Delete) {
                self.check_alias(record, alias)?;
            }
            let at = records.iter().position(|other| other.name == *name && other.kind == *kind);
            match (action, at) {
                (ChangeAction::Create, Some(_)) => {
                    let message = format!(
                        "Tried to create resource record set [name='{name}.', type='{kind}'] but it already exists"
                    );
                    return Err(batch(message));
                }
                (ChangeAction::Create | ChangeAction::Upsert, None) => records.push(record.clone()),
                (ChangeAction::Upsert, Some(at)) => {
                    if let Some(slot) = records.get_mut(at) {
                        slot.clone_from(record);
                    }
                }
                (ChangeAction::Delete, Some(at)) if records.get(at) == Some(record) => {
                    records.remove(at);
                }
                (ChangeAction::Delete, at) => {
                    let why = match at {
                        Some(_) => "but the values provided do not match the current values",
                        None => "but it was not found",
                    };
                    let message = format!("Tried to delete resource record set [name='{name}.', type='{kind}'] {why}");
                    return Err(batch(message));
                }
            }
        }
        records.sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
        self.hosted_zone_mut(zone)?.records = records;
        Ok(())
    }

    fn check_alias(&self, record: &Record, alias: &Alias) -> ApiResult<()> {
        let outside = || {
            batch(format!(
                "Tried to create an alias that targets {}., type {} in zone {}, but the alias target name does not \
                lie within the target zone",
                alias.dns_name, record.kind, alias.zone
            ))
        };
        let in_balancers = alias.dns_name.contains(&format!(".elb.{}.", self.region));
        require(!in_balancers || alias.zone == self.balancer_zone(), outside)?;
        require(in_balancers || self.hosted_zones.contains_key(&alias.zone), outside)
    }

    /// `AssociateVPCWithHostedZone`.
    pub(crate) fn associate_zone(&mut self, zone: &str, vpc: &str) -> ApiResult<()> {
        let there = self.hosted_zone(zone)?;
        let name = there.name.clone();
        require(there.private, || {
            let message = format!("The hosted zone {zone} is a public hosted zone.");
            ApiError::new("PublicZoneVPCAssociation", message)
        })?;
        require(self.vpcs.contains_key(vpc), || {
            ApiError::new("InvalidVPCId", format!("The VPC ID {vpc} is not valid or not of this account"))
        })?;
        let same_name =
            |other: &&HostedZone| other.private && other.name == name && other.vpcs.iter().any(|it| it == vpc);
        if let Some(other) = self.hosted_zones.values().find(same_name) {
            let message = format!(
                "The VPC {vpc} in region {} has already been associated with the hosted zone {} \
                with the same domain name.",
                self.region, other.id
            );
            return Err(ApiError::new("ConflictingDomainExists", message));
        }
        self.hosted_zone_mut(zone)?.vpcs.push(vpc.to_owned());
        Ok(())
    }

    /// `DisassociateVPCFromHostedZone`: a private zone keeps one VPC.
    pub(crate) fn disassociate_zone(&mut self, zone: &str, vpc: &str) -> ApiResult<()> {
        let there = self.hosted_zone_mut(zone)?;
        require(there.vpcs.iter().any(|it| it == vpc), || {
            let message = format!("The VPC {vpc} and hosted zone {zone} are not associated.");
            ApiError::new("VPCAssociationNotFound", message)
        })?;
        require(there.vpcs.len() > 1, || {
            let message = format!("The VPC {vpc} is the last one associated with the hosted zone {zone}.");
            ApiError::new("LastVPCAssociation", message)
        })?;
        there.vpcs.retain(|it| it != vpc);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, vpc};
    use super::*;

    fn record(name: &str, value: &str) -> Record {
        let values = vec![value.to_owned()];
        Record { name: name.to_owned(), kind: "A".to_owned(), alias: None, values }
    }

    #[test]
    fn a_batch_is_done_as_a_whole() {
        let mut account = account();
        let zone = account.hosted_zones.keys().next().unwrap().clone();
        let (a, b) = (record("a.example.com", "1.1.1.1"), record("b.example.com", "1.1.1.1"));
        account.change_records(&zone, &[(ChangeAction::Create, a.clone())]).unwrap();
        let both = [(ChangeAction::Create, b.clone()), (ChangeAction::Create, a.clone())];
        assert_eq!(code(account.change_records(&zone, &both)), "InvalidChangeBatch");
        assert_eq!(account.hosted_zones[&zone].records.iter().filter(|it| it.kind == "A").count(), 1);
        let other = record("a.example.com", "2.2.2.2");
        assert_eq!(code(account.change_records(&zone, &[(ChangeAction::Delete, other)])), "InvalidChangeBatch");
        assert_eq!(code(account.change_records(&zone, &[(ChangeAction::Delete, b)])), "InvalidChangeBatch");
        account.change_records(&zone, &[(ChangeAction::Delete, a)]).unwrap();
        let outside = record("a.example.org", "1.1.1.1");
        assert_eq!(code(account.change_records(&zone, &[(ChangeAction::Create, outside)])), "InvalidChangeBatch");
        assert_eq!(code(account.change_records("Z0", &[])), "NoSuchHostedZone");
    }

    #[test]
    fn aliases_point_into_the_zone_that_they_name() {
        let mut account = account();
        let zone = account.hosted_zones.keys().next().unwrap().clone();
        let alias = |zone: &str| Record {
            alias: Some(Alias {
                zone: zone.to_owned(),
                dns_name: "api-1.elb.us-east-1.amazonaws.com".to_owned(),
                evaluate_target_health: false,
            }),
            values: Vec::new(),
            ..record("api.example.com", "x")
        };
        assert_eq!(code(account.change_records(&zone, &[(ChangeAction::Upsert, alias("Z1"))])), "InvalidChangeBatch");
        let balancers = account.balancer_zone();
        account.change_records(&zone, &[(ChangeAction::Upsert, alias(&balancers))]).unwrap();
    }

    #[test]
    fn only_private_zones_have_vpcs() {
        let mut account = account();
        let (one, two) = (vpc(&mut account, "one"), vpc(&mut account, "two"));
        let public = account.hosted_zones.keys().next().unwrap().clone();
        assert_eq!(code(account.associate_zone(&public, &one)), "PublicZoneVPCAssociation");
        let (id, name) = ("Z9".to_owned(), "internal".to_owned());
        let private = HostedZone { id: id.clone(), name, private: true, vpcs: Vec::new(), records: Vec::new() };
        account.hosted_zones.insert(id.clone(), private);
        assert_eq!(code(account.associate_zone(&id, "vpc-1")), "InvalidVPCId");
        account.associate_zone(&id, &one).unwrap();
        assert_eq!(code(account.associate_zone(&id, &one)), "ConflictingDomainExists");
        assert_eq!(code(account.disassociate_zone(&id, &one)), "LastVPCAssociation");
        assert_eq!(code(account.disassociate_zone(&id, &two)), "VPCAssociationNotFound");
        account.associate_zone(&id, &two).unwrap();
        account.disassociate_zone(&id, &one).unwrap();
    }
}
