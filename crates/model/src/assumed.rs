//! Facts of an account that has whatever the manifests name, for comparing manifests where no account can be asked.
//!
//! What only the account could tell stands for itself: the image `ubuntu/x` has the id `ubuntu/x`, the zone of `subnet-1` is
//! `zone of subnet-1`. Two versions of a manifest then differ in their resources exactly where their words differ, and a
//! person reads what somebody wrote.

use std::collections::BTreeMap;

use kedge_resource::facts::{
    ExistingAddress, ExistingInstanceProfile, ExistingNatGateway, ExistingSubnet, ExistingVpc, HostedZone, Image,
    InstanceType,
};
use kedge_resource::{Facts, FactsQuery};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{Cluster, DnsType, Egress, Vpc};

use crate::facts_query;

/// Stands for the device of the root volume, which an image decides.
pub const ROOT_DEVICE: &str = "root device";

/// Stands for the account id.
const ACCOUNT: &str = "ACCOUNT";

/// Any IPv6 range lies within it.
const ANY_IPV6: &str = "::/0";

/// The facts of an account in `region` that has everything that a specification names. Machine types have neither local disks
/// nor GPUs in it, and fit every image.
#[must_use]
pub fn assumed_facts(spec: &ResolvedSpec, region: &str) -> Facts {
    let query = facts_query(spec);
    let cluster = &spec.cluster;
    let subnets = existing_subnets(cluster);
    let zones = cluster.network.subnets.iter().filter_map(|subnet| subnet.zone.as_ref());
    let zones =
        zones.chain(subnets.iter().map(|subnet| &subnet.zone)).chain(spec.groups.iter().flat_map(|it| &it.zones));
    let mut availability_zones: Vec<String> = zones.cloned().collect();
    availability_zones.sort();
    availability_zones.dedup();
    Facts {
        region: region.to_owned(),
        partition: partition(region).to_owned(),
        account_id: ACCOUNT.to_owned(),
        availability_zones,
        hosted_zones: hosted_zone(cluster).into_iter().collect(),
        vpcs: existing_vpc(cluster).into_iter().collect(),
        subnets,
        route_tables: Vec::new(),
        addresses: query.addresses.into_iter().map(address).collect(),
        nat_gateways: nat_gateways(cluster),
        target_groups: Vec::new(),
        instance_profiles: query
            .instance_profiles
            .into_iter()
            .map(|name| ExistingInstanceProfile { name, role: None })
            .collect(),
        image_parameters: query
            .images
            .iter()
            .filter_map(|words| Some((words.strip_prefix("ssm:")?.to_owned(), words.clone())))
            .collect::<BTreeMap<_, _>>(),
        images: query.images.iter().map(|words| image(words)).collect(),
        instance_types: kedge_resource::facts::InstanceTypes {
            types: query.instance_types.into_iter().map(|name| (name, machine_type())).collect(),
            ..Default::default()
        },
        store: None,
    }
}

/// Adds to `facts` what a specification names and `asked`, the query that they answer, did not ask for: the account may have
/// it or not, and here it has. Returns what that is, in words.
#[must_use]
pub fn fill_in(facts: &mut Facts, asked: &FactsQuery, spec: &ResolvedSpec) -> Vec<String> {
    let wanted = facts_query(spec);
    let assumed = assumed_facts(spec, &facts.region);
    let mut missing = Vec::new();
    for words in wanted.images.difference(&asked.images) {
        missing.push(format!("the image {words}"));
        if let Some(parameter) = words.strip_prefix("ssm:") {
            facts.image_parameters.insert(parameter.to_owned(), words.clone());
        }
        let (owner, _) = words.split_once('/').unwrap_or((facts.account_id.as_str(), words));
        facts.images.push(Image { owner: owner.to_owned(), ..image(words) });
    }
    for name in wanted.instance_types.difference(&asked.instance_types) {
        missing.push(format!("the machine type {name}"));
        facts.instance_types.types.insert(name.clone(), machine_type());
    }
    for name in wanted.instance_profiles.difference(&asked.instance_profiles) {
        missing.push(format!("the instance profile {name}"));
        facts.instance_profiles.push(ExistingInstanceProfile { name: name.clone(), role: None });
    }
    for id in wanted.addresses.difference(&asked.addresses) {
        missing.push(format!("the address {id}"));
        facts.addresses.push(address(id.clone()));
    }
    for id in wanted.nat_gateways.difference(&asked.nat_gateways) {
        missing.push(format!("the NAT gateway {id}"));
        facts.nat_gateways.extend(assumed.nat_gateways.iter().filter(|gateway| gateway.id == *id).cloned());
    }
    if let Some(id) = wanted.vpc.filter(|id| asked.vpc.as_ref() != Some(id)) {
        missing.push(format!("the VPC {id}"));
        facts.vpcs.extend(assumed.vpcs);
        facts.subnets.extend(assumed.subnets);
    }
    missing
}

fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The zone that the manifest names, by name or id; else the one above the cluster's name.
fn hosted_zone(cluster: &Cluster) -> Option<HostedZone> {
    let private = match cluster.dns.dns_type {
        DnsType::None => return None,
        DnsType::Public => false,
        DnsType::Private => true,
    };
    let parent = cluster.name.as_str().split_once('.').map_or(cluster.name.as_str(), |(_, parent)| parent);
    let wanted = cluster.dns.zone.as_deref().map_or(parent, |wanted| wanted.trim_end_matches('.'));
    let name = if wanted.contains('.') { wanted } else { parent };
    Some(HostedZone { id: wanted.to_owned(), name: name.to_owned(), private, vpcs: Vec::new() })
}

fn existing_vpc(cluster: &Cluster) -> Option<ExistingVpc> {
    let Vpc::Shared { id, cidr } = &cluster.network.vpc else { return None };
    Some(ExistingVpc {
        id: id.clone(),
        cidr: cidr.map_or_else(|| format!("range of {id}"), |cidr| cidr.trunc().to_string()),
        ipv6_cidr: Some(ANY_IPV6.to_owned()),
        tags: Default::default(),
        internet_gateway: Some(format!("internet gateway of {id}")),
        egress_only_internet_gateway: Some(format!("egress-only internet gateway of {id}")),
    })
}

fn existing_subnets(cluster: &Cluster) -> Vec<ExistingSubnet> {
    let vpc = match &cluster.network.vpc {
        Vpc::Shared { id, .. } => id.clone(),
        Vpc::Own { .. } => cluster.name.to_string(),
    };
    let subnets = cluster.network.subnets.iter();
    subnets
        .filter_map(|subnet| {
            let id = subnet.id.clone()?;
            Some(ExistingSubnet {
                vpc: vpc.clone(),
                zone: subnet.zone.clone().unwrap_or_else(|| format!("zone of {id}")),
                cidr: subnet.cidr.map(|cidr| cidr.trunc().to_string()),
                ipv6_cidr: subnet.ipv6_cidr.clone(),
                route_table: None,
                id,
            })
        })
        .collect()
}

fn nat_gateways(cluster: &Cluster) -> Vec<ExistingNatGateway> {
    let named = cluster.network.subnets.iter().filter_map(|subnet| match &subnet.egress {
        Egress::NatGateway(id) => Some(id.clone()),
        Egress::Default | Egress::External | Egress::ElasticIp(_) | Egress::TransitGateway(_) | Egress::Instance(_) => {
            None
        }
    });
    named.map(|id| ExistingNatGateway { subnet: format!("subnet of {id}"), id, allocation_id: None }).collect()
}

fn address(allocation_id: String) -> ExistingAddress {
    ExistingAddress { public_ip: format!("address of {allocation_id}"), allocation_id }
}

/// The image that words mean has those words for an id.
fn image(words: &str) -> Image {
    let (owner, name) = words.split_once('/').unwrap_or((ACCOUNT, words));
    Image {
        id: words.to_owned(),
        owner: owner.to_owned(),
        name: name.to_owned(),
        root_device_name: ROOT_DEVICE.to_owned(),
        architecture: String::new(),
        creation_date: String::new(),
    }
}

/// A type of which nothing is known; one without architectures fits every image.
fn machine_type() -> InstanceType {
    InstanceType { vcpus: 0, memory_mib: 0, local_disks: 0, gpus: 0, architectures: Vec::new() }
}

#[cfg(test)]
mod tests {
    use kedge_resource::kind::LaunchTemplate;
    use kedge_spec::resolved::LoadBalancerSubnet;

    use super::*;
    use crate::testing;

    fn lowered(spec: &ResolvedSpec) -> kedge_resource::Desired {
        let facts = assumed_facts(spec, "us-test-1");
        crate::lower(spec, &facts).unwrap_or_else(|problems| panic!("{:?}", problems.sorted()))
    }

    #[test]
    fn every_way_to_name_an_image_stands_for_itself() {
        for words in ["ami-1", "ubuntu/images/x", "golden", "ssm:/aws/x", "099720109477/ubuntu/x"] {
            let mut spec = testing::minimal();
            spec.groups[1].image = words.to_owned();
            spec.groups[1].machine_types = vec!["z9.huge".to_owned()];
            let desired = lowered(&spec);
            let template: &LaunchTemplate = testing::get(&desired, "launch-template/nodes.test.example.com");
            assert_eq!((template.image_id.as_str(), template.instance_type.as_str()), (words, "z9.huge"));
            assert_eq!(template.block_device_mappings[0].device_name, ROOT_DEVICE);
        }
    }

    #[test]
    fn existing_networks_are_as_the_manifest_says_and_nothing_is_warned_of() {
        let mut spec = testing::minimal();
        spec.cluster.network.vpc = Vpc::Shared { id: "vpc-9".to_owned(), cidr: Some("10.9.0.0/16".parse().unwrap()) };
        let subnet = &mut spec.cluster.network.subnets[0];
        (subnet.ipv6_cidr, subnet.egress) = (Some("/64#ff".to_owned()), Egress::NatGateway("nat-9".to_owned()));
        let mut existing = subnet.clone();
        (existing.name, existing.id, existing.zone) = ("old".to_owned(), Some("subnet-9".to_owned()), None);
        existing.cidr = Some("10.9.3.0/24".parse().unwrap());
        spec.cluster.network.subnets.push(existing);
        spec.groups[1].instance_profile = Some("mine".to_owned());
        let mut load_balancer = testing::load_balancer();
        load_balancer.subnets = vec![LoadBalancerSubnet {
            name: "us-test-1a".to_owned(),
            private_ipv4_address: None,
            allocation_id: Some("eipalloc-9".to_owned()),
        }];
        spec.cluster.api.load_balancer = Some(load_balancer);
        let desired = lowered(&spec);
        let warnings = desired.notes.iter().filter(|note| note.severity == kedge_resource::plan::Severity::Warning);
        assert_eq!(warnings.collect::<Vec<_>>(), Vec::<&kedge_resource::plan::Note>::new());
    }

    #[test]
    fn zones_are_found_by_name_by_id_and_above_the_cluster() {
        let mut spec = testing::minimal();
        let record = |spec: &ResolvedSpec| {
            let mut spec = spec.clone();
            spec.cluster.api.load_balancer = Some(testing::load_balancer());
            testing::names(&lowered(&spec), kedge_resource::Kind::RecordSet).join(", ")
        };
        assert!(record(&spec).starts_with("api.test.example.com A in example.com,"), "{}", record(&spec));
        for zone in ["Z9", "other.org"] {
            spec.cluster.dns.zone = Some(zone.to_owned());
            assert!(record(&spec).starts_with(&format!("api.test.example.com A in {zone},")), "{}", record(&spec));
        }
        spec.cluster.dns.dns_type = DnsType::None;
        assert_eq!(record(&spec), "");
    }

    #[test]
    fn only_what_nobody_asked_for_is_taken_for_granted() {
        let mut spec = testing::minimal();
        let asked = facts_query(&spec);
        let mut facts = testing::facts();
        assert_eq!(fill_in(&mut facts, &asked, &spec), [""; 0]);
        assert_eq!(facts, testing::facts());
        spec.groups[1].image = "golden".to_owned();
        spec.groups[1].machine_types = vec!["z9.huge".to_owned()];
        spec.cluster.network.subnets[0].egress = Egress::NatGateway("nat-9".to_owned());
        let missing = fill_in(&mut facts, &asked, &spec);
        assert_eq!(missing, ["the image golden", "the machine type z9.huge", "the NAT gateway nat-9"]);
        crate::lower(&spec, &facts).unwrap();
        // The account was asked for this one and does not have it.
        let asked = facts_query(&spec);
        let mut facts = testing::facts();
        assert_eq!(fill_in(&mut facts, &asked, &spec), [""; 0]);
        assert!(testing::problems(&spec, &facts).iter().any(|problem| problem.starts_with("unknown-image")));
    }

    #[test]
    fn partitions_of_regions() {
        let of = ["us-east-1", "us-gov-west-1", "cn-north-1"].map(partition);
        assert_eq!(of, ["aws", "aws-us-gov", "aws-cn"]);
    }
}
