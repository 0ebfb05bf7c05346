//! Tags of a resource of any kind.

use kedge_resource::{Properties, Tags};

macro_rules! accessor {
    ($(#[$doc:meta])* $name:ident, $($mutable:tt)?) => {
        $(#[$doc])*
        pub(crate) fn $name(properties: &$($mutable)? Properties) -> Option<&$($mutable)? Tags> {
            match properties {
                Properties::Vpc(inner) => Some(&$($mutable)? inner.tags),
                Properties::DhcpOptions(inner) => Some(&$($mutable)? inner.tags),
                Properties::InternetGateway(inner) => Some(&$($mutable)? inner.tags),
                Properties::EgressOnlyInternetGateway(inner) => Some(&$($mutable)? inner.tags),
                Properties::Subnet(inner) => Some(&$($mutable)? inner.tags),
                Properties::RouteTable(inner) => Some(&$($mutable)? inner.tags),
                Properties::ElasticIp(inner) => Some(&$($mutable)? inner.tags),
                Properties::NatGateway(inner) => Some(&$($mutable)? inner.tags),
                Properties::SecurityGroup(inner) => Some(&$($mutable)? inner.tags),
                Properties::SecurityGroupRule(inner) => Some(&$($mutable)? inner.tags),
                Properties::KeyPair(inner) => Some(&$($mutable)? inner.tags),
                Properties::Volume(inner) => Some(&$($mutable)? inner.tags),
                Properties::LaunchTemplate(inner) => Some(&$($mutable)? inner.tags),
                Properties::AutoScalingGroup(inner) => Some(&$($mutable)? inner.tags),
                Properties::LoadBalancer(inner) => Some(&$($mutable)? inner.tags),
                Properties::TargetGroup(inner) => Some(&$($mutable)? inner.tags),
                Properties::Role(inner) => Some(&$($mutable)? inner.tags),
                Properties::InstanceProfile(inner) => Some(&$($mutable)? inner.tags),
                Properties::OidcProvider(inner) => Some(&$($mutable)? inner.tags),
                Properties::Queue(inner) => Some(&$($mutable)? inner.tags),
                Properties::EventRule(inner) => Some(&$($mutable)? inner.tags),
                Properties::Instance(inner) => Some(&$($mutable)? inner.tags),
                Properties::NetworkInterface(inner) => Some(&$($mutable)? inner.tags),
                Properties::ClassicLoadBalancer(inner) => Some(&$($mutable)? inner.tags),
                Properties::VpcCidrBlock(_)
                | Properties::DhcpOptionsAssociation(_)
                | Properties::RouteTableAssociation(_)
                | Properties::Route(_)
                | Properties::LifecycleHook(_)
                | Properties::WarmPool(_)
                | Properties::Listener(_)
                | Properties::RecordSet(_)
                | Properties::HostedZoneAssociation(_)
                | Properties::StoreObject(_)
                | Properties::RolePolicy(_)
                | Properties::PolicyAttachment(_)
                | Properties::EventTarget(_) => None,
            }
        }
    };
}

accessor! {
    /// The tags of a kind that has tags.
    tags_of,
}

accessor! {
    /// The tags of a kind that has tags, to change them.
    tags_of_mut, mut
}
