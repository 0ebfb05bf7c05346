//! Load balancers, their listeners and target groups, and the records that point to them.

use kedge_resource::kind::*;
use kedge_resource::names::hashed_name;
use kedge_resource::{Kind, Ref};

use crate::harness::Case;
use crate::harness::Outcome::{Along, CreateFirst, DeleteFirst, InPlace, Other};
use crate::world::{World, ZONE, cluster, target_group};

const API: &str = "api.c.example.com";
const LISTENER: &str = "api.c.example.com 443";

pub(crate) fn cases() -> Vec<Case> {
    [target_groups(), balancers(), listeners(), records()].into_iter().flatten().collect()
}

fn target_groups() -> Vec<Case> {
    fn group(property: &'static str, change: impl Fn(&mut TargetGroup) + Copy + 'static) -> Case {
        Case::of::<TargetGroup>(&target_group(), property, InPlace, change)
    }
    let replaced = |property: &'static str, change: fn(&mut TargetGroup)| {
        Case::of::<TargetGroup>(&target_group(), property, DeleteFirst, change)
            .and(&[(Kind::Listener, "TargetGroup", Along), (Kind::AutoScalingGroup, "TargetGroups", InPlace)])
    };
    vec![
        replaced("Port", |it| it.port = 8443),
        replaced("Protocol", |it| it.protocol = "TLS".to_owned()),
        group("HealthCheckProtocol", |it| {
            (it.health_check_protocol, it.health_check_path) = ("HTTPS".to_owned(), Some("/healthz".to_owned()));
        })
        .and(&[(Kind::TargetGroup, "HealthCheckPath", InPlace)]),
        group("HealthCheckIntervalSeconds", |it| it.health_check_interval_seconds = 30),
        group("HealthyThresholdCount", |it| it.healthy_threshold_count = 5),
        group("UnhealthyThresholdCount", |it| it.unhealthy_threshold_count = 5),
        group("TargetGroupAttributes", |it| {
            it.target_group_attributes.insert("preserve_client_ip.enabled".to_owned(), "true".to_owned());
        }),
        group("Tags", |it| it.tags.set("team", "blue")),
    ]
}

fn balancers() -> Vec<Case> {
    fn balancer(property: &'static str, change: impl Fn(&mut LoadBalancer) + Copy + 'static) -> Case {
        Case::of::<LoadBalancer>(API, property, InPlace, change)
    }
    let along = [
        // Its target group serves one load balancer at a time.
        (Kind::Listener, "LoadBalancer", DeleteFirst),
        (Kind::RecordSet, "AliasTarget", InPlace),
    ];
    vec![
        // Records are the cluster's if they lead to a load balancer with one of its names.
        Case::of::<LoadBalancer>(API, "Name", CreateFirst, |it| it.name = hashed_name("bastion", &cluster()))
            .and(&along),
        Case::of::<LoadBalancer>(API, "Scheme", DeleteFirst, |it| it.scheme = "internal".to_owned()).and(&along),
        Case::of::<LoadBalancer>(API, "Type", DeleteFirst, |it| it.type_ = "application".to_owned())
            .and(&along)
            .planned_only("kedge makes network load balancers only"),
        balancer("IpAddressType", |it| it.ip_address_type = "dualstack".to_owned()),
        balancer("SecurityGroups", |it| it.security_groups = vec![Ref::managed("nodes.c.example.com")]),
        balancer("SubnetMappings", |it| {
            it.subnet_mappings.push(SubnetMapping {
                subnet: Ref::managed("b.c.example.com"),
                allocation_id: None,
                private_ipv4_address: None,
            });
        }),
        balancer("LoadBalancerAttributes", |it| {
            it.load_balancer_attributes.insert("load_balancing.cross_zone.enabled".to_owned(), "true".to_owned());
        }),
        balancer("Tags", |it| it.tags.set("team", "blue")),
    ]
}

fn listeners() -> Vec<Case> {
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    vec![
        Case::of::<Listener>(LISTENER, "Protocol", InPlace, move |it| {
            (it.protocol, it.certificate_arn, it.ssl_policy) =
                ("TLS".to_owned(), Some(certificate.to_owned()), Some("ELBSecurityPolicy-2016-08".to_owned()));
        })
        .and(&[(Kind::Listener, "CertificateArn", InPlace), (Kind::Listener, "SslPolicy", InPlace)])
        .not_on_the_wire("the test server's account has no certificate"),
        Case::new("another port", &[(Kind::Listener, "Port", Other)], |world| {
            world.rename::<Listener>(LISTENER, "api.c.example.com 8443", |it| it.port = 8443);
        }),
    ]
}

fn records() -> Vec<Case> {
    let a = format!("{API} A in {ZONE}");
    let renamed = |title: &str, property: &'static str, new: String, change: fn(&mut RecordSet)| {
        let old = a.clone();
        Case::new(title, &[(Kind::RecordSet, property, Other)], move |world: &mut World| {
            world.rename::<RecordSet>(&old, &new, change);
        })
        .refused_unless_allowed()
    };
    vec![
        Case::of::<RecordSet>(&a, "AliasTarget", InPlace, |it| {
            it.alias_target.as_mut().expect("a target").evaluate_target_health = true;
        }),
        renamed("another name of a record", "Name", format!("other.c.example.com A in {ZONE}"), |it| {
            it.name = "other.c.example.com".to_owned();
        }),
        renamed("another type of a record", "Type", format!("{API} CAA in {ZONE}"), |it| it.type_ = "CAA".to_owned())
            .planned_only("no other type of record has aliases to load balancers"),
        renamed(
            "a record in another zone",
            "HostedZoneId",
            format!("{API} A in {}", crate::world::PRIVATE_ZONE),
            |it| {
                it.hosted_zone_id = crate::world::PRIVATE_ZONE.to_owned();
            },
        )
        .planned_only("the name is not in the other zone")
        .not_on_the_wire("the test server has one hosted zone"),
    ]
}
