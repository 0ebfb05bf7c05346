//! What the account offers, as far as somebody asks.

use kedge_cloud::CloudError;
use kedge_resource::facts::{
    ExistingAddress, ExistingInstanceProfile, ExistingNatGateway, ExistingRouteTable, ExistingSubnet, ExistingVpc,
    HostedZone, Image, InstanceTypes,
};
use kedge_resource::{Facts, FactsQuery};

use crate::account::Account;
use crate::sandbox::Sandbox;

pub(super) async fn facts(sandbox: &Sandbox, query: &FactsQuery) -> Result<Facts, CloudError> {
    let asked = |wanted: bool, calls: &[&'static str]| if wanted { calls.to_vec() } else { Vec::new() };
    let calls = [
        asked(true, &["sts:GetCallerIdentity", "ec2:DescribeAvailabilityZones"]),
        asked(query.hosted_zones, &["route53:ListHostedZones"]),
        asked(
            query.vpc.is_some(),
            &[
                "ec2:DescribeVpcs",
                "ec2:DescribeSubnets",
                "ec2:DescribeRouteTables",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeEgressOnlyInternetGateways",
            ],
        ),
        asked(!query.addresses.is_empty(), &["ec2:DescribeAddresses"]),
        asked(!query.nat_gateways.is_empty(), &["ec2:DescribeNatGateways"]),
        asked(!query.instance_profiles.is_empty(), &["iam:GetInstanceProfile"]),
        asked(query.images.iter().any(|image| image.starts_with("ssm:")), &["ssm:GetParameters"]),
        asked(!query.images.is_empty(), &["ec2:DescribeImages"]),
        asked(!query.instance_types.is_empty(), &["ec2:DescribeInstanceTypes"]),
    ];
    for call in calls.into_iter().flatten() {
        sandbox.read(call, "facts", |_| ()).await?;
    }
    Ok(of(&sandbox.snapshot()?, query))
}

fn of(account: &Account, query: &FactsQuery) -> Facts {
    let mut facts = Facts {
        region: account.region.clone(),
        partition: account.partition.clone(),
        account_id: account.account_id.clone(),
        availability_zones: account.availability_zones.clone(),
        ..Facts::default()
    };
    if query.hosted_zones {
        let zone = |zone: &crate::account::hosted_zone::HostedZone| HostedZone {
            id: zone.id.clone(),
            name: zone.name.clone(),
            private: zone.private,
            vpcs: zone.vpcs.clone(),
        };
        facts.hosted_zones = account.hosted_zones.values().map(zone).collect();
    }
    if let Some(vpc) = query.vpc.as_ref().and_then(|id| account.vpcs.get(id)) {
        network(account, &vpc.id, &mut facts);
    }
    let addresses = account.addresses.values().filter(|it| query.addresses.contains(&it.allocation_id));
    facts.addresses = addresses
        .map(|it| ExistingAddress { allocation_id: it.allocation_id.clone(), public_ip: it.public_ip.clone() })
        .collect();
    let gateways = account.nat_gateways.values().filter(|it| it.exists() && query.nat_gateways.contains(&it.id));
    facts.nat_gateways = gateways
        .map(|it| ExistingNatGateway {
            id: it.id.clone(),
            subnet: it.subnet.clone(),
            allocation_id: it.allocation_id.clone(),
        })
        .collect();
    let profiles = account.instance_profiles.values().filter(|it| query.instance_profiles.contains(&it.name));
    facts.instance_profiles =
        profiles.map(|it| ExistingInstanceProfile { name: it.name.clone(), role: it.role.clone() }).collect();
    images(account, query, &mut facts);
    let machine = |name: &String| account.instance_types.get(name).map(|machine| (name.clone(), machine));
    let types = query.instance_types.iter().filter_map(machine).collect();
    facts.instance_types = InstanceTypes { types, ..InstanceTypes::default() };
    // Those of clusters are not for other clusters' manifests.
    let of_others = |it: &&crate::account::target_group::TargetGroup| {
        !it.tags.iter().any(|(key, _)| key.starts_with("kubernetes.io/cluster/"))
    };
    facts.target_groups = account.target_groups.values().filter(of_others).map(|it| it.name.clone()).collect();
    facts.target_groups.sort();
    facts
}

fn network(account: &Account, id: &str, facts: &mut Facts) {
    let gateway = account.internet_gateways.values().find(|it| it.vpc.as_deref() == Some(id));
    let egress = account.egress_only_gateways.values().find(|it| it.vpc == id);
    facts.vpcs = account
        .vpcs
        .get(id)
        .map(|vpc| ExistingVpc {
            id: vpc.id.clone(),
            cidr: vpc.cidr.clone(),
            ipv6_cidr: vpc.ipv6_cidr().map(str::to_owned),
            tags: vpc.tags.clone(),
            internet_gateway: gateway.map(|it| it.id.clone()),
            egress_only_internet_gateway: egress.map(|it| it.id.clone()),
        })
        .into_iter()
        .collect();
    let table_of = |subnet: &str| {
        let mut tables = account.route_tables.values();
        tables.find(|table| table.associations.values().any(|it| it == subnet)).map(|table| table.id.clone())
    };
    let subnets = account.subnets.values().filter(|subnet| subnet.vpc == id);
    facts.subnets = subnets
        .map(|subnet| ExistingSubnet {
            id: subnet.id.clone(),
            vpc: subnet.vpc.clone(),
            zone: subnet.zone.clone(),
            cidr: subnet.cidr.clone(),
            ipv6_cidr: subnet.ipv6.clone(),
            route_table: table_of(&subnet.id),
        })
        .collect();
    let tables = account.route_tables.values().filter(|table| table.vpc == id);
    facts.route_tables =
        tables.map(|table| ExistingRouteTable { id: table.id.clone(), vpc: table.vpc.clone() }).collect();
}

fn images(account: &Account, query: &FactsQuery, facts: &mut Facts) {
    for wanted in &query.images {
        let id = match wanted.strip_prefix("ssm:") {
            Some(parameter) => {
                let Some(id) = account.image_parameters.get(parameter) else { continue };
                facts.image_parameters.insert(parameter.to_owned(), id.clone());
                id
            }
            None => wanted,
        };
        let found = account.images.iter().filter(|image| image.id == *id || is_named(image, wanted));
        facts.images.extend(found.cloned());
    }
    facts.images.sort_by(|a, b| a.id.cmp(&b.id));
    facts.images.dedup();
}

/// Whether `owner/name` means the image; the owner is an account id, or an alias that stands before it.
fn is_named(image: &Image, wanted: &str) -> bool {
    let Some((owner, name)) = wanted.split_once('/') else { return image.name == wanted };
    let (alias, id) = image.owner.split_once(" (").map_or((image.owner.as_str(), ""), |(alias, id)| (alias, id));
    let id = id.trim_end_matches(')');
    (owner == alias || owner == id) && image.name == name
}
