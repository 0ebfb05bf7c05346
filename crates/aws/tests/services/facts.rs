//! Facts, identity and the list of clusters.

use std::collections::BTreeSet;

use kedge_cloud::Observe;
use kedge_resource::FactsQuery;

use crate::account::Account;

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn the_caller_is_known() {
    let Some(account) = Account::of("identity.example.com").await else { return };
    let identity = account.aws.identity().await.unwrap();
    assert_eq!(identity.account_id, "123456789012");
    assert_eq!((identity.partition.as_str(), identity.region.as_str()), ("aws", "us-east-1"));
}

#[tokio::test]
async fn what_does_not_exist_is_absent() {
    let Some(account) = Account::of("facts.example.com").await else { return };
    let query = FactsQuery {
        images: set(&["ami-00000000000000000", "099720109477/no-such-image", "ssm:/no/such/parameter"]),
        instance_types: set(&["t3.medium", "t9.nano"]),
        vpc: Some("vpc-00000000000000000".to_owned()),
        addresses: set(&["eipalloc-00000000000000000"]),
        nat_gateways: set(&["nat-00000000000000000"]),
        instance_profiles: set(&["no-such-profile"]),
        hosted_zones: true,
    };
    let facts = account.aws.facts(&query).await.unwrap();
    assert_eq!(facts.region, "us-east-1");
    assert!(facts.availability_zones.contains(&"us-east-1a".to_owned()));
    let types: Vec<_> = facts.instance_types.types.keys().map(String::as_str).collect();
    assert_eq!(types, ["t3.medium"]);
    let medium = facts.instance_types.get("t3.medium").unwrap();
    assert_eq!((medium.vcpus, medium.memory_mib, medium.local_disks, medium.gpus), (2, 4096, 0, 0));
    assert_eq!(medium.architectures, ["x86_64"]);
    assert_eq!((facts.images, facts.vpcs, facts.subnets, facts.addresses), (vec![], vec![], vec![], vec![]));
    assert_eq!((facts.nat_gateways, facts.instance_profiles), (vec![], vec![]));
    assert!(facts.image_parameters.is_empty());
}

#[tokio::test]
async fn an_existing_network_is_described() {
    let Some(account) = Account::of("network.example.com").await else { return };
    let (vpc, subnets) = account.network().await;
    let ec2 = account.ec2();
    let gateway = ec2.create_internet_gateway().send().await.unwrap().internet_gateway.unwrap();
    let gateway = gateway.internet_gateway_id.unwrap();
    ec2.attach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc).send().await.unwrap();
    let table = ec2.create_route_table().vpc_id(&vpc).send().await.unwrap().route_table.unwrap();
    let table = table.route_table_id.unwrap();
    ec2.associate_route_table().route_table_id(&table).subnet_id(&subnets[0]).send().await.unwrap();
    let address = ec2.allocate_address().send().await.unwrap();
    let allocation = address.allocation_id.unwrap();

    let query =
        FactsQuery { vpc: Some(vpc.clone()), addresses: BTreeSet::from([allocation.clone()]), ..FactsQuery::default() };
    let facts = account.aws.facts(&query).await.unwrap();
    assert_eq!(facts.vpcs.len(), 1);
    let fact = facts.vpcs.first().unwrap();
    assert_eq!((fact.id.as_str(), fact.cidr.as_str()), (vpc.as_str(), "10.9.0.0/16"));
    assert_eq!(fact.internet_gateway.as_deref(), Some(gateway.as_str()));
    assert_eq!(facts.subnets.len(), 2);
    let own = facts.subnets.iter().find(|subnet| subnet.id == subnets[0]).unwrap();
    assert_eq!(own.route_table.as_deref(), Some(table.as_str()));
    let main = facts.subnets.iter().find(|subnet| subnet.id == subnets[1]).unwrap();
    assert!(main.route_table.is_some() && main.route_table != own.route_table);
    assert_eq!(facts.route_tables.len(), 2);
    assert_eq!(facts.addresses.first().unwrap().allocation_id, allocation);
}

#[tokio::test]
async fn clusters_are_listed_by_what_they_own() {
    let Some(account) = Account::of("listed.example.com").await else { return };
    let (vpc, _) = account.network().await;
    let tags = account.tags("listed.example.com");
    let tags = tags.iter().map(|(key, value)| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build());
    account.ec2().create_tags().resources(&vpc).set_tags(Some(tags.collect())).send().await.unwrap();
    let clusters = account.aws.clusters().await.unwrap();
    let listed = clusters.iter().find(|cluster| cluster.name == account.cluster).unwrap();
    assert_eq!(listed.vpc.as_deref(), Some(vpc.as_str()));
    assert_eq!((listed.instance_groups.len(), listed.instances), (0, 0));
}
