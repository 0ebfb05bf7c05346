//! One rule: its key, its tags, its properties.

use ipnet::IpNet;
use kedge_resource::kind::{Direction, Kind, SecurityGroupRule};
use kedge_resource::tags::NAME_TAG;
use kedge_spec::resolved::AccessSource;

use super::groups::Group;
use crate::lowering::Lowering;
use crate::tags;

/// What a rule lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// Everything.
    All,
    /// TCP ports, first and last.
    Tcp(u16, u16),
    /// UDP ports, first and last.
    Udp(u16, u16),
    /// "Fragmentation needed" (type 3, code 4), by which hosts find out how large packets may be.
    PathMtu,
    /// All of ICMPv6, for the same reason: there the message is a type of its own, and others must not be lost either.
    IcmpV6,
    /// IP in IP (protocol 4), in which some network plugins wrap what pods send.
    IpInIp,
}

impl Traffic {
    fn protocol(self) -> &'static str {
        match self {
            Self::All => "-1",
            Self::Tcp(..) => "tcp",
            Self::Udp(..) => "udp",
            Self::PathMtu => "icmp",
            Self::IcmpV6 => "icmpv6",
            Self::IpInIp => "4",
        }
    }

    fn ports(self) -> Option<(i32, i32)> {
        match self {
            Self::All | Self::IpInIp => None,
            Self::Tcp(first, last) | Self::Udp(first, last) => Some((first.into(), last.into())),
            Self::PathMtu => Some((3, 4)),
            Self::IcmpV6 => Some((-1, -1)),
        }
    }

    /// Ports as they stand in keys.
    fn port_text(self) -> String {
        match self.ports() {
            None | Some((-1, _)) => "all".to_owned(),
            Some((first, last)) if first == last => first.to_string(),
            Some((first, last)) => format!("{first}-{last}"),
        }
    }
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer<'a> {
    /// Members of a group.
    Group(&'a Group),
    /// An address range or a prefix list.
    Source(&'a AccessSource),
    /// Every address of one family.
    Everybody(&'static str),
}

impl Peer<'_> {
    /// As it stands in keys: a name, an id or a range.
    fn text(self) -> String {
        match self {
            Self::Group(group) => group.key().to_owned(),
            Self::Source(AccessSource::Cidr(range)) => range.trunc().to_string(),
            Self::Source(AccessSource::PrefixList(id)) => id.clone(),
            Self::Everybody(range) => range.to_owned(),
        }
    }

    /// As kops writes it into `Name` tags, where prefix lists have no name.
    fn label(self) -> String {
        match self {
            Self::Group(group) => group.label.clone(),
            Self::Source(AccessSource::PrefixList(_)) => "0.0.0.0/0".to_owned(),
            _ => self.text(),
        }
    }
}

/// Lets traffic into the members of a group.
pub(super) fn allow(lowering: &mut Lowering<'_>, to: &Group, traffic: Traffic, from: Peer<'_>) {
    add(lowering, to, Direction::Ingress, traffic, from);
}

/// Lets everything out of the members of a group. AWS makes such a rule for IPv4 with the group, but not for IPv6.
pub(super) fn allow_egress(lowering: &mut Lowering<'_>, from: &Group) {
    for range in ["0.0.0.0/0", "::/0"] {
        add(lowering, from, Direction::Egress, Traffic::All, Peer::Everybody(range));
    }
}

/// Lets hosts of a source find out how large packets may be; of a prefix list nobody knows the address family.
pub(super) fn allow_path_mtu(lowering: &mut Lowering<'_>, to: &Group, from: &AccessSource) {
    if !matches!(from, AccessSource::Cidr(IpNet::V6(_))) {
        allow(lowering, to, Traffic::PathMtu, Peer::Source(from));
    }
    if !matches!(from, AccessSource::Cidr(IpNet::V4(_))) {
        allow(lowering, to, Traffic::IcmpV6, Peer::Source(from));
    }
}

fn add(lowering: &mut Lowering<'_>, group: &Group, direction: Direction, traffic: Traffic, peer: Peer<'_>) {
    let word = if direction == Direction::Ingress { "from" } else { "to" };
    let key = format!("{} {} {} {word} {}", group.key(), traffic.protocol(), traffic.port_text(), peer.text());
    // The same rule can be asked for twice, for instance with one existing group for two roles.
    if lowering.contains(Kind::SecurityGroupRule, &key) {
        return;
    }
    let mut tags = tags::standard(lowering.cluster, &group.label);
    tags.set(NAME_TAG, name_tag(group, direction, traffic, peer));
    let (cidr_ip, cidr_ipv6, prefix_list_id, peer_group) = match peer {
        Peer::Group(group) => (None, None, None, Some(group.reference.clone())),
        Peer::Source(AccessSource::PrefixList(id)) => (None, None, Some(id.clone()), None),
        Peer::Source(AccessSource::Cidr(_)) | Peer::Everybody(_) => {
            let range = peer.text();
            if range.contains(':') { (None, Some(range), None, None) } else { (Some(range), None, None, None) }
        }
    };
    let rule = SecurityGroupRule {
        group: group.reference.clone(),
        direction,
        ip_protocol: traffic.protocol().to_owned(),
        from_port: traffic.ports().map(|(first, _)| first),
        to_port: traffic.ports().map(|(_, last)| last),
        cidr_ip,
        cidr_ipv6,
        prefix_list_id,
        peer_group,
        tags,
    };
    lowering.add(key, rule);
}

/// The name by which kops tags a rule.
fn name_tag(group: &Group, direction: Direction, traffic: Traffic, peer: Peer<'_>) -> String {
    let protocol = match traffic {
        Traffic::All => "all",
        other => other.protocol(),
    };
    let (first, last) = traffic.ports().unwrap_or_default();
    let (source, destination, word) = match direction {
        Direction::Ingress => (peer.label(), group.label.clone(), "ingress"),
        Direction::Egress => (group.label.clone(), peer.label(), "egress"),
    };
    format!("from-{source}-{word}-{protocol}-{first}to{last}-{destination}")
}
