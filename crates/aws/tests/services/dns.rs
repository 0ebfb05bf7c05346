//! Records and zone associations.

use aws_sdk_route53 as route53;
use kedge_cloud::{ErrorClass, Verb};
use kedge_resource::kind::{AliasTarget, HostedZoneAssociation, LoadBalancer, RecordSet, SubnetMapping};
use kedge_resource::{Handle, Kind, Ownership, Ref, names};

use crate::account::{Account, assert_is, creation, deletion};

const ALIAS: &str = "AliasTarget";

/// Makes a hosted zone; a private one belongs to the VPC.
async fn zone(account: &Account, name: &str, vpc: Option<&str>) -> String {
    let client = route53::Client::new(&account.config);
    let mut request = client.create_hosted_zone().name(name).caller_reference(format!("{name} {vpc:?}"));
    if let Some(vpc) = vpc {
        let config = route53::types::HostedZoneConfig::builder().private_zone(true).build();
        request = request.hosted_zone_config(config).vpc(raw_vpc(vpc));
    }
    let id = request.send().await.unwrap().hosted_zone.unwrap().id;
    id.trim_start_matches("/hostedzone/").to_owned()
}

fn raw_vpc(vpc: &str) -> route53::types::Vpc {
    route53::types::Vpc::builder().vpc_id(vpc).vpc_region(route53::types::VpcRegion::UsEast1).build()
}

/// Makes the cluster's load balancer with this prefix.
async fn balancer(account: &mut Account, prefix: &str) -> (String, Handle) {
    let (_, subnets) = account.network().await;
    let key_name = format!("{prefix}.{}", account.cluster);
    let balancer = LoadBalancer {
        name: names::hashed_name(prefix, &account.cluster),
        scheme: "internal".to_owned(),
        type_: "network".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        security_groups: Vec::new(),
        subnet_mappings: vec![SubnetMapping {
            subnet: Ref::existing(&subnets[0]),
            allocation_id: None,
            private_ipv4_address: None,
        }],
        load_balancer_attributes: Default::default(),
        tags: account.tags(&key_name),
    };
    let handle = account.create(&key_name, balancer).await;
    (key_name, handle)
}

fn record(zone: &str, name: &str, type_: &str, target: Ref<LoadBalancer>) -> RecordSet {
    RecordSet {
        hosted_zone_id: zone.to_owned(),
        name: name.to_owned(),
        type_: type_.to_owned(),
        alias_target: Some(AliasTarget { load_balancer: target, evaluate_target_health: false }),
    }
}

fn key(record: &RecordSet) -> String {
    format!("{} {} in {}", record.name, record.type_, record.hosted_zone_id)
}

#[tokio::test]
async fn records_are_made_changed_and_removed_in_one_call_each() {
    let Some(mut account) = Account::of("prod.records.example.com").await else { return };
    let zone = zone(&account, "records.example.com", None).await;
    let (api, api_handle) = balancer(&mut account, "api").await;
    let (bastion, bastion_handle) = balancer(&mut account, "bastion").await;
    // one of them stands under a name that only its target tells apart
    let names = ["api.prod.records.example.com", "kubernetes.records.example.com"];
    let wanted = |target: &Ref<LoadBalancer>| -> Vec<_> {
        let pairs = names.iter().flat_map(|name| ["A", "AAAA"].map(|type_| (name, type_)));
        pairs.map(|(name, type_)| record(&zone, name, type_, target.clone())).collect()
    };
    let creations = |target: &Ref<LoadBalancer>| -> Vec<_> {
        wanted(target).into_iter().map(|record| creation(&key(&record), record)).collect()
    };
    account.realize(Verb::Create, creations(&Ref::managed(&api))).await.unwrap();
    let found = account.find(&[Kind::RecordSet]).await;
    assert_eq!(found.len(), 4, "{found:?}");
    for (observed, wanted) in found.values().zip(wanted(&Ref::existing(&api_handle.id))) {
        assert_is(observed, wanted);
    }

    // made a second time, as after a lost answer; one of them is missing
    let one = found.values().next().unwrap().clone();
    account.delete(one).await;
    assert_eq!(account.find(&[Kind::RecordSet]).await.len(), 3);
    account.realize(Verb::Create, creations(&Ref::managed(&api))).await.unwrap();
    assert_eq!(account.find(&[Kind::RecordSet]).await, found);

    let changes = found.into_values().zip(creations(&Ref::managed(&bastion)));
    let changes = changes.map(|(before, mut change)| {
        change.before = Some(before);
        change.fields = vec![ALIAS.to_owned()];
        change
    });
    account.realize(Verb::Update, changes.collect()).await.unwrap();
    let found = account.find(&[Kind::RecordSet]).await;
    for (observed, wanted) in found.values().zip(wanted(&Ref::existing(&bastion_handle.id))) {
        assert_is(observed, wanted);
    }
    let deletions: Vec<_> = found.into_values().map(deletion).collect();
    for _ in 0..2 {
        account.realize(Verb::Delete, deletions.clone()).await.unwrap();
    }
    assert!(account.find(&[Kind::RecordSet]).await.is_empty());
}

#[tokio::test]
async fn a_record_of_somebody_else_is_not_overwritten() {
    let Some(mut account) = Account::of("prod.foreign-record.example.com").await else { return };
    let zone = zone(&account, "foreign-record.example.com", None).await;
    let (api, _) = balancer(&mut account, "api").await;
    let name = "api.prod.foreign-record.example.com";
    let raw = route53::types::ResourceRecordSet::builder()
        .name(name)
        .r#type(route53::types::RrType::A)
        .ttl(60)
        .resource_records(route53::types::ResourceRecord::builder().value("192.0.2.1").build().unwrap())
        .build()
        .unwrap();
    let change = route53::types::Change::builder()
        .action(route53::types::ChangeAction::Create)
        .resource_record_set(raw)
        .build()
        .unwrap();
    let batch = route53::types::ChangeBatch::builder().changes(change).build().unwrap();
    let client = route53::Client::new(&account.config);
    client.change_resource_record_sets().hosted_zone_id(&zone).change_batch(batch).send().await.unwrap();

    let wanted = record(&zone, name, "A", Ref::managed(api));
    let observed = account.get(Kind::RecordSet, &key(&wanted)).await;
    assert_eq!(observed.ownership, Ownership::Foreign);
    let error = account.try_create(&key(&wanted), wanted.clone()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    assert!(error.message.contains(name), "{error}");
    assert_eq!(account.get(Kind::RecordSet, &key(&wanted)).await, observed);
}

#[tokio::test]
async fn a_record_that_was_repointed_after_the_plan_is_not_overwritten() {
    let Some(mut account) = Account::of("prod.repointed.example.com").await else { return };
    let zone = zone(&account, "repointed.example.com", None).await;
    let (api, _) = balancer(&mut account, "api").await;
    let (bastion, _) = balancer(&mut account, "bastion").await;
    let name = "api.prod.repointed.example.com";
    let made = record(&zone, name, "A", Ref::managed(&api));
    account.create(&key(&made), made.clone()).await;
    let planned = account.get(Kind::RecordSet, &key(&made)).await;
    assert_eq!(planned.ownership, Ownership::Owned);

    let alias = route53::types::AliasTarget::builder()
        .dns_name("of-others-1.elb.us-east-1.amazonaws.com")
        .hosted_zone_id("Z26RNL4JYFTOTI")
        .evaluate_target_health(false)
        .build()
        .unwrap();
    let type_ = route53::types::RrType::A;
    let raw = route53::types::ResourceRecordSet::builder().name(name).r#type(type_).alias_target(alias);
    let change = route53::types::Change::builder()
        .action(route53::types::ChangeAction::Upsert)
        .resource_record_set(raw.build().unwrap())
        .build()
        .unwrap();
    let batch = route53::types::ChangeBatch::builder().changes(change).build().unwrap();
    let client = route53::Client::new(&account.config);
    client.change_resource_record_sets().hosted_zone_id(&zone).change_batch(batch).send().await.unwrap();
    let repointed = account.get(Kind::RecordSet, &key(&made)).await;
    assert_eq!(repointed.ownership, Ownership::Foreign);

    let mut change = creation(&key(&made), record(&zone, name, "A", Ref::managed(&bastion)));
    change.before = Some(planned);
    change.fields = vec![ALIAS.to_owned()];
    let error = account.realize(Verb::Update, vec![change]).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    assert_eq!(account.get(Kind::RecordSet, &key(&made)).await, repointed);
}

#[tokio::test]
async fn a_private_zone_is_made_visible_and_taken_away() {
    let Some(mut account) = Account::of("prod.private.example.com").await else { return };
    let (other, _) = account.network().await;
    let (vpc, _) = account.network().await;
    let zone = zone(&account, "private.example.com", Some(&other)).await;
    let wanted = HostedZoneAssociation { hosted_zone_id: zone.clone(), vpc: Ref::existing(&vpc) };
    let name = format!("{zone} prod.private.example.com");
    for _ in 0..2 {
        account.create(&name, wanted.clone()).await;
    }
    let client = route53::Client::new(&account.config);
    let vpcs = || async {
        let answer = client.get_hosted_zone().id(&zone).send().await.unwrap();
        let mut vpcs: Vec<_> = answer.vpcs.unwrap_or_default().into_iter().filter_map(|vpc| vpc.vpc_id).collect();
        vpcs.sort();
        vpcs
    };
    let mut both = vec![other.clone(), vpc.clone()];
    both.sort();
    assert_eq!(vpcs().await, both);

    // what the inventory says of it, once the VPC is the cluster's
    let tag = |key: &str, value: &str| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build();
    let tags = account.tags("prod.private.example.com");
    let tags: Vec<_> = tags.iter().map(|(key, value)| tag(key, value)).collect();
    account.ec2().create_tags().resources(&vpc).set_tags(Some(tags)).send().await.unwrap();
    let observed = account.get(Kind::HostedZoneAssociation, &name).await;
    assert_is(&observed, wanted);
    account.delete(observed).await;
    assert_eq!(vpcs().await, [other]);
}
