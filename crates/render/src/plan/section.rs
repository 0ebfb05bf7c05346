//! Changes by section, and in a section parts below what they belong to.

use std::collections::BTreeMap;

use kedge_resource::kind::Kind;
use kedge_resource::plan::Purpose;
use kedge_resource::{Action, Change, Plan, ResourceKey};

use super::{PlanTextOptions, fields, reason, role, summary, symbol};
use crate::events::telling_id;
use crate::text::{Line, Role, Text};
use crate::wrap::wrap;

/// What resources are about, in the order in which a person thinks of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Network,
    SecurityGroups,
    Permissions,
    LoadBalancers,
    Dns,
    Volumes,
    Store,
    InstanceGroups,
    Instances,
    Events,
}

impl Topic {
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Vpc
            | Kind::VpcCidrBlock
            | Kind::DhcpOptions
            | Kind::DhcpOptionsAssociation
            | Kind::InternetGateway
            | Kind::EgressOnlyInternetGateway
            | Kind::Subnet
            | Kind::RouteTable
            | Kind::RouteTableAssociation
            | Kind::Route
            | Kind::ElasticIp
            | Kind::NatGateway => Self::Network,
            Kind::SecurityGroup | Kind::SecurityGroupRule => Self::SecurityGroups,
            Kind::Role | Kind::InstanceProfile | Kind::RolePolicy | Kind::PolicyAttachment | Kind::OidcProvider => {
                Self::Permissions
            }
            Kind::LoadBalancer | Kind::TargetGroup | Kind::Listener | Kind::ClassicLoadBalancer => Self::LoadBalancers,
            Kind::RecordSet | Kind::HostedZoneAssociation => Self::Dns,
            Kind::Volume => Self::Volumes,
            Kind::StoreObject => Self::Store,
            Kind::KeyPair | Kind::LaunchTemplate | Kind::AutoScalingGroup | Kind::LifecycleHook | Kind::WarmPool => {
                Self::InstanceGroups
            }
            Kind::Instance | Kind::NetworkInterface => Self::Instances,
            Kind::Queue | Kind::EventRule | Kind::EventTarget => Self::Events,
        }
    }

    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::SecurityGroups => "Security groups",
            Self::Permissions => "Permissions",
            Self::LoadBalancers => "Load balancers",
            Self::Dns => "DNS",
            Self::Volumes => "Volumes",
            Self::Store => "What instances boot with and run",
            Self::InstanceGroups => "Instance groups",
            Self::Instances => "Instances",
            Self::Events => "Termination events",
        }
    }
}

/// A section of the plan text.
pub(super) struct Section<'a> {
    topic: Topic,
    entries: BTreeMap<ResourceKey, Entry<'a>>,
}

/// A resource with the changes of its parts; the resource itself may stay as it is.
#[derive(Default)]
struct Entry<'a> {
    own: Vec<&'a Change>,
    parts: Vec<&'a Change>,
}

/// The sections that have changes.
pub(super) fn sections(plan: &Plan) -> Vec<Section<'_>> {
    let mut topics: BTreeMap<Topic, BTreeMap<ResourceKey, Entry<'_>>> = BTreeMap::new();
    for change in &plan.changes {
        // The key of a duplicate's removal has an id at its end; what it belongs to follows from the key that it stands under.
        let key = change.before.as_ref().map_or(&change.key, |before| &before.key);
        let entries = topics.entry(Topic::of(key.kind)).or_default();
        match whole_of(key) {
            Some(whole) => entries.entry(whole).or_default().parts.push(change),
            None => entries.entry(key.clone()).or_default().own.push(change),
        }
    }
    topics.into_iter().map(|(topic, entries)| Section { topic, entries }).collect()
}

/// What a part belongs to, as its key says.
pub(crate) fn whole_of(key: &ResourceKey) -> Option<ResourceKey> {
    let first = key.name.split(' ').next().unwrap_or_default();
    let (kind, name) = match key.kind {
        Kind::VpcCidrBlock => (Kind::Vpc, first),
        Kind::DhcpOptionsAssociation => (Kind::Vpc, key.name.as_str()),
        Kind::RouteTableAssociation => (Kind::Subnet, key.name.as_str()),
        Kind::Route => (Kind::RouteTable, first),
        Kind::SecurityGroupRule => (Kind::SecurityGroup, first),
        Kind::LifecycleHook => (Kind::AutoScalingGroup, first),
        Kind::WarmPool => (Kind::AutoScalingGroup, key.name.as_str()),
        Kind::Listener => (Kind::LoadBalancer, first),
        Kind::RolePolicy | Kind::PolicyAttachment => (Kind::Role, first),
        Kind::EventTarget => (Kind::EventRule, first),
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
        | Kind::OidcProvider
        | Kind::Queue
        | Kind::EventRule
        | Kind::Instance
        | Kind::NetworkInterface
        | Kind::ClassicLoadBalancer => return None,
    };
    Some(ResourceKey::new(kind, name))
}

/// What a part is called below what it belongs to.
pub(crate) fn part_label(change: &Change) -> String {
    let name = &change.key.name;
    let rest = name.split_once(' ').map_or("", |(_, rest)| rest);
    match change.key.kind {
        Kind::VpcCidrBlock => format!("range {rest}"),
        Kind::DhcpOptionsAssociation => "DHCP options".to_owned(),
        Kind::RouteTableAssociation => "route table".to_owned(),
        Kind::Route => format!("route {rest}"),
        Kind::SecurityGroupRule => match rest.strip_prefix("-1 all ") {
            Some(peer) => format!("rule all traffic {peer}"),
            None => format!("rule {rest}"),
        },
        Kind::LifecycleHook => format!("hook {rest}"),
        Kind::WarmPool => "warm pool".to_owned(),
        Kind::Listener => format!("listener {rest}"),
        Kind::RolePolicy => format!("policy {rest}"),
        Kind::PolicyAttachment => format!("managed policy {rest}"),
        Kind::EventTarget => format!("target {rest}"),
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
        | Kind::OidcProvider
        | Kind::Queue
        | Kind::EventRule
        | Kind::Instance
        | Kind::NetworkInterface
        | Kind::ClassicLoadBalancer => change.key.to_string(),
    }
}

/// Adds a section to the text.
pub(super) fn render(section: &Section<'_>, purpose: Purpose, options: &PlanTextOptions<'_>, text: &mut Text) {
    let Section { topic, entries } = section;
    text.push(Line::of(Role::Heading, topic.heading()));
    for (key, entry) in entries {
        let removed_whole = entry.own.iter().any(|change| change.action == Action::Delete);
        // What goes with its container needs no line of its own.
        let folded = removed_whole
            && !options.verbose
            && entry.parts.iter().all(|part| part.action == Action::Delete)
            && !entry.parts.is_empty();
        if entry.own.is_empty() {
            text.push(Line::plain("      ").with(Role::Plain, key.to_string()).with(Role::Dim, "  (unchanged)"));
        }
        for change in &entry.own {
            let parts = folded.then(|| match entry.parts.len() {
                1 => "with 1 part".to_owned(),
                count => format!("with {count} parts"),
            });
            one(change, change.key.to_string(), parts, 2, purpose, options, text);
        }
        if !folded {
            for part in &entry.parts {
                one(part, part_label(part), None, 6, purpose, options, text);
            }
        }
    }
}

/// One change: symbol, name, id of what exists, reason, and below it what differs.
fn one(
    change: &Change,
    label: String,
    extra: Option<String>,
    indent: usize,
    purpose: Purpose,
    options: &PlanTextOptions<'_>,
    text: &mut Text,
) {
    let margin = " ".repeat(indent);
    let mut line =
        Line::plain(margin.clone()).with(role(change.action), format!("{:<3} {label}", symbol(change.action)));
    if let Some(id) = change.before.as_ref().and_then(|before| telling_id(&change.key, &before.handle.id)) {
        line = line.with(Role::Plain, "  ").with(Role::Id, id);
    }
    let mut remarks: Vec<String> = Vec::new();
    if let (Action::Create, Some(after)) = (change.action, &change.after)
        && !options.verbose
    {
        remarks.extend(summary::of(after));
    }
    remarks.extend(extra);
    remarks.extend(fields::unchanged(change));
    let mut remark = remarks.join(", ");
    if let Some(why) = reason(change, purpose) {
        remark = if remark.is_empty() { format!("# {why}") } else { format!("{remark}  # {why}") };
    }
    if remark.is_empty() {
        text.push(line);
    } else if line.width() + 2 + remark.chars().count() <= options.width {
        text.push(line.with(Role::Plain, "  ").with(Role::Dim, remark));
    } else {
        text.push(line);
        let room = options.width.saturating_sub(indent + 8).max(20);
        for part in wrap(&remark, room) {
            text.push(Line::plain(format!("{margin}        ")).with(Role::Dim, part));
        }
    }
    fields::render(change, indent + 8, options, text);
}
