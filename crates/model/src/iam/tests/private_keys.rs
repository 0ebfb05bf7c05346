//! Who may read the private keys of a cluster, where its store lies in the place that its policies name.

use kedge_resource::kind::Properties;
use kedge_spec::resolved::{NetworkPlugin, Role as GroupRole, WarmPool};

use super::{Desired, PolicyDocument, ResolvedSpec, testing, with_service_account_roles};
use crate::testing::group;

const KEY: &str = "arn:aws-test:s3:::store/test.example.com/pki/private/kubernetes-ca/7712692764146829574.json";

/// Whether `*` and `?` in a pattern of IAM make it fit.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            fits(&pattern[1..], text) || text.chars().next().is_some_and(|c| fits(pattern, &text[c.len_utf8()..]))
        }
        (Some('?'), Some(c)) => fits(&pattern[1..], &text[c.len_utf8()..]),
        (Some(a), Some(b)) if a.eq_ignore_ascii_case(&b) => fits(&pattern[a.len_utf8()..], &text[b.len_utf8()..]),
        _ => false,
    }
}

/// Whether a policy allows something if all of its conditions are met.
fn allows(policy: &PolicyDocument, action: &str, resource: &str) -> bool {
    policy.statement.iter().filter(|statement| statement.effect == "Allow").any(|statement| {
        let acts = statement.action.iter().any(|pattern| fits(pattern, action)) || !statement.not_action.is_empty();
        let about = statement.resource.iter().any(|pattern| fits(pattern, resource));
        acts && (about || !statement.not_resource.is_empty())
    })
}

/// The roles whose own policy lets them read a private key.
fn readers(desired: &Desired) -> Vec<String> {
    let policies = desired.resources.iter().filter_map(|resource| match &resource.properties {
        Properties::RolePolicy(policy) => Some((&resource.key.name, &policy.policy_document)),
        _ => None,
    });
    let reads =
        |policy: &PolicyDocument| allows(policy, "s3:GetObject", KEY) || allows(policy, "s3:GetObjectVersion", KEY);
    let readers = policies.filter(|(_, policy)| reads(policy));
    readers.map(|(name, _)| name.split('.').next().unwrap_or_default().to_owned()).collect()
}

/// A cluster in which nodes have every permission that they can have.
fn generous(plugin: NetworkPlugin) -> ResolvedSpec {
    let mut spec = with_service_account_roles();
    let cluster = &mut spec.cluster;
    cluster.network.plugin = plugin;
    cluster.iam.allow_container_registry = true;
    cluster.ecr_credentials_for_mirrors = true;
    cluster.nvidia_gpu = true;
    cluster.addons.cluster_autoscaler = true;
    cluster.addons.snapshot_controller = true;
    cluster.addons.external_dns = true;
    cluster.warm_pool =
        Some(WarmPool { min_size: 0, max_size: None, lifecycle_hook: true, lifecycle_hook_timeout: 600 });
    spec.groups.push(group("bastions", GroupRole::Bastion));
    spec
}

#[test]
fn only_control_planes_can_read_private_keys() {
    for plugin in [
        NetworkPlugin::Cni,
        NetworkPlugin::AmazonVpc,
        NetworkPlugin::Cilium { etcd_managed: true, eni: true },
        NetworkPlugin::Calico { leaves_source_destination_check: false },
        NetworkPlugin::Kindnet,
    ] {
        for roles in [true, false] {
            let mut spec = generous(plugin.clone());
            spec.cluster.iam.service_account_roles = roles;
            let desired = testing::lower(&spec);
            assert_eq!(readers(&desired), ["masters"], "{plugin:?}, {roles}");
            let nodes = desired.resources.iter().any(|resource| resource.key.name.starts_with("nodes.test"));
            assert!(nodes, "nodes have a role");
        }
    }
}

#[test]
fn a_policy_that_is_too_wide_is_found() {
    let policy = |action: &str, resource: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}}}"#
        );
        allows(&PolicyDocument::parse(&text).unwrap(), "s3:GetObject", KEY)
    };
    assert!(policy("s3:Get*", "arn:aws-test:s3:::store/test.example.com/*"));
    assert!(policy("*", "*"));
    assert!(!policy("s3:Get*", "arn:aws-test:s3:::store/test.example.com/nodes/*"));
    assert!(!policy("s3:Put*", "*"));
}
