//! EC2: networks, security groups, templates, volumes, instances.

use std::collections::{BTreeMap, BTreeSet};

use kedge_cloud::{CloudError, Scope, StepOutcome};
use kedge_resource::{ClusterName, Kind, Observed};

use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, bug};

pub(crate) mod common;
mod dhcp_options;
mod egress_only_internet_gateway;
mod elastic_ip;
mod instance;
mod internet_gateway;
mod key_pair;
mod launch_template;
mod nat_gateway;
mod network_interface;
mod route;
mod route_table;
mod security_group;
mod security_group_rule;
mod subnet;
mod volume;
mod vpc;

use common::is_owned;

/// Does a step of one of the kinds of EC2. Deletions bring what goes with the first resource without a call of its own.
pub(crate) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let first = task.first()?;
    match first.key.kind {
        Kind::Vpc => vpc::realize(task, first).await,
        Kind::VpcCidrBlock => vpc::realize_block(task, first).await,
        Kind::DhcpOptions => dhcp_options::realize(task, first).await,
        Kind::DhcpOptionsAssociation => dhcp_options::realize_association(task, first).await,
        Kind::InternetGateway => internet_gateway::realize(task, first).await,
        Kind::EgressOnlyInternetGateway => egress_only_internet_gateway::realize(task, first).await,
        Kind::Subnet => subnet::realize(task, first).await,
        Kind::RouteTable => route_table::realize(task, first).await,
        Kind::RouteTableAssociation => route_table::realize_association(task, first).await,
        Kind::Route => route::realize(task, first).await,
        Kind::ElasticIp => elastic_ip::realize(task, first).await,
        Kind::NatGateway => nat_gateway::realize(task, first).await,
        Kind::SecurityGroup => security_group::realize(task, first).await,
        Kind::SecurityGroupRule => security_group_rule::realize(task).await,
        Kind::KeyPair => key_pair::realize(task, first).await,
        Kind::Volume => volume::realize(task, first).await,
        Kind::LaunchTemplate => launch_template::realize(task, first).await,
        Kind::Instance => instance::realize(task).await,
        Kind::NetworkInterface => network_interface::realize(task, first).await,
        other => Err(bug(format!("{other} is not a kind of EC2"))),
    }
}

/// What EC2 has of a cluster. All lists are asked for at once; only the rules of groups, the attributes of VPCs, and what
/// the lists left out need a second round.
pub(crate) async fn observe(aws: &Aws, cluster: &ClusterName, scope: Scope) -> Result<Part, CloudError> {
    let (network, security, templates, machines) = tokio::join!(
        Box::pin(network(aws, cluster)),
        Box::pin(security(aws, cluster)),
        Box::pin(templates(aws, cluster)),
        Box::pin(machines(aws, cluster, scope)),
    );
    let mut part = network?;
    let (security, strangers) = security?;
    part.extend(security);
    part.extend(templates?);
    part.extend(machines?);
    let of_others = security_group_rule::of_others::read(aws, cluster, &part.resources).await;
    let of_others = part.accept(&[Kind::SecurityGroupRule], of_others)?;
    part.resources.extend(of_others);
    // groups of our names count only where ours would stand
    let vpcs: BTreeSet<&str> = part.resources.iter().filter_map(vpc_of).collect();
    let strangers: Vec<Observed> =
        strangers.into_iter().filter(|group| vpc_of(group).is_some_and(|vpc| vpcs.contains(vpc))).collect();
    part.resources.extend(strangers);
    Ok(part)
}

/// The VPC that a resource shows to be the cluster's.
fn vpc_of(observed: &Observed) -> Option<&str> {
    use kedge_resource::Properties;
    match &observed.properties {
        Properties::Vpc(_) => Some(&observed.handle.id),
        Properties::Subnet(subnet) => subnet.vpc.existing_id(),
        Properties::SecurityGroup(group) => group.vpc.existing_id(),
        Properties::RouteTable(table) => table.vpc.existing_id(),
        _ => None,
    }
}

async fn network(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let (vpcs, options, gateways, egress_only, subnets, tables, addresses, nat_gateways) = tokio::join!(
        vpc::list(aws, cluster),
        dhcp_options::list(aws, cluster),
        internet_gateway::list(aws, cluster),
        egress_only_internet_gateway::list(aws, cluster),
        subnet::list(aws, cluster),
        route_table::list(aws, cluster),
        elastic_ip::list(aws, cluster),
        nat_gateway::list(aws, cluster),
    );
    let mut part = Part::default();
    let vpcs = part.accept(&[Kind::Vpc, Kind::VpcCidrBlock, Kind::DhcpOptionsAssociation], vpcs)?;
    let options = part.accept(&[Kind::DhcpOptions, Kind::DhcpOptionsAssociation], options)?;
    let gateways = part.accept(&[Kind::InternetGateway], gateways)?;
    let egress_only = part.accept(&[Kind::EgressOnlyInternetGateway], egress_only)?;
    let subnets = part.accept(&[Kind::Subnet], subnets)?;
    let tables = part.accept(&[Kind::RouteTable, Kind::Route, Kind::RouteTableAssociation], tables)?;
    let addresses = part.accept(&[Kind::ElasticIp], addresses)?;
    let nat_gateways = part.accept(&[Kind::NatGateway], nat_gateways)?;

    let options: Vec<Observed> = options.iter().filter_map(|one| dhcp_options::entry_of(cluster, one)).collect();
    for (vpc, dns) in &vpcs {
        let entries = vpc::entries(cluster, vpc, *dns);
        let owned = entries.first().filter(|entry| is_owned(entry));
        part.resources.extend(owned.and_then(|own| dhcp_options::association(own, vpc.dhcp_options_id(), &options)));
        part.resources.extend(entries);
    }
    part.resources.extend(options);
    part.resources.extend(gateways.iter().filter_map(|one| internet_gateway::entry_of(cluster, one)));
    part.resources.extend(egress_only.iter().filter_map(|one| egress_only_internet_gateway::entry_of(cluster, one)));
    part.resources.extend(addresses.iter().filter_map(|one| elastic_ip::entry_of(cluster, one)));
    part.resources.extend(nat_gateways.iter().filter_map(|one| nat_gateway::entry_of(cluster, one)));
    let subnets: Vec<Observed> = subnets.iter().filter_map(|one| subnet::entry_of(cluster, one)).collect();
    let routing = routing(aws, cluster, &subnets, tables).await;
    let routing = part.accept(&[Kind::RouteTable, Kind::Route, Kind::RouteTableAssociation], routing)?;
    part.resources.extend(subnets);
    part.resources.extend(routing);
    Ok(part)
}

/// Route tables, their routes, and the associations of our subnets, also those with tables of others.
async fn routing(
    aws: &Aws,
    cluster: &ClusterName,
    subnets: &[Observed],
    tables: Vec<aws_sdk_ec2::types::RouteTable>,
) -> Result<Vec<Observed>, CloudError> {
    let names: BTreeMap<&str, &str> =
        subnets.iter().map(|subnet| (subnet.handle.id.as_str(), subnet.key.name.as_str())).collect();
    let associated: BTreeSet<&str> =
        tables.iter().flat_map(route_table::associations).map(|(subnet, _)| subnet).collect();
    let owned = subnets.iter().filter(|subnet| is_owned(subnet)).map(|subnet| subnet.handle.id.as_str());
    let left: Vec<&str> = owned.filter(|subnet| !associated.contains(subnet)).collect();
    let others = if left.is_empty() { Vec::new() } else { route_table::of_subnets(aws, &left).await? };

    let mut resources = Vec::new();
    for table in &tables {
        let Some(entry) = route_table::entry_of(cluster, table) else { continue };
        if is_owned(&entry) {
            resources.extend(table.routes().iter().filter_map(|route| route::entry_of(&entry, route)));
            let associations = route_table::associations(table).filter_map(|(subnet, one)| {
                route_table::association_entry(names.get(subnet).copied().unwrap_or(subnet), subnet, one)
            });
            resources.extend(associations);
        }
        resources.push(entry);
    }
    let foreign = others.iter().flat_map(route_table::associations).filter(|(subnet, _)| left.contains(subnet));
    resources.extend(foreign.filter_map(|(subnet, one)| {
        route_table::association_entry(names.get(subnet).copied().unwrap_or(subnet), subnet, one)
    }));
    Ok(resources)
}

/// Security groups and rules; and groups that have one of our names without our tag.
async fn security(aws: &Aws, cluster: &ClusterName) -> Result<(Part, Vec<Observed>), CloudError> {
    let (own, tagged, named, pairs) = tokio::join!(
        async {
            let groups = security_group::list(aws, cluster).await?;
            let owned = groups.iter().filter_map(|group| security_group::entry_of(cluster, group));
            let owned: Vec<String> = owned.filter(is_owned).map(|group| group.handle.id).collect();
            let rules =
                if owned.is_empty() { Ok(Vec::new()) } else { security_group_rule::of_groups(aws, &owned).await };
            Ok((groups, rules))
        },
        security_group_rule::list(aws, cluster),
        security_group::list_named(aws, cluster),
        key_pair::list(aws, cluster),
    );
    let mut part = Part::default();
    let own: Result<_, CloudError> = own.map(Some);
    let own = part.accept(&[Kind::SecurityGroup, Kind::SecurityGroupRule], own)?;
    let (groups, rules) = own.unwrap_or_else(|| (Vec::new(), Ok(Vec::new())));
    let mut rules = part.accept(&[Kind::SecurityGroupRule], rules)?;
    rules.extend(part.accept(&[Kind::SecurityGroupRule], tagged)?);
    let named = part.accept(&[Kind::SecurityGroup], named)?;
    let pairs = part.accept(&[Kind::KeyPair], pairs)?;

    let groups: Vec<Observed> = groups.iter().filter_map(|one| security_group::entry_of(cluster, one)).collect();
    let own = groups.iter().filter(|group| is_owned(group));
    let names: BTreeMap<String, String> = own.map(|group| (group.handle.id.clone(), group.key.name.clone())).collect();
    let mut seen = BTreeSet::new();
    let rules = rules.iter().filter_map(|rule| security_group_rule::entry_of(cluster, &names, rule));
    part.resources.extend(rules.filter(|rule| seen.insert(rule.handle.id.clone())));
    part.resources.extend(pairs.iter().filter_map(|pair| key_pair::entry_of(cluster, pair)));
    let known: BTreeSet<&str> = groups.iter().map(|group| group.handle.id.as_str()).collect();
    let strangers = named.iter().filter_map(|group| security_group::entry_of(cluster, group));
    let strangers = strangers.filter(|group| !known.contains(group.handle.id.as_str())).collect();
    part.resources.extend(groups);
    Ok((part, strangers))
}

async fn templates(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let (templates, versions) = tokio::join!(launch_template::list(aws, cluster), launch_template::latest(aws));
    let mut part = Part::default();
    let kinds = [Kind::LaunchTemplate];
    let templates = part.accept(&kinds, templates)?;
    let mut versions = part.accept(&kinds, versions)?;
    let strangers = launch_template::strangers(aws, cluster, &templates, &versions).await;
    let strangers = part.accept(&kinds, strangers)?;
    let completed = launch_template::complete(aws, &templates, &mut versions).await;
    part.accept(&kinds, completed)?;
    let all = templates.iter().chain(&strangers);
    part.resources.extend(all.filter_map(|one| launch_template::entry_of(cluster, one, &versions)));
    Ok(part)
}

async fn machines(aws: &Aws, cluster: &ClusterName, scope: Scope) -> Result<Part, CloudError> {
    let (volumes, (instances, interfaces)) = tokio::join!(volume::list(aws, cluster), async {
        match scope {
            Scope::Manifests => (Ok(Vec::new()), Ok(Vec::new())),
            Scope::Everything => tokio::join!(instance::list(aws, cluster), network_interface::list(aws, cluster)),
        }
    });
    let mut part = Part::default();
    let volumes = part.accept(&[Kind::Volume], volumes)?;
    let instances = part.accept(&[Kind::Instance], instances)?;
    let interfaces = part.accept(&[Kind::NetworkInterface], interfaces)?;
    part.resources.extend(volumes.iter().filter_map(|one| volume::entry_of(cluster, one)));
    part.resources.extend(instances.iter().filter_map(|one| instance::entry_of(cluster, one)));
    part.resources.extend(interfaces.iter().filter_map(|one| network_interface::entry_of(cluster, one)));
    Ok(part)
}
