//! The existing VPC of a manifest with what is in it, addresses, and NAT gateways.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    EgressOnlyInternetGateway, InternetGatewayAttachment, NatGatewayState, RouteTable, Subnet, Tag,
};
use kedge_cloud::CloudError;
use kedge_resource::Tags;
use kedge_resource::facts::{ExistingAddress, ExistingNatGateway, ExistingRouteTable, ExistingSubnet, ExistingVpc};

use super::filter;
use crate::client::Aws;

/// An existing VPC; empty if there is none of that id.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) vpcs: Vec<ExistingVpc>,
    pub(super) subnets: Vec<ExistingSubnet>,
    pub(super) route_tables: Vec<ExistingRouteTable>,
}

/// The VPC of this id with its gateways, subnets and route tables.
pub(super) async fn read(aws: &Aws, vpc: Option<&str>) -> Result<Network, CloudError> {
    let Some(vpc) = vpc else { return Ok(Network::default()) };
    let (vpcs, gateways, egress_gateways, subnets, tables) = tokio::try_join!(
        Box::pin(async {
            let wanted = filter("vpc-id", [vpc]);
            aws.read("ec2:DescribeVpcs", || aws.ec2().describe_vpcs().filters(wanted.clone()).send()).await
        }),
        Box::pin(async {
            let wanted = filter("attachment.vpc-id", [vpc]);
            aws.read("ec2:DescribeInternetGateways", || {
                aws.ec2().describe_internet_gateways().filters(wanted.clone()).send()
            })
            .await
        }),
        Box::pin(egress_only_gateways(aws)),
        Box::pin(subnets(aws, vpc)),
        Box::pin(route_tables(aws, vpc)),
    )?;
    let attached = |attachments: &Option<Vec<InternetGatewayAttachment>>| {
        attachments.iter().flatten().any(|attachment| attachment.vpc_id.as_deref() == Some(vpc))
    };
    let internet_gateway = gateways
        .internet_gateways
        .unwrap_or_default()
        .into_iter()
        .find(|gateway| attached(&gateway.attachments))
        .and_then(|gateway| gateway.internet_gateway_id);
    let egress_only_internet_gateway = egress_gateways
        .into_iter()
        .find(|gateway| attached(&gateway.attachments))
        .and_then(|gateway| gateway.egress_only_internet_gateway_id);
    let vpcs = vpcs.vpcs.unwrap_or_default().into_iter().filter_map(|raw| {
        let blocks = raw.ipv6_cidr_block_association_set.into_iter().flatten();
        let ipv6_cidr = blocks
            .filter(|block| {
                !is_gone(block.ipv6_cidr_block_state.as_ref().and_then(|it| it.state.as_ref()).map(|s| s.as_str()))
            })
            .find_map(|block| block.ipv6_cidr_block);
        Some(ExistingVpc {
            id: raw.vpc_id?,
            ipv6_cidr,
            cidr: raw.cidr_block.unwrap_or_default(),
            tags: tags(raw.tags),
            internet_gateway: internet_gateway.clone(),
            egress_only_internet_gateway: egress_only_internet_gateway.clone(),
        })
    });
    Ok(Network {
        vpcs: vpcs.collect(),
        subnets: subnet_facts(subnets, &tables),
        route_tables: route_table_facts(tables),
    })
}

/// Whether a range with this state of its association is one no more.
fn is_gone(state: Option<&str>) -> bool {
    state.is_some_and(|state| state.starts_with("disassociat") || state == "failed")
}

/// The API has no filter for the VPC.
async fn egress_only_gateways(aws: &Aws) -> Result<Vec<EgressOnlyInternetGateway>, CloudError> {
    let mut gateways = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read("ec2:DescribeEgressOnlyInternetGateways", || {
                aws.ec2().describe_egress_only_internet_gateways().set_next_token(token.clone()).send()
            })
            .await?;
        gateways.extend(page.egress_only_internet_gateways.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(gateways);
        }
    }
}

async fn subnets(aws: &Aws, vpc: &str) -> Result<Vec<Subnet>, CloudError> {
    let mut subnets = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read("ec2:DescribeSubnets", || {
                aws.ec2().describe_subnets().filters(filter("vpc-id", [vpc])).set_next_token(token.clone()).send()
            })
            .await?;
        subnets.extend(page.subnets.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(subnets);
        }
    }
}

async fn route_tables(aws: &Aws, vpc: &str) -> Result<Vec<RouteTable>, CloudError> {
    let mut tables = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read("ec2:DescribeRouteTables", || {
                aws.ec2().describe_route_tables().filters(filter("vpc-id", [vpc])).set_next_token(token.clone()).send()
            })
            .await?;
        tables.extend(page.route_tables.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(tables);
        }
    }
}

/// Subnets with the route table that each uses: its own, otherwise the main one of the VPC.
fn subnet_facts(subnets: Vec<Subnet>, tables: &[RouteTable]) -> Vec<ExistingSubnet> {
    let associated = |wanted: &dyn Fn(&aws_sdk_ec2::types::RouteTableAssociation) -> bool| {
        let table = tables.iter().find(|table| table.associations.iter().flatten().any(wanted));
        table.and_then(|table| table.route_table_id.clone())
    };
    let main = associated(&|association| association.main == Some(true));
    let facts = subnets.into_iter().filter_map(|raw| {
        let id = raw.subnet_id?;
        let own = associated(&|association| association.subnet_id.as_deref() == Some(id.as_str()));
        let ipv6_cidr = raw.ipv6_cidr_block_association_set.into_iter().flatten().find_map(|block| {
            let state = block.ipv6_cidr_block_state.as_ref().and_then(|state| state.state.as_ref());
            let gone = is_gone(state.map(|state| state.as_str()));
            block.ipv6_cidr_block.filter(|_| !gone)
        });
        Some(ExistingSubnet {
            id,
            vpc: raw.vpc_id?,
            zone: raw.availability_zone.unwrap_or_default(),
            cidr: raw.cidr_block.filter(|cidr| !cidr.is_empty()),
            ipv6_cidr,
            route_table: own.or_else(|| main.clone()),
        })
    });
    let mut facts: Vec<_> = facts.collect();
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    facts
}

fn route_table_facts(tables: Vec<RouteTable>) -> Vec<ExistingRouteTable> {
    let facts =
        tables.into_iter().filter_map(|raw| Some(ExistingRouteTable { id: raw.route_table_id?, vpc: raw.vpc_id? }));
    let mut facts: Vec<_> = facts.collect();
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    facts
}

/// Elastic IP addresses by allocation id.
pub(super) async fn addresses(aws: &Aws, ids: &BTreeSet<String>) -> Result<Vec<ExistingAddress>, CloudError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = filter("allocation-id", ids.clone());
    let answer =
        aws.read("ec2:DescribeAddresses", || aws.ec2().describe_addresses().filters(wanted.clone()).send()).await?;
    let facts = answer.addresses.unwrap_or_default().into_iter().filter_map(|raw| {
        Some(ExistingAddress { allocation_id: raw.allocation_id?, public_ip: raw.public_ip.unwrap_or_default() })
    });
    let mut facts: Vec<_> = facts.collect();
    facts.sort_by(|a, b| a.allocation_id.cmp(&b.allocation_id));
    Ok(facts)
}

/// NAT gateways by id; those that are deleted stay visible for an hour and are left out.
pub(super) async fn nat_gateways(aws: &Aws, ids: &BTreeSet<String>) -> Result<Vec<ExistingNatGateway>, CloudError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = filter("nat-gateway-id", ids.clone());
    let answer =
        aws.read("ec2:DescribeNatGateways", || aws.ec2().describe_nat_gateways().filter(wanted.clone()).send()).await?;
    let facts = answer.nat_gateways.unwrap_or_default().into_iter().filter_map(|raw| {
        let gone = matches!(raw.state, Some(NatGatewayState::Deleted | NatGatewayState::Deleting));
        let id = raw.nat_gateway_id.filter(|id| !gone && ids.contains(id))?;
        let allocation_id = raw.nat_gateway_addresses.into_iter().flatten().find_map(|address| address.allocation_id);
        Some(ExistingNatGateway { id, subnet: raw.subnet_id.unwrap_or_default(), allocation_id })
    });
    let mut facts: Vec<_> = facts.collect();
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(facts)
}

fn tags(tags: Option<Vec<Tag>>) -> Tags {
    tags.into_iter().flatten().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::RouteTableAssociation;

    use super::*;

    #[test]
    fn a_subnet_without_a_table_of_its_own_uses_the_main_one() {
        let table = |id: &str, association: RouteTableAssociation| {
            RouteTable::builder().route_table_id(id).vpc_id("vpc-1").associations(association).build()
        };
        let tables = [
            table("rtb-main", RouteTableAssociation::builder().main(true).build()),
            table("rtb-own", RouteTableAssociation::builder().subnet_id("subnet-1").build()),
        ];
        let subnet = |id: &str| Subnet::builder().subnet_id(id).vpc_id("vpc-1").availability_zone("a").build();
        let facts = subnet_facts(vec![subnet("subnet-2"), subnet("subnet-1")], &tables);
        let tables: Vec<_> = facts.iter().map(|subnet| (subnet.id.as_str(), subnet.route_table.as_deref())).collect();
        assert_eq!(tables, [("subnet-1", Some("rtb-own")), ("subnet-2", Some("rtb-main"))]);
    }
}
