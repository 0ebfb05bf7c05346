//! The network: VPC, subnets, gateways, routes.

use kedge_resource::Kind;
use kedge_resource::Ref;
use kedge_resource::kind::*;

use crate::harness::Case;
use crate::harness::OTHER_ZONE;
use crate::harness::Outcome::{Along, Beside, CreateFirst, DeleteFirst, InPlace, Other};
use crate::world::{PRIVATE_ZONE, World};

const C: &str = "c.example.com";
const A: &str = "a.c.example.com";
const B: &str = "b.c.example.com";
const UTILITY: &str = "utility-a.c.example.com";
const PRIVATE: &str = "private-a.c.example.com";
const ZONE: &str = "us-east-1a.c.example.com";
const DEFAULT: &str = "private-a.c.example.com 0.0.0.0/0";

pub(crate) fn cases() -> Vec<Case> {
    [vpc(), subnets(), gateways(), routes()].into_iter().flatten().collect()
}

fn vpc() -> Vec<Case> {
    vec![
        range_of_the_vpc(),
        Case::of::<Vpc>(C, "AmazonProvidedIpv6CidrBlock", InPlace, |it| it.amazon_provided_ipv6_cidr_block = true)
            .after(ipv4_only),
        Case::of::<Vpc>(C, "EnableDnsHostnames", InPlace, |it| it.enable_dns_hostnames = false),
        Case::of::<Vpc>(C, "EnableDnsSupport", InPlace, |it| it.enable_dns_support = false)
            .after(|world| world.change::<Vpc>(C, |it| it.enable_dns_hostnames = false)),
        Case::of::<Vpc>(C, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::new("another second range", &[(Kind::VpcCidrBlock, "CidrBlock", Other)], |world| {
            world.rename::<VpcCidrBlock>("c.example.com 10.9.0.0/16", "c.example.com 10.8.0.0/16", |it| {
                it.cidr_block = "10.8.0.0/16".to_owned();
            });
        }),
        Case::of::<DhcpOptions>(C, "DomainName", CreateFirst, |it| it.domain_name = "example.internal".to_owned())
            .and(&[(Kind::DhcpOptionsAssociation, "DhcpOptions", InPlace)]),
        Case::of::<DhcpOptions>(C, "DomainNameServers", CreateFirst, |it| {
            it.domain_name_servers = vec!["10.0.0.2".to_owned()];
        })
        .and(&[(Kind::DhcpOptionsAssociation, "DhcpOptions", InPlace)]),
        Case::of::<DhcpOptions>(C, "Tags", InPlace, |it| it.tags.set("team", "blue")),
    ]
}

/// Everything of the VPC would have to go with it, running machines among them.
fn range_of_the_vpc() -> Case {
    let expected = [
        (Kind::VpcCidrBlock, "Vpc", CreateFirst),
        (Kind::DhcpOptionsAssociation, "Vpc", CreateFirst),
        (Kind::InternetGateway, "Vpc", InPlace),
        (Kind::EgressOnlyInternetGateway, "Vpc", CreateFirst),
        (Kind::Subnet, "Vpc", CreateFirst),
        (Kind::Subnet, "Ipv6CidrBlock", Along),
        (Kind::RouteTable, "Vpc", CreateFirst),
        (Kind::RouteTableAssociation, "Subnet", CreateFirst),
        (Kind::RouteTableAssociation, "RouteTable", Along),
        (Kind::Route, "RouteTable", CreateFirst),
        // The one to the gateway that has to go first.
        (Kind::Route, "RouteTable", DeleteFirst),
        (Kind::Route, "NatGateway", Along),
        (Kind::Route, "EgressOnlyInternetGateway", Along),
        (Kind::NatGateway, "Subnet", DeleteFirst),
        (Kind::HostedZoneAssociation, "Vpc", CreateFirst),
        (Kind::SecurityGroup, "Vpc", CreateFirst),
        (Kind::SecurityGroupRule, "Group", CreateFirst),
        (Kind::SecurityGroupRule, "PeerGroup", CreateFirst),
        (Kind::LaunchTemplate, "NetworkInterfaces", InPlace),
        (Kind::AutoScalingGroup, "Subnets", InPlace),
        (Kind::AutoScalingGroup, "TargetGroups", InPlace),
        (Kind::TargetGroup, "Vpc", DeleteFirst),
        (Kind::LoadBalancer, "SecurityGroups", InPlace),
        (Kind::LoadBalancer, "SubnetMappings", InPlace),
        (Kind::Listener, "TargetGroup", Along),
    ];
    Case::of::<Vpc>(C, "CidrBlock", CreateFirst, |it| it.cidr_block = "10.0.0.0/17".to_owned())
        .and(&expected)
        .refused()
        .not_on_the_wire("the test server has no private zone, which is part of it")
}

/// Takes everything away that has to do with IPv6.
fn ipv4_only(world: &mut World) {
    world.change::<Vpc>(C, |it| it.amazon_provided_ipv6_cidr_block = false);
    for subnet in [A, UTILITY] {
        world.change::<Subnet>(subnet, |it| {
            it.ipv6_cidr_block = None;
            (it.assign_ipv6_address_on_creation, it.enable_dns64) = (false, false);
            it.private_dns_name_options_on_launch.enable_resource_name_dns_aaaa_record = false;
        });
    }
    world
        .resources
        .retain(|it| it.key.kind != Kind::EgressOnlyInternetGateway && it.key.name != "private-a.c.example.com ::/0");
}

fn subnets() -> Vec<Case> {
    vec![
        // Where nothing is in it.
        Case::of::<Subnet>(B, "AvailabilityZone", DeleteFirst, |it| it.availability_zone = "us-east-1c".to_owned())
            .after(|world| {
                world.change::<AutoScalingGroup>("nodes.c.example.com", |it| it.subnets = vec![Ref::managed(A)]);
            }),
        Case::of::<Subnet>(B, "CidrBlock", DeleteFirst, |it| it.cidr_block = Some("10.0.4.0/24".to_owned())).after(
            |world| {
                world.change::<AutoScalingGroup>("nodes.c.example.com", |it| it.subnets = vec![Ref::managed(A)]);
            },
        ),
        Case::of::<Subnet>(B, "Ipv6CidrBlock", InPlace, |it| it.ipv6_cidr_block = Some("/64#1f".to_owned())),
        Case::of::<Subnet>(UTILITY, "AssignIpv6AddressOnCreation", InPlace, |it| {
            it.assign_ipv6_address_on_creation = true;
        }),
        Case::of::<Subnet>(UTILITY, "EnableDns64", InPlace, |it| it.enable_dns64 = true),
        Case::of::<Subnet>(UTILITY, "PrivateDnsNameOptionsOnLaunch", InPlace, |it| {
            it.private_dns_name_options_on_launch = PrivateDnsNameOptions {
                hostname_type: "ip-name".to_owned(),
                enable_resource_name_dns_a_record: false,
                enable_resource_name_dns_aaaa_record: false,
            };
        }),
        Case::of::<Subnet>(UTILITY, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<Subnet>(B, "Ipv6Native", DeleteFirst, |it| {
            (it.ipv6_native, it.cidr_block) = (true, None);
            it.assign_ipv6_address_on_creation = true;
            it.private_dns_name_options_on_launch.enable_resource_name_dns_a_record = false;
        })
        .and(&[
            (Kind::Subnet, "CidrBlock", DeleteFirst),
            (Kind::Subnet, "AssignIpv6AddressOnCreation", Along),
            (Kind::Subnet, "PrivateDnsNameOptionsOnLaunch", Along),
        ])
        .after(|world| {
            world.change::<AutoScalingGroup>("nodes.c.example.com", |it| it.subnets = vec![Ref::managed(A)]);
            world.change::<Subnet>(B, |it| it.ipv6_cidr_block = Some("/64#3".to_owned()));
        }),
    ]
}

fn gateways() -> Vec<Case> {
    vec![
        Case::of::<InternetGateway>(C, "Vpc", InPlace, |it| it.vpc = Some(Ref::managed(C))).after(|world| {
            world.resources.retain(|it| [Kind::Vpc, Kind::InternetGateway].contains(&it.key.kind));
            world.change::<InternetGateway>(C, |it| it.vpc = None);
        }),
        Case::of::<InternetGateway>(C, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<EgressOnlyInternetGateway>(C, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<ElasticIp>(ZONE, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<ElasticIp>(ZONE, "Domain", CreateFirst, |it| it.domain = "standard".to_owned())
            .and(&[(Kind::NatGateway, "Eip", CreateFirst), (Kind::Route, "NatGateway", InPlace)])
            .planned_only("AWS has no other addresses any more"),
        Case::of::<NatGateway>(ZONE, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<NatGateway>(ZONE, "Subnet", DeleteFirst, |it| it.subnet = Ref::managed(B)).and(&[(
            Kind::Route,
            "NatGateway",
            InPlace,
        )]),
        Case::new(
            "another address of a gateway",
            &[(Kind::NatGateway, "Eip", CreateFirst), (Kind::Route, "NatGateway", InPlace)],
            |world| world.change::<NatGateway>(ZONE, |it| it.eip = Ref::managed("other.c.example.com")),
        )
        .after(|world| {
            let tags = kedge_resource::Tags::standard(&crate::world::cluster(), "other.c.example.com");
            world.add("other.c.example.com", ElasticIp { domain: "vpc".to_owned(), tags });
        }),
        Case::new("another private zone", &[(Kind::HostedZoneAssociation, "HostedZoneId", Beside)], |world| {
            let (old, new) = (format!("{PRIVATE_ZONE} {C}"), format!("{OTHER_ZONE} {C}"));
            world.rename::<HostedZoneAssociation>(&old, &new, |it| it.hosted_zone_id = OTHER_ZONE.to_owned());
        })
        .not_on_the_wire("the test server has one hosted zone"),
    ]
}

fn routes() -> Vec<Case> {
    vec![
        Case::of::<RouteTable>(C, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<RouteTableAssociation>(UTILITY, "RouteTable", InPlace, |it| it.route_table = Ref::managed(PRIVATE)),
        Case::new("a route elsewhere", &[(Kind::Route, "DestinationCidrBlock", Other)], |world| {
            world.rename::<Route>(DEFAULT, "private-a.c.example.com 192.0.2.0/24", |it| {
                it.destination_cidr_block = Some("192.0.2.0/24".to_owned());
            });
        }),
        Case::new("an IPv6 route elsewhere", &[(Kind::Route, "DestinationIpv6CidrBlock", Other)], |world| {
            world.rename::<Route>("private-a.c.example.com ::/0", "private-a.c.example.com 2001:db8::/32", |it| {
                it.destination_ipv6_cidr_block = Some("2001:db8::/32".to_owned());
            });
        }),
        Case::of::<Route>(DEFAULT, "Gateway", InPlace, |it| {
            (it.nat_gateway, it.gateway) = (None, Some(Ref::managed(C)));
        })
        .and(&[(Kind::Route, "NatGateway", InPlace)]),
        Case::of::<Route>("private-a.c.example.com ::/0", "EgressOnlyInternetGateway", InPlace, |it| {
            (it.egress_only_internet_gateway, it.gateway) = (None, Some(Ref::managed(C)));
        })
        .and(&[(Kind::Route, "Gateway", InPlace)]),
        Case::of::<Route>(DEFAULT, "TransitGatewayId", InPlace, |it| {
            (it.nat_gateway, it.transit_gateway_id) = (None, Some("tgw-1".to_owned()));
        })
        .and(&[(Kind::Route, "NatGateway", InPlace)])
        .not_on_the_wire("the test server's account has no transit gateway"),
        Case::of::<Route>(DEFAULT, "InstanceId", InPlace, |it| {
            (it.nat_gateway, it.instance_id) = (None, Some("i-0123456789abcdef0".to_owned()));
        })
        .and(&[(Kind::Route, "NatGateway", InPlace)])
        .planned_only("needs an instance of its own that routes"),
        Case::of::<Route>(DEFAULT, "VpcPeeringConnectionId", InPlace, |it| {
            (it.nat_gateway, it.vpc_peering_connection_id) = (None, Some("pcx-1".to_owned()));
        })
        .and(&[(Kind::Route, "NatGateway", InPlace)])
        .not_on_the_wire("the test server's account has no peering connection"),
    ]
}
