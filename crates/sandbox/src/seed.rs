//! What a new account holds.

use kedge_resource::facts::{ExistingVpc, HostedZone as ZoneFacts, InstanceTypes};
use kedge_resource::policy::Statement;
use kedge_resource::{Facts, PolicyDocument, Tags};

use crate::account::Account;
use crate::account::address::Address;
use crate::account::egress_only_gateway::EgressOnlyGateway;
use crate::account::hosted_zone::{HostedZone, Record};
use crate::account::instance_profile::InstanceProfile;
use crate::account::internet_gateway::InternetGateway;
use crate::account::nat_gateway::NatGateway;
use crate::account::network_interface::Owner;
use crate::account::role::Role;
use crate::account::route_table::RouteTable;
use crate::account::subnet::{Subnet, default_naming};
use crate::account::target_group::{HealthCheck, TargetGroup};
use crate::error::SandboxError;

mod images;
mod machines;

/// The account that a sandbox starts with unless it is given another one: `us-east-1` with six zones, the public hosted
/// zone `example.com`, images of Ubuntu, Debian and Amazon Linux, and common machine types.
#[must_use]
pub fn default_account() -> Facts {
    let (images, image_parameters) = images::images();
    Facts {
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        account_id: "123456789012".to_owned(),
        availability_zones: ["a", "b", "c", "d", "e", "f"].map(|zone| format!("us-east-1{zone}")).to_vec(),
        hosted_zones: vec![ZoneFacts {
            id: "Z0SANDBOXEXAMPLE".to_owned(),
            name: "example.com".to_owned(),
            private: false,
            vpcs: Vec::new(),
        }],
        images,
        image_parameters,
        instance_types: InstanceTypes { types: machines::types(), ..InstanceTypes::default() },
        ..Facts::default()
    }
}

/// The account that some facts describe. What they name becomes something that exists and belongs to others.
pub(crate) fn account_of(facts: &Facts) -> Result<Account, SandboxError> {
    let mut account = Account::new(&facts.region, &facts.partition, &facts.account_id);
    account.availability_zones.clone_from(&facts.availability_zones);
    account.images.clone_from(&facts.images);
    account.image_parameters.clone_from(&facts.image_parameters);
    account.instance_types = facts.instance_types.clone();
    for zone in &facts.hosted_zones {
        account.hosted_zones.insert(zone.id.clone(), hosted_zone(zone));
    }
    for vpc in &facts.vpcs {
        put_vpc(&mut account, vpc)?;
    }
    for table in &facts.route_tables {
        known_vpc(&account, &table.vpc, &table.id)?;
        let made = RouteTable::new(&table.id, &table.vpc, false, Tags::default());
        account.route_tables.insert(table.id.clone(), made);
    }
    put_subnets(&mut account, facts)?;
    for address in &facts.addresses {
        let made = Address {
            allocation_id: address.allocation_id.clone(),
            public_ip: address.public_ip.clone(),
            interface: None,
            tags: Tags::default(),
        };
        account.addresses.insert(address.allocation_id.clone(), made);
    }
    put_nat_gateways(&mut account, facts)?;
    put_names(&mut account, facts);
    Ok(account)
}

fn known_vpc(account: &Account, vpc: &str, of: &str) -> Result<(), SandboxError> {
    if account.vpcs.contains_key(vpc) {
        return Ok(());
    }
    Err(SandboxError::Seed { why: format!("{of} is in the VPC {vpc}, which is not listed") })
}

fn put_vpc(account: &mut Account, vpc: &ExistingVpc) -> Result<(), SandboxError> {
    let why = |what: &str| SandboxError::Seed { why: format!("{}: {what}", vpc.id) };
    let range: ipnet::Ipv4Net = vpc.cidr.parse().map_err(|_| why("its range is not an IPv4 range"))?;
    account.put_vpc(&vpc.id, &range.trunc().to_string(), false, vpc.tags.clone());
    if let Some(made) = account.vpcs.get_mut(&vpc.id) {
        made.dns_hostnames = true;
    }
    if let Some(id) = &vpc.internet_gateway {
        let made = InternetGateway { id: id.clone(), vpc: Some(vpc.id.clone()), tags: Tags::default() };
        account.internet_gateways.insert(id.clone(), made);
    }
    if let Some(id) = &vpc.egress_only_internet_gateway {
        let made = EgressOnlyGateway { id: id.clone(), vpc: vpc.id.clone(), tags: Tags::default() };
        account.egress_only_gateways.insert(id.clone(), made);
    }
    Ok(())
}

fn put_subnets(account: &mut Account, facts: &Facts) -> Result<(), SandboxError> {
    for subnet in &facts.subnets {
        known_vpc(account, &subnet.vpc, &subnet.id)?;
        let native = subnet.cidr.is_none();
        let made = Subnet {
            id: subnet.id.clone(),
            vpc: subnet.vpc.clone(),
            zone: subnet.zone.clone(),
            cidr: subnet.cidr.clone(),
            ipv6: subnet.ipv6_cidr.clone(),
            ipv6_association: subnet.ipv6_cidr.as_ref().map(|_| format!("subnet-cidr-assoc-of-{}", subnet.id)),
            ipv6_native: native,
            assign_ipv6: false,
            dns64: false,
            naming: default_naming(native),
            tags: Tags::default(),
        };
        account.subnets.insert(subnet.id.clone(), made);
        if let Some(table) = &subnet.route_table {
            let association = account.new_id("rtbassoc", &subnet.id);
            let table = account.route_tables.get_mut(table).ok_or_else(|| SandboxError::Seed {
                why: format!("{} uses the route table {table}, which is not listed", subnet.id),
            })?;
            table.associations.insert(association, subnet.id.clone());
        }
    }
    Ok(())
}

fn put_nat_gateways(account: &mut Account, facts: &Facts) -> Result<(), SandboxError> {
    for gateway in &facts.nat_gateways {
        let why = |what: String| SandboxError::Seed { why: format!("{}: {what}", gateway.id) };
        let description = format!("Interface for NAT Gateway {}", gateway.id);
        let owner = Owner::NatGateway(gateway.id.clone());
        let interface = account
            .add_interface(&gateway.subnet, &[], &description, owner, Tags::default())
            .map_err(|error| why(error.message))?;
        if let Some(allocation) = &gateway.allocation_id {
            let address = account.addresses.get_mut(allocation);
            let address = address.ok_or_else(|| why(format!("the address {allocation} is not listed")))?;
            address.interface = Some(interface.clone());
            let public_ip = address.public_ip.clone();
            if let Some(interface) = account.network_interfaces.get_mut(&interface) {
                interface.public_ip = Some(public_ip);
            }
        }
        let vpc = account.subnets.get(&gateway.subnet).map(|subnet| subnet.vpc.clone()).unwrap_or_default();
        let made = NatGateway {
            id: gateway.id.clone(),
            vpc,
            subnet: gateway.subnet.clone(),
            allocation_id: gateway.allocation_id.clone(),
            state: "available".to_owned(),
            tags: Tags::default(),
        };
        account.nat_gateways.insert(gateway.id.clone(), made);
    }
    Ok(())
}

/// Target groups and instance profiles, of which facts know little more than the names.
fn put_names(account: &mut Account, facts: &Facts) {
    for name in &facts.target_groups {
        let arn = account.new_target_group_arn(name);
        let health_check =
            HealthCheck { protocol: "TCP".to_owned(), path: None, interval: 30, healthy: 5, unhealthy: 2 };
        let made = TargetGroup {
            arn: arn.clone(),
            name: name.clone(),
            vpc: None,
            port: 443,
            protocol: "TCP".to_owned(),
            health_check,
            attributes: std::collections::BTreeMap::new(),
            targets: std::collections::BTreeSet::new(),
            tags: Tags::default(),
        };
        account.target_groups.insert(arn, made);
    }
    for profile in &facts.instance_profiles {
        if let Some(role) = &profile.role {
            let made = Role {
                name: role.clone(),
                id: account.new_capitals("AROA", role),
                trust: instances_may_assume(),
                boundary: None,
                policies: std::collections::BTreeMap::new(),
                attached: std::collections::BTreeSet::new(),
                tags: Tags::default(),
            };
            account.roles.insert(role.clone(), made);
        }
        let made = InstanceProfile {
            name: profile.name.clone(),
            id: account.new_capitals("AIPA", &profile.name),
            role: profile.role.clone(),
            visible_from_ms: 0,
            tags: Tags::default(),
        };
        account.instance_profiles.insert(profile.name.clone(), made);
    }
}

fn instances_may_assume() -> PolicyDocument {
    let mut statement = Statement::allow();
    statement.action.insert("sts:AssumeRole".to_owned());
    statement.principal.insert("Service".to_owned(), ["ec2.amazonaws.com".to_owned()].into());
    PolicyDocument::new(vec![statement])
}

/// A zone with the records that every zone has.
pub(crate) fn hosted_zone(zone: &ZoneFacts) -> HostedZone {
    let servers: Vec<String> = (1..=4).map(|number| format!("ns-{number}.awsdns-sandbox.com.")).collect();
    let authority = format!("{} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", servers.concat());
    let record = |kind: &str, values: Vec<String>| Record {
        name: zone.name.clone(),
        kind: kind.to_owned(),
        alias: None,
        values,
    };
    HostedZone {
        id: zone.id.clone(),
        name: zone.name.clone(),
        private: zone.private,
        vpcs: zone.vpcs.clone(),
        records: vec![record("NS", servers), record("SOA", vec![authority])],
    }
}

#[cfg(test)]
mod tests;
