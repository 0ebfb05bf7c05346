//! What of a difference counts, kind by kind.
//!
//! [`disregard`] takes out of what AWS holds everything that makes no difference: tags of others, defaults that AWS reports
//! where the manifests say nothing, spellings. What then still differs is a change. Kinds with something special have a
//! file here; a new kind stops the build until somebody has thought about it.

use kedge_resource::Properties;

use crate::tags::{tags_of, tags_of_mut};

mod auto_scaling_group;
mod event_rule;
mod key_pair;
mod launch_template;
mod listener;
mod load_balancer;
mod oidc_provider;
mod policy;
mod record_set;
mod security_group_rule;
mod store_object;
mod subnet;
mod target_group;
mod volume;

/// Changes `have`, what AWS holds, to the values of `want` wherever their difference does not count.
pub(crate) fn disregard(want: &Properties, have: &mut Properties) {
    if let (Some(want), Some(have)) = (tags_of(want), tags_of_mut(have)) {
        have.0.retain(|key, _| want.0.contains_key(key));
    }
    match (want, have) {
        (Properties::AutoScalingGroup(want), Properties::AutoScalingGroup(have)) => {
            auto_scaling_group::disregard(want, have);
        }
        (Properties::EventRule(want), Properties::EventRule(have)) => event_rule::disregard(want, have),
        (Properties::KeyPair(want), Properties::KeyPair(have)) => key_pair::disregard(want, have),
        (Properties::LaunchTemplate(want), Properties::LaunchTemplate(have)) => launch_template::disregard(want, have),
        (Properties::Listener(want), Properties::Listener(have)) => listener::disregard(want, have),
        (Properties::LoadBalancer(want), Properties::LoadBalancer(have)) => load_balancer::disregard(want, have),
        (Properties::OidcProvider(want), Properties::OidcProvider(have)) => oidc_provider::disregard(want, have),
        (Properties::Queue(want), Properties::Queue(have)) => {
            policy::disregard(&want.policy_document, &mut have.policy_document);
        }
        (Properties::RecordSet(want), Properties::RecordSet(have)) => record_set::disregard(want, have),
        (Properties::Role(want), Properties::Role(have)) => {
            policy::disregard(&want.assume_role_policy_document, &mut have.assume_role_policy_document);
        }
        (Properties::RolePolicy(want), Properties::RolePolicy(have)) => {
            policy::disregard(&want.policy_document, &mut have.policy_document);
        }
        (Properties::SecurityGroupRule(want), Properties::SecurityGroupRule(have)) => {
            security_group_rule::disregard(want, have);
        }
        (Properties::StoreObject(want), Properties::StoreObject(have)) => store_object::disregard(want, have),
        (Properties::Subnet(want), Properties::Subnet(have)) => subnet::disregard(want, have),
        (Properties::TargetGroup(want), Properties::TargetGroup(have)) => target_group::disregard(want, have),
        (Properties::Volume(want), Properties::Volume(have)) => volume::disregard(want, have),
        // Everything of these counts as it is, or the two are of different kinds, which the caller has ruled out.
        (
            Properties::Vpc(_)
            | Properties::VpcCidrBlock(_)
            | Properties::DhcpOptions(_)
            | Properties::DhcpOptionsAssociation(_)
            | Properties::InternetGateway(_)
            | Properties::EgressOnlyInternetGateway(_)
            | Properties::Subnet(_)
            | Properties::RouteTable(_)
            | Properties::RouteTableAssociation(_)
            | Properties::Route(_)
            | Properties::ElasticIp(_)
            | Properties::NatGateway(_)
            | Properties::SecurityGroup(_)
            | Properties::SecurityGroupRule(_)
            | Properties::KeyPair(_)
            | Properties::Volume(_)
            | Properties::StoreObject(_)
            | Properties::LaunchTemplate(_)
            | Properties::AutoScalingGroup(_)
            | Properties::LifecycleHook(_)
            | Properties::WarmPool(_)
            | Properties::LoadBalancer(_)
            | Properties::TargetGroup(_)
            | Properties::Listener(_)
            | Properties::RecordSet(_)
            | Properties::HostedZoneAssociation(_)
            | Properties::Role(_)
            | Properties::InstanceProfile(_)
            | Properties::RolePolicy(_)
            | Properties::PolicyAttachment(_)
            | Properties::OidcProvider(_)
            | Properties::Queue(_)
            | Properties::EventRule(_)
            | Properties::EventTarget(_)
            | Properties::Instance(_)
            | Properties::NetworkInterface(_)
            | Properties::ClassicLoadBalancer(_),
            _,
        ) => {}
    }
}

/// Takes the wanted value where the two are the same apart from a default: `wanted` is not said and AWS reports `default`.
fn unsaid<T: PartialEq + Clone>(want: &Option<T>, have: &mut Option<T>, default: &T) {
    if want.is_none() && have.as_ref() == Some(default) {
        *have = None;
    }
}
