//! Load balancers, target groups, listeners, and the load balancers of controllers.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancing as classic;
use aws_sdk_elasticloadbalancingv2 as elbv2;
use kedge_cloud::{ErrorClass, Verb};
use kedge_resource::kind::{Listener, LoadBalancer, SubnetMapping, TargetGroup};
use kedge_resource::{Kind, Ownership, Properties, Ref, Tags, names};

use crate::account::{Account, assert_is, deletion};

fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn target_group(vpc: &str, tags: Tags) -> TargetGroup {
    TargetGroup {
        vpc: Ref::existing(vpc),
        port: 443,
        protocol: "TCP".to_owned(),
        health_check_protocol: "TCP".to_owned(),
        health_check_path: None,
        health_check_interval_seconds: 10,
        healthy_threshold_count: 2,
        unhealthy_threshold_count: 2,
        target_group_attributes: attributes(&[
            ("deregistration_delay.connection_termination.enabled", "true"),
            ("deregistration_delay.timeout_seconds", "30"),
        ]),
        tags,
    }
}

fn load_balancer(name: &str, subnets: &[&String], groups: &[&String], tags: Tags) -> LoadBalancer {
    let mut subnet_mappings: Vec<_> = subnets
        .iter()
        .map(|subnet| SubnetMapping {
            subnet: Ref::existing(subnet.as_str()),
            allocation_id: None,
            private_ipv4_address: None,
        })
        .collect();
    subnet_mappings.sort();
    let mut security_groups: Vec<_> = groups.iter().map(|group| Ref::existing(group.as_str())).collect();
    security_groups.sort();
    LoadBalancer {
        name: name.to_owned(),
        scheme: "internal".to_owned(),
        type_: "network".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        security_groups,
        subnet_mappings,
        load_balancer_attributes: attributes(&[("load_balancing.cross_zone.enabled", "true")]),
        tags,
    }
}

/// Keeps of the attributes that AWS holds those that were asked for.
fn narrowed(held: &Properties, wanted: &Properties) -> Properties {
    let keep = |held: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>| {
        held.iter().filter(|(key, _)| wanted.contains_key(*key)).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    let mut held = held.clone();
    match (&mut held, wanted) {
        (Properties::TargetGroup(held), Properties::TargetGroup(wanted)) => {
            held.target_group_attributes = keep(&held.target_group_attributes, &wanted.target_group_attributes);
        }
        (Properties::LoadBalancer(held), Properties::LoadBalancer(wanted)) => {
            held.load_balancer_attributes = keep(&held.load_balancer_attributes, &wanted.load_balancer_attributes);
        }
        _ => panic!("other kinds"),
    }
    held
}

#[tokio::test]
async fn a_load_balancer_is_made_changed_and_removed_with_its_listeners() {
    let Some(mut account) = Account::of("balancer.example.com").await else { return };
    let (vpc, subnets) = account.network().await;
    let (first, second) = (account.security_group(&vpc, "one").await, account.security_group(&vpc, "two").await);
    let group_name = names::hashed_name("tcp", &account.cluster);
    let key_name = "api.balancer.example.com";

    let mut group = target_group(&vpc, account.tags(&group_name));
    account.create(&group_name, group.clone()).await;
    let observed = account.get(Kind::TargetGroup, &group_name).await;
    assert_eq!(narrowed(&observed.properties, &group.clone().into()), group.clone().into());
    assert_eq!(observed.ownership, Ownership::Owned);

    let name = names::hashed_name("api", &account.cluster);
    let mut balancer = load_balancer(&name, &[&subnets[0]], &[&first], account.tags(key_name));
    let handle = account.create(key_name, balancer.clone()).await;
    assert!(handle.dns_name.is_some() && handle.dns_zone.is_some(), "{handle:?}");
    let observed = account.get(Kind::LoadBalancer, key_name).await;
    assert_eq!(observed.handle, handle);
    assert_eq!(narrowed(&observed.properties, &balancer.clone().into()), balancer.clone().into());

    let group_arn = account.get(Kind::TargetGroup, &group_name).await.handle.id;
    let listener = Listener {
        load_balancer: Ref::managed(key_name),
        port: 443,
        protocol: "TCP".to_owned(),
        target_group: Ref::managed(&group_name),
        certificate_arn: None,
        ssl_policy: None,
    };
    let listener_name = format!("{key_name} 443");
    let made = account.create(&listener_name, listener.clone()).await;
    let observed = account.get(Kind::Listener, &listener_name).await;
    let resolved = Listener {
        load_balancer: Ref::existing(&handle.id),
        target_group: Ref::existing(group_arn),
        ..listener.clone()
    };
    assert_eq!(observed.handle, made);
    assert_is(&observed, resolved.clone());

    // each change alone, then everything is as wanted
    let before = account.get(Kind::LoadBalancer, key_name).await;
    balancer = load_balancer(&name, &[&subnets[0], &subnets[1]], &[&first, &second], account.tags(key_name));
    balancer.tags.set("team", "blue");
    balancer.load_balancer_attributes = attributes(&[("load_balancing.cross_zone.enabled", "false")]);
    let fields = ["SubnetMappings", "SecurityGroups", "LoadBalancerAttributes", "Tags"];
    account.update(before, balancer.clone(), &fields).await;
    let observed = account.get(Kind::LoadBalancer, key_name).await;
    assert_eq!(narrowed(&observed.properties, &balancer.clone().into()), balancer.clone().into());

    let before = account.get(Kind::TargetGroup, &group_name).await;
    group.health_check_interval_seconds = 30;
    group.target_group_attributes = attributes(&[("deregistration_delay.timeout_seconds", "60")]);
    group.tags.set("team", "blue");
    account.update(before, group.clone(), &["HealthCheckIntervalSeconds", "TargetGroupAttributes", "Tags"]).await;
    let observed = account.get(Kind::TargetGroup, &group_name).await;
    assert_eq!(narrowed(&observed.properties, &group.clone().into()), group.clone().into());

    // made a second time, as after a crash before the answer was recorded
    let again = account.create(key_name, balancer.clone()).await;
    assert_eq!(again.id, handle.id);
    account.create(&group_name, group).await;
    assert_eq!(account.create(&listener_name, listener).await, made);

    let listener = account.get(Kind::Listener, &listener_name).await;
    let whole = vec![deletion(account.get(Kind::LoadBalancer, key_name).await), deletion(listener)];
    account.realize(Verb::Delete, whole).await.unwrap();
    let group = account.get(Kind::TargetGroup, &group_name).await;
    account.delete(group).await;
    assert!(account.find(&[Kind::LoadBalancer, Kind::TargetGroup, Kind::Listener]).await.is_empty());
}

#[tokio::test]
async fn a_listener_is_changed_and_removed_alone() {
    let Some(mut account) = Account::of("listener.example.com").await else { return };
    let (vpc, subnets) = account.network().await;
    let key_name = "api.listener.example.com";
    let name = names::hashed_name("api", &account.cluster);
    let mut groups = Vec::new();
    for prefix in ["tcp", "tls"] {
        let name = names::hashed_name(prefix, &account.cluster);
        let mut group = target_group(&vpc, account.tags(&name));
        group.protocol = prefix.to_uppercase();
        groups.push(account.create(&name, group).await.id);
    }
    let balancer = load_balancer(&name, &[&subnets[0]], &[], account.tags(key_name));
    let arn = account.create(key_name, balancer).await.id;
    let mut listener = Listener {
        load_balancer: Ref::existing(arn),
        port: 443,
        protocol: "TCP".to_owned(),
        target_group: Ref::existing(&groups[0]),
        certificate_arn: None,
        ssl_policy: None,
    };
    let listener_name = format!("{key_name} 443");
    account.create(&listener_name, listener.clone()).await;

    listener.protocol = "TLS".to_owned();
    listener.target_group = Ref::existing(&groups[1]);
    listener.certificate_arn = Some(certificate(&account).await);
    listener.ssl_policy = Some("ELBSecurityPolicy-2016-08".to_owned());
    let before = account.get(Kind::Listener, &listener_name).await;
    account.update(before, listener.clone(), &["Protocol", "TargetGroup", "CertificateArn", "SslPolicy"]).await;
    let observed = account.get(Kind::Listener, &listener_name).await;
    assert_is(&observed, listener);
    account.delete(observed).await;
    assert!(account.find(&[Kind::Listener]).await.is_empty());
}

/// A certificate that the server accepts.
async fn certificate(account: &Account) -> String {
    let iam = aws_sdk_iam::Client::new(&account.config);
    let answer = iam
        .upload_server_certificate()
        .server_certificate_name("listener")
        .certificate_body("body")
        .private_key("key")
        .send()
        .await
        .unwrap();
    answer.server_certificate_metadata.unwrap().arn
}

#[tokio::test]
async fn a_load_balancer_of_somebody_else_is_in_the_way() {
    let Some(mut account) = Account::of("foreign-balancer.example.com").await else { return };
    let (vpc, subnets) = account.network().await;
    let name = names::hashed_name("api", &account.cluster);
    let elbv2 = elbv2::Client::new(&account.config);
    let other = elbv2.create_load_balancer().name(&name).subnets(&subnets[0]);
    other.r#type(elbv2::types::LoadBalancerTypeEnum::Network).send().await.unwrap();

    // without a tag it is known by its AWS name
    assert_eq!(account.get(Kind::LoadBalancer, &name).await.ownership, Ownership::Foreign);
    let wanted = load_balancer(&name, &[&subnets[0]], &[], account.tags("api.foreign-balancer.example.com"));
    let error = account.try_create("api.foreign-balancer.example.com", wanted).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    assert!(error.message.contains("does not belong to"), "{error}");

    let group_name = names::hashed_name("tcp", &account.cluster);
    let other = elbv2.create_target_group().name(&group_name).vpc_id(&vpc).port(80);
    other.protocol(elbv2::types::ProtocolEnum::Tcp).send().await.unwrap();
    let wanted = target_group(&vpc, account.tags(&group_name));
    let error = account.try_create(&group_name, wanted).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
}

#[tokio::test]
async fn load_balancers_of_controllers_are_found_and_removed() {
    let Some(mut account) = Account::of("controllers.example.com").await else { return };
    let (_, subnets) = account.network().await;
    let classic = classic::Client::new(&account.config);
    let ownership_key = "kubernetes.io/cluster/controllers.example.com";
    let port = classic::types::Listener::builder()
        .protocol("TCP")
        .load_balancer_port(80)
        .instance_port(30080)
        .build()
        .unwrap();
    for (name, value) in [("a1b2", "owned"), ("c3d4", "shared")] {
        let tag = classic::types::Tag::builder().key(ownership_key).value(value).build().unwrap();
        let request = classic.create_load_balancer().load_balancer_name(name).subnets(&subnets[0]);
        request.listeners(port.clone()).tags(tag).send().await.unwrap();
    }
    let elbv2 = elbv2::Client::new(&account.config);
    let tag = elbv2::types::Tag::builder().key(ownership_key).value("owned").build();
    let request = elbv2.create_load_balancer().name("e5f6").subnets(&subnets[0]).tags(tag);
    request.r#type(elbv2::types::LoadBalancerTypeEnum::Network).send().await.unwrap();

    let kinds = [Kind::ClassicLoadBalancer, Kind::LoadBalancer];
    let found = account.find(&kinds).await;
    let keys: Vec<_> = found.keys().map(ToString::to_string).collect();
    assert_eq!(keys, ["load-balancer/e5f6", "classic-load-balancer/a1b2"]);
    for one in found.into_values() {
        account.delete(one).await;
    }
    assert!(account.find(&kinds).await.is_empty());
}
