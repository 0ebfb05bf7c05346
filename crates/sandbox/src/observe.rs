//! Reading the account: who asks, what it offers, what it holds of a cluster.
//!
//! The inventory makes the calls that list things, so that faults can strike them and their number is known, and then maps
//! one state of the account. A denied call leaves out its kinds and says so.

use std::collections::{BTreeMap, BTreeSet};

use kedge_cloud::{CloudError, ClusterSummary, ErrorClass, Identity, Observe, Scope};
use kedge_resource::inventory::Unreadable;
use kedge_resource::kind::Properties;
use kedge_resource::tags::ownership_key;
use kedge_resource::{ClusterName, Facts, FactsQuery, Handle, Inventory, Kind, Observed, Ownership, ResourceKey, Tags};

use crate::account::Account;
use crate::sandbox::Sandbox;

mod balancing;
mod clusters;
mod compute;
mod dns;
mod events;
mod facts;
mod iam;
mod network;
mod scaling;
mod security;

/// The calls that an inventory takes, and the kinds that each shows.
const CALLS: &[(&str, &[Kind])] = &[
    ("ec2:DescribeVpcs", &[Kind::Vpc, Kind::VpcCidrBlock, Kind::DhcpOptionsAssociation]),
    ("ec2:DescribeDhcpOptions", &[Kind::DhcpOptions]),
    ("ec2:DescribeInternetGateways", &[Kind::InternetGateway]),
    ("ec2:DescribeEgressOnlyInternetGateways", &[Kind::EgressOnlyInternetGateway]),
    ("ec2:DescribeSubnets", &[Kind::Subnet]),
    ("ec2:DescribeRouteTables", &[Kind::RouteTable, Kind::RouteTableAssociation, Kind::Route]),
    ("ec2:DescribeAddresses", &[Kind::ElasticIp]),
    ("ec2:DescribeNatGateways", &[Kind::NatGateway]),
    ("ec2:DescribeSecurityGroups", &[Kind::SecurityGroup]),
    ("ec2:DescribeSecurityGroupRules", &[Kind::SecurityGroupRule]),
    ("ec2:DescribeKeyPairs", &[Kind::KeyPair]),
    ("ec2:DescribeVolumes", &[Kind::Volume]),
    ("ec2:DescribeLaunchTemplateVersions", &[Kind::LaunchTemplate]),
    ("ec2:DescribeInstances", &[Kind::Instance]),
    ("ec2:DescribeNetworkInterfaces", &[Kind::NetworkInterface]),
    ("autoscaling:DescribeAutoScalingGroups", &[Kind::AutoScalingGroup, Kind::WarmPool]),
    ("autoscaling:DescribeLifecycleHooks", &[Kind::LifecycleHook]),
    ("elasticloadbalancing:DescribeLoadBalancers", &[Kind::LoadBalancer, Kind::ClassicLoadBalancer]),
    ("elasticloadbalancing:DescribeListeners", &[Kind::Listener]),
    ("elasticloadbalancing:DescribeTargetGroups", &[Kind::TargetGroup]),
    ("route53:ListHostedZones", &[Kind::HostedZoneAssociation]),
    ("route53:ListResourceRecordSets", &[Kind::RecordSet]),
    ("iam:ListRoles", &[Kind::Role]),
    ("iam:ListRolePolicies", &[Kind::RolePolicy]),
    ("iam:ListAttachedRolePolicies", &[Kind::PolicyAttachment]),
    ("iam:ListInstanceProfiles", &[Kind::InstanceProfile]),
    ("iam:ListOpenIDConnectProviders", &[Kind::OidcProvider]),
    ("sqs:ListQueues", &[Kind::Queue]),
    ("events:ListRules", &[Kind::EventRule]),
    ("events:ListTargetsByRule", &[Kind::EventTarget]),
];

/// Kinds that no manifest asks for.
fn beyond_manifests(kind: &Kind) -> bool {
    matches!(kind, Kind::Instance | Kind::NetworkInterface | Kind::ClassicLoadBalancer)
}

impl Observe for Sandbox {
    async fn identity(&self) -> Result<Identity, CloudError> {
        self.read("sts:GetCallerIdentity", "caller", |account| Identity {
            account_id: account.account_id.clone(),
            caller: account.iam_arn("user/sandbox"),
            partition: account.partition.clone(),
            region: account.region.clone(),
        })
        .await
    }

    async fn facts(&self, query: &FactsQuery) -> Result<Facts, CloudError> {
        facts::facts(self, query).await
    }

    async fn inventory(&self, cluster: &ClusterName, scope: Scope) -> Result<Inventory, CloudError> {
        let mut inventory = Inventory::empty(cluster.clone());
        let mut blind = BTreeSet::new();
        for &(call, kinds) in CALLS {
            if scope == Scope::Manifests && kinds.iter().all(beyond_manifests) {
                continue;
            }
            match self.read(call, cluster.as_str(), |_| ()).await {
                Ok(()) => {}
                Err(error) if error.class == ErrorClass::Denied => {
                    blind.extend(kinds.iter().copied());
                    let unreadable =
                        |kind: &Kind| Unreadable { kind: *kind, call: error.call.clone(), why: error.message.clone() };
                    inventory.unreadable.extend(kinds.iter().map(unreadable));
                }
                Err(error) => return Err(error),
            }
        }
        let account = self.snapshot()?;
        let view = View::new(&account, cluster);
        let mut found = Vec::new();
        network::observe(&view, &mut found);
        security::observe(&view, &mut found);
        compute::observe(&view, &mut found);
        scaling::observe(&view, &mut found);
        balancing::observe(&view, &mut found);
        dns::observe(&view, &mut found);
        iam::observe(&view, &mut found);
        events::observe(&view, &mut found);
        found.retain(|observed| {
            let kind = observed.key.kind;
            !blind.contains(&kind) && (scope == Scope::Everything || !beyond_manifests(&kind))
        });
        inventory.resources = found;
        inventory.sort();
        Ok(inventory)
    }

    async fn clusters(&self) -> Result<Vec<ClusterSummary>, CloudError> {
        for call in ["ec2:DescribeVpcs", "autoscaling:DescribeAutoScalingGroups"] {
            self.read(call, "clusters", |_| ()).await?;
        }
        Ok(clusters::clusters(&self.snapshot()?))
    }
}

impl Sandbox {
    /// The account as it is now.
    fn snapshot(&self) -> Result<Account, CloudError> {
        self.look(Account::clone).map_err(|error| CloudError::new(ErrorClass::Other, "sandbox:Read", error.to_string()))
    }
}

/// The account as one cluster sees it.
pub(crate) struct View<'a> {
    pub(crate) account: &'a Account,
    pub(crate) cluster: &'a ClusterName,
    tag: String,
    /// Keys and ownership of the VPCs that the cluster's tag names, by id.
    pub(crate) vpcs: BTreeMap<String, (String, Ownership)>,
}

impl<'a> View<'a> {
    fn new(account: &'a Account, cluster: &'a ClusterName) -> Self {
        let mut view = Self { account, cluster, tag: ownership_key(cluster), vpcs: BTreeMap::new() };
        let known = account.vpcs.values().filter(|vpc| view.concerns(&vpc.tags));
        let entry = |vpc: &crate::account::vpc::Vpc| {
            (vpc.id.clone(), (key_name(&vpc.tags, &vpc.id).to_owned(), view.ownership(&vpc.tags)))
        };
        view.vpcs = known.map(entry).collect();
        view
    }

    /// Whether tags name the cluster, as owner or not.
    pub(crate) fn concerns(&self, tags: &Tags) -> bool {
        tags.get(&self.tag).is_some()
    }

    /// Whose a thing with these tags is.
    pub(crate) fn ownership(&self, tags: &Tags) -> Ownership {
        if tags.owned_by(self.cluster) { Ownership::Owned } else { Ownership::Foreign }
    }
}

/// Name in the key of things that are known by id: the `Name` tag, or the id of a thing without one.
pub(crate) fn key_name<'a>(tags: &'a Tags, id: &'a str) -> &'a str {
    tags.name().filter(|name| !name.is_empty()).unwrap_or(id)
}

/// Tags without those that AWS sets itself.
pub(crate) fn own_tags(tags: &Tags) -> Tags {
    tags.iter().filter(|(key, _)| !key.starts_with("aws:")).collect()
}

/// An entry of the inventory.
pub(crate) fn entry(
    kind: Kind,
    name: impl Into<String>,
    handle: Handle,
    ownership: Ownership,
    properties: impl Into<Properties>,
) -> Observed {
    Observed { key: ResourceKey::new(kind, name), handle, ownership, properties: properties.into() }
}
