//! Names that become names of resources, and how long AWS lets those be.

use kedge_diag::Diagnostic;

use super::Checker;
use crate::resolved::{InstanceGroup, Role, SshKey};

/// Longest key of a tag.
const TAG_KEY: usize = 128;
/// Longest value of a tag, and so longest `Name`.
const TAG_VALUE: usize = 256;
/// Longest name of a security group, a key pair and an auto scaling group.
const LONG: usize = 255;
/// Longest name of a launch template.
const LAUNCH_TEMPLATE: usize = 128;

pub(super) fn check(checker: &mut Checker<'_>) {
    let spec = &checker.draft.spec;
    let cluster = spec.cluster.name.as_str();
    let ownership_tag = format!("kubernetes.io/cluster/{cluster}");
    if ownership_tag.len() > TAG_KEY {
        checker.cluster(
            "metadata.name",
            too_long("the key of the ownership tag", &ownership_tag, TAG_KEY)
                .hint(format!("a cluster name may have {} characters", TAG_KEY + cluster.len() - ownership_tag.len())),
        );
    }
    for name in ["masters", "nodes", "bastion", "api-elb", "bastion-elb"].map(|role| format!("{role}.{cluster}")) {
        if name.len() > LONG {
            checker.cluster("metadata.name", too_long("the name of a security group", &name, LONG));
        }
    }
    // The fingerprint has 16 bytes in hexadecimal with colons.
    let key_pair = format!("kubernetes.{cluster}-{}", "00:".repeat(15) + "00");
    if spec.cluster.ssh_key == SshKey::FromPublicKey && key_pair.len() > LONG {
        checker.cluster("metadata.name", too_long("the name of the key pair", &key_pair, LONG));
    }
    for (at, subnet) in spec.cluster.network.subnets.iter().enumerate() {
        let name = format!("{}.{cluster}", subnet.name);
        if subnet.id.is_none() && name.len() > TAG_VALUE {
            checker.cluster(&format!("spec.subnets[{at}].name"), too_long("the name of the subnet", &name, TAG_VALUE));
        }
    }
    for (at, etcd) in spec.cluster.etcd_clusters.iter().enumerate() {
        for (member_at, member) in etcd.members.iter().enumerate() {
            let name = format!("{}.etcd-{}.{cluster}", member.name, etcd.name);
            if name.len() > TAG_VALUE {
                let path = format!("spec.etcdClusters[{at}].etcdMembers[{member_at}].name");
                checker.cluster(&path, too_long("the name of the volume", &name, TAG_VALUE));
            }
        }
    }
    checker.each_group(|group, report| {
        if group.name.is_empty() {
            return;
        }
        if !is_label_value(&group.name) {
            report.push(
                "metadata.name",
                Diagnostic::error(
                    "group-name",
                    "group name cannot be used",
                    format!(
                        "`{}` becomes a label of nodes and a part of resource names, and is not fit for that",
                        group.name
                    ),
                )
                .hint("use at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit"),
            );
        }
        let name = resource_name(group, cluster);
        if !group.karpenter && name.len() > LAUNCH_TEMPLATE {
            report.push("metadata.name", too_long("the name of the launch template", &name, LAUNCH_TEMPLATE));
        }
    });
}

/// Name of the launch template and the auto scaling group.
fn resource_name(group: &InstanceGroup, cluster: &str) -> String {
    let infix = match group.role {
        Role::ControlPlane => ".masters",
        Role::ApiServer => ".apiservers",
        Role::Node | Role::Bastion => "",
    };
    format!("{}{infix}.{cluster}", group.name)
}

/// Whether Kubernetes takes a text as value of a label.
fn is_label_value(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.bytes().next())
        && edge(text.bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn too_long(what: &str, name: &str, limit: usize) -> Diagnostic {
    Diagnostic::error(
        "name-too-long",
        "name is too long for AWS",
        format!("{what} would be `{name}`, which has {} characters of at most {limit}", name.len()),
    )
    .hint("choose a shorter name; names of this kind are not cut, because others find resources by them")
}
