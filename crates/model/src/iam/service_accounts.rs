//! Roles of service accounts: those of add-ons, where the manifest wants add-ons to have their own, and the user's.

use std::collections::{BTreeMap, BTreeSet};

use kedge_diag::Diagnostic;
use kedge_resource::names::service_account_role_name;
use kedge_resource::policy::Statement;
use kedge_spec::resolved::{DnsType, NetworkPlugin, Role};

use super::permissions::{self, addons, network};
use super::policy::Policy;
use super::{instance_roles, role};
use crate::lowering::Lowering;
use crate::{names, tags};

/// Namespace of add-ons.
const SYSTEM: &str = "kube-system";

/// Makes the roles.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    if lowering.cluster.iam.service_account_roles {
        of_addons(lowering);
    }
    let zones = &lowering.cluster.addons.cert_manager_zones;
    if !zones.is_empty() {
        add(lowering, "cert-manager", |policy| permissions::cert_manager::cert_manager(policy, zones));
    }
    for account in &lowering.cluster.iam.service_accounts {
        let name = add_role(lowering, &account.name, &account.namespace);
        role::add_policy(lowering, &name, &name, account.inline_policy.clone());
        role::attach(lowering, &name, &account.policy_arns);
    }
}

fn of_addons(lowering: &mut Lowering<'_>) {
    let cluster = lowering.cluster;
    let enabled = &cluster.addons;
    if cluster.dns.dns_type != DnsType::None
        && let Some(zone) = lowering.hosted_zone
    {
        let account = if enabled.external_dns { "external-dns" } else { "dns-controller" };
        add(lowering, account, |policy| addons::dns(policy, &zone.id));
    }
    add(lowering, "ebs-csi-controller-sa", |policy| addons::ebs_csi_driver(policy, enabled.snapshot_controller));
    add(lowering, "aws-cloud-controller-manager", |policy| {
        permissions::cloud_controller::cloud_controller(policy, cluster);
    });
    if let Some(settings) = enabled.load_balancer_controller {
        add(lowering, "aws-load-balancer-controller", |policy| {
            permissions::load_balancer_controller::load_balancer_controller(policy, settings);
        });
    }
    if enabled.cluster_autoscaler {
        add(lowering, "cluster-autoscaler", |policy| {
            addons::cluster_autoscaler(policy, enabled.autoscaler_static_instance_list);
        });
    }
    // kops grants the queue's permissions even where there is no queue.
    if cluster.termination_handler.enabled {
        add(lowering, "aws-node-termination-handler", addons::termination_handler);
    }
    if cluster.network.plugin == NetworkPlugin::KubeRouter {
        add(lowering, "kube-router", network::source_destination_check);
    }
    if enabled.karpenter {
        karpenter(lowering);
    }
}

fn karpenter(lowering: &mut Lowering<'_>) {
    let mut groups = lowering.spec.groups.iter().filter(|group| group.karpenter);
    let customer_keys = groups.clone().any(|group| {
        let volume = &group.root_volume;
        volume.encryption == Some(true) && volume.kms_key.as_ref().is_some_and(|key| !key.is_empty())
    });
    let own_role = names::instance_role(Role::Node, lowering.name());
    let any_role = groups.any(|group| group.instance_profile.is_some());
    let groups = permissions::karpenter::Groups {
        node_role: if any_role { "*" } else { &own_role },
        ec2_service: instance_roles::ec2_service(&lowering.facts.partition),
        customer_keys,
    };
    add(lowering, "karpenter", |policy| permissions::karpenter::karpenter(policy, &groups));
}

/// Makes the role of an add-on.
fn add(lowering: &mut Lowering<'_>, account: &str, permissions: impl FnOnce(&mut Policy<'_>)) {
    let name = add_role(lowering, account, SYSTEM);
    let mut policy = Policy::new(lowering);
    permissions(&mut policy);
    role::add_policy(lowering, &name, &name, policy.into_statements());
}

/// Makes a role that only tokens of a service account open; gives its name.
fn add_role(lowering: &mut Lowering<'_>, account: &str, namespace: &str) -> String {
    let name = service_account_role_name(account, namespace, lowering.name());
    let mut tags = tags::standard(lowering.cluster, &name);
    tags.set(tags::SERVICE_ACCOUNT_NAME, account);
    tags.set(tags::SERVICE_ACCOUNT_NAMESPACE, namespace.replace('*', "wildcard"));
    let trust = web_identity(lowering, account, namespace);
    role::add_role(lowering, &name, trust, tags);
    name
}

fn web_identity(lowering: &mut Lowering<'_>, account: &str, namespace: &str) -> Statement {
    let facts = lowering.facts;
    let issuer = issuer(lowering, account, namespace);
    let provider = format!("arn:{}:iam::{}:oidc-provider/{issuer}", facts.partition, facts.account_id);
    let operator = if namespace.contains('*') { "StringLike" } else { "StringEquals" };
    let subject = BTreeSet::from([format!("system:serviceaccount:{namespace}:{account}")]);
    let keys = BTreeMap::from([(format!("{issuer}:sub"), subject)]);
    Statement {
        condition: BTreeMap::from([(operator.to_owned(), keys)]),
        ..role::trust("Federated", provider, "sts:AssumeRoleWithWebIdentity")
    }
}

/// The issuer of the account's tokens, without its scheme. Without a public one it is the API, which AWS cannot ask.
fn issuer(lowering: &mut Lowering<'_>, account: &str, namespace: &str) -> String {
    if let Some(issuer) = &lowering.cluster.issuer {
        return issuer.url.trim_start_matches("https://").to_owned();
    }
    let detail = format!(
        "service account {namespace}/{account} has a role, but AWS cannot check its tokens: the cluster publishes no keys"
    );
    let diagnostic =
        Diagnostic::warning("no-service-account-issuer", "AWS cannot check tokens of service accounts", detail)
            .hint("set spec.serviceAccountIssuerDiscovery.discoveryStore and enableAWSOIDCProvider");
    lowering.report_cluster("spec.serviceAccountIssuerDiscovery", diagnostic);
    format!("api.internal.{}", lowering.name())
}
