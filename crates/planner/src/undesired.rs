//! What of the cluster's things the manifests do not ask for, and which of them an apply removes.
//!
//! An apply removes what kedge made and nobody wants any more. It leaves what others made under the cluster's tags:
//! instances and what belongs to them, things of the controllers that run in the cluster, routes and associations that
//! lead to somebody else's resources. Deleting the whole cluster removes all of that.

use std::collections::{BTreeSet, HashSet};

use kedge_resource::plan::{Note, Severity};
use kedge_resource::tags::{CLUSTER_TAG, NAME_TAG};
use kedge_resource::{ClusterName, Kind, Observed, Ownership, Properties};

use crate::index::Index;
use crate::references::existing_references;
use crate::tags::tags_of;
use crate::wanted::Wanted;

/// Tags by which controllers mark what they made: the EBS driver, the cloud controller, the load balancer controller,
/// Karpenter. A prefix ends with a slash.
const CONTROLLER_TAGS: &[&str] = &[
    "CSIVolumeName",
    "ebs.csi.aws.com/",
    "elbv2.k8s.aws/",
    "ingress.k8s.aws/",
    "karpenter.k8s.aws/",
    "karpenter.sh/",
    "kubernetes.io/created-for/",
    "kubernetes.io/service-name",
    "service.k8s.aws/",
];

/// What an apply removes.
pub(crate) struct Undesired {
    /// Numbers of resources in the index.
    pub(crate) remove: BTreeSet<usize>,
    /// Why things stay that a person might expect to go.
    pub(crate) notes: Vec<Note>,
}

/// Finds what an apply removes. `wanted_ids` are the existing things that the desired resources name, `unreadable` the
/// kinds that are not fully known.
pub(crate) fn undesired(
    index: &Index<'_>,
    cluster: &ClusterName,
    wanted: &Wanted<'_>,
    wanted_ids: &HashSet<(Kind, &str)>,
    unreadable: &BTreeSet<Kind>,
) -> Undesired {
    let mut remove: BTreeSet<usize> = BTreeSet::new();
    let mut stays: BTreeSet<usize> = BTreeSet::new();
    let mut notes = Vec::new();
    // Kinds are in the order of their needs: containers come before what is in them.
    for (number, observed) in index.resources.iter().enumerate() {
        let duplicate = index.duplicates.contains_key(&number);
        let container = container(index, observed);
        let with_container = container.is_some_and(|container| remove.contains(&container));
        let owned = observed.ownership == Ownership::Owned;
        if owned && !duplicate && wanted.number(&observed.key).is_some() {
            continue;
        }
        if with_container && (owned || goes_with_container(observed.key.kind)) {
            remove.insert(number);
            continue;
        }
        if !owned || unreadable.contains(&observed.key.kind) {
            continue;
        }
        if wanted_ids.contains(&(observed.key.kind, observed.handle.id.as_str())) {
            notes.push(note(observed, "kept-by-id", "is kept because the manifests refer to it by its id"));
            continue;
        }
        if container.is_some_and(|container| stays.contains(&container)) || made_by_controller(observed, cluster) {
            stays.insert(number);
            continue;
        }
        match leads_elsewhere(index, observed) {
            Some(text) => notes.push(note(observed, "left-alone", text)),
            None if never_removed(observed.key.kind) => {}
            None => {
                remove.insert(number);
            }
        }
    }
    Undesired { remove, notes }
}

fn note(observed: &Observed, code: &str, text: &str) -> Note {
    Note {
        severity: Severity::Info,
        code: code.to_owned(),
        text: format!("{} {text}", observed.key),
        key: Some(observed.key.clone()),
    }
}

/// Kinds that an apply never removes: they come and go with groups and services, not with manifests.
fn never_removed(kind: Kind) -> bool {
    matches!(kind, Kind::Instance | Kind::NetworkInterface | Kind::ClassicLoadBalancer)
}

/// Whether resources of this kind are gone with their container, whoever made them.
pub(crate) fn goes_with_container(kind: Kind) -> bool {
    kind == Kind::SecurityGroupRule
}

/// The resource that `observed` is a part of.
pub(crate) fn container(index: &Index<'_>, observed: &Observed) -> Option<usize> {
    let (kind, id) = container_of(&observed.properties)?;
    index.by_id(kind, id).map(|(number, _)| number)
}

/// Whether a rule is in a security group of the cluster.
pub(crate) fn in_owned_group(index: &Index<'_>, rule: &Observed) -> bool {
    container(index, rule).and_then(|number| index.get(number)).is_some_and(|group| group.ownership == Ownership::Owned)
}

/// Whether this is a rule in a group of somebody else. The inventory has those of the groups that the cluster uses, so that
/// a plan sees what is there already; they are no business of the cluster, and not worth reporting.
pub(crate) fn of_another_group(index: &Index<'_>, observed: &Observed) -> bool {
    observed.key.kind == Kind::SecurityGroupRule && !in_owned_group(index, observed)
}

/// Kind and id of the resource that something is a part of: AWS removes the part with it.
pub(crate) fn container_of(properties: &Properties) -> Option<(Kind, &str)> {
    let kind = match properties.kind() {
        Kind::VpcCidrBlock | Kind::DhcpOptionsAssociation => Kind::Vpc,
        Kind::RouteTableAssociation => Kind::Subnet,
        Kind::Route => Kind::RouteTable,
        Kind::SecurityGroupRule => Kind::SecurityGroup,
        Kind::LifecycleHook | Kind::WarmPool => Kind::AutoScalingGroup,
        Kind::Listener => Kind::LoadBalancer,
        Kind::Vpc
        | Kind::DhcpOptions
        | Kind::InternetGateway
        | Kind::EgressOnlyInternetGateway
        | Kind::Subnet
        | Kind::RouteTable
        | Kind::ElasticIp
        | Kind::NatGateway
        | Kind::SecurityGroup
        | Kind::KeyPair
        | Kind::Volume
        | Kind::StoreObject
        | Kind::LaunchTemplate
        | Kind::AutoScalingGroup
        | Kind::LoadBalancer
        | Kind::TargetGroup
        | Kind::RecordSet
        | Kind::HostedZoneAssociation
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::RolePolicy
        | Kind::PolicyAttachment
        | Kind::OidcProvider
        | Kind::Queue
        | Kind::EventRule
        | Kind::EventTarget
        | Kind::Instance
        | Kind::NetworkInterface
        | Kind::ClassicLoadBalancer => return None,
    };
    // The container is the first reference of its kind: the group of a rule comes before its peer.
    existing_references(properties).into_iter().find(|(of, _)| *of == kind)
}

/// Whether a controller made this. Controllers say so by a tag; the cloud controller's security groups and load balancers
/// only lack the name that kedge gives to everything.
fn made_by_controller(observed: &Observed, cluster: &ClusterName) -> bool {
    let Some(tags) = tags_of(&observed.properties) else { return false };
    let marked = tags
        .iter()
        .any(|(key, _)| CONTROLLER_TAGS.iter().any(|tag| key == *tag || (tag.ends_with('/') && key.starts_with(tag))));
    let shared_kind = matches!(
        observed.key.kind,
        Kind::SecurityGroup
            | Kind::Volume
            | Kind::LoadBalancer
            | Kind::TargetGroup
            | Kind::LaunchTemplate
            | Kind::AutoScalingGroup
    );
    let named = tags.get(NAME_TAG).is_some() && tags.get(CLUSTER_TAG) == Some(cluster.as_str());
    marked || (shared_kind && !named)
}

/// Why a thing of an owned container is somebody else's all the same.
fn leads_elsewhere(index: &Index<'_>, observed: &Observed) -> Option<&'static str> {
    let owned = |kinds: &[Kind]| {
        existing_references(&observed.properties).into_iter().any(|(kind, id)| {
            kinds.contains(&kind)
                && index.by_id(kind, id).is_some_and(|(_, target)| target.ownership == Ownership::Owned)
        })
    };
    match observed.key.kind {
        Kind::Route if !owned(&[Kind::InternetGateway, Kind::NatGateway, Kind::EgressOnlyInternetGateway]) => {
            Some("is left alone: it is not in the manifests, and its target is not the cluster's")
        }
        Kind::RouteTableAssociation if !owned(&[Kind::Subnet]) => {
            Some("is left alone: it is not in the manifests, and its subnet is not the cluster's")
        }
        Kind::HostedZoneAssociation => Some("is left alone: it is not in the manifests, and nothing says who made it"),
        _ => None,
    }
}
