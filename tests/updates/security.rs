//! Security groups, their rules, and key pairs.

use kedge_resource::Kind;
use kedge_resource::Ref;
use kedge_resource::kind::*;

use crate::harness::Case;
use crate::harness::Outcome::{DeleteFirst, InPlace, Other};
use crate::world::{World, rule};

const NODES: &str = "nodes.c.example.com";
const SSH: &str = "nodes.c.example.com tcp 22 from 0.0.0.0/0";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = rules();
    cases.extend([
        // Nothing uses it; otherwise AWS would refuse to delete it.
        Case::of::<SecurityGroup>("other.c.example.com", "GroupDescription", DeleteFirst, |it| {
            it.group_description = "another".to_owned();
        })
        .and(&[(Kind::SecurityGroupRule, "Group", DeleteFirst)])
        .after(other_group),
        Case::of::<SecurityGroup>(NODES, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<KeyPair>(KEY, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<KeyPair>(KEY, "Fingerprint", DeleteFirst, |it| {
            it.public_key_material = Some(OTHER_KEY.to_owned());
            it.fingerprint = Some("oIVTIburEfZKUwOmv9YkLGMk4rLhYLrW27NcxmLbxTU=".to_owned());
        })
        .and(&[(Kind::LaunchTemplate, "Key", InPlace)])
        .perhaps(&[(Kind::KeyPair, "PublicKeyMaterial", DeleteFirst)]),
    ]);
    cases
}

const KEY: &str = "kubernetes.c.example.com-c4:a6";
const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA you@home";

/// What a rule lets through is what it is: another rule comes and this one goes.
fn rules() -> Vec<Case> {
    fn renamed(
        property: &'static str,
        name: &'static str,
        change: impl Fn(&mut SecurityGroupRule) + Copy + 'static,
    ) -> Case {
        Case::new(format!("{property} of a rule"), &[(Kind::SecurityGroupRule, property, Other)], move |world| {
            world.rename::<SecurityGroupRule>(SSH, name, change);
        })
    }
    vec![
        renamed("IpProtocol", "nodes.c.example.com udp 22 from 0.0.0.0/0", |it| it.ip_protocol = "udp".to_owned()),
        renamed("FromPort", "nodes.c.example.com tcp 21-22 from 0.0.0.0/0", |it| it.from_port = Some(21)),
        renamed("ToPort", "nodes.c.example.com tcp 22-23 from 0.0.0.0/0", |it| it.to_port = Some(23)),
        renamed("CidrIp", "nodes.c.example.com tcp 22 from 192.0.2.0/24", |it| {
            it.cidr_ip = Some("192.0.2.0/24".to_owned());
        }),
        renamed("CidrIpv6", "nodes.c.example.com tcp 22 from 2001:db8::/32", |it| {
            (it.cidr_ip, it.cidr_ipv6) = (None, Some("2001:db8::/32".to_owned()));
        }),
        renamed("PrefixListId", "nodes.c.example.com tcp 22 from pl-12345678", |it| {
            (it.cidr_ip, it.prefix_list_id) = (None, Some("pl-12345678".to_owned()));
        }),
        renamed("PeerGroup", "nodes.c.example.com tcp 22 from masters.c.example.com", |it| {
            (it.cidr_ip, it.peer_group) = (None, Some(Ref::managed("masters.c.example.com")));
        }),
        renamed("Direction", "nodes.c.example.com tcp 22 to 0.0.0.0/0", |it| it.direction = Direction::Egress),
        renamed("Group", "other.c.example.com tcp 22 from 0.0.0.0/0", |it| {
            it.group = Ref::managed("other.c.example.com");
        })
        .after(other_group),
        Case::of::<SecurityGroupRule>(SSH, "Tags", InPlace, |it| it.tags.set("team", "blue")),
    ]
}

/// A group that nothing uses. AWS lets a new group send to everybody, and so do the rules of kops.
fn other_group(world: &mut World) {
    let name = "other.c.example.com";
    let tags = kedge_resource::Tags::standard(&crate::world::cluster(), name);
    let vpc = Ref::managed("c.example.com");
    world.add(name, SecurityGroup { vpc, group_description: "other".to_owned(), tags });
    world.resources.push(rule(name, Direction::Egress, "-1", None, "0.0.0.0/0"));
    world.resources.push(rule(name, Direction::Egress, "-1", None, "::/0"));
}
